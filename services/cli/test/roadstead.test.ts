import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { adminAccount } from '@roadstead/identity/authenticator.ts'
import { verifyPassword } from '@roadstead/identity/password.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import { image } from '@roadstead/testing/contents.ts'
import { repositoryIn } from '@roadstead/testing/registries.ts'
import { roadstead } from './installed.ts'
import { startInstallation } from './installation.ts'
import type { TestInstallation } from './installation.ts'

let folder: string
let data: string
let running: TestInstallation | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roadstead-cli-'))
  data = join(folder, 'data')
  running = await startInstallation(data)
})
afterAll(async () => {
  await running?.stop()
  await rm(folder, { recursive: true, force: true })
})

const pushed = image('checked by hand')
const here = (): readonly string[] => ['--data-dir', data]
const repository = () => repositoryIn(running!.registry, 'team/app')

describe('on the database of a running server', () => {
  test('verify finds nothing where nothing is wrong', async () => {
    await running!.push(repository(), 'v1', pushed)
    const { code, stdout, stderr } = await roadstead(['verify', '--deep'], { ROADSTEAD_DATA_DIR: data })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^Checked 1 registry, 2 blobs, 1 manifest, 1 tag, 2 things in the storage, \d+\.\d MB read: no findings\.\n$/)
  })

  test('verify tells what is damaged, and who is affected', async () => {
    await rm(await running!.fileOf(repository(), pushed.blobs[0]!))
    const table = await roadstead([...here(), 'verify', '--registry', 'myregistry-contoso'])
    expect(table).toMatchObject({ code: 1, stderr: '' })
    expect(table.stdout).toMatch(new RegExp(`^bytes missing +myregistry-contoso +${pushed.blobs[0]!.digest} .*needed by team/app:v1\n`))
    expect(table.stdout).toContain(': 1 finding.\n')
    const json = await roadstead(['verify', '--output', 'json', ...here(), '--mark'])
    expect(json.code).toBe(1)
    expect(JSON.parse(json.stdout)).toMatchObject({
      findings: [
        {
          kind: 'bytes missing',
          registry: 'myregistry-contoso',
          digest: pushed.blobs[0]!.digest,
          users: [{ repository: 'team/app', tags: ['v1'] }],
        },
      ],
      checked: { registries: 1, blobs: 2, findings: 1, deep: false },
    })
    await running!.push(repository(), 'v1', pushed)
    const clean = await roadstead(['verify', '--output', 'json', '--deep', ...here()])
    expect(clean.code).toBe(0)
    expect(JSON.parse(clean.stdout)).toMatchObject({ findings: [], checked: { deep: true } })
  })

  test('a registry is made, with a password that is printed once, and listed', async () => {
    const made = await roadstead([...here(), 'registry', 'create', 'fabrikam/second', '--anonymous-pull'])
    expect(made.code).toBe(0)
    expect(made.stdout).toMatch(/^[A-Za-z0-9]{44}\n$/)
    const { metadata } = running!.ports
    const registry = (await metadata.registries.find('second-fabrikam' as Registry['label']))!
    expect(registry).toMatchObject({ adminEnabled: true, anonymousPull: true, storage: 'embedded:blobs' })
    expect(await passwordIs(registry, made.stdout.trim())).toEqual([true])
    expect(await roadstead([...here(), 'registry', 'create', 'fabrikam/second'])).toMatchObject({ code: 1, stdout: '' })
    expect((await roadstead([...here(), 'registry', 'list'])).stdout).toBe(
      'myregistry-contoso\tcontoso/myregistry\tembedded:blobs\nsecond-fabrikam\tfabrikam/second\tembedded:blobs\n',
    )

    const reset = await roadstead([...here(), 'password', 'reset', 'second-fabrikam', '--slot', '2'])
    expect(await passwordIs(registry, reset.stdout.trim())).toEqual([false, true])
    expect(await roadstead([...here(), 'password', 'reset', 'third-fabrikam'])).toMatchObject({ code: 2, stdout: '' })
  })

  async function passwordIs(registry: Registry, password: string): Promise<readonly boolean[]> {
    const { credentials } = running!.ports.metadata as TestInstallation['ports']['metadata'] & {
      readonly credentials: { passwords(id: Registry['id'], account: string): Promise<readonly { readonly hash: string }[]> }
    }
    return Promise.all((await credentials.passwords(registry.id, adminAccount)).map(({ hash }) => verifyPassword(password, hash)))
  }
})

describe('without a running server', () => {
  test('verify starts its database for as long as it takes', async () => {
    await running!.stop()
    running = undefined
    expect(await roadstead([...here(), 'verify', '--deep'])).toMatchObject({ code: 0 })
    running = await startInstallation(data)
    expect(await roadstead([...here(), 'verify'])).toMatchObject({ code: 0 })
  })
})

describe('ends with', () => {
  test.each([
    [['verify', '--deeper']],
    [['verify', '--output', 'xml']],
    [['verify', '--concurrency', '0']],
    [['registry', 'create']],
    [['registry', 'create', 'a-b/c']],
    [['frobnicate']],
    [[]],
  ])('2 for %j', async (parameters) => {
    const { code, stdout } = await roadstead(parameters, { ROADSTEAD_DATA_DIR: data })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  test('2 for a registry that is not there, and for wrong settings', async () => {
    expect(await roadstead([...here(), 'verify', '--registry', 'nothing-contoso'])).toMatchObject({ code: 2, stdout: '' })
    expect((await roadstead(['verify', '--database-url', 'mysql://nowhere'])).stderr).toContain('DATABASE_URL')
  })

  test('3 where nothing can be checked', async () => {
    const nowhere = await roadstead(['verify', '--data-dir', join(folder, 'nothing')])
    expect(nowhere).toMatchObject({ code: 3, stdout: '' })
    expect(nowhere.stderr).toContain('there is no database in')
    const away = await roadstead(['verify', '--database-url', 'postgresql://roadstead@127.0.0.1:1/none'])
    expect(away).toMatchObject({ code: 3, stdout: '' })
  })

  test('0 for help, with examples, and the version', async () => {
    expect((await roadstead(['verify', '--help'])).stdout).toContain('$ roadstead verify --deep')
    expect(await roadstead(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })
})
