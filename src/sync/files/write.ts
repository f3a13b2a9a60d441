// The data of client writes: requested by a client, decided on the state of side a, carried out in steps. `write-queue`
// says when they run, `write-steps` carries them out.

import type { Change, Outcome } from '../../core/change.js';
import { type Entry, sameContent } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import type { RelPath, Side } from '../../core/path.js';
import { joinPath, parentOf, quote } from '../../core/path.js';
import type { Logger } from '../../log.js';
import type { Applied, Content, Replica } from '../../replica.js';
import type { Clock } from '../clock.js';
import type { LockState } from '../locks/lock-state.js';
import type { Claim, Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';

/** One step of a write, with its content where it has one. */
export interface WriteStep {
  readonly change: Change;
  /** Further changes of the same step. Each is tried, whatever the outcome of the others. */
  readonly others?: readonly Change[];
  /** The side that it is carried out on; side a unless given. Side b is for paths that only b has. */
  readonly side?: Side;
  readonly contents?: () => AsyncIterable<Content>;
  /** Carries out the step in place of an apply, where its content is already in the staging of that side. */
  readonly publish?: (change: Change) => AsyncIterable<Applied>;
  /** Whether side b gets it at once and over its own entry: the client has said so. */
  readonly over?: boolean;
}

/** What a client requests. */
export interface ClientWrite {
  /** Who requests it: a path under a lock of another owner is refused. */
  readonly owner: string;
  /** The paths that it concerns: they are scanned before the decision. */
  readonly paths: readonly RelPath[];
  /** Whether it also concerns everything below those paths. */
  readonly deep?: boolean;
  /**
   * Decides on the present state of side a; called again when that has changed meanwhile.
   * @returns the steps, carried out one after the other, each only if those before it are done; none where nothing is
   *   to do.
   * @throws SyncError to refuse.
   */
  readonly decide: (at: (path: RelPath) => Entry | null) => readonly WriteStep[];
}

/** The outcome of one change of a step. */
export interface Result {
  readonly change: Change;
  readonly outcome: Outcome;
}

/** The event that a write posts to its session: the outcome of one step is known. */
export interface WriteEvent {
  readonly kind: 'client-step';
  readonly side: Side;
  readonly write: Writing;
  /** Whether this was the step on side b that follows from one on side a. */
  readonly passedOn: boolean;
  readonly step: WriteStep;
  /** In the order of the changes of the step. */
  readonly results: readonly Result[];
  /** Why the side could not be written to at all; null where it could. */
  readonly error: unknown;
}

/**
 * What the decision on a write saw of side b. Where the write is passed on, side b must still have that: what was saved
 * there since is no part of the decision.
 */
export interface SeenOfB {
  /** Side b at that time; null where it was away. */
  readonly replica: Replica | null;
  /** By path; without the paths that side b has changed and side a does not have yet. */
  readonly entries: Map<RelPath, Entry | null>;
}

export const nothingSeen = (): SeenOfB => ({ replica: null, entries: new Map() });

/** A write that has no answer yet. */
export interface Writing {
  readonly ask: ClientWrite;
  /** When it was requested, milliseconds by the monotonic clock. */
  readonly since: number;
  scans: Readonly<Record<Side, number>>;
  attempts: number;
  /** The claims that it has while it is under way. */
  claims: readonly Claim[];
  left: WriteStep[];
  readonly done: Change[];
  /** What its decision saw of side b. */
  seenOfB: SeenOfB;
  /** The lock moves that have to be on disk before the write is answered. */
  readonly saving: Promise<void>[];
  /** Continues the write after the step on side b. */
  after: () => void;
  readonly resolve: (done: readonly Change[]) => void;
  readonly reject: (error: SyncError) => void;
}

export interface WriteContext {
  readonly pair: Pair;
  readonly lockState: LockState;
  readonly log: Logger;
  readonly clock: Clock;
  readonly mailbox: { post(event: WriteEvent): void; wake(): void };
  readonly sides: {
    /** @returns null while the side is disconnected. */
    replica(side: Side): Replica | null;
    /** Requests a scan of `path` on `side`. @returns the number of that scan, 0 while the side is disconnected. */
    scanPath(side: Side, path: RelPath): number;
    isScanned(side: Side, number: number): boolean;
  };
  readonly claims: Claims;
  readonly heldUpdates: {
    /** Whether updates of a path are being fetched or are taking effect. */
    isMoving(path: RelPath): boolean;
    /** Whether a lock keeps the changes of both sides apart at a path. */
    isFrozen(path: RelPath): boolean;
  };
  /** Why no file may be written now; null where they may. */
  readonly recorder: { readonly halt: SyncError | null };
  /** Why nothing may be written before a person has answered; null where it may. */
  readonly gate: { refusal(pair: Pair): SyncError | null };
}

/** Every change of a step. */
export const changesOf = ({ change, others = [] }: WriteStep): readonly Change[] => [change, ...others];

/** @returns the entry of side b at `path`, or the last shared one while side b is not known. */
export const onSideB = (pair: Pair, path: RelPath): Entry | null =>
  pair.b.snapshot === null ? pair.shared(path) : pair.entry('b', path);

/**
 * @returns the entry at `path` that only side b has. An entry that side a deleted is not one: it is about to be deleted
 *   on side b.
 */
export function onlyInB(pair: Pair, path: RelPath): Entry | null {
  const there = pair.entry('a', path) === null ? onSideB(pair, path) : null;
  return there === null || sameContent(there, pair.shared(path)) ? null : there;
}

/** @returns the entry that a write at `path` meets: that of side a, or the one that only side b has. */
export const standingAt = (pair: Pair, path: RelPath): { readonly side: Side; readonly entry: Entry | null } => {
  const alone = onlyInB(pair, path);
  return alone === null ? { side: 'a', entry: pair.entry('a', path) } : { side: 'b', entry: alone };
};

/**
 * The steps that create the missing directories above `path`.
 * @throws SyncError `exists` where a file is in their place.
 */
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
