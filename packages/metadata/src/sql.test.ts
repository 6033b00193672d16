import { expect, test } from '@jest/globals'
import { sql } from './sql.ts'

const select = (name: string) => sql`/* tags.list */ SELECT ${name}::text`

test('binds what stands in the template, whatever it looks like', () => {
  const hostile = "'; DROP TABLE tags; --"
  expect(select(hostile)).toMatchObject({ label: 'tags.list', text: '/* tags.list */ SELECT $1::text', values: [hostile] })
})

test('numbers values in order', () => {
  expect(sql`/* a */ SELECT ${1} + ${2}`).toMatchObject({ text: '/* a */ SELECT $1 + $2', values: [1, 2] })
})

test('names equal texts alike and different ones differently, within the 63 bytes of a name', () => {
  expect(select('a').name).toBe(select('b').name)
  expect(select('a').name).not.toBe(sql`/* tags.list */ SELECT ${'a'}`.name)
  expect(select('a').name.length).toBeLessThan(64)
})

test('insists on a label', () => {
  expect(() => sql`SELECT 1`).toThrow('label')
})
