import type { Fault } from './fault-proxy.ts'

const names: Readonly<Record<string, string>> = {
  'PUT block': 'Put Block',
  'PUT blocklist': 'Put Block List',
  'PUT appendblock': 'Append Block',
  'PUT ': 'Put Blob',
  'GET ': 'Get Blob',
  'HEAD ': 'Get Blob Properties',
  'DELETE ': 'Delete Blob',
  'POST batch': 'Blob Batch',
  'GET list': 'List Blobs',
  'POST userdelegationkey': 'Get User Delegation Key',
}

/** The operation of Azure's storage that a request is, by the names of its documentation. */
export function nameOfAzureCall(method: string, target: string): string {
  const parameters = new URL(target, 'http://any').searchParams
  const call = `${method} ${parameters.get('comp') ?? ''}`
  const isContainer = parameters.get('restype') === 'container' && !parameters.has('comp')
  return isContainer ? `${method} container` : (names[call] ?? call)
}

/** An error as Azure writes it. */
export function azureError(status: number, code: string, kind: 'answer' | 'answer instead' = 'answer'): Fault {
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>made by a test</Message></Error>`
  return { kind, status, body, headers: { 'content-type': 'application/xml', 'x-ms-error-code': code } }
}
