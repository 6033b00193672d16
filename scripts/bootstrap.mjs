// node scripts/bootstrap.mjs <entry.ts> [args…]: installs what is missing, then runs the entry with the pinned Node.
// Plain JavaScript without dependencies: this runs on whatever Node >= 20 is at hand, before anything is installed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const modules = join(root, 'node_modules')
const bin = join(modules, '.bin')
const stampFile = join(modules, '.roadstead-lock')
const pinnedNode = join(bin, 'node')

const [entry, ...args] = process.argv.slice(2)
if (entry === undefined) fail('usage: node scripts/bootstrap.mjs <entry.ts> [args…]')
if (Number(process.versions.node.split('.')[0]) < 20)
  fail(`Roadstead needs Node 20 or newer to install itself; this is ${process.version}.`)

if (!installed()) await install()
run(chooseNode())

/** Whether node_modules was made from this package-lock.json on this platform. */
function installed() {
  const lockFile = join(root, 'package-lock.json')
  const lock = readFileSync(lockFile)
  const stamp = createHash('sha256').update(`${process.platform}-${process.arch}\n`).update(lock).digest('hex')
  if (readText(stampFile) === stamp) return true
  if (!installedByHand(JSON.parse(lock.toString()))) return false
  writeFileSync(stampFile, stamp)
  return true
}

/** An `npm install` by hand leaves no stamp; npm's own record of what it put there tells as well that nothing is missing. */
function installedByHand(lock) {
  const record = readText(join(modules, '.package-lock.json'))
  if (record === undefined) return false
  const present = JSON.parse(record).packages ?? {}
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (!path.startsWith('node_modules/')) return true
    const found = present[path]
    if (found === undefined) return wanted.optional === true && !fitsHere(wanted)
    return found.version === wanted.version && found.integrity === wanted.integrity && existsSync(join(root, path))
  })
}

function names(list, own) {
  return list === undefined || list.includes(own)
}

/** An optional package that this platform could use should be there; npm leaves out those for other platforms. */
function fitsHere(wanted) {
  return (
    (wanted.os !== undefined || wanted.cpu !== undefined) &&
    names(wanted.os, process.platform) &&
    names(wanted.cpu, process.arch) &&
    wanted.libc === undefined
  )
}

async function install() {
  const again = existsSync(modules) ? ' again, because package-lock.json has changed' : ''
  console.error(`Installing the packages that Roadstead needs${again}. This takes about a minute.`)
  const started = Date.now()
  const done = showProgress(started)
  // NODE_ENV=production in somebody's shell would leave out what tests and checks need.
  // `npm --silent` around us would silence the reason of a failure too.
  const { code, output } = await npm(['ci', '--no-audit', '--no-fund', '--include=dev', '--include=optional', '--loglevel=warn'])
  done()
  if (code !== 0) {
    console.error(output.trimEnd())
    fail(`The packages could not be installed (npm ci ended with ${code}). ${advice(output)}`)
  }
  const lock = readFileSync(join(root, 'package-lock.json'))
  writeFileSync(stampFile, createHash('sha256').update(`${process.platform}-${process.arch}\n`).update(lock).digest('hex'))
  console.error(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`)
}

function showProgress(started) {
  const terminal = process.stderr.isTTY
  const seconds = () => Math.round((Date.now() - started) / 1000)
  const timer = setInterval(
    () => (terminal ? process.stderr.write(`\r  npm ci … ${seconds()} s `) : console.error(`  npm ci … ${seconds()} s`)),
    terminal ? 500 : 10_000,
  )
  return () => {
    clearInterval(timer)
    if (terminal) process.stderr.write('\r\x1b[K')
  }
}

/** npm must not run on the Node inside node_modules, which `npm ci` removes first: its own one, or the one of the system. */
function npm(parameters) {
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.endsWith(join('node_modules', '.bin')))
    .join(delimiter)
  const { npm_execpath: script, npm_node_execpath: node } = process.env
  const [command, before] = staysThere(node) && staysThere(script) ? [node, [script]] : ['npm', []]
  return new Promise((answer) => {
    let output = ''
    const child = spawn(command, [...before, ...parameters], {
      cwd: root,
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.on('data', (text) => (output += text))
    child.stderr.on('data', (text) => (output += text))
    child.on('error', (error) => answer({ code: error.code ?? 1, output: `${output}\n${error.message}` }))
    child.on('close', (code, signal) => answer({ code: code ?? signal, output }))
  })
}

function staysThere(file) {
  return file !== undefined && !file.startsWith(modules) && existsSync(file)
}

function advice(output) {
  const reasons = [
    [
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|ENETUNREACH|network/,
      'The npm registry cannot be reached: check the network, the proxy, and `npm config get registry`, then try again.',
    ],
    [/ENOSPC/, 'The disk is full: make room, then try again.'],
    [/EACCES|EPERM|EROFS/, `This account may not write to ${modules}: run it as the owner of the folder.`],
    [/EUSAGE|in sync/, 'package.json and package-lock.json do not fit together: run `npm install` and look at what it changes.'],
    [/EINTEGRITY/, 'A package differs from what the lock file names: run `npm cache clean --force`, then try again.'],
    [/ENOENT.*npm|npm ENOENT/, 'npm was not found: install it with Node, then try again.'],
  ]
  return reasons.find(([sign]) => sign.test(output))?.[1] ?? 'The reason is above; `npm ci` by hand shows the same.'
}

/** Node 26 where npm has it for this platform; any Node that runs TypeScript as it is will do elsewhere. */
function chooseNode() {
  const own = Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : undefined
  const node = existsSync(pinnedNode) ? pinnedNode : own
  const platform = `${process.platform}-${process.arch}`
  if (node === undefined)
    fail(`There is no packaged Node 26 for ${platform}, and this one is ${process.version}. Install Node 24 or newer and try again.`)
  return node
}

function run(node) {
  const environment = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` }
  const parameters = [resolve(root, entry), ...args]
  // Becoming the entry leaves no process in between: signals, exit code and `kill -9` then reach the right one by themselves.
  if (Number(process.versions.node.split('.')[0]) >= 26) process.execve(node, [node, ...parameters], environment)
  const child = spawn(node, parameters, { stdio: 'inherit', env: environment })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => fail(`${node} cannot be started: ${error.message}`))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function fail(sentence) {
  console.error(sentence)
  process.exit(1)
}
