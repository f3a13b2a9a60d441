// On the addresses of this machine, plain TCP is only for the same user and root: connections of other users, and to
// servers of other users, are refused before anything is sent or read. If the owner cannot be determined, the
// connection is refused.
import fs from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as passed } from 'node:timers/promises';
import { SyncError } from '../../core/errors.js';
import { isLoopback } from './address.js';
import { isClosedByOther, ownerIn, type SocketEnd, SocketTable } from './socket-owner.js';

/** Whether this system shows the owners of connections. */
export const canIdentifyOwners: boolean = process.platform === 'linux';

/** How long the owner of an accepted connection is searched, in milliseconds. Its row should exist already. */
const OWNER_MS = 250;
const FIRST_PAUSE_MS = 1;
const LAST_PAUSE_MS = 50;

const table = new SocketTable();

/** How owners are determined; tests replace parts of it. */
interface Owners {
  /** The user as which this process acts. */
  readonly uid: number;
  /** @returns the user who owns the other end of `socket`; null where it has no owner any more. */
  readonly of: (socket: Socket) => Promise<number | null>;
  /** @returns whether the other end has closed the connection, so that nobody is left to be identified. */
  readonly hasLeft: (socket: Socket) => Promise<boolean>;
}

const systemOwners: Owners = {
  uid: ownUid(),
  async of(socket) {
    const { peer, local } = endsOf(socket);
    const uid = ownerIn(await table.fresh(), peer, local);
    // The same two ends may belong to another connection, but not while ours is open.
    return isUp(socket) ? uid : null;
  },
  async hasLeft(socket) {
    const { peer, local } = endsOf(socket);
    return socket.destroyed || !isUp(socket) || isClosedByOther(await table.fresh(), local, peer);
  },
};

function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): { peer: SocketEnd; local: SocketEnd } {
  const peer = { address: remoteAddress ?? '', port: remotePort ?? 0 };
  return { peer, local: { address: localAddress ?? '', port: localPort ?? 0 } };
}

/**
 * @param socket an accepted connection.
 * @returns why it is refused, with `left: true` among the facts where the other end is gone already, like that of a program
 *   that only looks which ports are open; null where it may be served.
 */
export async function refusalOf(socket: Socket, replaced: Partial<Owners> = {}): Promise<SyncError | null> {
  if (!canIdentifyOwners || !isLocal(socket)) return null;
  const owners = { ...systemOwners, ...replaced };
  const owner = await ownerOf(socket, owners, OWNER_MS);
  if (typeof owner === 'number') return isOurs(owner, owners.uid) ? null : otherUser(owner);
  const { code, message, hint, facts, cause } = owner;
  const left = await owners.hasLeft(socket).catch(() => false);
  return left ? new SyncError(code, message, { hint, facts: { ...facts, left }, cause }) : owner;
}

/**
 * @param socket connected to a server.
 * @param timeoutMs how long the server may take to accept the connection, in milliseconds.
 * @throws SyncError `not-allowed` where the listening program belongs to another user; root may connect to all.
 */
export async function checkListener(
  socket: Socket,
  place: string,
  timeoutMs: number,
  replaced: Partial<Owners> = {},
): Promise<void> {
  const owners = { ...systemOwners, ...replaced };
  if (!canIdentifyOwners || owners.uid === 0 || !isLocal(socket)) return;
  const owner = await ownerOf(socket, owners, timeoutMs);
  if (typeof owner !== 'number') throw owner;
  if (!isOurs(owner, owners.uid)) throw otherUsersServer(place, owner);
}

/** Retries until there is an owner: a table that changes during the reading may lack a row. */
async function ownerOf(socket: Socket, owners: Owners, timeoutMs: number): Promise<number | SyncError> {
  const until = performance.now() + timeoutMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LAST_PAUSE_MS)) {
    try {
      const uid = await owners.of(socket);
      if (uid !== null) return uid;
    } catch (error) {
      return unknownOwner('the table of sockets cannot be read', error);
    }
    if (socket.destroyed || performance.now() + pause > until)
      return unknownOwner('it has ended, or is not accepted yet');
    await passed(pause);
  }
}

const isOurs = (uid: number, own: number): boolean =>
  uid === 0 || (uid === own && !(uid === overflowUid() && !knowsAllUsers()));

/** @returns the user who owns the sockets of this process; NaN where it is unknown. */
function ownUid(): number {
  return Number(/^Uid:(?:\s+\d+){3}\s+(\d+)$/m.exec(readOr('/proc/self/status', ''))?.[1] ?? Number.NaN);
}

/** @returns the user id that stands for all users outside of a user namespace. */
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

/** Asks the system, because the fields of the socket may be out of date. */
function isUp(socket: Socket): boolean {
  const { _handle: handle } = socket as { _handle?: { getpeername?: (out: object) => number } | null };
  return typeof handle?.getpeername === 'function' && handle.getpeername({}) === 0;
}

const WAYS_OUT = 'Use a key: give both ends --secret-file FILE; or start the server with --allow-local.';

const otherUser = (uid: number): SyncError =>
  new SyncError(
    'not-allowed',
    `This server answers only its own user and root, not another user of this machine (uid ${uid}).`,
    {
      hint: WAYS_OUT,
      facts: { uid },
    },
  );

const unknownOwner = (why: string, cause?: unknown): SyncError =>
  new SyncError(
    'not-allowed',
    `Cannot determine which user of this machine owns the other end of the connection: ${why}.`,
    {
      hint: `Try again. ${WAYS_OUT}`,
      cause,
    },
  );

const otherUsersServer = (place: string, uid: number): SyncError =>
  new SyncError('not-allowed', `The program at ${place} belongs to another user of this machine (uid ${uid}).`, {
    hint: 'Where that is meant, trust it with --allow-local, or use one secret on both ends: --secret-file FILE.',
    facts: { uid },
  });
