import { describe, expect, test } from '@jest/globals'
import { parseS3Address } from './address.ts'

const plain = { bucket: 'blobs', prefix: '', pathStyle: false, checksums: 'when required' }

describe('an address of S3 storage', () => {
  test.each([
    ['s3://blobs', plain],
    ['s3://blobs/', plain],
    ['s3://my.bucket-1/a/b_c', { ...plain, bucket: 'my.bucket-1', prefix: 'a/b_c' }],
    ['s3://blobs/a/', { ...plain, prefix: 'a' }],
    ['s3://blobs?region=eu-central-1', { ...plain, region: 'eu-central-1' }],
    [
      's3://blobs/p?endpoint=http://127.0.0.1:9000&pathStyle=true&publicEndpoint=https%3A%2F%2Fblobs.example.com%2F',
      { ...plain, prefix: 'p', endpoint: 'http://127.0.0.1:9000', pathStyle: true, publicEndpoint: 'https://blobs.example.com' },
    ],
    ['s3://blobs?checksums=sdk-default&pathStyle=false', { ...plain, checksums: 'sdk default' }],
    ['s3://blobs?sse=AES256', { ...plain, encryption: { algorithm: 'AES256' } }],
    ['s3://blobs?sse=aws:kms', { ...plain, encryption: { algorithm: 'aws:kms' } }],
    [
      's3://blobs?sse=aws:kms&kmsKey=arn:aws:kms:x:1:key/y',
      { ...plain, encryption: { algorithm: 'aws:kms', key: 'arn:aws:kms:x:1:key/y' } },
    ],
    ['s3://blobs?partSize=16777216', { ...plain, partSize: 16_777_216 }],
  ])('%s', (text, address) => {
    expect(parseS3Address(text)).toEqual(address)
  })

  test.each([
    ['', 'it has the form s3://bucket/prefix?option=value'],
    ['blobs', 'it has the form'],
    ['S3://blobs', 'it has the form'],
    ['s3://blobs#x', 'it has the form'],
    ['s3://', 'the bucket has 3 to 63'],
    ['s3://ab', 'the bucket has 3 to 63'],
    ['s3://Blobs', 'the bucket has 3 to 63'],
    ['s3://-blobs', 'the bucket has 3 to 63'],
    ['s3://key:secret@blobs', 'credentials do not belong'],
    ['s3://blobs/a//b', 'the prefix consists'],
    ['s3://blobs/../b', 'the prefix consists'],
    ['s3://blobs/a b', 'the prefix consists'],
    [`s3://blobs/${'a'.repeat(600)}`, 'the prefix consists'],
    ['s3://blobs?regio=x', 'there is no option "regio"; the options are endpoint, publicEndpoint, region'],
    ['s3://blobs?region=a&region=b', 'region is there twice'],
    ['s3://blobs?region=', 'region has no value'],
    ['s3://blobs?region=EU', 'region has lower-case'],
    ['s3://blobs?endpoint=127.0.0.1:9000', 'endpoint is an address that begins with'],
    ['s3://blobs?endpoint=ftp://x', 'endpoint is an address that begins with'],
    ['s3://blobs?endpoint=http://a:b@x', 'credentials do not belong'],
    ['s3://blobs?endpoint=http://x/blobs', 'endpoint has no path'],
    ['s3://blobs?pathStyle=yes', 'pathStyle is one of true, false'],
    ['s3://blobs?checksums=none', 'checksums is one of when-required, sdk-default'],
    ['s3://blobs?sse=aes', 'sse is one of AES256, aws:kms'],
    ['s3://blobs?kmsKey=x', 'kmsKey needs sse=aws:kms'],
    ['s3://blobs?sse=AES256&kmsKey=x', 'kmsKey needs sse=aws:kms'],
    ['s3://blobs?partSize=5000000', 'partSize is a number of bytes from 5242880'],
    ['s3://blobs?partSize=1e9', 'partSize is a number of bytes from 5242880'],
    ['s3://blobs?sse=toString', 'sse is one of'],
  ])('%j is refused', (text, reason) => {
    expect(() => parseS3Address(text)).toThrow(reason)
  })

  test('a refusal shows no secret', () => {
    expect(() => parseS3Address('s3://key:hunter2@blobs')).not.toThrow('hunter2')
    expect(() => parseS3Address('s3://blobs?endpoint=http://key:hunter2@x')).not.toThrow('hunter2')
  })
})
