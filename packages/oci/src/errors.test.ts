import { expect, test } from '@jest/globals'
import { RegistryError, StorageFull, Unavailable, refuse } from './errors.ts'

test('a refusal says what, to whom it may concern, and why', () => {
  let caught: unknown
  try {
    refuse('BLOB_UPLOAD_INVALID', 'the chunk starts elsewhere', { detail: { offset: 5 }, reason: 'out of order' })
  } catch (error) {
    caught = error
  }
  expect(caught).toBeInstanceOf(RegistryError)
  expect(caught).toMatchObject({
    code: 'BLOB_UPLOAD_INVALID',
    message: 'the chunk starts elsewhere',
    detail: { offset: 5 },
    reason: 'out of order',
  })
  expect(new RegistryError('DENIED', 'no')).toMatchObject({ detail: undefined, reason: undefined })
})

test('what does not answer is named, and its error stays out of the message', () => {
  const cause = new Error('password=secret')
  const error = new Unavailable('database', { cause })
  expect(error).toMatchObject({ dependency: 'database', message: 'database does not answer', cause })
  expect(new Unavailable('database', { message: 'busy' }).message).toBe('busy')
  expect(new StorageFull({ cause })).toMatchObject({ name: 'StorageFull', cause })
  expect(new StorageFull({ cause }).message).not.toContain('secret')
})
