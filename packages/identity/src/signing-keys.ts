import { createHash, createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto'
import type { KeyObject, webcrypto } from 'node:crypto'
import { promisify } from 'node:util'
import { createSingleFlight } from './single-flight.ts'
import type { SigningKey, SigningKeyFacts } from './signing-key-facts.ts'

const second = 1000
const minute = 60 * second
const day = 24 * 60 * minute

/** A new key is made when the youngest is older than this. */
export const signingKeyRotation = 30 * day
/** A key older than this verifies nothing any more; every token that it signed has ended long before. */
export const signingKeyLifetime = 60 * day
/** Longer than `reloadEvery`, so that every replica knows a key before tokens of it arrive. */
const settling = 10 * minute
const reloadEvery = 5 * minute
/** Least time between two looks at the database, however many unknown key ids arrive. */
const reloadAtMost = 5 * second

export type PublicJwk = webcrypto.JsonWebKey & { readonly kid: string }

/** The keys that tokens are signed with, the same on all replicas. All functions throw `Unavailable` when the database does not answer. */
export interface SigningKeys {
  /** The key to sign with now. Makes one where there is none or the youngest is too old. */
  current(): Promise<{ readonly kid: string; readonly privateKey: KeyObject }>
  /** The public key of that id; undefined where no key has it. */
  find(kid: string): Promise<KeyObject | undefined>
  /** All keys that verify, as RFC 7517 lists them. */
  publicKeys(): Promise<readonly PublicJwk[]>
}

interface Key {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** Milliseconds. */
  readonly createdAt: number
}

export function createSigningKeys(facts: SigningKeyFacts, now: () => Date): SigningKeys {
  const once = createSingleFlight<void>()
  // A key id comes from the caller: it is looked up in a Map, never in an object, a path or a statement.
  let ring: ReadonlyMap<string, Key> | undefined
  let attemptedAt = -Infinity
  let failure: unknown
  const age = (key: Key): number => now().getTime() - key.createdAt
  const sinceAttempt = (): number => now().getTime() - attemptedAt

  const load = (): Promise<void> =>
    once('load', async () => {
      attemptedAt = now().getTime()
      try {
        const keys = (await facts.list()).map(readKey).sort((a, b) => b.createdAt - a.createdAt)
        ring = new Map(keys.filter((key) => age(key) < signingKeyLifetime).map((key) => [key.kid, key]))
        failure = undefined
      } catch (error) {
        failure = error
        throw error
      }
    })

  const loaded = async (): Promise<ReadonlyMap<string, Key>> => {
    if (ring === undefined) await load()
    // Known keys stay good while the database is away, so a failed look is only repeated.
    else if (sinceAttempt() >= (failure === undefined ? reloadEvery : reloadAtMost)) await load().catch(() => undefined)
    return ring!
  }

  const rotate = (): Promise<void> =>
    once('rotate', async () => {
      const added = await facts.add(await makeKey(now()), new Date(now().getTime() - signingKeyRotation))
      if (added) await facts.removeOlder(new Date(now().getTime() - signingKeyLifetime))
      await load()
    })

  const usable = async (): Promise<ReadonlyMap<string, Key>> => {
    const keys = [...(await loaded()).values()].filter((key) => age(key) < signingKeyLifetime)
    return new Map(keys.map((key) => [key.kid, key]))
  }

  return {
    async current() {
      const youngest = (await usable()).values().next().value
      if (youngest === undefined || age(youngest) > signingKeyRotation) await rotate()
      const keys = [...(await usable()).values()]
      const key = keys.find((candidate) => age(candidate) >= settling) ?? keys.at(-1)
      if (key === undefined) throw new Error('no signing key is there right after one was made')
      return key
    },
    async find(kid) {
      let key = (await loaded()).get(kid)
      if (key === undefined && sinceAttempt() >= reloadAtMost) {
        await load()
        key = ring?.get(kid)
      }
      // Whether the key exists is not known then, and "unauthorized" would be a guess.
      if (key === undefined && failure !== undefined) throw failure
      return key !== undefined && age(key) < signingKeyLifetime ? key.publicKey : undefined
    },
    async publicKeys() {
      return [...(await usable()).values()].map(({ kid, publicKey }) => ({
        ...publicKey.export({ format: 'jwk' }),
        kid,
        alg: 'ES256',
        use: 'sig',
      }))
    },
  }
}

function readKey({ kid, privateKey, publicKey, createdAt }: SigningKey): Key {
  return { kid, privateKey: createPrivateKey(privateKey), publicKey: createPublicKey(publicKey), createdAt: createdAt.getTime() }
}

/** The id is the key's thumbprint (RFC 7638), so two keys never share one. */
async function makeKey(createdAt: Date): Promise<SigningKey> {
  const pair = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const { crv, kty, x, y } = pair.publicKey.export({ format: 'jwk' })
  return {
    kid: createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url'),
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }),
    createdAt,
  }
}
