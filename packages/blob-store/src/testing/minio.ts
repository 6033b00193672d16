import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'

/** A real S3 server that belongs to the test that started it. */
export interface Minio {
  /** Its origin, without a slash at the end. */
  readonly endpoint: string
  readonly bucket: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** The process, for those who want to end it hard. */
  readonly pid: number
  readonly folder: string
  stop(): Promise<void>
}

const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')

/** Where the server is that `node scripts/clients/main.ts minio` built; undefined where it was not. */
export const minioProgram: string | undefined = globSync(join(cache, 'roadstead/clients/minio-*/minio')).find((file) => existsSync(file))

/** For the title of tests that are skipped. */
export const minioMissing = 'MinIO is not built here: node scripts/clients/main.ts minio'

const credentials = { accessKeyId: 'roadstead', secretAccessKey: 'roadstead-test-secret' }
const bucket = 'blobs'

/** The name of the key that the server encrypts with when it is asked to. */
export const encryptionKey = 'roadstead-key'

/** Starts a server with an empty bucket on a free port of the loopback address. */
export async function startMinio(): Promise<Minio> {
  if (minioProgram === undefined) throw new Error(minioMissing)
  const folder = await mkdtemp(join(tmpdir(), 'minio-'))
  const port = await freePort()
  const server = spawn(
    minioProgram,
    ['server', '--quiet', '--address', `127.0.0.1:${port}`, '--console-address', `127.0.0.1:${await freePort()}`, folder],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        HOME: folder,
        MINIO_ROOT_USER: credentials.accessKeyId,
        MINIO_ROOT_PASSWORD: credentials.secretAccessKey,
        MINIO_BROWSER: 'off',
        MINIO_UPDATE: 'off',
        MINIO_CI_CD: '1',
        // Lets buckets and writers ask for encryption; a server without a key refuses them.
        MINIO_KMS_SECRET_KEY: `${encryptionKey}:${Buffer.alloc(32, 1).toString('base64')}`,
      },
    },
  )
  const ended = once(server, 'exit')
  const endpoint = `http://127.0.0.1:${port}`
  const stop = async () => {
    server.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await answers(`${endpoint}/minio/health/ready`, () => server.exitCode !== null)
    await createBucket(endpoint)
  } catch (error) {
    await stop()
    throw error
  }
  return { endpoint, bucket, credentials, pid: server.pid!, folder, stop }
}

async function createBucket(endpoint: string): Promise<void> {
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  client.destroy()
}

async function answers(address: string, isOver: () => boolean): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 50) {
    if (isOver()) break
    const ready = await fetch(address).catch(() => undefined)
    await ready?.body?.cancel()
    if (ready?.ok === true) return
    await sleep(50)
  }
  throw new Error('MinIO did not start within 30 s')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}
