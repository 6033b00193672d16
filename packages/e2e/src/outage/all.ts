import type { Fault } from '../faults/fault.ts'
import { databaseOutage } from './database.ts'
import { replicaOutages } from './replicas.ts'
import { sessionsOutage } from './sessions.ts'
import { azureOutage, s3Outage } from './storage.ts'

export const allOutages: readonly Fault[] = [databaseOutage, sessionsOutage, s3Outage, azureOutage, ...replicaOutages]
