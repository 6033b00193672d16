import { isIPv6 } from 'node:net'

/**
 * What counts as one place on the network: an IPv4 address, or the /64 of an IPv6 one, since whoever has one address of it usually has
 * all 2^64. An IPv4 address that a dual-stack socket shows as `::ffff:192.0.2.1` is that IPv4 address.
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address)
  if (mapped !== null) return mapped[1]!
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.replace(/%.*$/, '').toLowerCase().split('::')
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  return `${[...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}

function groups(text: string): readonly string[] {
  // A dotted tail stands for two groups; which ones does not matter for the first half of the address.
  return text === '' ? [] : text.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]))
}
