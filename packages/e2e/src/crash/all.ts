import { redisMissing } from '@roadstead/testing/redis-server.ts'
import { azuriteMissing, startAzurite } from '../doubles/azurite.ts'
import { filesystemBackend, objectBackend } from '../doubles/backend.ts'
import { minioMissing, startMinio } from '../doubles/minio.ts'
import type { Fault } from '../faults/fault.ts'
import { crashOn } from './crash.ts'

export const allCrashes: readonly Fault[] = [
  crashOn('filesystem', filesystemBackend),
  crashOn(
    's3',
    (folder) => objectBackend(folder, startMinio),
    () => redisMissing ?? minioMissing(),
  ),
  crashOn(
    'azure',
    (folder) => objectBackend(folder, startAzurite),
    () => redisMissing ?? azuriteMissing(),
  ),
]
