import { folderVariable, removeLeftovers, removeServer, serverFolderOf } from './server-folder.ts'

/** Only chooses a folder: the first test that asks for a database starts the server, so that a run without one costs nothing. */
export default async function setup(): Promise<void> {
  await removeLeftovers()
  const folder = serverFolderOf(process.pid)
  await removeServer(folder)
  process.env[folderVariable] = folder
}
