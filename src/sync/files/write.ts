// What a client write is: asked for by a client, decided on what stands on side a, taken in steps. `client-writes` says
// when, `client-steps` carries them out.

import type { Change, Outcome } from '../../core/change.js';
import { type Entry, sameContent } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import type { RelPath, Side } from '../../core/path.js';
import { joinPath, parentOf, quote } from '../../core/path.js';
import type { Logger } from '../../log.js';
import type { Applied, Content, Replica } from '../../replica.js';
import type { Clock } from '../clock.js';
import type { LockStore } from '../locks/lock-store.js';
import type { Claim, Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';

/** One step of a write, and the content where it carries one. */
export interface WriteStep {
  readonly change: Change;
  /** Changes that are tried together with it, whatever becomes of each. */
  readonly others?: readonly Change[];
  /** The side it is taken on; side a unless given: b is for what only b has. */
  readonly side?: Side;
  readonly contents?: () => AsyncIterable<Content>;
  /** Takes the step where its content is on that side's disk already, in place of an apply. */
  readonly publish?: (change: Change) => AsyncIterable<Applied>;
  /** Whether side b gets it at once, over what it has there: that is known to whoever asked. */
  readonly over?: boolean;
}

/** What is asked. */
export interface ClientWrite {
  /** Who asks: a path that another holds a lock on is refused. */
  readonly owner: string;
  /** The paths that it is about: looked at before it is decided. */
  readonly paths: readonly RelPath[];
  /** Whether all that lies below those paths is concerned as well, where they are directories. */
  readonly deep?: boolean;
  /**
   * Decides on what stands on side a now; called anew when that has changed meanwhile.
   * @returns steps to be taken one after the other, each only when those before it are done; none: nothing to do.
   * @throws SyncError to refuse.
   */
  readonly decide: (at: (path: RelPath) => Entry | null) => readonly WriteStep[];
}

/** What became of one change of a step. */
export interface Result {
  readonly change: Change;
  readonly outcome: Outcome;
}

/** What a write tells its session: one step's outcome is known. */
export interface WriteEvent {
  readonly kind: 'client-step';
  readonly side: Side;
  readonly write: Writing;
  /** Whether the other side was given what is done on side a. */
  readonly passedOn: boolean;
  readonly step: WriteStep;
  /** In the order of the step's changes. */
  readonly results: readonly Result[];
  /** Why the side could not be written to at all, null where it could. */
  readonly error: unknown;
}

/** A write in the hands of this room. */
export interface Writing {
  readonly ask: ClientWrite;
  readonly since: number;
  scans: Readonly<Record<Side, number>>;
  attempts: number;
  /** What it holds while it is under way. */
  claims: readonly Claim[];
  left: WriteStep[];
  readonly done: Change[];
  /** What has to be on disk before it is answered: the locks that went along. */
  readonly saving: Promise<void>[];
  /** What goes on when side b has been given what it gets at once. */
  after: () => void;
  readonly resolve: (done: readonly Change[]) => void;
  readonly reject: (error: SyncError) => void;
}

/** What client writes need of their session. */
export interface WriteContext {
  readonly pair: Pair;
  readonly lockStore: LockStore;
  readonly log: Logger;
  readonly clock: Clock;
  readonly mailbox: { post(event: WriteEvent): void; wake(): void };
  readonly sides: {
    /** @returns null while the side is away. */
    replica(side: Side): Replica | null;
    /** Asks for a scan of `path` on `side`. @returns the scan's number, 0 where the side is away. */
    scanPath(side: Side, path: RelPath): number;
    isScanned(side: Side, number: number): boolean;
  };
  readonly claims: Claims;
  /** Whether held updates of a path are being taken in or taking effect. */
  readonly heldUpdates: { isMoving(path: RelPath): boolean };
  /** Why no file may be touched now; null where they may. */
  readonly recorder: { readonly halt: SyncError | null };
}

/** Every change of a step. */
export const changesOf = ({ change, others = [] }: WriteStep): readonly Change[] => [change, ...others];

/** @returns what side b has at `path`, or had when it was last there. */
export const onSideB = (pair: Pair, path: RelPath): Entry | null =>
  pair.b.snapshot === null ? pair.shared(path) : pair.entry('b', path);

/** @returns what side b alone has at `path`: not what side a had, too, and has deleted, which is about to go. */
export function onlyInB(pair: Pair, path: RelPath): Entry | null {
  const there = pair.entry('a', path) === null ? onSideB(pair, path) : null;
  return there === null || sameContent(there, pair.shared(path)) ? null : there;
}

/** @returns what stands at `path` for whoever writes there: on side a, or on side b alone. */
export const standingAt = (pair: Pair, path: RelPath): { readonly side: Side; readonly entry: Entry | null } => {
  const alone = onlyInB(pair, path);
  return alone === null ? { side: 'a', entry: pair.entry('a', path) } : { side: 'b', entry: alone };
};

/** The directories that have to come back with a file. */
export function missingParents(path: RelPath, present: (path: RelPath) => Entry | null): WriteStep[] {
  const steps: WriteStep[] = [];
  for (let at = parentOf(path); at !== ''; at = parentOf(at)) {
    const entry = present(at);
    if (entry?.type === 'dir') break;
    if (entry !== null) {
      throw new SyncError('exists', `${quote(joinPath(at, '…'))} has no place: ${quote(at)} is a file now.`, {
        hint: 'Move that file out of the way, then try again.',
      });
    }
    steps.unshift({ change: { path: at, action: 'created', before: null, after: { type: 'dir', mode: 0o755 } } });
  }
  return steps;
}
