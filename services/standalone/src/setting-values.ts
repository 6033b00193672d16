import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import type { PublicAddress } from '@roadstead/http/login-servers.ts'
import { registryLabel } from '@roadstead/oci/login-server.ts'
import type { RegistryLabel } from '@roadstead/oci/login-server.ts'
import { parseRedisAddress } from '@roadstead/upload-sessions/redis-address.ts'

// Each function reads the text of one setting; undefined: it is wrong.

/** The tenant and registry that the first start makes. */
export interface FirstRegistry {
  readonly tenant: string
  readonly registry: string
  readonly label: RegistryLabel
}

const domain = /^(?=.{1,190}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

export function parseDomain(text: string): string | undefined {
  const name = text.toLowerCase()
  return domain.test(name) ? name : undefined
}

export function parsePublicUrl(text: string): PublicAddress | undefined {
  const match = /^(https?):\/\/\*\.([^/:?#@]+)(?::(\d{1,5}))?\/?$/.exec(text.toLowerCase())
  const [, scheme, rootDomain = '', port] = match ?? []
  if ((scheme !== 'http' && scheme !== 'https') || !domain.test(rootDomain) || Number(port ?? 1) > 65_535 || Number(port ?? 1) < 1)
    return undefined
  return { scheme, rootDomain, port: port === undefined ? undefined : portFor(scheme, Number(port)) }
}

/** Undefined for the scheme's own port, which clients leave out. */
export function portFor(scheme: 'http' | 'https', port: number): number | undefined {
  return port === (scheme === 'http' ? 80 : 443) ? undefined : port
}

export function readableFile(text: string): string | undefined {
  try {
    return /-----BEGIN /.test(readFileSync(text, 'utf8')) ? resolve(text) : undefined
  } catch {
    return undefined
  }
}

export function parseFirstRegistry(text: string): FirstRegistry | 'none' | undefined {
  if (text === '') return 'none'
  const [tenant = '', registry = '', ...rest] = text.split('/')
  const label = registryLabel(registry, tenant)
  return label === undefined || rest.length > 0 ? undefined : { tenant: tenant.toLowerCase(), registry: registry.toLowerCase(), label }
}

export function parseDatabaseUrl(text: string): string | undefined {
  return URL.canParse(text) && /^postgres(?:ql)?:$/.test(new URL(text).protocol) ? text : undefined
}

/** Throws an Error for what is no address of a Redis. */
export function parseRedisUrl(text: string): string {
  parseRedisAddress(text)
  return text
}

/** What one image can be deployed as. */
export const serviceNames = ['registry', 'auth', 'worker'] as const
export type ServiceName = (typeof serviceNames)[number]

export function parseServices(text: string): ReadonlySet<ServiceName> | undefined {
  const names = text.split(',').map((name) => name.trim())
  return names.every((name) => (serviceNames as readonly string[]).includes(name)) ? new Set(names as ServiceName[]) : undefined
}

/** IP addresses and subnets, as express reads them. */
export function parseAddresses(text: string): readonly string[] | undefined {
  const entries = text.split(',').map((entry) => entry.trim())
  return entries.every(isAddressOrSubnet) ? entries : undefined
}

function isAddressOrSubnet(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= (version === 4 ? 32 : 128))
}
