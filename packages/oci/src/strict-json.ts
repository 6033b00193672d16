import { refuse } from './errors.ts'

/** Deeper documents are refused: no manifest needs it, and every later reader of the document would pay for it. */
const depthLimit = 64

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export type JsonObject = { readonly [name: string]: Json }

/**
 * Parses a document that other programs will parse again, each with its own idea of sloppy JSON. What two parsers may read
 * differently is refused: duplicate members, a byte order mark, invalid UTF-8, numbers beyond double precision's range.
 * Throws MANIFEST_INVALID.
 */
export function parseStrictJson(bytes: Uint8Array): Json {
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch (cause) {
    refuse('MANIFEST_INVALID', 'the manifest is not valid UTF-8', { detail: { cause: String(cause) } })
  }
  let value: Json
  try {
    refuseDeepNesting(text)
    value = JSON.parse(text) as Json
  } catch (error) {
    if (error instanceof SyntaxError) refuse('MANIFEST_INVALID', 'the manifest is not valid JSON')
    throw error
  }
  refuseDuplicateMembers(text)
  return value
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Runs before JSON.parse, whose recursion would otherwise meet a document of a hundred thousand brackets. */
function refuseDeepNesting(text: string): void {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === quote) at = endOfString(text, at)
    else if (character === openBrace || character === openBracket) {
      if (++depth > depthLimit) refuse('MANIFEST_INVALID', `the manifest is nested deeper than ${depthLimit} levels`)
    } else if (character === closeBrace || character === closeBracket) depth--
  }
}

/** Walks a text that is known to be valid JSON; in it, a string directly before a colon is a member's name. */
function refuseDuplicateMembers(text: string): void {
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === openBrace) open.push(new Set())
    else if (character === openBracket) open.push(undefined)
    else if (character === closeBrace || character === closeBracket) open.pop()
    else if (character === quote) {
      const end = endOfString(text, at)
      const names = open.at(-1)
      if (names !== undefined && isName(text, end + 1)) {
        const name = JSON.parse(text.slice(at, end + 1)) as string
        if (names.has(name)) refuse('MANIFEST_INVALID', 'the manifest names a member twice in one object', { detail: { member: name } })
        names.add(name)
      }
      at = end
    } else if (isNumberStart(character)) {
      const number = /[-+0-9.eE]+/y
      number.lastIndex = at
      const literal = number.exec(text)![0]
      if (!Number.isFinite(Number(literal))) refuse('MANIFEST_INVALID', 'the manifest holds a number out of range')
      at += literal.length - 1
    }
  }
}

const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

/** Index of the closing quote of the string that opens at `start`; the text's length where it never closes. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === backslash) at++
    else if (character === quote) return at
  }
  return text.length
}

function isName(text: string, after: number): boolean {
  let at = after
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++
  return text[at] === ':'
}

function isNumberStart(character: number): boolean {
  return character === 0x2d || (character >= 0x30 && character <= 0x39)
}
