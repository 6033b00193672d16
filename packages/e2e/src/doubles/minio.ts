import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { installClients } from '../../../../scripts/clients/install.ts'
import { freePort } from '../runner/server.ts'
import type { ObjectStore } from './object-store.ts'
import { untilListening } from './object-store.ts'

const BUCKET = 'blobs'
const CREDENTIALS = { id: 'roadstead', secret: 'roadstead-e2e-secret' }

let program: string | undefined
/** Why there is no MinIO here; builds it on the first call where that is possible. */
export function minioMissing(): string | undefined {
  const built = installClients(['minio']).get('minio')!
  if ('skipped' in built) return built.skipped
  program = built.path
  return undefined
}

/** A MinIO with an empty bucket: a real S3 server. */
export async function startMinio(folder: string): Promise<ObjectStore> {
  const data = join(folder, 'minio')
  // A folder of the drive is a bucket.
  mkdirSync(join(data, BUCKET), { recursive: true })
  const port = await freePort()
  const log = openSync(join(folder, 'minio.log'), 'a')
  const addresses = ['--address', `127.0.0.1:${port}`, '--console-address', `127.0.0.1:${await freePort()}`]
  const server = spawn(program!, ['server', '--quiet', ...addresses, data], {
    stdio: ['ignore', log, log],
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      MINIO_ROOT_USER: CREDENTIALS.id,
      MINIO_ROOT_PASSWORD: CREDENTIALS.secret,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      MINIO_CI_CD: '1',
    },
  })
  closeSync(log)
  await untilListening(server, `http://127.0.0.1:${port}/minio/health/ready`)
  return {
    storage: 's3',
    port,
    environmentAt: (at) => ({
      ROADSTEAD_STORAGE: `s3://${BUCKET}/e2e?endpoint=http://127.0.0.1:${at}&region=us-east-1&pathStyle=true`,
      AWS_ACCESS_KEY_ID: CREDENTIALS.id,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secret,
    }),
    stop: async () => void server.kill('SIGKILL'),
  }
}
