import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** 16 MiB and about 40 ms of one core for each guess. The parameters are in every stored text, so they may grow later. */
const current = { cost: 14, blockSize: 8, parallelism: 1 } as const
const saltLength = 16
const hashLength = 32

const stored = /^\$sha256-scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/

interface Parameters {
  /** Binary logarithm of scrypt's N. */
  readonly cost: number
  readonly blockSize: number
  readonly parallelism: number
}

/** The text to store for a password: parameters, salt and hash. Every character of the password counts, however long it is. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltLength)
  return format(salt, await derive(password, salt, current))
}

/** Whether `password` is the one that `text` was made of. Takes the same time for every wrong one. Throws on a text that `hashPassword` cannot have made. */
export async function verifyPassword(password: string, text: string): Promise<boolean> {
  const match = stored.exec(text)
  if (match === null) throw new Error('the stored password is damaged')
  const parameters = { cost: Number(match[1]), blockSize: Number(match[2]), parallelism: Number(match[3]) }
  const hash = await derive(password, Buffer.from(match[4]!, 'base64url'), parameters)
  return timingSafeEqual(hash, Buffer.from(match[5]!, 'base64url'))
}

/** A text that costs as much to verify as a real one and that no password is known to fit: its hash was never derived from any. */
export function unmatchableHash(): string {
  return format(randomBytes(saltLength), randomBytes(hashLength))
}

/**
 * A new password with 256 bits of chance. Letters and digits only, so that it survives shells, URLs and YAML unquoted; it starts with
 * a letter so that nothing takes it for an option or a number.
 */
export function generatePassword(random: (size: number) => Buffer): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  let password = ''
  while (password.length < 44) {
    for (const byte of random(64)) {
      // 248 is four times 62: the bytes above would make the first letters likelier than the last.
      const character = byte < 248 ? alphabet[byte % 62]! : ''
      if (password.length < 44 && (password !== '' || /[A-Za-z]/.test(character))) password += character
    }
  }
  return password
}

function format(salt: Buffer, hash: Buffer): string {
  const { cost, blockSize, parallelism } = current
  return `$sha256-scrypt$ln=${cost},r=${blockSize},p=${parallelism}$${salt.toString('base64url')}$${hash.toString('base64url')}`
}

function derive(password: string, salt: Buffer, { cost, blockSize, parallelism }: Parameters): Promise<Buffer> {
  const N = 2 ** cost
  const options = { N, r: blockSize, p: parallelism, maxmem: 256 * N * blockSize }
  // scrypt alone takes a password for the same as one with NULs behind it, because HMAC pads its key with them.
  const digest = createHash('sha256').update(password).digest()
  return new Promise((resolve, reject) => {
    scrypt(digest, salt, hashLength, options, (error, hash) => (error === null ? resolve(hash) : reject(error)))
  })
}
