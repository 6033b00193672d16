import { describe, expect, test } from '@jest/globals'
import { StorageFull, Unavailable } from '@roadstead/oci/errors.ts'
import { instead, S3Failure, storageFailure } from './failure.ts'

const answered = (status: number, name: string) => Object.assign(new Error('no'), { name, $metadata: { httpStatusCode: status } })
const broken = (code: string) => Object.assign(new Error('no'), { code, $metadata: { attempts: 1 } })

describe('a failure of a call', () => {
  test.each([
    [answered(503, 'SlowDown'), 'again'],
    [answered(500, 'InternalError'), 'again'],
    [answered(502, 'Unknown'), 'again'],
    [answered(429, 'TooManyRequests'), 'again'],
    [answered(408, 'x'), 'again'],
    [answered(400, 'RequestTimeout'), 'again'],
    [answered(403, 'RequestTimeTooSkewed'), 'again'],
    [answered(400, 'BadDigest'), 'again'],
    [answered(200, 'InternalError'), 'again'],
    [answered(409, 'ConditionalRequestConflict'), 'again'],
    [broken('ECONNRESET'), 'again'],
    [broken('ENOTFOUND'), 'again'],
    [new Error('char is not expected'), 'again'],
    [answered(400, 'ExpiredToken'), 'fresh credentials'],
    [answered(403, 'InvalidAccessKeyId'), 'fresh credentials'],
    [Object.assign(new Error('no'), { name: 'CredentialsProviderError' }), 'fresh credentials'],
    [answered(403, 'AccessDenied'), 'none'],
    [answered(404, 'NoSuchKey'), 'none'],
    [answered(404, 'NoSuchBucket'), 'none'],
    [answered(400, 'InvalidPart'), 'none'],
    [answered(501, 'NotImplemented'), 'none'],
    [answered(301, 'PermanentRedirect'), 'none'],
    [answered(507, 'XMinioStorageFull'), 'none'],
  ])('is tried again or not, by what it says: %#', (cause, remedy) => {
    expect(new S3Failure('Test', cause).remedy).toBe(remedy)
  })

  test('means no answer, or no room, or is a mistake of ours', () => {
    expect(storageFailure(new S3Failure('Test', answered(403, 'AccessDenied')))).toBeInstanceOf(Unavailable)
    expect(storageFailure(new S3Failure('Test', answered(507, 'x')))).toBeInstanceOf(StorageFull)
    expect(storageFailure(new S3Failure('Test', answered(400, 'QuotaExceeded')))).toBeInstanceOf(StorageFull)
    const mistake = new TypeError('x')
    expect(storageFailure(mistake)).toBe(mistake)
  })

  test('can be an answer, by its code alone', () => {
    expect(instead('gone', 'NoSuchKey')(new S3Failure('Test', answered(404, 'NoSuchKey')))).toBe('gone')
    expect(() => instead('gone', 'NoSuchKey')(new S3Failure('Test', answered(404, 'NoSuchBucket')))).toThrow('NoSuchBucket')
    expect(() => instead('gone', 'NoSuchKey')(answered(404, 'NoSuchKey'))).toThrow()
  })
})
