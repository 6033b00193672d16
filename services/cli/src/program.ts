import { Command, InvalidArgumentError, Option } from 'commander'
import type { Overrides } from './config.ts'
import type { VerifyWishes } from './verify-command.ts'

/** What the command line asks for. */
export type Wish = { readonly overrides: Overrides } & (
  | { readonly command: 'verify'; readonly wishes: VerifyWishes }
  | { readonly command: 'registry create'; readonly registry: string; readonly anonymousPull: boolean }
  | { readonly command: 'registry list'; readonly output: 'table' | 'json' }
  | { readonly command: 'dump'; readonly folder: string }
  | { readonly command: 'restore'; readonly folder: string }
  | { readonly command: 'password reset'; readonly registry: string; readonly slot: 1 | 2 }
)

const environment = `
The installation is found by the settings of the server: DATABASE_URL, ROADSTEAD_DATA_DIR, ROADSTEAD_STORAGE and the keys of the storage.
The server may run or not.

Ends with 0: done, nothing found; 1: findings, or it could not be done; 2: wrong usage; 3: the database or the storage did not answer.`

const verifyExamples = `
Examples:
  $ roadstead verify                                     rows against each other and against the sizes in the storage
  $ roadstead verify --deep                              reads and hashes every blob
  $ roadstead verify --registry myregistry-contoso --output json | jq .findings
  $ roadstead verify --deep --mark                       after a restore: lets pushes repair what is damaged
${environment}`

/** Reads the command line. Undefined where it was answered: by help, or by a complaint, and the exit code is given to `end` then. */
export function readCommandLine(
  parameters: readonly string[],
  version: string,
  end: (code: number) => void,
  output: { readonly write: (text: string) => void; readonly complain: (text: string) => void },
): Wish | undefined {
  let wish: Wish | undefined
  const program = new Command('roadstead')
    .description('Looks after a Roadstead installation: its database and its storage, directly.')
    .version(version)
    .option('--data-dir <folder>', 'the data folder of the installation, instead of ROADSTEAD_DATA_DIR')
    .option('--database-url <url>', 'its database, instead of DATABASE_URL')
    .configureOutput({ writeOut: output.write, writeErr: output.complain })
    .exitOverride()
    .addHelpText('after', environment)
    .showHelpAfterError('(roadstead --help says more)')
  const overrides = (): Overrides => program.opts<Overrides>()
  program
    .command('verify')
    .description('compares rows with each other and with the bytes, while the registry is in use; changes nothing')
    .option('--registry <label>', 'only this one, such as myregistry-contoso')
    .option('--deep', 'read and hash all bytes', false)
    .option('--mark', 'note damage and recovery in the database: pulls of damaged blobs get 503, and a push repairs them', false)
    .option('--concurrency <count>', 'blobs that --deep reads at the same time', between(1, 256), 4)
    .option('--grace <hours>', 'how long bytes may lie there without a blob', between(0, 100_000))
    .addOption(new Option('--output <form>', 'how findings are written').choices(['table', 'json']).default('table'))
    .addHelpText('after', verifyExamples)
    .action((wishes: VerifyWishes) => void (wish = { command: 'verify', overrides: overrides(), wishes }))
  const registry = program.command('registry').description('registries of the installation')
  registry
    .command('create')
    .description('makes a registry and prints the password of its admin account, this once')
    .argument('<tenant/name>', 'such as contoso/myregistry')
    .option('--anonymous-pull', 'let everybody pull', false)
    .action((name: string, { anonymousPull }: { readonly anonymousPull: boolean }) => {
      wish = { command: 'registry create', overrides: overrides(), registry: name, anonymousPull }
    })
  registry
    .command('list')
    .description('all registries: label, tenant/name, storage')
    .addOption(new Option('--output <form>', 'how they are written').choices(['table', 'json']).default('table'))
    .action((options: { readonly output: 'table' | 'json' }) => {
      wish = { command: 'registry list', overrides: overrides(), output: options.output }
    })
  program
    .command('password')
    .description('passwords of admin accounts')
    .command('reset')
    .description('makes a new password and prints it, this once')
    .argument('<label>', 'the registry, such as myregistry-contoso')
    .option('--slot <number>', 'which of the two passwords is replaced', between(1, 2), 1)
    .action((label: string, { slot }: { readonly slot: 1 | 2 }) => {
      wish = { command: 'password reset', overrides: overrides(), registry: label, slot }
    })
  program
    .command('dump')
    .description('writes the embedded database into a new folder, while the server runs; the first half of a backup')
    .argument('<folder>')
    .action((folder: string) => void (wish = { command: 'dump', overrides: overrides(), folder }))
  program
    .command('restore')
    .description('makes the embedded database of a new data folder from such a folder')
    .argument('<folder>')
    .action((folder: string) => void (wish = { command: 'restore', overrides: overrides(), folder }))
  try {
    program.parse(parameters, { from: 'user' })
  } catch (error) {
    const { code, exitCode } = error as { readonly code?: string; readonly exitCode?: number }
    if (code?.startsWith('commander.') !== true) throw error
    end(exitCode === 0 ? 0 : 2)
    return undefined
  }
  return wish
}

function between(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d{1,9}$/.test(text) && value >= from && value <= to) return value
    throw new InvalidArgumentError(`It has to be a whole number from ${from} to ${to}.`)
  }
}
