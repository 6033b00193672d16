import type { FirstPassword } from './first-registry.ts'

/** What whoever started the program needs to know. */
export interface Started {
  readonly version: string
  readonly milliseconds: number
  /** `http://127.0.0.1:5000`, one for each address. */
  readonly urls: readonly string[]
  readonly dataFolder: string
  /** Processes that share the port. */
  readonly workers: number
  readonly first:
    | {
        /** As clients spell it: `myregistry-contoso.localhost:5000`. */
        readonly loginServer: string
        readonly username: string
        readonly password: FirstPassword
        /** Whether programs of this machine find an address for the login server's name. */
        readonly resolves: boolean
      }
    | undefined
}

/** The text that is printed when everything is ready: all of it on the first start, short on later ones. */
export function banner(started: Started): string {
  const { version, milliseconds, urls, dataFolder, workers, first } = started
  const processes = workers === 1 ? '' : `, ${workers} processes`
  const lines = ['', `Roadstead ${version} is ready in ${milliseconds} ms on ${urls.join(' and ')}, data in ${dataFolder}${processes}`]
  if (first !== undefined) {
    const { loginServer, username, password, resolves } = first
    lines.push('', `  Login server  ${loginServer}`, `  User name     ${username}`, `  Password      ${describe(password)}`)
    if (password.kind !== 'kept') lines.push('', ...firstPush(loginServer, username, password))
    if (!resolves) lines.push('', ...hostsLine(loginServer))
  }
  return `${lines.join('\n')}\n`
}

function describe(password: FirstPassword): string {
  if (password.kind === 'made')
    return `${password.password}\n                (printed this once; start with ROADSTEAD_ADMIN_PASSWORD set to replace it)`
  if (password.kind === 'set') return 'the one in ROADSTEAD_ADMIN_PASSWORD'
  if (password.kind === 'replaced') return 'replaced by the one in ROADSTEAD_ADMIN_PASSWORD'
  return 'printed at the first start; start with ROADSTEAD_ADMIN_PASSWORD set to replace it'
}

/** To be followed word for word. The second one fetches busybox where it is not there yet. */
function firstPush(loginServer: string, username: string, password: FirstPassword): readonly string[] {
  // A password that came by the environment stays there: output ends up in logs.
  const secret = password.kind === 'made' ? password.password : '"$ROADSTEAD_ADMIN_PASSWORD"'
  return [
    'Push a first image with these three commands:',
    '',
    `  echo ${secret} | docker login ${loginServer} -u ${username} --password-stdin`,
    `  echo FROM busybox | docker build -t ${loginServer}/busybox:first -`,
    `  docker push ${loginServer}/busybox:first`,
  ]
}

function hostsLine(loginServer: string): readonly string[] {
  const name = loginServer.replace(/:\d+$/, '')
  return [
    `This machine does not resolve ${name} yet. Before you log in, add this line to /etc/hosts:`,
    '',
    `  127.0.0.1 ${name}`,
    '',
    `  (for example: echo 127.0.0.1 ${name} | sudo tee -a /etc/hosts)`,
  ]
}
