// What holding tells its session, and what it needs of it.

import type { Change, Outcome } from '../../core/change.js';
import type { Entry } from '../../core/entry.js';
import { sameEntry } from '../../core/entry.js';
import type { ProblemCode } from '../../core/errors.js';
import type { RelPath, Side } from '../../core/path.js';
import type { HeldFiles } from '../../disk/apply/held-files.js';
import type { Logger } from '../../log.js';
import type { Replica } from '../../replica.js';
import type { Clock } from '../clock.js';
import type { LockStore } from '../locks/lock-store.js';
import type { Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';

export type HeldEvent =
  | {
      readonly kind: 'stored';
      readonly path: RelPath;
      readonly base: Entry | null;
      readonly after: Entry | null;
      readonly file: string | null;
      /** That of the lock under which it came. */
      readonly token: number;
    }
  /** The content was gone before it could be fetched (error null), or could not be kept. */
  | { readonly kind: 'not-stored'; readonly path: RelPath; readonly after: Entry | null; readonly error: unknown }
  | { readonly kind: 'drain-step'; readonly path: RelPath; readonly change: Change; readonly outcome: Outcome };

/** Where the contents of held updates are; perhaps with what came of one whose transfer was cut. */
export type HeldContents = Pick<HeldFiles, 'save' | 'read' | 'has' | 'remove' | 'putAside'> &
  Partial<Pick<HeldFiles, 'offer'>>;

/** What holding needs of its session. */
export interface HeldContext {
  readonly pair: Pair;
  readonly lockStore: LockStore;
  readonly files: HeldContents;
  readonly log: Logger;
  readonly clock: Pick<Clock, 'now'>;
  readonly mailbox: { post(event: HeldEvent): void; wake(): void };
  readonly sides: { replica(side: Side): Replica | null };
  readonly claims: Claims;
  /** Where a path is tried again: as a problem, or because it was not as expected. */
  readonly retries: { failed(path: RelPath, code: ProblemCode, message: string): void; moved(path: RelPath): void };
}

export class Backoff {
  readonly #pair: Pair;

  readonly #tried = new Map<RelPath, Entry | null>();

  constructor(pair: Pair) {
    this.#pair = pair;
  }

  /** @param found what stood at `path` when the attempt failed. */
  add(path: RelPath, found: Entry | null): void {
    this.#tried.set(path, found);
  }

  has(path: RelPath, side: Side): boolean {
    const found = this.#tried.get(path);
    return found !== undefined && sameEntry(found, this.#pair.entry(side, path));
  }

  /** The time has come to try again. @returns whether `path` waited for it. */
  delete(path: RelPath): boolean {
    return this.#tried.delete(path);
  }
}
