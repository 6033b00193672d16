import { Readable } from 'node:stream'
import { randomUUID } from 'node:crypto'
import { accountKey, createAzureStore, prepareAzureStore } from './azure.ts'
import { findAzurite, startAzurite } from './testing/azurite.ts'
import { startFaultProxy } from './testing/fault-proxy.ts'
import { nameOfAzureCall } from './testing/azure-calls.ts'
import { pattern } from './testing/bytes.ts'
const az = findAzurite() as { program: string }
const server = await startAzurite(az.program)
const proxy = await startFaultProxy({ upstream: new URL(server.endpoint).origin, nameOf: nameOfAzureCall })
const base = { account: server.account, container: `c-${randomUUID()}`, prefix: 'p' }
const credential = accountKey(server.key)
await prepareAzureStore({ address: { ...base, endpoint: server.endpoint }, credential })
const direct = createAzureStore({ address: { ...base, endpoint: server.endpoint }, credential })
const proxied = createAzureStore({ address: { ...base, endpoint: proxy.endpoint + new URL(server.endpoint).pathname }, credential })
const piece = pattern(65536)
const gen = (size: number) => Readable.from((function* () { for (let l = size; l > 0; l -= piece.length) yield piece.subarray(0, Math.min(l, piece.length)) })(), { objectMode: false })
const counts = () => { const c: Record<string, [number, number, number]> = {}; for (const x of proxy.calls) { const e = (c[x.name] ??= [0, 0, 0]); e[0]++; e[1] += x.up; e[2] += x.down } return JSON.stringify(c) }
const mode = process.argv[2]
if (mode === 'table') {
  for (const size of [0, 1000, 10_000_000, 1_000_000_000]) {
    proxy.reset(); const u = await proxied.append(await proxied.begin(7 as never), gen(size)); console.log(size, 'append', counts())
    proxy.reset(); await proxied.commit(u); console.log(size, 'commit', counts())
    proxy.reset(); for await (const _ of (await proxied.read(u.location))!); console.log(size, 'read', counts())
    proxy.reset(); await proxied.delete([u.location]); console.log(size, 'delete', counts())
  }
}
if (mode === 'close') {
  for (const size of [1_000_000, 100_000_000, 1_000_000_000, 5_000_000_000]) {
    const times = []; let at = 0
    for (let i = 0; i < (size > 1e9 ? 1 : 5); i++) {
      const t0 = performance.now(); const u = await direct.append(await direct.begin(7 as never), gen(size)); at = performance.now() - t0
      const t = performance.now(); await direct.commit(u); times.push(performance.now() - t); await direct.delete([u.location])
    }
    console.log(size, 'append ms', at.toFixed(0), 'MB/s', (size / at / 1000).toFixed(0), 'commit ms', times.map((x) => x.toFixed(1)).join(' '))
  }
}
if (mode === 'rss') {
  for (const n of [1, 32, 256]) {
    const before = process.memoryUsage.rss(); let peak = before; const w = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 10)
    const t0 = performance.now()
    const us = await Promise.all(Array.from({ length: n }, async () => direct.append(await direct.begin(7 as never), gen(64 << 20))))
    const ms = performance.now() - t0
    clearInterval(w); console.log(n, 'before', before >> 20, 'peak', peak >> 20, 'MB; blocks/upload', us[0]!.memo!.split('|')[0], (n * 64 / ms * 1000).toFixed(0), 'MiB/s')
    for (const u of us) await direct.abort(u)
  }
}
if (mode === 'tiny') {
  let u = await direct.begin(7 as never); const t0 = performance.now(); const c = pattern(1000)
  for (let i = 0; i < 100_000; i++) { u = await direct.append(u, Readable.from([c], { objectMode: false })); if (i % 10000 === 9999) console.log(i + 1, (performance.now() - t0) | 0, 'ms memo', u.memo!.length, 'blocks', u.memo!.split('|')[0]!.split(',').length) }
  const t = performance.now(); await direct.commit(u); console.log('commit', performance.now() - t)
  let n = 0; for await (const x of (await direct.read(u.location))!) n += (x as Buffer).length; console.log('read', n)
}
await proxy.stop(); await server.stop(); process.exit()
