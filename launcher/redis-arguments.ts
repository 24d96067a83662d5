/** Commands that write files where one likes, load code, or end the server: nothing of ours needs them, and all users of the machine reach the port. */
const REFUSED = ['CONFIG', 'DEBUG', 'MODULE', 'REPLICAOF', 'SLAVEOF', 'SHUTDOWN'];

const LOOPBACK = '127.0.0.1';

/** How the local Redis is started. */
export function redisArguments({ port, dataDir }: { port: number; dataDir: string }): string[] {
  const settings = {
    bind: LOOPBACK,
    port: String(port),
    daemonize: 'no',
    loglevel: 'warning',
    // No persistence: what the cache holds can always be computed again.
    save: '',
    appendonly: 'no',
    dir: dataDir,
    // As in docker-compose.yml: whoever asks new questions for hours must not fill the machine.
    maxmemory: '256mb',
    'maxmemory-policy': 'allkeys-lru',
  };
  return [
    ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    ...REFUSED.flatMap((command) => ['--rename-command', command, '']),
  ];
}
