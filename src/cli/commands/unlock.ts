// `client unlock TARGET…`: give locks back, or break another's. To unlock what nobody holds is no failure, but it is said.
import type { HeldWay } from '../../core/lock.js';
import type { Acted } from '../../wire/messages.js';
import { actOn } from '../acting.js';
import { countText } from '../render/size.js';
import { shownName } from '../render/width.js';
import type { Api, Room } from '../room.js';
import { goneRefusal, type Known } from '../target.js';

export interface UnlockFlags {
  readonly force?: boolean;
  readonly held?: HeldWay;
}

export async function unlock(room: Room, targets: readonly string[], flags: UnlockFlags): Promise<number> {
  const api = await room.api();
  let present: Set<string> | null = null;
  return actOn(room, targets, {
    known: () => lockedThenPresent(api),
    act: (wanted) => api.unlock(wanted, flags),
    say: (acted) => unlockedText(acted, flags.held ?? 'apply'),
    async recheck(acted, shownAs) {
      if (acted.changed) return acted; // the lock had outlived its file, or the file is there
      present ??= new Set((await api.list()).entries.map(({ path }) => path));
      return present.has(acted.path) ? acted : goneRefusal(shownAs);
    },
  });
}

/** A glob means the locked files that it matches, and only if there are none, the others: to say that nobody holds them. */
async function lockedThenPresent(api: Api): Promise<Known> {
  const [{ locks }, { entries }] = await Promise.all([api.locks(), api.list()]);
  return [locks.map(({ path }) => path), entries.map(({ path }) => path)];
}

function unlockedText(acted: Acted, way: HeldWay): string {
  const path = shownName(acted.path);
  if (!acted.changed) return `Nobody holds a lock on ${path}: there is nothing to unlock.`;
  const whose = acted.by === undefined ? '' : `, which ${shownName(String(acted.owner))} had locked`;
  const held = typeof acted.held === 'number' ? acted.held : 0;
  return held > 0
    ? `Unlocked ${path}${whose}; ${countText(held, 'held update')} ${BECOMES[way]}.`
    : `Unlocked ${path}${whose}.`;
}

const BECOMES: Readonly<Record<HeldWay, string>> = {
  apply: 'to apply',
  copy: 'to set aside as a conflict copy',
  discard: 'to discard, into the versions',
};
