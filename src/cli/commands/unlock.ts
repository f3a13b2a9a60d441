// `client unlock TARGET…`: releases locks, or breaks another's. Unlocking a file that is not locked succeeds and says
// so.

import type { HeldFate, HeldWay } from '../../core/locks/records.js';
import { countText } from '../../core/size-text.js';
import type { Acted, Refused } from '../../wire/client-api/methods.js';
import type { Api, CommandContext } from '../context.js';
import { shownName } from '../render/width.js';
import { actOn } from '../target/act-on-targets.js';
import { goneRefusal, type Known } from '../target/target.js';

export interface UnlockFlags {
  readonly force?: boolean;
  readonly held?: HeldWay;
}

export async function unlock(context: CommandContext, targets: readonly string[], flags: UnlockFlags): Promise<number> {
  const api = await context.api();
  let present: Set<string> | null = null;
  return actOn(context, targets, {
    known: () => lockedThenPresent(api),
    act: (wanted) => api.unlock(wanted, flags),
    say: unlockedText,
    async recheck(acted, shownAs) {
      if (acted.changed) return acted; // the lock had outlived its file, or the file is there
      present ??= new Set((await api.list()).entries.map(({ path }) => path));
      if (present.has(acted.path)) return acted;
      return shownAs === undefined ? noFile(acted.path) : goneRefusal(shownAs);
    },
  });
}

/** A name that is neither a file nor locked is a slip of the pen. */
const noFile = (path: string): Refused => ({
  path,
  changed: false,
  error: {
    code: 'not-found',
    message: `There is no file "${shownName(path)}", and no lock on one of that name.`,
    hint: 'See what is locked with: client locks',
  },
});

/** A glob means the locked files that it matches; only if there are none, all files, so that the answer names them. */
async function lockedThenPresent(api: Api): Promise<Known> {
  const [{ locks }, { entries }] = await Promise.all([api.locks(), api.list()]);
  return [locks.map(({ path }) => path), entries.map(({ path }) => path)];
}

function unlockedText(acted: Acted): string {
  const path = shownName(acted.path);
  const forgotten = acted.notify === false ? ' You are no longer told when it is free.' : '';
  if (!acted.changed) return `Nobody holds a lock on ${path}: there is nothing to unlock.${forgotten}`;
  const whose = acted.by === undefined ? '' : `, which ${shownName(String(acted.owner))} had locked`;
  const held = typeof acted.held === 'number' ? acted.held : 0;
  return held > 0
    ? `Unlocked ${path}${whose}; ${fateText(held, acted.becomes as HeldFate | undefined)}.`
    : `Unlocked ${path}${whose}.`;
}

/** @returns what happens to the held updates. */
function fateText(held: number, fate: HeldFate | undefined): string {
  const updates = countText(held, 'held update');
  const last = held === 1 ? 'the held update' : `the last of ${updates}`;
  const deletion = held === 1 ? 'the held deletion' : `the last of ${updates}, a deletion,`;
  const earlier = held === 1 ? '' : '; the earlier ones go to versions';
  switch (fate) {
    case 'applied':
      return `${updates} to apply${held === 1 ? '' : ' one by one'}`;
    case 'copy':
      return `the holder's version keeps the name, ${last} becomes a conflict copy${earlier}`;
    case 'dropped':
      return `${deletion} is dropped and the holder's version stays${earlier}`;
    case 'same':
      return `${last} left the same as the holder's side has${earlier}`;
    case 'returns':
      return `the file is gone on the holder's side, so ${last} brings it back${earlier}`;
    case 'versions':
      return `the holder's version stays, ${updates} ${held === 1 ? 'goes' : 'go'} to versions`;
    default: // a directory among them, or a server that says nothing of it
      return `${updates} to settle, and nothing of ${held === 1 ? 'it' : 'them'} is lost`;
  }
}
