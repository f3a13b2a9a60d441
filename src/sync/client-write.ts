// What a client write is: asked for by a client, decided on what stands on side a, taken in steps. `client-writes` carries
// it out.
import type { Change, Outcome } from '../core/change.js';
import type { Entry } from '../core/entry.js';
import type { SyncError } from '../core/errors.js';
import type { RelPath, Side } from '../core/path.js';
import type { Logger } from '../log.js';
import type { Clock } from './clock.js';
import type { LockBook } from './lock-book.js';
import type { Pair } from './pair.js';
import type { Content, Replica } from './replica.js';

/** One step of a write: a change of side a, and its content where it carries one. */
export interface WriteStep {
  readonly change: Change;
  readonly contents?: () => AsyncIterable<Content>;
}

/** What is asked. */
export interface ClientWrite {
  /** Who asks: a path that another holds a lock on is refused. */
  readonly owner: string;
  /** The paths that it is about: looked at before it is decided. */
  readonly paths: readonly RelPath[];
  /**
   * Decides on what stands on side a now; called anew when that has changed meanwhile.
   * @returns steps to be taken one after the other, each only when those before it are done; none: nothing to do.
   * @throws SyncError to refuse.
   */
  readonly decide: (at: (path: RelPath) => Entry | null) => readonly WriteStep[];
}

/** What a write tells its session: one step's outcome is known. */
export interface WriteEvent {
  readonly kind: 'client-step';
  readonly side: Side;
  readonly write: Writing;
  readonly change: Change;
  readonly outcome: Outcome;
  /** Why the side could not be written to at all, null where it could. */
  readonly error: unknown;
}

/** A write in the hands of this room. */
export interface Writing {
  readonly ask: ClientWrite;
  readonly since: number;
  look: number;
  attempts: number;
  pinned: readonly RelPath[];
  left: WriteStep[];
  readonly done: Change[];
  readonly resolve: (done: readonly Change[]) => void;
  readonly reject: (error: SyncError) => void;
}

/** What client writes need of their session. */
export interface WriteSurroundings {
  readonly pair: Pair;
  readonly book: LockBook;
  readonly log: Logger;
  readonly clock: Clock;
  /** The replica of a side, null while it is away. */
  readonly replica: (side: Side) => Replica | null;
  readonly post: (event: WriteEvent | { readonly kind: 'woken' }) => void;
  /** Asks for a look at `path` on `side`. @returns the look's number. */
  readonly lookAt: (side: Side, path: RelPath) => number;
  readonly isLooked: (side: Side, number: number) => boolean;
  /** Whether synchronisation has the path in its hands. */
  readonly isCarried: (path: RelPath) => boolean;
  /** Whether held updates of `path` are being taken in or taking effect. */
  readonly isMoving: (path: RelPath) => boolean;
  /** Why no file may be touched now, null where they may. */
  readonly standstill: () => SyncError | null;
}
