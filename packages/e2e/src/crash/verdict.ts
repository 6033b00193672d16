import assert from 'node:assert/strict'
import { checkBelongings, checkBlob, checkTagList, listTags } from './belongings.ts'
import type { Client } from './client.ts'
import type { Blob } from './contents.ts'
import type { History, Operation } from './history.ts'
import type { Pusher } from './pusher.ts'
import { patiently } from './pusher.ts'
import { findDisorder } from './register.ts'
import type { RegisterOperation } from './register.ts'
import { shared } from './work.ts'

/** What came out of a whole history. */
export interface Verdict {
  readonly operations: number
  readonly acknowledged: number
  /** Answers that were lost, or said that a dependency was away. */
  readonly unknown: number
  /** Requests that were refused because a writer that died still claimed the upload. */
  readonly claims: number
}

/** Everything that was ever acknowledged is read again. */
export async function checkAll(reader: Client, pushers: readonly Pusher[]): Promise<void> {
  await Promise.all(pushers.map(({ belongings }) => patiently(() => checkBelongings(reader, belongings))))
  await patiently(() => checkShared(reader))
  checkRegisters(reader.history)
}

/** Every tag of the shared repository leads to all that it names, and the list names those that can be read, no others. */
async function checkShared(reader: Client): Promise<void> {
  const listed = await listTags(reader, shared)
  const checked = new Set<string>()
  for (const tag of new Set([...listed, ...hotTagsOf(reader.history)])) {
    const key = `tag ${shared}:${tag}`
    const expected = listed.includes(tag) ? [200] : [404]
    const { status, body } = await reader.ask({ op: 'read', key }, expected, `/v2/${shared}/manifests/${tag}`)
    if (status !== 200) continue
    const { config, layers } = JSON.parse(body.toString()) as { readonly config: Blob; readonly layers: readonly Blob[] }
    for (const blob of [config, ...layers]) {
      if (!checked.has(blob.digest)) await checkBlob(reader, shared, blob)
      checked.add(blob.digest)
    }
  }
  await checkTagList(reader, shared, listed)
}

const tagKey = `tag ${shared}:`

function hotTagsOf({ operations }: History): ReadonlySet<string> {
  return new Set(operations.filter(({ key }) => key.startsWith(tagKey)).map(({ key }) => key.slice(tagKey.length)))
}

/** Each tag that clients fought for has a history that one register could have. */
export function checkRegisters(history: History): void {
  for (const tag of hotTagsOf(history)) {
    const key = `${tagKey}${tag}`
    const own = history.operations.filter((operation) => operation.key === key).flatMap(asRegisterOperation)
    const order = findDisorder(own)
    if (order === undefined) continue
    const longest = order.map((operation) => `    ${JSON.stringify(operation)}`).join('\n')
    const all = own.map((operation) => `    ${JSON.stringify(operation)}`).join('\n')
    history.violated(`no order explains what happened to the tag; all of it:\n${all}\n  in order as far as it goes:\n${longest}`, key)
  }
}

function asRegisterOperation(operation: Operation): readonly RegisterOperation[] {
  const { op, status } = operation
  // Somebody else had deleted the tag before: then this request has only looked.
  if (op === 'delete' && status === 404) return [{ ...operation, op: 'read' }]
  if (op === 'erase' && status === 404) return []
  return op === 'write' || op === 'delete' || op === 'erase' || op === 'read' ? [{ ...operation, op }] : []
}

/** Fails where there is something new since `known` violations were there. */
export function refuseViolations(history: History, known = 0): void {
  const found = history.violations.slice(known)
  const text = found.slice(0, 5).join('\n')
  assert.equal(found.length, 0, `${found.length} violations${found.length > 5 ? ', of which five' : ''}:\n${text}`)
}

export function summarize({ operations }: History): Verdict {
  return {
    operations: operations.length,
    acknowledged: operations.filter(({ op, result }) => result === 'ok' && (op === 'add' || op === 'write')).length,
    unknown: operations.filter(({ result }) => result === 'info').length,
    claims: operations.filter(({ op }) => op === 'claim').length,
  }
}
