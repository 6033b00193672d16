/** The first label of a login server, `<registry>-<tenant>`: lower case, checked. */
export type RegistryLabel = string & { readonly __brand: 'registry label' }

/** Neither half holds a hyphen, so the first one splits and no two pairs share a label. 63 is DNS's limit for one label. */
const label = /^([a-z0-9]{1,50})-([a-z0-9]{1,61})$/

export function parseRegistryLabel(text: string): RegistryLabel | undefined {
  return text.length <= 63 && label.test(text) ? (text as RegistryLabel) : undefined
}

/** Undefined where the names cannot make one. Letters are checked first: lower-casing turns the Kelvin sign into a plain `k`. */
export function registryLabel(registry: string, tenant: string): RegistryLabel | undefined {
  const text = `${registry}-${tenant}`
  return /^[A-Za-z0-9-]*$/.test(text) ? parseRegistryLabel(text.toLowerCase()) : undefined
}

export function splitRegistryLabel(text: RegistryLabel): { readonly registry: string; readonly tenant: string } {
  const hyphen = text.indexOf('-')
  return { registry: text.slice(0, hyphen), tenant: text.slice(hyphen + 1) }
}

/**
 * The host name in a Host header: lower case, without port and without one trailing dot. Undefined for what is no ASCII host
 * name; a look-alike letter is refused before lower-casing could turn it into an ASCII one (the Kelvin sign becomes `k`).
 */
export function parseHost(header: string): string | undefined {
  const match = /^([A-Za-z0-9.-]{1,254}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/.exec(header)
  const host = match?.[1]?.toLowerCase().replace(/\.$/, '')
  return host === undefined || host === '' ? undefined : host
}

/** The label of the registry that `host` (from `parseHost`) names under `rootDomain`; undefined where it names none. */
export function labelOfHost(host: string, rootDomain: string): RegistryLabel | undefined {
  return host.endsWith(`.${rootDomain}`) ? parseRegistryLabel(host.slice(0, -rootDomain.length - 1)) : undefined
}
