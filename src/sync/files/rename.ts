// Renames a file or directory as a client write: one step on the disk, whatever its size; the other side renames its
// own. The locks below move with it.

import { advise } from '../../core/advice.js';
import type { Change } from '../../core/change.js';
import { type Entry, sizeOf } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import { isAtOrBelow, pathFault, quote, type RelPath } from '../../core/path.js';
import type { Acted } from '../../wire/client-api/methods.js';
import { type FilesContext, refuseOnlyInB } from './context.js';
import { noSuchFile } from './refusals.js';
import { missingParents, onlyInB, onSideB, standingAt, type WriteStep } from './write.js';

/** A rename that a client requests. */
interface RenameAsk {
  readonly from: RelPath;
  readonly to: RelPath;
  readonly owner: string;
  readonly overwrite: boolean;
}

/**
 * Renames a file or a directory; missing directories are created.
 * @throws SyncError `not-found`; `exists`; `usage` for a directory into itself; `busy` where updates are held;
 *   `bad-path` where a new path is too long; the refusals of client writes (see `ClientWrites.ask`).
 */
export async function renamePath(context: FilesContext, ask: RenameAsk): Promise<Acted> {
  const { from, to, owner } = ask;
  let moved: Entry | null = null;
  const done = await context.writes.ask({
    owner,
    paths: [from, to],
    deep: true,
    decide: () => {
      const { side, entry } = standingAt(context.pair, from);
      if (entry === null) throw noSuchFile(from);
      moved = entry;
      if (from === to) return [];
      if (side === 'b') refuseOnlyInB(context, from);
      return stepsFor(context, ask, side, entry);
    },
  });
  const change = done.at(-1);
  const replaced = change?.before ?? null;
  return {
    path: from,
    changed: done.length > 0,
    to,
    type: moved!.type,
    size: sizeOf(moved),
    ...(replaced === null ? {} : { replaced: true }),
  };
}

function stepsFor(context: FilesContext, ask: RenameAsk, side: 'a' | 'b', entry: Entry): WriteStep[] {
  const { pair } = context;
  const { from, to } = ask;
  if (isAtOrBelow(to, from)) throw intoItself(from, to);
  if (entry.type === 'dir') refuseTooLong(context, ask, side);
  refuseHeld(context, ask);
  const before = side === 'a' ? pair.entry('a', to) : onSideB(pair, to);
  const there = standingAt(pair, to).entry;
  if (there !== null) refuseOver(ask, entry, there);
  const at = (path: RelPath) => (side === 'a' ? pair.entry('a', path) : onSideB(pair, path));
  const change: Change = { path: to, action: 'renamed', before, after: entry, from: { path: from, entry } };
  const parents = missingParents(to, at).map((step): WriteStep => ({ ...step, side }));
  // A file that only side b has is the one to overwrite.
  return [...parents, { change, side, over: onlyInB(pair, to) !== null }];
}

/** A present entry may be replaced only by a file, if it is a file, too, and the client allowed it. */
function refuseOver({ from, to, overwrite }: RenameAsk, entry: Entry, there: Entry): void {
  if (there.type === 'dir') {
    throw new SyncError('exists', `${quote(to)} is a directory already.`, {
      advice: advise`To move ${quote(from)} into it: ${{ do: 'rename', path: from, to: `${to}/` }}`,
    });
  }
  if (entry.type === 'dir') {
    throw new SyncError('exists', `${quote(to)} is a file already, and a directory cannot take its place.`, {
      hint: 'Choose another name, or rename that file first.',
    });
  }
  if (!overwrite) {
    throw new SyncError('exists', `${quote(to)} exists already.`, {
      advice: advise`Choose another name, or add ${{ do: 'overwrite' }}: what is there goes to versions.`,
    });
  }
}

/** Held updates move with their lock, and so does their file: on both sides, or not at all. */
function refuseHeld({ lockState, replica }: FilesContext, { from, to }: RenameAsk): void {
  for (const [path, updates] of lockState.table.held) {
    if (updates.length === 0) continue;
    const isTarget = isAtOrBelow(path, to);
    if (!isTarget && !(isAtOrBelow(path, from) && replica('b') === null)) continue;
    const why = isTarget ? '' : ', and server-b, which has to move them along, is away';
    throw new SyncError('busy', `Updates of ${quote(path)} are held under your lock${why}.`, {
      advice: advise`Unlock it first: ${{ do: 'unlock', path }}`,
    });
  }
}

function refuseTooLong({ pair }: FilesContext, { from, to }: RenameAsk, side: 'a' | 'b'): void {
  for (const [path] of pair.side(side).snapshot?.walk(from) ?? []) {
    const fault = pathFault(`${to}${path.slice(from.length)}`);
    if (fault !== null) throw new SyncError('bad-path', `${quote(path)} cannot move along: of its new path ${fault}.`);
  }
}

const intoItself = (from: RelPath, to: RelPath): SyncError =>
  new SyncError('usage', `${quote(from)} cannot be moved to ${quote(to)}, which lies in it.`, {
    hint: 'Choose a name outside of it.',
  });
