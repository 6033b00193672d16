import { createHash } from 'node:crypto'
import type { Send } from './redis-connection.ts'
import type { SessionKeys } from './redis-keys.ts'

export interface Put {
  /** The version that has to be there and alive; undefined where no session may be there. */
  readonly version: number | undefined
  readonly now: number
  /** As `sessionText` writes it. */
  readonly text: string
  readonly expires: number
  /** How long Redis keeps it. Milliseconds. */
  readonly life: number
  /** The same was sent before, and it is not known whether it was done: if it was, that is success. */
  readonly again: boolean
}

/** What is there and was not written by this script counts as absent, of whatever kind it is. */
const script = `
local kept = redis.pcall('GET', KEYS[1])
local version, expires
if type(kept) == 'string' then version, expires = string.match(kept, '^(%d+) (%d+) {') end
if ARGV[7] == '1' and kept == ARGV[3] then return 1 end
if ARGV[1] == '' then
  if version then return 0 end
elseif version ~= ARGV[1] or tonumber(expires) <= tonumber(ARGV[2]) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
if type(redis.pcall('ZADD', KEYS[2], ARGV[5], ARGV[6])) ~= 'number' then
  redis.call('DEL', KEYS[2])
  redis.call('ZADD', KEYS[2], ARGV[5], ARGV[6])
end
return 1`

const sha = createHash('sha1').update(script).digest('hex')

/** Writes a session and its place in the index, both or neither, if `version` fits. Answers whether it did. */
export async function put(send: Send, { session, index, member }: SessionKeys, wanted: Put): Promise<boolean> {
  const { version, now, text, life, expires, again } = wanted
  const words = [2, session, index, version ?? '', now, text, life, expires, member, again ? 1 : 0]
  try {
    return (await send('EVALSHA', sha, ...words)) === 1
  } catch (error) {
    // A server that was restarted has forgotten the script.
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return (await send('EVAL', script, ...words)) === 1
  }
}
