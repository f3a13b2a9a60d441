// `client lock TARGET…`: take the locks, renew one's own, stand in line for another's, or break it.
import type { Side } from '../../core/path.js';
import type { LockOptions } from '../../wire/client.js';
import type { Acted } from '../../wire/messages.js';
import { actOn } from '../acting.js';
import { FOREVER } from '../argv.js';
import { usageError } from '../complain.js';
import { parseDuration } from '../duration.js';
import { minuteText } from '../render/time.js';
import { shownName } from '../render/width.js';
import type { Room } from '../room.js';

export interface LockFlags {
  readonly message?: string;
  readonly side?: string;
  readonly ttl?: string;
  readonly wait?: string;
  readonly steal?: boolean;
}

/** A hundred years: for ever, as far as locks go. */
const LONGEST_MS = 100 * 365 * 24 * 60 * 60 * 1000;
const LONGEST_WAIT_MS = 24 * 60 * 60 * 1000;

export async function lock(room: Room, targets: readonly string[], flags: LockFlags): Promise<number> {
  const options = optionsOf(room, flags);
  const api = await room.api();
  return actOn(room, targets, {
    known: async () => [(await api.list()).entries.map(({ path }) => path)],
    act: (wanted) => api.lock(wanted, options),
    say: (acted) => lockedText(acted, room.user),
  });
}

function optionsOf(room: Room, { message, side: flag, ttl, wait, steal }: LockFlags): LockOptions {
  const side = sideOf(flag, room.env.LOCKSTEP_SIDE);
  return {
    ...(message === undefined ? {} : { message }),
    ...(side === undefined ? {} : { side }),
    ...(ttl === undefined ? {} : { ttlMs: parseDuration(ttl, '--ttl', LONGEST_MS) }),
    ...(steal === true ? { steal } : {}),
    ...(wait === undefined ? {} : waiting(room, wait)),
  };
}

function waiting(room: Room, text: string): LockOptions {
  const wait = text === FOREVER ? true : parseDuration(text, '--wait', LONGEST_WAIT_MS);
  return {
    wait,
    signal: room.signal,
    onWaiting: ({ path, position }) => room.err(`Waiting for ${shownName(path)}: number ${position} in line.\n`),
  };
}

function lockedText(acted: Acted, user: string): string {
  const what = `${shownName(acted.path)} for ${shownName(typeof acted.owner === 'string' ? acted.owner : user)}`;
  const other = acted.side === 'b' ? 'a' : 'b';
  const until = typeof acted.expires === 'string' ? `, until ${minuteText(acted.expires)}` : '';
  const note = typeof acted.note === 'string' ? ` ${acted.note}` : '';
  return acted.changed
    ? `Locked ${what}${until}: changes of it on side ${other} wait until "client unlock".${note}`
    : `Renewed the lock on ${what}${until}.${note}`;
}

function sideOf(flag: string | undefined, fromEnv: string | undefined): Side | undefined {
  const text = flag ?? (fromEnv || undefined);
  if (text === undefined || text === 'a' || text === 'b') return text;
  throw usageError(`${flag === undefined ? 'LOCKSTEP_SIDE' : '--side'} takes a or b, not "${text}".`);
}
