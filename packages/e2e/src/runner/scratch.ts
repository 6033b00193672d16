import { chmodSync, mkdtempSync } from 'node:fs'

/**
 * A fresh folder with a short path, for unix sockets below it. Others may pass through it: started by root, Roadstead's
 * embedded database runs as another user.
 */
export function scratchFolder(purpose: string): string {
  const folder = mkdtempSync(`/tmp/roadstead-${purpose}-`)
  chmodSync(folder, 0o755)
  return folder
}
