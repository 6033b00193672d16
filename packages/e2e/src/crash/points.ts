import { randomInt } from 'node:crypto'

/** The places in which bytes are kept; each is reached by other calls. */
export type Storage = 'filesystem' | 's3' | 'azure'

export interface CrashPoint {
  /** One of the seventeen moments at which a push can be interrupted. */
  readonly id: string
  readonly what: string
  /** Failpoints, without their number: all, or those of one storage. */
  readonly any?: readonly string[]
  readonly filesystem?: readonly string[]
  readonly s3?: readonly string[]
  readonly azure?: readonly string[]
  /** With sessions outside of the process. */
  readonly redis?: readonly string[]
  /** Why no server can die there. */
  readonly skipped?: string
}

export const crashPoints: readonly CrashPoint[] = [
  {
    id: 'K1',
    what: 'an upload was opened, and nobody was told',
    any: ['POST upload: answer 202 before'],
    redis: ['POST upload: redis evalsha after'],
  },
  {
    id: 'K2',
    what: 'in a chunk, before any of it is stored',
    filesystem: ['PATCH upload: file writev before'],
    s3: ['PATCH upload: storage PUT part before', 'PATCH upload: storage PUT object before'],
    azure: ['PATCH upload: storage PUT block before'],
  },
  {
    id: 'K3',
    what: 'a chunk is stored, and its offset is not',
    filesystem: ['PATCH upload: file writev sent', 'PATCH upload: file fdatasync after'],
    s3: ['PATCH upload: storage PUT part after', 'PATCH upload: storage PUT object after'],
    azure: ['PATCH upload: storage PUT block after'],
    redis: ['PATCH upload: redis evalsha sent'],
  },
  {
    id: 'K4',
    what: 'the offset is stored, and nobody was told',
    any: ['PATCH upload: answer 202 before'],
  },
  {
    id: 'K5',
    what: 'between a chunk and the closing request',
    any: ['PATCH upload: answer 202 after'],
  },
  {
    id: 'K6',
    what: 'in the closing request, before the bytes are final',
    filesystem: ['PUT upload: file fdatasync before', 'PUT upload: file stat before'],
    s3: ['PUT upload: storage POST complete before', 'PUT upload: storage PUT object before'],
    azure: ['PUT upload: storage PUT blocklist before'],
  },
  {
    id: 'K7',
    what: 'the bytes are final, and no row names them',
    any: ['PUT upload: sql BEGIN before', 'POST whole: sql BEGIN before'],
    s3: ['PUT upload: storage POST complete sent', 'PUT upload: storage POST complete after'],
    azure: ['PUT upload: storage PUT blocklist sent', 'PUT upload: storage PUT blocklist after'],
  },
  {
    id: 'K8',
    what: 'inside the transaction that adds a blob',
    any: ['PUT upload: sql blobs.add after', 'PUT upload: sql COMMIT sent'],
  },
  {
    id: 'K9',
    what: 'a blob is committed, and nobody was told',
    any: ['PUT upload: sql COMMIT after', 'PUT upload: answer 201 before'],
    redis: ['PUT upload: redis evalsha sent'],
  },
  {
    id: 'K10',
    what: 'between a manifest and its tag',
    any: ['PUT manifest: sql manifests.insert after', 'PUT manifest: sql tags.move after', 'PUT manifest: sql COMMIT sent'],
  },
  {
    id: 'K11',
    what: 'a manifest is committed, and nobody was told',
    any: ['PUT manifest: sql COMMIT after', 'PUT manifest: answer 201 before'],
  },
  { id: 'K12', what: 'before a webhook is sent', skipped: 'there are no webhooks yet' },
  {
    id: 'K13',
    what: 'a deletion is committed, and the bytes are there',
    any: ['DELETE blob: sql COMMIT after', 'DELETE manifest: sql COMMIT after'],
  },
  {
    id: 'K14',
    what: 'half-way through a mount',
    any: ['POST mount: sql blobs.mount after', 'POST mount: sql COMMIT after'],
  },
  { id: 'K14', what: 'half-way through an import', skipped: 'there is no import yet' },
  { id: 'K15', what: 'in the collector', skipped: 'there is no collector yet' },
  {
    id: 'K16',
    what: 'power fails: what was not synced is gone',
    filesystem: ['PUT upload: answer 201 after losing', 'PATCH upload: answer 202 after losing', 'POST whole: answer 201 after losing'],
  },
  {
    id: 'K17',
    what: 'known content was pushed again, and its second copy is to go',
    filesystem: ['PUT upload: file unlink before', 'PUT upload: file unlink after'],
    s3: ['PUT upload: storage POST delete before'],
    azure: ['PUT upload: storage DELETE object before'],
  },
]

/**
 * The failpoints of a crash point on one storage. `brief`: of those that have nothing to do with the storage, which files go through as well, any
 * one.
 */
export function failPointsOf(point: CrashPoint, storage: Storage, hasRedis: boolean, brief: boolean): readonly string[] {
  const { any = [], redis = [] } = point
  const common = brief && any.length > 0 ? [any[randomInt(any.length)]!] : any
  return [...common, ...(point[storage] ?? []), ...(hasRedis ? redis : [])]
}
