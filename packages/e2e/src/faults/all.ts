import { diskFull } from './disk-full.ts'
import { drain } from './drain.ts'
import type { Fault } from './fault.ts'
import { kill } from './kill.ts'
import { largeBlob } from './large-blob.ts'
import { secondStart } from './second-start.ts'

export const allFaults: readonly Fault[] = [kill, diskFull, secondStart, drain, largeBlob]
