import { largestPart, smallestPart } from './settings.ts'
import type { S3Address, S3Encryption } from './settings.ts'

const bucketForm = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const prefixForm = /^[A-Za-z0-9!_.*'()-]+(?:\/[A-Za-z0-9!_.*'()-]+)*$/
const regionForm = /^[a-z0-9][a-z0-9-]{0,62}$/
const options = ['endpoint', 'publicEndpoint', 'region', 'pathStyle', 'sse', 'kmsKey', 'checksums', 'partSize']

/**
 * Reads `s3://bucket/prefix?endpoint=…&region=…&pathStyle=true&sse=…&checksums=…`. Credentials have no place in it: addresses are shown and logged.
 * Throws an Error whose message says what is wrong, without a value that could be a secret.
 */
export function parseS3Address(text: string): S3Address {
  const match = /^s3:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(text)
  if (match === null) wrong('it has the form s3://bucket/prefix?option=value')
  const [, bucket = '', path = '', query = ''] = match
  if (bucket.includes('@')) wrong('credentials do not belong into the address')
  if (!bucketForm.test(bucket)) wrong('the bucket has 3 to 63 lower-case letters, digits, dots and hyphens')
  const prefix = path.replace(/\/$/, '')
  if (prefix !== '' && (!prefixForm.test(prefix) || prefix.split('/').some((part) => /^\.+$/.test(part)) || prefix.length > 512)) {
    wrong("the prefix consists of names with slashes between them, each of letters, digits and !-_.*'()")
  }
  const values = readOptions(query)
  const endpoint = readOrigin(values, 'endpoint')
  const publicEndpoint = readOrigin(values, 'publicEndpoint')
  const region = values.get('region')
  if (region !== undefined && !regionForm.test(region)) wrong('region has lower-case letters, digits and hyphens')
  const encryption = readEncryption(values)
  const partSize = readPartSize(values.get('partSize'))
  return {
    bucket,
    prefix,
    ...(endpoint !== undefined && { endpoint }),
    ...(publicEndpoint !== undefined && { publicEndpoint }),
    ...(region !== undefined && { region }),
    pathStyle: readChoice(values, 'pathStyle', { true: true, false: false }, false),
    ...(encryption !== undefined && { encryption }),
    checksums: readChoice(values, 'checksums', { 'when-required': 'when required', 'sdk-default': 'sdk default' }, 'when required'),
    ...(partSize !== undefined && { partSize }),
  }
}

function readOptions(query: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) {
    if (!options.includes(name)) wrong(`there is no option ${JSON.stringify(name.slice(0, 40))}; the options are ${options.join(', ')}`)
    if (values.has(name)) wrong(`${name} is there twice`)
    if (value === '') wrong(`${name} has no value`)
    values.set(name, value)
  }
  return values
}

function readOrigin(values: ReadonlyMap<string, string>, name: string): string | undefined {
  const value = values.get(name)
  if (value === undefined) return undefined
  const url = URL.parse(value)
  if (url === null || !/^https?:$/.test(url.protocol)) wrong(`${name} is an address that begins with https:// or http://`)
  if (url.username !== '' || url.password !== '') wrong('credentials do not belong into the address')
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') wrong(`${name} has no path, since bucket and prefix follow it`)
  return url.origin
}

function readEncryption(values: ReadonlyMap<string, string>): S3Encryption | undefined {
  const key = values.get('kmsKey')
  const algorithm = readChoice(values, 'sse', { AES256: 'AES256', 'aws:kms': 'aws:kms' }, undefined)
  if (algorithm === 'aws:kms') return { algorithm, ...(key !== undefined && { key }) }
  if (key !== undefined) wrong('kmsKey needs sse=aws:kms')
  return algorithm && { algorithm }
}

function readPartSize(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const size = /^[1-9][0-9]{0,10}$/.test(value) ? Number(value) : 0
  if (size < smallestPart || size > largestPart) wrong(`partSize is a number of bytes from ${smallestPart} to ${largestPart}`)
  return size
}

function readChoice<const Value, Fallback>(
  values: ReadonlyMap<string, string>,
  name: string,
  choices: Readonly<Record<string, Value>>,
  fallback: Fallback,
): Value | Fallback {
  const value = values.get(name)
  if (value === undefined) return fallback
  if (!Object.hasOwn(choices, value)) wrong(`${name} is one of ${Object.keys(choices).join(', ')}`)
  return choices[value]!
}

function wrong(reason: string): never {
  throw new Error(`an address of S3 storage is wrong: ${reason}`)
}
