import { labelOfHost, parseHost } from '@roadstead/oci/login-server.ts'
import type { RegistryLabel } from '@roadstead/oci/login-server.ts'

/** How clients see this installation. Comes from settings, never from a request. */
export interface PublicAddress {
  readonly scheme: 'http' | 'https'
  /** Lower case, without a dot at either end. */
  readonly rootDomain: string
  /** Undefined where clients use the scheme's own port. */
  readonly port: number | undefined
}

/** Names and addresses of login servers, as clients have to spell them. */
export interface LoginServers {
  readonly publicAddress: PublicAddress
  /** The label of the registry that a Host header names; undefined for every other host. */
  labelOf(hostHeader: string): RegistryLabel | undefined
  /** `myregistry-contoso.example.com`, with the port where clients use one. */
  nameOf(label: RegistryLabel): string
  /** `https://myregistry-contoso.example.com`. */
  urlOf(label: RegistryLabel): string
}

export function createLoginServers(publicAddress: PublicAddress): LoginServers {
  const { scheme, rootDomain, port } = publicAddress
  const nameOf = (label: RegistryLabel): string => `${label}.${rootDomain}${port === undefined ? '' : `:${port}`}`
  return {
    publicAddress,
    nameOf,
    urlOf: (label) => `${scheme}://${nameOf(label)}`,
    labelOf(hostHeader) {
      const host = parseHost(hostHeader)
      return host === undefined ? undefined : labelOfHost(host, rootDomain)
    },
  }
}
