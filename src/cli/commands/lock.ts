// `client lock TARGET…`: take the locks, or renew one's own.
import type { Side } from '../../core/path.js';
import type { Acted } from '../../wire/messages.js';
import { actOn } from '../acting.js';
import { usageError } from '../complain.js';
import { shownName } from '../render/width.js';
import type { Room } from '../room.js';

export interface LockFlags {
  readonly message?: string;
  readonly side?: string;
}

export async function lock(room: Room, targets: readonly string[], flags: LockFlags): Promise<number> {
  const side = sideOf(flags.side, room.env.LOCKSTEP_SIDE);
  const api = await room.api();
  const options = {
    ...(flags.message === undefined ? {} : { message: flags.message }),
    ...(side === undefined ? {} : { side }),
  };
  return actOn(room, targets, {
    known: async () => [(await api.list()).entries.map(({ path }) => path)],
    act: (wanted) => api.lock(wanted, options),
    say: (acted) => lockedText(acted, room.user),
  });
}

function lockedText(acted: Acted, user: string): string {
  const what = `${shownName(acted.path)} for ${shownName(typeof acted.owner === 'string' ? acted.owner : user)}`;
  const other = acted.side === 'b' ? 'a' : 'b';
  return acted.changed
    ? `Locked ${what}: changes of it on side ${other} wait until "client unlock".`
    : `Renewed the lock on ${what}.`;
}

function sideOf(flag: string | undefined, fromEnv: string | undefined): Side | undefined {
  const text = flag ?? (fromEnv || undefined);
  if (text === undefined || text === 'a' || text === 'b') return text;
  throw usageError(`${flag === undefined ? 'LOCKSTEP_SIDE' : '--side'} takes a or b, not "${text}".`);
}
