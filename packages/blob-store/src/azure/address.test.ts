import { describe, expect, test } from '@jest/globals'
import { parseAzureAddress } from './address.ts'
import { accountKey } from './credential.ts'

describe('the address of an Azure storage', () => {
  test.each([
    ['azure://contoso1/blobs', { account: 'contoso1', container: 'blobs', prefix: '', endpoint: 'https://contoso1.blob.core.windows.net' }],
    ['azure://abc/b-2/', { account: 'abc', container: 'b-2', prefix: '', endpoint: 'https://abc.blob.core.windows.net' }],
    ['azure://abc/blobs/one/t.w_o-3', { container: 'blobs', prefix: 'one/t.w_o-3' }],
    ['azure://abc/blobs/one/', { prefix: 'one' }],
    ['azure://dev1/blobs/p?endpoint=http://127.0.0.1:10000/dev1', { prefix: 'p', endpoint: 'http://127.0.0.1:10000/dev1' }],
    ['azure://dev1/blobs?endpoint=http%3A%2F%2Fazurite%3A10000%2Fdev1%2F', { endpoint: 'http://azurite:10000/dev1' }],
    ['azure://abc/blobs?endpoint=https://abc.blob.core.chinacloudapi.cn', { endpoint: 'https://abc.blob.core.chinacloudapi.cn' }],
  ])('%s is read', (text, expected) => {
    expect(parseAzureAddress(text)).toMatchObject(expected)
  })

  test.each([
    ['s3://bucket', /azure:\/\//],
    ['azure://', /not a URL|account/],
    ['azure:///blobs', /account/],
    ['azure://abc', /no container/],
    ['azure://abc/', /no container/],
    ['azure://ab/blobs', /account "ab"/],
    ['azure://UPPER-CASE/blobs', /account/],
    ['azure://abc:10000/blobs', /port.*\?endpoint=/],
    ['azure://abc/bl', /container "bl"/],
    ['azure://abc/Blobs', /container "Blobs"/],
    ['azure://abc/two--hyphens', /container/],
    ['azure://abc/-blobs', /container/],
    ['azure://abc/blobs/a//b', /prefix/],
    ['azure://abc/blobs/%20', /prefix/],
    ['azure://abc/blobs/.hidden', /prefix/],
    [`azure://abc/blobs/${'x'.repeat(513)}`, /prefix/],
    ['azure://key:secret@abc/blobs', /credentials/],
    ['azure://abc/blobs#part', /fragment/],
    ['azure://abc/blobs?key=secret', /"key"/],
    ['azure://abc/blobs?endpoint=ftp://host', /http or https/],
    ['azure://abc/blobs?endpoint=', /http or https/],
    ['azure://abc/blobs?endpoint=https://user:secret@host', /credentials/],
    ['azure://abc/blobs?endpoint=https://host/?sig=secret', /query/],
    ['azure://abc/blobs?endpoint=https://one&endpoint=https://two', /more than one/],
  ])('%s is refused', (text, reason) => {
    const parse = () => parseAzureAddress(text)
    expect(parse).toThrow(reason)
    expect(parse).not.toThrow(/secret/)
  })
})

test.each(['azure://abc/blobs/../other/b', 'azure://abc/blobs/%2e%2e/other/b', 'azure://abc/./other/a/../b'])(
  '%s holds no dots any more when it was read',
  (text) => {
    expect(parseAzureAddress(text)).toMatchObject({ container: 'other', prefix: 'b' })
  },
)

describe('the key of the account', () => {
  test('is base64', () => {
    expect(accountKey('c2VjcmV0')).toEqual({ key: 'c2VjcmV0' })
  })

  test.each(['', 'secret!', 'abc', 'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0'])('%j is refused, unseen', (key) => {
    expect(() => accountKey(key)).toThrow(/base64/)
    if (key !== '') expect(() => accountKey(key)).not.toThrow(key)
  })
})
