import { refuse } from '@roadstead/oci/errors.ts'
import type { RequestHandler } from 'express'

/** The end of every service's path list. */
export const noSuchPath: RequestHandler = () => {
  refuse('UNSUPPORTED', 'nothing answers at this path', { reason: 'no such path' })
}
