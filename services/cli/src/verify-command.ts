import type { Ports } from '@roadstead/distribution/ports.ts'
import { verify } from '@roadstead/distribution/verify.ts'
import { noProgress } from '@roadstead/distribution/verify-progress.ts'
import type { VerifyProgress } from '@roadstead/distribution/verify-progress.ts'
import { parseRegistryLabel } from '@roadstead/oci/login-server.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import { counted, describeFinding, describeProgress } from './describe-finding.ts'
import { exitCodes } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

export interface VerifyWishes {
  /** Label of the only registry to check. */
  readonly registry?: string
  readonly deep: boolean
  readonly mark: boolean
  readonly concurrency: number
  /** Hours. */
  readonly grace?: number
  readonly output: 'table' | 'json'
}

/** Checks the installation and writes each finding as it comes. Throws what the database or the storage throw when they do not answer. */
export async function runVerify(
  ports: Pick<Ports, 'metadata' | 'blobStore' | 'now'>,
  wishes: VerifyWishes,
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<ExitCode> {
  const registry = wishes.registry === undefined ? undefined : await findRegistry(ports, wishes.registry)
  if (wishes.registry !== undefined && registry === undefined) {
    terminal.say(`there is no registry ${wishes.registry}; its name is the first part of its login server, such as myregistry-contoso`)
    return exitCodes.wrongUsage
  }
  let progress: VerifyProgress = noProgress()
  const findings = verify(ports, {
    deep: wishes.deep,
    mark: wishes.mark,
    concurrency: wishes.concurrency,
    ...(wishes.grace !== undefined && { grace: wishes.grace * 3_600_000 }),
    ...(registry !== undefined && { registry }),
    ...(signal !== undefined && { signal }),
    onProgress(now) {
      progress = now
      terminal.progress(`${now.registry}: ${describeProgress(now)}, ${counted(now.findings, 'finding', 'findings')}`)
    },
  })
  let count = 0
  if (wishes.output === 'json') terminal.write('{"findings":[')
  for await (const finding of findings) {
    terminal.write(wishes.output === 'json' ? `${count === 0 ? '' : ','}\n${JSON.stringify(finding)}` : `${describeFinding(finding)}\n`)
    count++
  }
  if (wishes.output === 'json') {
    const { registry: _, ...checked } = progress
    terminal.write(`${count === 0 ? '' : '\n'}],"checked":${JSON.stringify({ ...checked, deep: wishes.deep })}}\n`)
  } else {
    terminal.write(`Checked ${describeProgress(progress)}: ${count === 0 ? 'no findings' : counted(count, 'finding', 'findings')}.\n`)
  }
  return count === 0 ? exitCodes.done : exitCodes.findings
}

async function findRegistry({ metadata }: Pick<Ports, 'metadata'>, text: string): Promise<Registry | undefined> {
  const label = parseRegistryLabel(text)
  return label && (await metadata.registries.find(label))
}
