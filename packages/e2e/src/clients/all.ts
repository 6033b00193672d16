import type { Client } from '../runner/client.ts'
import { buildah } from './buildah.ts'
import { containerd } from './containerd.ts'
import { cosign } from './cosign.ts'
import { crane } from './crane.ts'
import { docker } from './docker.ts'
import { helm } from './helm.ts'
import { notation } from './notation.ts'
import { oras } from './oras.ts'
import { podman } from './podman.ts'
import { regctl } from './regctl.ts'
import { skopeo } from './skopeo.ts'

export const allClients: readonly Client[] = [docker, skopeo, podman, buildah, containerd, crane, oras, regctl, helm, cosign, notation]
