/**
 * Loaded into a server under test by `node --import`: ends the process at the moment that ROADSTEAD_TEST_FAILPOINT names. The product has no
 * such points of its own. What is wrapped here are the calls of the libraries and of Node that it cannot do without.
 */
import { writeSync } from 'node:fs'
import { parseFailPoint } from '../failpoint.ts'
import { watchAnswers, watchRequests } from './answers.ts'
import { forgetUnsynced, watchFiles } from './files.ts'
import { armed } from './reached.ts'
import { watchRedis } from './redis.ts'
import { watchSql } from './sql.ts'
import { watchStorage } from './storage.ts'

const text = process.env['ROADSTEAD_TEST_FAILPOINT']
// Not one of the server's settings: it would mention the variable in its log.
delete process.env['ROADSTEAD_TEST_FAILPOINT']

if (text !== undefined && text !== '') {
  const point = parseFailPoint(text)
  const reached = armed(point, () => {
    writeSync(2, `failpoint reached: ${text}\n`)
    if (point.loses) forgetUnsynced()
    process.kill(process.pid, 'SIGKILL')
  })
  watchRequests()
  if (point.kind === 'sql') watchSql(reached)
  if (point.kind === 'file' || point.loses) watchFiles(reached)
  if (point.kind === 'storage') watchStorage(reached)
  if (point.kind === 'redis') watchRedis(reached)
  if (point.kind === 'answer') watchAnswers(reached)
}
