import { removeServer, serverFolderOf } from './server-folder.ts'

export default async function teardown(): Promise<void> {
  await removeServer(serverFolderOf(process.pid))
}
