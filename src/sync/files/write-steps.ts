// Carries out the steps of client writes on one side and folds them into the pair as changes of that side. A step is
// passed on to side b at once where a lock would hold it there, or where the client has said that it replaces what side
// b has.
import { type Change, contentOf, type Outcome } from '../../core/change.js';
import { type Entry, sameContent } from '../../core/entry.js';
import { isAtOrBelow, parentOf, type RelPath, type Side } from '../../core/path.js';
import type { Applied, Content, Replica } from '../../replica.js';
import type { Pair } from '../pair/pair.js';
import {
  changesOf,
  onSideB,
  type Result,
  type SeenOfB,
  type WriteContext,
  type WriteEvent,
  type WriteStep,
  type Writing,
} from './write.js';

/** Carries out one step and posts its result to the session. */
export async function carryStep(
  { sides, mailbox }: WriteContext,
  write: Writing,
  side: Side,
  step: WriteStep,
  passedOn = false,
): Promise<void> {
  const changes = changesOf(step);
  const outcomes = new Map<number, Outcome>();
  let error: unknown = null;
  try {
    const target = sides.replica(side);
    const applied = target === null ? nothing<Applied>() : apply(target, step, changes);
    for await (const { n, outcome } of applied) outcomes.set(n, outcome);
  } catch (thrown) {
    error = thrown;
  }
  const results = changes.map((change, n): Result => ({ change, outcome: outcomes.get(n) ?? { kind: 'stale' } }));
  mailbox.post({ kind: 'client-step', side, write, passedOn, step, results, error });
}

function apply(target: Replica, step: WriteStep, changes: readonly Change[]): AsyncIterable<Applied> {
  if (step.publish !== undefined) return step.publish(step.change);
  return target.apply(changes, step.contents?.() ?? nothing<Content>());
}

/** @returns what a decision for `steps`, taken now, has seen of side b. */
export function seenOfB({ pair, sides, heldUpdates }: WriteContext, steps: readonly WriteStep[]): SeenOfB {
  const entries = new Map<RelPath, Entry | null>();
  for (const step of steps) {
    for (const { path, before } of changesOf(step)) {
      const there = onSideB(pair, path);
      const isKnown = sameContent(there, before) || sameContent(there, pair.shared(path));
      if (isKnown || step.over === true || heldUpdates.isFrozen(path)) entries.set(path, there);
    }
  }
  return { replica: sides.replica('b'), entries };
}

/** Folds the changes that were done into the pair. @returns the results of the others. */
export function foldResults(context: WriteContext, event: WriteEvent): Result[] {
  const { pair } = context;
  const left: Result[] = [];
  for (const result of event.results) {
    const { change, outcome } = result;
    if (outcome.kind !== 'done') left.push(result);
    else if (!event.passedOn) {
      pair.foldWritten(event.side, change);
      event.write.done.push(change);
      if (change.from !== undefined) keepSaving(event.write, moveLocks(context, change));
    } else foldPassedOn(context, event.write, change);
  }
  return left;
}

/** Later steps of the same write find this one done on side b. */
function foldPassedOn({ pair }: WriteContext, { seenOfB: { entries } }: Writing, change: Change): void {
  const { path, from } = change;
  if (from === undefined) pair.foldDone('b', change);
  else {
    pair.foldWritten('b', change);
    moveShared(pair, from.path, path);
    entries.set(from.path, null);
  }
  entries.set(path, pair.entry('b', path));
}

/** The client learns of a failure at the end; the empty handlers keep it from counting as unhandled until then. */
function keepSaving({ saving }: Writing, under: readonly Promise<void>[]): void {
  for (const promise of under) {
    promise.catch(() => {});
    saving.push(promise);
  }
}

/**
 * Moves the locks along with the renamed path. Locks below a renamed file belong to a directory that was there before,
 * and stay.
 */
function moveLocks({ lockState }: WriteContext, { path: to, from: source, after }: Change): Promise<void>[] {
  const from = source!.path;
  const isMoved = (path: RelPath) => path === from || (after?.type === 'dir' && isAtOrBelow(path, from));
  const along = [...lockState.table.locks.keys()].filter(isMoved);
  return along.map(
    (path) =>
      new Promise<void>((resolve, reject) => {
        const target = `${to}${path.slice(from.length)}` as RelPath;
        lockState.dispatch({ kind: 'moved', path, to: target }, (_, error) =>
          error === null ? resolve() : reject(error),
        );
      }),
  );
}

/** Both sides have renamed `from` to `to`: renames what they shared, too. */
function moveShared(pair: Pair, from: RelPath, to: RelPath): void {
  const moved = pair.archive.move(from, to);
  for (const gone of [from, to]) pair.agree(gone, null);
  for (const [path, entry] of moved) pair.agree(path, entry);
}

/** @returns the step for side b that follows from a step on side a; null where there is none. */
export function toPassOn(context: WriteContext, event: WriteEvent): WriteStep | null {
  const { pair, sides } = context;
  const { replica, entries } = event.write.seenOfB;
  const local = sides.replica('a');
  if (event.side === 'b' || local === null || replica === null || pair.b.snapshot === null) return null;
  // Another connection may be to another root: the decision was not about that.
  if (sides.replica('b') !== replica) return null;
  const due = event.results.flatMap(({ change, outcome }) =>
    outcome.kind === 'done' ? passedOn(context, change, entries.get(change.path), event.step.over === true) : [],
  );
  const [change, ...others] = due;
  if (change === undefined) return null;
  const wanted = due.flatMap(({ path, after, action, ...rest }) => {
    const file = contentOf({ path, after, action, ...rest });
    return file === null ? [] : [{ path, file }];
  });
  return { change, others, ...(wanted.length === 0 ? {} : { contents: () => local.read(wanted) }) };
}

/**
 * The same change for side b, where a lock would otherwise hold it; none where normal synchronisation brings it there.
 * @param before what the decision saw there; undefined where side b has a change of its own, which stays.
 */
function passedOn(
  { pair, lockState }: WriteContext,
  change: Change,
  before: Entry | null | undefined,
  over: boolean,
): Change[] {
  const { path, after, from } = change;
  if (before === undefined) return [];
  if (from !== undefined) {
    // Its locks have been moved by now.
    if (![...lockState.table.locks.keys()].some((at) => isAtOrBelow(at, path))) return [];
    const there = pair.entry('b', from.path);
    // A directory replaces nothing. Where side b has nothing to rename, the missing entry is no change of its own.
    if (there === null || there.type !== from.entry.type || (before !== null && there.type === 'dir')) return [];
    const renamed = { path, action: 'renamed', before, after: there, from: { path: from.path, entry: there } } as const;
    return [...parentsOf(pair, path), renamed];
  }
  if (!over && lockState.table.heldSide(path) !== 'a') return [];
  const action = after === null ? 'deleted' : before === null ? 'created' : 'modified';
  return before === null && after === null ? [] : [{ path, action, before, after }];
}

/** The directories above `path` that side a has and side b lacks: the rename needs them. */
function parentsOf(pair: Pair, path: RelPath): Change[] {
  const made: Change[] = [];
  for (let at = parentOf(path); at !== '' && pair.entry('b', at) === null; at = parentOf(at)) {
    const after = pair.entry('a', at);
    if (after?.type === 'dir') made.unshift({ path: at, action: 'created', before: null, after });
  }
  return made;
}

async function* nothing<T>(): AsyncGenerator<T> {}
