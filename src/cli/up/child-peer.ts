// Server-b of a directory on this machine, as a child process on a free port. A child that ends is started anew with the
// next attempt to connect; a child whose parent ends stops by itself.
import { type ChildProcess, fork } from 'node:child_process';
import readline from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { SyncError } from '../../core/errors.js';
import { removeAddress } from '../../disk/state/address.js';
import { type PeerLink, type PeerTransport, tcpTransport } from '../../sync/peer/transport.js';
import { packageFile } from '../package-file.js';
import { spawnFailure } from './spawn-failure.js';

const PROGRAM = fileURLToPath(packageFile('bin/server-b'));
/** How long a child may take to open its root and listen, in milliseconds. */
const START_MS = 60_000;

/** A server-b to run. */
interface ChildPeer {
  /** The directory of side b. */
  readonly dir: string;
  /** Further options of server-b. */
  readonly args: readonly string[];
  /** Receives each line that it prints on stderr while it runs. */
  readonly say: (line: string) => void;
}

/** @returns the way to a server-b that runs as a child of this process. */
export function childTransport(peer: ChildPeer): PeerTransport {
  let running: Running | null = null;
  return {
    name: peer.dir,
    open: async (signal): Promise<PeerLink> => {
      if (running === null || running.child.exitCode !== null || running.child.signalCode !== null)
        running = await started(peer, signal);
      return tcpTransport({ host: '127.0.0.1', port: running.port }).open();
    },
    close: async () => {
      if (running === null) return;
      await ended(running.child);
      removeAddress(peer.dir, peer.say);
    },
  };
}

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
}

async function started({ dir, args, say }: ChildPeer, signal: AbortSignal): Promise<Running> {
  const words = ['--dir', dir, '--host', '127.0.0.1', '--port', '0', '--log', 'json', ...args];
  const child = fork(PROGRAM, words, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] });
  const failure = spawnFailure(child, child.stderr);
  if (failure !== null) throw new SyncError('unreachable', `Cannot start server-b: ${(await failure).message}.`);
  let last = '';
  let isUp = false;
  readline.createInterface({ input: child.stderr as Readable }).on('line', (line) => {
    last = line;
    if (isUp) say(line);
  });
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal, AbortSignal.timeout(START_MS)]);
  try {
    const port = await Promise.race([portOf(child.stdout as Readable), failureOf(child, stop)]);
    isUp = true;
    return { child, port };
  } catch (error) {
    child.kill();
    throw child.exitCode === 2 ? new SyncError('usage', last) : error;
  } finally {
    over.abort();
  }
}

/** Reads the log until it says where server-b listens; what comes after is dropped. */
function portOf(log: Readable): Promise<number> {
  return new Promise((resolve) => {
    readline.createInterface({ input: log }).on('line', (line) => {
      const event = JSON.parse(line) as { event: string; port?: number };
      if (event.event === 'listening') resolve(event.port!);
    });
  });
}

function failureOf(child: ChildProcess, stop: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    child.once('error', reject);
    child.once('close', () => reject(new SyncError('unreachable', 'Server-b ended before it listened.')));
    stop.addEventListener('abort', () => reject(new SyncError('unreachable', 'Server-b did not start in time.')));
  });
}

/** Ends the child, as the end of this process would. A signal after Ctrl-C would be its second one. */
function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.disconnect();
  });
}
