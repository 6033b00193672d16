import { describe, expect, test } from '@jest/globals'
import { importsOf } from './imports.ts'
import { violations } from './violations.ts'

const folders = ['oci', 'distribution', 'identity', 'blob-store', 'metadata', 'runtime', 'http', 'testing', 'e2e']
  .map((name) => `packages/${name}`)
  .concat('services/registry', 'services/auth', 'services/standalone')

const check = (path: string, text: string): readonly string[] => violations([{ path, text }], folders)

test('importsOf finds every form, with its line, and nothing in comments', () => {
  const source = [
    "import { a } from 'one'",
    "import type { B } from 'two'",
    'import {',
    '  c,',
    '  d,',
    "} from 'three'",
    "import 'four'",
    "export { e } from 'five'",
    "export type { F } from 'six'",
    "// import { g } from 'seven'",
    "/* import { h } from 'eight'",
    "import { i } from 'nine' */",
    "const late = await import('ten')",
    "export const text = 'from' + 'eleven'",
  ].join('\n')
  expect(importsOf(source)).toEqual([
    { from: 'one', line: 1, typeOnly: false },
    { from: 'two', line: 2, typeOnly: true },
    { from: 'three', line: 3, typeOnly: false },
    { from: 'four', line: 7, typeOnly: false },
    { from: 'five', line: 8, typeOnly: false },
    { from: 'six', line: 9, typeOnly: true },
    { from: 'ten', line: 13, typeOnly: false },
  ])
})

describe('allowed', () => {
  test.each([
    ['packages/oci/src/digest.ts', "import { createHash } from 'node:crypto'\nimport { x } from './x.ts'"],
    ['packages/distribution/src/pull.ts', "import { parseDigest } from '@roadstead/oci/digest.ts'"],
    ['packages/metadata/src/database.ts', "import pg from 'pg'\nimport type { Metadata } from '@roadstead/distribution/metadata.ts'"],
    ['packages/runtime/src/listen.ts', "import { createServer } from 'node:http'"],
    ['packages/http/src/app.ts', "import express from 'express'"],
    [
      'packages/oci/src/digest.test.ts',
      "import { test } from '@jest/globals'\nimport fc from 'fast-check'\nimport { x } from '@roadstead/testing/x.ts'",
    ],
    ['packages/blob-store/src/testing/contract.ts', "import { test } from '@jest/globals'"],
    ['packages/e2e/src/main.ts', "import { x } from '@roadstead/testing/x.ts'\nprocess.env.PATH"],
    ['services/registry/src/config.ts', 'process.env.PORT'],
    ['services/registry/src/main.ts', "import { x } from '@roadstead/metadata/x.ts'"],
    ['services/registry/src/app.ts', "import type { X } from '@roadstead/metadata/x.ts'"],
    ['services/standalone/src/main.ts', "const { x } = await import('@roadstead/auth-service/app.ts')"],
  ])('%s %j', (path, text) => {
    expect(check(path, text)).toEqual([])
  })
})

describe('forbidden', () => {
  test.each([
    [
      'packages/oci/src/digest.ts',
      "\nimport { x } from '@roadstead/distribution/pull.ts'",
      ':2 imports @roadstead/distribution/pull.ts; allowed: nothing inside',
    ],
    ['packages/oci/src/digest.ts', "import ms from 'ms'", ':1 imports ms; allowed: no library, only node:'],
    ['packages/oci/src/digest.ts', "import ms from 'ms/deep'", ':1 imports ms/deep; allowed: no library, only node:'],
    ['packages/distribution/src/pull.ts', "import { Pool } from 'pg'", ':1 imports pg; allowed: no library, only node:'],
    ['packages/distribution/src/pull.ts', "import { get } from 'node:http'", ':1 imports node:http; allowed: no HTTP in this folder'],
    [
      'packages/metadata/src/tags.ts',
      "import { pull } from '@roadstead/distribution/pull.ts'",
      ':1 imports @roadstead/distribution/pull.ts; allowed: only types of distribution (import type)',
    ],
    [
      'packages/identity/src/x.ts',
      "import type { X } from '@roadstead/distribution/x.ts'",
      ':1 imports @roadstead/distribution/x.ts; allowed: oci',
    ],
    [
      'packages/oci/src/x.ts',
      "import { x } from '../../runtime/src/x.ts'",
      ':1 imports ../../runtime/src/x.ts; a relative import stays in its folder: import by package name',
    ],
    ['packages/oci/src/x.ts', "import { x } from './y'", ':1 imports ./y; a relative import names its file with the ending'],
    [
      'packages/oci/src/x.ts',
      "import { x } from '@roadstead/oci/y.ts'",
      ':1 imports @roadstead/oci/y.ts; a file of its own folder is imported by path',
    ],
    [
      'packages/distribution/src/x.ts',
      "import { x } from '@roadstead/nowhere/y.ts'",
      ':1 imports @roadstead/nowhere/y.ts; there is no such package',
    ],
    [
      'packages/distribution/src/x.ts',
      "import { x } from '@roadstead/oci'",
      ':1 imports @roadstead/oci; allowed: @roadstead/<package>/<file>.ts',
    ],
    ['packages/oci/src/x.ts', "import { x } from '@roadstead/testing/x.ts'", ':1 imports @roadstead/testing/x.ts; allowed: nothing inside'],
    ['packages/e2e/src/x.ts', "import { x } from '@roadstead/oci/x.ts'", ':1 imports @roadstead/oci/x.ts; allowed: testing'],
    [
      'services/registry/src/app.ts',
      "import { x } from '@roadstead/auth-service/x.ts'",
      ':1 imports @roadstead/auth-service/x.ts; allowed: packages',
    ],
    [
      'services/registry/src/app.ts',
      "import { x } from '@roadstead/metadata/x.ts'",
      ':1 imports @roadstead/metadata/x.ts; allowed in a service: only main.ts builds adapters',
    ],
    ['services/registry/src/app.ts', 'const a = 1\nconst b = process.env.X', ':2 reads the environment; allowed: config.ts'],
    ['services/registry/src/app.ts', 'const { env } = process', ':1 reads the environment; allowed: config.ts'],
  ])('%s %j', (path, text, message) => {
    expect(check(path, text)).toEqual([path + message])
  })

  test('a folder without a line in the table', () => {
    expect(check('packages/utils/src/x.ts', '')).toEqual([
      'packages/utils/src/x.ts:1 belongs to no layer: add packages/utils to scripts/layers/table.ts',
    ])
  })

  test('one library in two files, tests not counted', () => {
    const pg = "import pg from 'pg'"
    const files = ['a.ts', 'b.ts', 'a.test.ts'].map((name) => ({ path: `packages/metadata/src/${name}`, text: pg }))
    expect(violations(files.slice(0, 1), folders)).toEqual([])
    expect(violations([files[0]!, files[1]!], folders)).toEqual([
      'packages/metadata/src/a.ts:1 is not alone in importing pg; allowed: one file; the others: packages/metadata/src/b.ts',
    ])
  })
})
