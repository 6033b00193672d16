import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { around } from './reached.ts'
import type { Reached } from './reached.ts'

interface Driver {
  readonly Client: { readonly prototype: { query: (...values: unknown[]) => unknown } }
}

/** Statements of pg, by the comment that each starts with, or by their first word. The library is the one that the server itself loads. */
export function watchSql(reached: Reached): void {
  const { Client } = createRequire(resolve(import.meta.dirname, '../../../../metadata/package.json'))('pg') as Driver
  const original = Client.prototype.query
  Client.prototype.query = function (...values) {
    return around(reached, 'sql', labelOf(values[0]), () => original.apply(this, values))
  }
}

function labelOf(statement: unknown): string {
  const text = typeof statement === 'string' ? statement : String((statement as { readonly text?: string }).text)
  return /^\s*\/\* (.+?) \*\//.exec(text)?.[1] ?? text.trim().split(/[\s;]/, 1)[0]!
}
