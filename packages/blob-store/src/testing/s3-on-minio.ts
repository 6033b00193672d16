import { afterAll, afterEach, beforeAll, describe } from '@jest/globals'
import { createS3Store } from '../s3.ts'
import type { S3Store } from '../s3.ts'
import type { S3Settings } from '../s3/settings.ts'
import { startFaultProxy } from './fault-proxy.ts'
import type { FaultProxy } from './fault-proxy.ts'
import { minioMissing, minioProgram, startMinio } from './minio.ts'
import type { Minio } from './minio.ts'
import { nameOfS3Call } from './s3-calls.ts'

/** Quick to try again and to give up, for tests that make calls fail. */
export const hasty = { attempts: 4, timeouts: { connect: 500, idle: 400 }, random: () => 0.1 }

export interface S3Trial {
  readonly minio: () => Minio
  readonly proxy: () => FaultProxy
  /** A fresh instance over the bytes of the test that runs, closed after it. Goes by the proxy where `settings` do not say otherwise. */
  open(settings?: Partial<Omit<S3Settings, 'address'>>, address?: Partial<S3Settings['address']>): S3Store
}

/** Describes tests that need a MinIO, which they share; each test has a prefix of its own. Skipped by name where there is none. */
export function describeOnMinio(title: string, define: (trial: S3Trial) => void): void {
  const describeIt = minioProgram === undefined ? describe.skip : describe
  describeIt(minioProgram === undefined ? `${title}: ${minioMissing}` : title, () => {
    let minio: Minio
    let proxy: FaultProxy
    let opened: S3Store[] = []
    let count = 0
    beforeAll(async () => {
      minio = await startMinio()
      proxy = await startFaultProxy({ upstream: minio.endpoint, nameOf: nameOfS3Call })
    })
    afterEach(() => {
      for (const store of opened) store.close()
      opened = []
      proxy.reset()
      count += 1
    })
    afterAll(async () => {
      await proxy.stop()
      await minio.stop()
    })

    define({
      minio: () => minio,
      proxy: () => proxy,
      open(settings = {}, address = {}) {
        const { bucket, credentials } = minio
        const place = { bucket, prefix: `test/${count}`, endpoint: proxy.endpoint, pathStyle: true, checksums: 'when required' } as const
        const store = createS3Store({ credentials, ...settings, address: { ...place, ...address } })
        opened.push(store)
        return store
      },
    })
  })
}
