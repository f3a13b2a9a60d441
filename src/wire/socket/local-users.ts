// On this machine's own addresses plain TCP is for one user and root alone: whoever else connects, or listens where we
// connect, is refused before a word is said or heard. A connection whose owner cannot be told is one of somebody else.
import fs from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as passed } from 'node:timers/promises';
import { SyncError } from '../../core/errors.js';
import { isLoopback } from './address.js';
import { ownerIn, type SocketEnd, SocketTable } from './socket-owner.js';

/** Whether this system tells who owns a connection. */
export const tellsOwners: boolean = process.platform === 'linux';

/** How long the owner of a connection that was taken is looked for, in milliseconds; it has been there already. */
const OWNER_MS = 250;
const FIRST_PAUSE_MS = 1;
const LAST_PAUSE_MS = 50;

const table = new SocketTable();

/** How owners are found out; tests give their own. */
export interface Owners {
  /** The user that this process acts as. */
  readonly uid: number;
  /** @returns who owns the other end of `socket`; null where nobody does by now. */
  readonly of: (socket: Socket) => Promise<number | null>;
}

export const systemOwners: Owners = {
  uid: ownUid(),
  async of(socket) {
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    const far: SocketEnd = { address: remoteAddress ?? '', port: remotePort ?? 0 };
    const near: SocketEnd = { address: localAddress ?? '', port: localPort ?? 0 };
    const uid = ownerIn(await table.fresh(), far, near);
    // The same two ends may have become another's connection, but not while ours is up.
    return isUp(socket) ? uid : null;
  },
};

/**
 * @param socket a connection that came in.
 * @returns why it is refused, null where it may be served.
 */
export async function refusalOf(socket: Socket, owners: Owners = systemOwners): Promise<SyncError | null> {
  if (!tellsOwners || !isLocal(socket)) return null;
  const owner = await ownerOf(socket, owners, OWNER_MS);
  if (typeof owner === 'number') return isOurs(owner, owners.uid) ? null : otherUser(owner);
  return owner;
}

/**
 * @param socket connected to a server.
 * @param timeoutMs how long it may take to take the connection.
 * @throws SyncError `not-allowed` where another user's program listens there; root talks to everybody's.
 */
export async function checkListener(
  socket: Socket,
  place: string,
  timeoutMs: number,
  owners = systemOwners,
): Promise<void> {
  if (!tellsOwners || owners.uid === 0 || !isLocal(socket)) return;
  const owner = await ownerOf(socket, owners, timeoutMs);
  if (typeof owner !== 'number') throw owner;
  if (!isOurs(owner, owners.uid)) throw otherUsersServer(place, owner);
}

/** Looks until there is an owner: a table that changes while it is read may miss a row. */
async function ownerOf(socket: Socket, owners: Owners, timeoutMs: number): Promise<number | SyncError> {
  const until = performance.now() + timeoutMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LAST_PAUSE_MS)) {
    try {
      const uid = await owners.of(socket);
      if (uid !== null) return uid;
    } catch (error) {
      return untold('the table of sockets cannot be read', error);
    }
    if (socket.destroyed || performance.now() + pause > until) return untold('it is gone, or not taken yet');
    await passed(pause);
  }
}

const isOurs = (uid: number, own: number): boolean =>
  uid === 0 || (uid === own && !(uid === overflowUid() && !knowsAllUsers()));

/** The user whose the sockets of this process are; nobody where that cannot be known. */
function ownUid(): number {
  return Number(/^Uid:(?:\s+\d+){3}\s+(\d+)$/m.exec(readOr('/proc/self/status', ''))?.[1] ?? Number.NaN);
}

/** In a user namespace everybody from outside is shown as one and the same user. */
function overflowUid(): number {
  return Number(readOr('/proc/sys/kernel/overflowuid', '65534'));
}

function knowsAllUsers(): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(readOr('/proc/self/uid_map', '0 0 4294967295'));
}

function readOr(file: string, otherwise: string): string {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return otherwise;
  }
}

function isLocal({ remoteAddress = '127.0.0.1', localAddress }: Socket): boolean {
  return remoteAddress === localAddress || isLoopback(remoteAddress.replace(/^::ffff:/, ''));
}

/** Asks the system; what the socket itself remembers was true once. */
function isUp(socket: Socket): boolean {
  const { _handle: handle } = socket as { _handle?: { getpeername?: (out: object) => number } | null };
  return typeof handle?.getpeername === 'function' && handle.getpeername({}) === 0;
}

const THE_WAYS = 'Use a key: give both ends --secret-file FILE; or start the server with --allow-local.';

const otherUser = (uid: number): SyncError =>
  new SyncError(
    'not-allowed',
    `This server answers only its own user and root, not another user of this machine (uid ${uid}).`,
    {
      hint: THE_WAYS,
      facts: { uid },
    },
  );

const untold = (why: string, cause?: unknown): SyncError =>
  new SyncError(
    'not-allowed',
    `It could not be told which user of this machine has the other end of the connection: ${why}.`,
    {
      hint: `Try again. ${THE_WAYS}`,
      cause,
    },
  );

const otherUsersServer = (place: string, uid: number): SyncError =>
  new SyncError('not-allowed', `What listens at ${place} belongs to another user of this machine (uid ${uid}).`, {
    hint: 'Where that is meant, trust it with --allow-local, or use one secret on both ends: --secret-file FILE.',
    facts: { uid },
  });
