import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openRepository, sha256 } from '../raw/repository.ts'
import type { RawRepository } from '../raw/repository.ts'
import type { StoreProxy } from '../doubles/store-proxy.ts'
import type { Step } from '../runner/steps.ts'
import type { Target } from '../runner/target.ts'
import { run } from './probe.ts'

const MIB = 1024 * 1024

/** One bit of a stored blob changes: whoever pulls it notices, and a new push repairs it. */
export async function flipOnDisk(step: Step, target: Target, folder: string): Promise<void> {
  await step('a bit flips on the disk', async () => {
    const repository = await openRepository(target, 'outage/flipped')
    const bytes = randomBytes(MIB + 4321)
    await repository.pushBlob(bytes)
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
    const file = files.find((path) => statSync(path).size === bytes.length)
    assert.ok(file !== undefined, 'the file was not found')
    flip(file, MIB / 2)
    await neverWrong(repository, bytes)
    await repairs(repository, bytes)
  })
}

/** Bits change on their way from object storage. */
export async function flipOnTheWay(step: Step, target: Target, proxy: StoreProxy): Promise<void> {
  await step('a bit flips on the way from the storage', async () => {
    const repository = await openRepository(target, 'outage/flipped')
    const bytes = randomBytes(MIB + 4321)
    await repository.pushBlob(bytes)
    proxy.fail((method) => (method === 'GET' ? { kind: 'flip', at: MIB / 2 } : undefined))
    await neverWrong(repository, bytes)
    proxy.heal()
    await repairs(repository, bytes)
  })
}

/** S3 may say 200, and in the body that it failed. */
export async function falseSuccess(step: Step, target: Target, proxy: StoreProxy): Promise<void> {
  await step('the storage says 200 to the completion of an upload, and means an error', async () => {
    const repository = await openRepository(target, 'outage/completed')
    const bytes = randomBytes(12 * MIB)
    const location = await repository.sendChunk(await repository.beginUpload(), 0, bytes)
    const body = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InternalError</Code><Message>Please try again.</Message></Error>'
    proxy.fail((method, url) => (method === 'POST' && url.includes('uploadId=') ? { kind: 'answer', status: 200, body } : undefined))
    const refused = await repository.call(`${location}?digest=${sha256(bytes)}`, { method: 'PUT' })
    refused.body.resume()
    assert.equal(refused.status, 503)
    proxy.heal()
    await repository.finishUpload(location, sha256(bytes))
    assert.equal((await pull(repository, bytes)).digest, sha256(bytes))
  })
}

function pull(repository: RawRepository, bytes: Buffer) {
  const send = () => repository.call(`/v2/${repository.name}/blobs/${sha256(bytes)}`)
  return run({ name: 'GET blob', needs: ['storage'], mayNeed: [], usual: 200, send })
}

/** Cut off, or refused: but nobody gets all of something that is not the blob. */
async function neverWrong(repository: RawRepository, bytes: Buffer): Promise<void> {
  for (let count = 0; count < 3; count += 1) {
    const { status, digest } = await pull(repository, bytes)
    assert.ok(status === 'cut' || status === 503, `answered ${status} with ${digest}, and the blob is ${sha256(bytes)}`)
  }
}

async function repairs(repository: RawRepository, bytes: Buffer): Promise<void> {
  await repository.pushBlob(bytes)
  const { status, digest } = await pull(repository, bytes)
  assert.deepEqual([status, digest], [200, sha256(bytes)])
}

function flip(file: string, at: number): void {
  const descriptor = openSync(file, 'r+')
  const byte = Buffer.alloc(1)
  readSync(descriptor, byte, 0, 1, at)
  byte[0]! ^= 1
  writeSync(descriptor, byte, 0, 1, at)
  closeSync(descriptor)
}
