/** Where an Azure store keeps its bytes. */
export interface AzureAddress {
  readonly account: string
  readonly container: string
  /** Segments without a slash at either end; empty for the root of the container. */
  readonly prefix: string
  /** The account's blob endpoint, without a slash at its end. */
  readonly endpoint: string
}

const accountForm = /^[a-z0-9]{3,24}$/
const containerForm = /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/
const prefixForm = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/
// A blob's name may have 1,024 characters, of which a location takes less than 60.
const prefixLength = 512

/**
 * Reads `azure://account/container/prefix?endpoint=http://127.0.0.1:10000/account`. Prefix and endpoint may be left out. Throws an
 * Error that says what is wrong with the address, and never repeats what stands where a secret could have been put.
 */
export function parseAzureAddress(text: string): AzureAddress {
  if (!text.startsWith('azure://')) throw wrong('it has to begin with azure://')
  const url = URL.parse(text)
  if (url === null) throw wrong('it is not a URL')
  if (url.username !== '' || url.password !== '') {
    throw wrong('it must not hold credentials: the key of the account is a setting of its own')
  }
  if (url.hash !== '') throw wrong('it must not have a fragment (#)')
  if (url.port !== '') throw wrong('the account has no port: an endpoint of your own is given with ?endpoint=')
  const account = url.host
  if (!accountForm.test(account)) {
    throw wrong(`the account ${JSON.stringify(account)} has to be 3 to 24 lower-case letters and digits`)
  }
  const [container = '', ...segments] = url.pathname.replace(/^\//, '').replace(/\/$/, '').split('/')
  if (container === '') throw wrong('it names no container: azure://account/container')
  if (!containerForm.test(container)) {
    throw wrong(`the container ${JSON.stringify(container)} has to be 3 to 63 lower-case letters, digits and single hyphens`)
  }
  return { account, container, prefix: checkedPrefix(segments.join('/')), endpoint: endpointOf(url.searchParams, account) }
}

function checkedPrefix(prefix: string): string {
  if (prefix === '') return prefix
  if (!prefixForm.test(prefix) || prefix.length > prefixLength) {
    throw wrong(
      `the prefix ${JSON.stringify(prefix)} has to be segments of letters, digits, ".", "_" and "-", up to ${prefixLength} in all`,
    )
  }
  return prefix
}

function endpointOf(parameters: URLSearchParams, account: string): string {
  const unknown = [...new Set(parameters.keys())].filter((name) => name !== 'endpoint')
  if (unknown.length > 0) throw wrong(`it has a parameter that is not known: ${unknown.map((name) => JSON.stringify(name)).join(', ')}`)
  const given = parameters.getAll('endpoint')
  if (given.length === 0) return `https://${account}.blob.core.windows.net`
  if (given.length > 1) throw wrong('it has more than one endpoint')
  const url = URL.parse(given[0]!)
  if (url === null || !/^https?:$/.test(url.protocol)) throw wrong('its endpoint has to be an http or https URL')
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw wrong('its endpoint must have neither credentials nor a query (a shared access signature is no endpoint)')
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

function wrong(reason: string): Error {
  return new Error(`the address of the Azure storage is not usable: ${reason}`)
}
