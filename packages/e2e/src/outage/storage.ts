import { redisMissing } from '@roadstead/testing/redis-server.ts'
import { azuriteMissing, startAzurite } from '../doubles/azurite.ts'
import { startShared } from '../doubles/backend.ts'
import { minioMissing, startMinio } from '../doubles/minio.ts'
import type { ObjectStore } from '../doubles/object-store.ts'
import { startStoreProxy } from '../doubles/store-proxy.ts'
import type { StoreFault, StoreProxy } from '../doubles/store-proxy.ts'
import type { Fault } from '../faults/fault.ts'
import { falseSuccess, flipOnTheWay } from './corruption.ts'
import type { Outage } from './judge.ts'
import { playOutages } from './scene.ts'

const slowDown: Readonly<Record<ObjectStore['storage'], StoreFault>> = {
  s3: { kind: 'answer', status: 503, body: '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>' },
  azure: { kind: 'answer', status: 503, headers: { 'x-ms-error-code': 'ServerBusy' }, body: '<Error><Code>ServerBusy</Code></Error>' },
}

const internalError: StoreFault = {
  kind: 'answer',
  status: 500,
  headers: { 'x-ms-error-code': 'InternalError' },
  body: '<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>',
}

/** Object storage behind a proxy; what it sends reaches clients through the server. */
function storageOutage(name: string, start: (folder: string) => Promise<ObjectStore>, missing: () => string | undefined): Fault {
  return {
    name: `outage ${name}`,
    script: async (session) => {
      const reason = redisMissing ?? missing()
      if (reason !== undefined) return session.step.skip(`all of outage ${name}`, reason)
      const store = await start(session.folder)
      const shared = await startShared(session.folder)
      const proxy = await startStoreProxy(store.port)
      try {
        const environment = { ...shared.environment, ...store.environmentAt(proxy.port), ROADSTEAD_REDIRECT: 'off' }
        await playOutages(session, {
          environment,
          outages: outagesOf(proxy, store.storage),
          more: async (step, server) => {
            await flipOnTheWay(step, server, proxy)
            if (store.storage === 's3') await falseSuccess(step, server, proxy)
          },
        })
      } finally {
        await proxy.close()
        await Promise.all([store.stop(), shared.stop()])
      }
    },
  }
}

function outagesOf(proxy: StoreProxy, storage: ObjectStore['storage']): readonly Outage[] {
  const all = (title: string, fault: StoreFault, more: Partial<Outage> = {}): Outage => ({
    name: title,
    dependency: 'storage',
    begin: () => proxy.fail(() => fault),
    end: () => proxy.heal(),
    grace: 200,
    ...more,
  })
  const some = (title: string, fault: StoreFault, isMeant: (method: string, count: number) => boolean): Outage => {
    let count = 0
    const choose = (method: string) => (isMeant(method, (count += 1)) ? fault : undefined)
    return all(title, fault, { isPartial: true, begin: () => proxy.fail(choose) })
  }
  return [
    all('it asks to slow down', slowDown[storage]),
    all('it fails inside', internalError),
    all('it never answers', { kind: 'stall' }, { bound: 40_000, isBrief: true }),
    all('connections break', { kind: 'break' }),
    some('every third answer is lost', { kind: 'lose' }, (_, count) => count % 3 === 0),
    some('every second answer is 503', slowDown[storage], (_, count) => count % 2 === 0),
    some('downloads break off in the middle', { kind: 'cut', after: 700_000 }, (method) => method === 'GET'),
  ]
}

export const s3Outage = storageOutage('s3', startMinio, minioMissing)
export const azureOutage = storageOutage('azure', startAzurite, azuriteMissing)
