/**
 * A text column holds no NUL and PostgreSQL refuses to compare with one. As a lower bound, what stands before the first NUL means the
 * same, since no stored name lies between the two.
 */
export function lowerBound(after: string): string {
  const nul = after.indexOf('\0')
  return nul < 0 ? after : after.slice(0, nul)
}

/** For texts that are only ever shown: the replacement character stands for what a text column cannot hold. */
export function storable(text: string): string {
  return text.replaceAll('\0', '\u{fffd}')
}
