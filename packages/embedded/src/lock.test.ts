import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { lockFolder } from './lock.ts'

let folder: string
const processes: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roadstead-lock-'))
})

afterEach(async () => {
  await Promise.all(processes.splice(0).map(kill))
  await rm(folder, { recursive: true, force: true })
})

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** Another process that tries to take the folder, says how that went, and stays. */
async function contender(): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const script = `const { lockFolder } = await import(${JSON.stringify(new URL('lock.ts', import.meta.url).href)})
    const said = await lockFolder(${JSON.stringify(folder)}).then(() => 'locked', (error) => error.message)
    process.stdout.write(said)
    setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  })
  processes.push(child)
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, said: said.toString() }
}

test('a second process is refused with the pid of the first and the folder', async () => {
  const { child } = await contender()
  await expect(lockFolder(folder)).rejects.toThrow(`(process ${child.pid}) is running on the data folder ${folder}`)
})

test('the lock of a killed process is gone', async () => {
  const { child, said } = await contender()
  expect(said).toBe('locked')
  await kill(child)
  ;(await lockFolder(folder)).release()
})

test('of many that start after a crash, one gets it', async () => {
  await kill((await contender()).child)
  const contenders = await Promise.all(Array.from({ length: 8 }, contender))
  expect(contenders.filter(({ said }) => said === 'locked')).toHaveLength(1)
  expect(contenders.filter(({ said }) => said.startsWith('another Roadstead'))).toHaveLength(7)
})

test('the same process cannot take it twice, and can after its release', async () => {
  const lock = await lockFolder(folder)
  await expect(lockFolder(folder)).rejects.toThrow('another Roadstead')
  lock.release()
  ;(await lockFolder(folder)).release()
})
