import { spawn } from 'node:child_process'

export interface Output {
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs one command line, written as a user would type it. White space separates words; an interpolated value is (part
 * of) one word whatever it contains, an interpolated array is one word per item. No shell is involved.
 */
export type CommandLine = (words: TemplateStringsArray, ...values: readonly Word[]) => Promise<Output>
type Word = string | number | readonly string[]

export interface Shell extends CommandLine {
  /** The command must fail, and what it prints must match. */
  fails(pattern: RegExp): CommandLine
  /** The command reads this text on its standard input. */
  input(text: string): CommandLine
}

export interface ShellOptions {
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  /** Turns the first word into a program, e.g. `crane` into the path of the built client. */
  readonly program: (name: string) => string
}

const TIMEOUT_MS = 180_000

export class CommandFailed extends Error {}

export function shell(options: ShellOptions): Shell {
  const run = async (words: readonly string[], stdin: string, expected: RegExp | undefined): Promise<Output> => {
    const result = await execute(options, words, stdin)
    const everything = `${result.stdout}\n${result.stderr}`
    if (expected === undefined ? result.code === 0 : result.code !== 0 && expected.test(everything)) return result
    const wanted = expected === undefined ? 'to succeed' : `to fail and to say ${String(expected)}`
    throw new CommandFailed(
      `$ ${words.join(' ')}\nended with ${result.code}, expected ${wanted}\n--- stdout\n${tail(result.stdout)}\n--- stderr\n${tail(result.stderr)}`,
    )
  }
  const plain: CommandLine = (words, ...values) => run(split(words, values), '', undefined)
  return Object.assign(plain, {
    fails:
      (pattern: RegExp): CommandLine =>
      (words, ...values) =>
        run(split(words, values), '', pattern),
    input:
      (text: string): CommandLine =>
      (words, ...values) =>
        run(split(words, values), text, undefined),
  })
}

function split(literals: TemplateStringsArray, values: readonly Word[]): readonly string[] {
  const words: string[] = []
  let open: string | undefined
  const close = () => {
    if (open !== undefined) words.push(open)
    open = undefined
  }
  for (const [index, literal] of literals.entries()) {
    for (const part of literal.split(/(\s+)/)) {
      if (part === '') continue
      if (/^\s/.test(part)) close()
      else open = (open ?? '') + part
    }
    const value = values[index]
    if (typeof value === 'object') words.push(...value)
    else if (value !== undefined) open = (open ?? '') + String(value)
  }
  close()
  return words
}

function execute(options: ShellOptions, words: readonly string[], stdin: string): Promise<Output & { readonly code: number | string }> {
  const [name = '', ...rest] = words
  return new Promise((resolve, reject) => {
    const child = spawn(options.program(name), rest, { cwd: options.folder, env: options.environment })
    const out: Buffer[] = []
    const err: Buffer[] = []
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS)
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({
        code: code ?? signal ?? 'no code',
        stdout: Buffer.concat(out).toString().trim(),
        stderr: Buffer.concat(err).toString().trim(),
      })
    })
    // A command that fails early closes its input; that is not the error to report.
    child.stdin.on('error', () => undefined)
    child.stdin.end(stdin)
  })
}

function tail(text: string): string {
  return text.length <= 3000 ? text : `…${text.slice(-3000)}`
}
