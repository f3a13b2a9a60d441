// What held updates need of their session, and the events that they post to it.

import type { Change, Outcome } from '../../core/change.js';
import type { Entry } from '../../core/entry.js';
import { sameEntry } from '../../core/entry.js';
import type { ProblemCode } from '../../core/errors.js';
import type { RelPath, Side } from '../../core/path.js';
import type { HeldFiles } from '../../disk/apply/held-files.js';
import type { Logger } from '../../log.js';
import type { Replica } from '../../replica.js';
import type { Clock } from '../clock.js';
import type { LockState } from '../locks/lock-state.js';
import type { Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';

export type HeldEvent =
  /** The update at `path` has arrived; `file` is the name of its content below held/, null where it has none. */
  | {
      readonly kind: 'stored';
      readonly path: RelPath;
      readonly base: Entry | null;
      readonly after: Entry | null;
      readonly file: string | null;
      /** The token of the lock under which it arrived. */
      readonly token: number;
    }
  /** The content was gone before it could be fetched (`error` is null), or could not be stored. */
  | { readonly kind: 'not-stored'; readonly path: RelPath; readonly after: Entry | null; readonly error: unknown }
  /** One step of an unlock ended; `isAltered` where what stands in held/ is not the content that was held. */
  | {
      readonly kind: 'drain-step';
      readonly path: RelPath;
      readonly change: Change;
      readonly outcome: Outcome;
      readonly isAltered: boolean;
    };

/**
 * Where the contents of held updates are stored. `offer` says how much of a content an interrupted transfer left.
 */
export type HeldContents = Pick<HeldFiles, 'save' | 'read' | 'has' | 'isAltered' | 'remove' | 'moveToVersions'> &
  Partial<Pick<HeldFiles, 'offer'>>;

export interface HeldContext {
  readonly pair: Pair;
  readonly lockState: LockState;
  readonly files: HeldContents;
  readonly log: Logger;
  readonly clock: Pick<Clock, 'now'>;
  readonly mailbox: { post(event: HeldEvent): void; wake(): void };
  readonly sides: { replica(side: Side): Replica | null };
  readonly claims: Claims;
  /** Schedules another attempt: `failed` reports a problem, `moved` means that the path changed meanwhile. */
  readonly retries: { failed(path: RelPath, code: ProblemCode, message: string): void; moved(path: RelPath): void };
}

/** Paths whose last attempt failed. Each rests until its retry is due or the entry on its side changes. */
export class Backoff {
  readonly #pair: Pair;

  readonly #tried = new Map<RelPath, Entry | null>();

  constructor(pair: Pair) {
    this.#pair = pair;
  }

  /** @param found the entry at `path` when the attempt failed. */
  add(path: RelPath, found: Entry | null): void {
    this.#tried.set(path, found);
  }

  /** Whether `path` rests: its attempt failed, and `side` still has the same entry there. */
  has(path: RelPath, side: Side): boolean {
    const found = this.#tried.get(path);
    return found !== undefined && sameEntry(found, this.#pair.entry(side, path));
  }

  /** Ends the backoff of `path`. @returns whether there was one. */
  delete(path: RelPath): boolean {
    return this.#tried.delete(path);
  }
}
