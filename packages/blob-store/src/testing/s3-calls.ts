import type { Fault } from './fault-proxy.ts'

/** The operation of S3 that a request is, by the names of its documentation; path style. */
export function nameOfS3Call(method: string, target: string): string {
  const [path = '', query = ''] = target.split('?')
  const has = (name: string) => new URLSearchParams(query).has(name)
  const isObject = path.split('/').filter((part) => part !== '').length > 1
  if (!isObject) {
    if (method === 'POST' && has('delete')) return 'DeleteObjects'
    return has('uploads') ? 'ListMultipartUploads' : method === 'GET' ? 'ListObjectsV2' : `${method} bucket`
  }
  if (method === 'POST') return has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload'
  if (method === 'PUT') return has('partNumber') ? 'UploadPart' : 'PutObject'
  if (method === 'DELETE') return has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject'
  if (method === 'GET' && has('uploadId')) return 'ListParts'
  return method === 'HEAD' ? 'HeadObject' : 'GetObject'
}

/** An error as S3 writes it. */
export function s3Error(status: number, code: string, kind: 'answer' | 'answer instead' = 'answer'): Fault {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>made by a test</Message><RequestId>1</RequestId></Error>`
  return { kind, status, body, headers: { 'content-type': 'application/xml' } }
}
