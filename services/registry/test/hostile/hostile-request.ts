/** A request that no honest client sends, and the answer it deserves. */
export interface HostileRequest {
  readonly title: string
  readonly method?: string
  /** Request target as it goes on the wire. */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Replaces the whole request; `target` is then only for the reader. */
  readonly raw?: (host: string) => string
  /** `none`: no credentials; default: a token that allows everything on team/app, sha/tag and the catalog. */
  readonly credentials?: 'none'
  readonly status: number | readonly number[]
  /** Code of the first error in the body; left out where the answer comes from the HTTP parser. */
  readonly code?: string
}

export const knownDigest = 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'
export const absentDigest = `sha256:${'a'.repeat(64)}`
