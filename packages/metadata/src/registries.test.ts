import { afterAll, expect, test } from '@jest/globals'
import type { RegistryLabel } from '@roadstead/oci/login-server.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import { testRegistry } from '@roadstead/testing/registries.ts'
import { sql } from './sql.ts'

const db = await testDatabase()
const { registries, ensureRegistry } = db.metadata
afterAll(() => db.close())

const wanted = { tenant: 'contoso', name: 'myRegistry', storage: 'file:///data/blobs', adminEnabled: true }

test('a registry is made with its tenant and storage account, once', async () => {
  const first = await ensureRegistry(wanted)
  expect(first).toMatchObject({
    created: true,
    registry: {
      name: 'myRegistry',
      tenant: 'contoso',
      label: 'myregistry-contoso',
      storage: 'file:///data/blobs',
      adminEnabled: true,
      anonymousPull: false,
    },
  })
  expect(first.registry.createdAt).toBeInstanceOf(Date)
  expect(await ensureRegistry({ ...wanted, storage: 'memory:' })).toEqual({ created: false, registry: first.registry })
  expect(await registries.find('myregistry-contoso' as RegistryLabel)).toEqual(first.registry)
})

test('of many that make the same one at once, one does', async () => {
  const results = await Promise.all(Array.from({ length: 8 }, () => ensureRegistry({ ...wanted, tenant: 'fabrikam' })))
  expect(results.filter(({ created }) => created)).toHaveLength(1)
  expect(new Set(results.map(({ registry }) => registry.id)).size).toBe(1)
})

test('names that are no login server are refused', async () => {
  await expect(ensureRegistry({ ...wanted, name: 'with-hyphen' })).rejects.toThrow('not the name')
})

test('an unknown label is absent, among known ones too', async () => {
  const known = await testRegistry(db.metadata)
  const found = await Promise.all(['absent-contoso', known.label, known.label].map((label) => registries.find(label as RegistryLabel)))
  expect(found).toEqual([undefined, known, known])
})

test('a deleted registry is not found, and its name may be taken by one with another id', async () => {
  const old = await ensureRegistry({ ...wanted, tenant: 'northwind' })
  await db.database.query(sql`/* test.delete */ UPDATE registries SET deleted_at = now() WHERE id = ${old.registry.id}`)
  expect(await registries.find(old.registry.label)).toBeUndefined()
  expect((await registries.list(undefined, 1000)).map(({ id }) => id)).not.toContain(old.registry.id)
  const next = await ensureRegistry({ ...wanted, tenant: 'northwind' })
  expect(next.created).toBe(true)
  expect(next.registry.id).toBeGreaterThan(old.registry.id)
})

test('lists all by id, page by page', async () => {
  const all = await registries.list(undefined, 1000)
  expect(all.length).toBeGreaterThan(2)
  expect(await registries.list(undefined, 2)).toEqual(all.slice(0, 2))
  expect(await registries.list(all[1]!.id, 1000)).toEqual(all.slice(2))
})
