// TypeScript 7 has no compiler API for ts-jest; Node's own type stripping is what production runs, so tests run the same text.
import { stripTypeScriptTypes } from 'node:module'

export default {
  process: (source) => ({ code: stripTypeScriptTypes(source, { mode: 'strip' }) }),
}
