// Whether a port of this machine is free, and which process has it.
import net from 'node:net';
import { type Finding, ok, warn, wrong } from './finding.js';
import { linkAt, namesIn, processes, textAt } from './proc.js';

/** A port, and what wants it. */
export interface WantedPort {
  readonly port: number;
  /** For people: `server-a`. */
  readonly by: string;
  /** Whether that cannot do without it. */
  readonly isNeeded: boolean;
  /** How to take another one. */
  readonly otherwise: string;
}

/** @returns whether a port is free, by listening on it for a moment. */
export async function portFinding({ port, by, isNeeded, otherwise }: WantedPort): Promise<Finding> {
  const error = await listenError(port);
  if (error === null) return ok('port', `Port ${port} is free for ${by}.`);
  const say = isNeeded ? wrong : warn;
  if (error === 'EADDRINUSE') {
    const who = holderOf(port);
    return say('port', `Port ${port}, which ${by} uses, is taken${who === null ? '' : ` by ${who}`}.`, otherwise);
  }
  return say('port', `Port ${port}, which ${by} uses, cannot be had (${error}).`, otherwise);
}

function listenError(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(null)));
  });
}

/** @returns the process that listens at `port`, for people; null where this user may not know it. */
function holderOf(port: number): string | null {
  const inodes = listenersAt(port);
  if (inodes.size === 0) return null;
  for (const pid of processes()) {
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkAt(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined && inodes.has(inode)) return `process ${pid} (${textAt(`/proc/${pid}/comm`).trim()})`;
    }
  }
  return null;
}

const LISTENS = '0A';

/** @returns the inodes of the sockets that listen at `port`. */
function listenersAt(port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = [textAt('/proc/net/tcp'), textAt('/proc/net/tcp6')].join('\n').split('\n');
  const fields = rows.map((row) => row.trim().split(/\s+/));
  return new Set(
    fields.filter(([, local, , state]) => local?.endsWith(suffix) && state === LISTENS).map((row) => row[9] ?? ''),
  );
}
