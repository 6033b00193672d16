/** A client that Debian packages; `program` is where the package puts it. */
export interface DebianClient {
  readonly packages: readonly string[]
  readonly program: string
}

/** A client that is built from a Go module at one version; `main` is the package of its program. */
export interface GoClient {
  readonly module: string
  readonly version: string
  readonly main: string
}

export type ClientSource = DebianClient | GoClient

const debian = (program: string, ...packages: readonly string[]): DebianClient => ({ packages, program })

const go = (module: string, version: string, main: string): GoClient => ({
  module,
  version,
  main: main === '' ? module : `${module}/${main}`,
})

/**
 * Every outside program that judges or feeds Roadstead, by the name that a script asks for.
 * `docker` is the engine's own CLI: another CLI may come first on PATH, hence full paths everywhere.
 */
export const clients = {
  docker: debian('/usr/bin/docker', 'docker.io'),
  dockerd: debian('/usr/sbin/dockerd', 'docker.io', 'runc', 'iptables'),
  containerd: debian('/usr/bin/containerd', 'containerd', 'runc'),
  ctr: debian('/usr/bin/ctr', 'containerd'),
  skopeo: debian('/usr/bin/skopeo', 'skopeo'),
  podman: debian('/usr/bin/podman', 'podman', 'runc'),
  buildah: debian('/usr/bin/buildah', 'buildah', 'runc'),
  busybox: debian('/bin/busybox', 'busybox-static'),
  debootstrap: debian('/usr/sbin/debootstrap', 'debootstrap'),
  'docker-registry': debian('/usr/bin/docker-registry', 'docker-registry'),
  htpasswd: debian('/usr/bin/htpasswd', 'apache2-utils'),
  wrk: debian('/usr/bin/wrk', 'wrk'),
  crane: go('github.com/google/go-containerregistry', 'v0.20.6', 'cmd/crane'),
  oras: go('oras.land/oras', 'v1.2.3', 'cmd/oras'),
  regctl: go('github.com/regclient/regclient', 'v0.9.2', 'cmd/regctl'),
  helm: go('helm.sh/helm/v3', 'v3.18.6', 'cmd/helm'),
  cosign: go('github.com/sigstore/cosign/v2', 'v2.6.5', 'cmd/cosign'),
  notation: go('github.com/notaryproject/notation', 'v1.3.2', 'cmd/notation'),
  // Tests only: a real S3 server. Its releases are no semantic versions, so the commit is pinned.
  minio: go('github.com/minio/minio', 'v0.0.0-20260212201848-7aac2a2c5b7c', ''),
  conformance: go('github.com/opencontainers/distribution-spec/conformance', 'v0.0.0-20260716174315-967efdc079b9', ''),
} as const satisfies Readonly<Record<string, ClientSource>>

export type ClientName = keyof typeof clients

export const clientNames = Object.keys(clients) as readonly ClientName[]
