/** Settings of the server, small enough for a laptop and safe enough for data that matters. */
export function serverSettings(options: {
  readonly socketFolder: string
  readonly fsync: boolean
  readonly more: Readonly<Record<string, string>>
}): readonly string[] {
  const durability: Readonly<Record<string, string>> = options.fsync
    ? { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' }
    : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
  const settings: Readonly<Record<string, string>> = {
    listen_addresses: '',
    unix_socket_directories: options.socketFolder,
    unix_socket_permissions: '0700',
    max_connections: '50',
    shared_buffers: '64MB',
    // One process for one laptop: no replicas, no parallel plans, no helpers that sit idle.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_worker_processes: '2',
    max_parallel_workers_per_gather: '0',
    io_method: 'sync',
    jit: 'off',
    log_min_messages: 'error',
    // The text of a failed statement adds nothing here: the process that sent it logs the error.
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
    log_timezone: 'UTC',
    timezone: 'UTC',
    ...durability,
    ...options.more,
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
