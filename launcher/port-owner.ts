import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const LISTEN = '0A';

/**
 * Does somebody else than this process listen on a TCP port? A probe's answer alone can't tell a part from a stranger on its port.
 * No where nobody listens, and where the system doesn't tell.
 */
export function strangerListensOn({ pid, port }: { pid: number; port: number }): boolean {
  const sockets = listeningSockets(port);
  if (sockets.size === 0) return false;
  try {
    return !readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.has(target(`/proc/${pid}/fd/${fd}`)));
  } catch {
    return false;
  }
}

/** proc_net_tcp(5): `sl local_address rem_address st … inode`, addresses as hexadecimal `ADDRESS:PORT`. */
function listeningSockets(port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of read(table).split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(suffix) && fields[3] === LISTEN) sockets.add(`socket:[${fields[9]}]`);
    }
  }
  return sockets;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
