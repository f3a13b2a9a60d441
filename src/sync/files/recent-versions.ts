// What was overwritten or deleted lately on both sides, as one list, the newest first. Both sides send their versions in
// that order, so the list is merged as it comes: in memory are a piece of each side, and how many versions each file has.
import { SyncError } from '../../core/errors.js';
import type { RelPath, Side } from '../../core/path.js';
import type { RecentVersion, VersionReader } from '../../replica.js';
import type { VersionRow } from '../../wire/client-api/version-rows.js';
import { Budget, ITEM_BYTES } from '../../wire/frame/budget.js';
import { MAX_NUMBERED_BYTES } from '../../wire/frame/limits.js';
import { versionRow } from './version-row.js';

/** Which versions are wanted. */
interface RecentOptions {
  /** Milliseconds since 1970: only what was put aside then or later. */
  readonly since: number;
  /** Only what was deleted, of files that are not there now. */
  readonly deleted: boolean;
}

interface RecentContext {
  /** Reads the versions of a side; null while it is disconnected. */
  readonly versionReader: (side: Side) => VersionReader | null;
  /** Whether there is a file at `path` on any side. */
  readonly isPresent: (path: RelPath) => boolean;
}

/** Merges the versions of both sides. */
export class RecentVersions {
  readonly #context: RecentContext;
  /** The sides that could not be asked, or did not answer to the end. */
  readonly away = new Set<Side>();

  constructor(context: RecentContext) {
    this.#context = context;
  }

  /**
   * `n` counts the versions of each file from its newest, as the list of one file does.
   * @throws SyncError `too-large` where there are versions of too many files.
   */
  async *rows({ since, deleted }: RecentOptions): AsyncGenerator<VersionRow, void, void> {
    const budget = new Budget(MAX_NUMBERED_BYTES, tooMany);
    const counts = new Map<RelPath, number>();
    for await (const version of this.#merged(since)) {
      const count = counts.get(version.of) ?? 0;
      if (count === 0) budget.take(ITEM_BYTES + 2 * version.of.length);
      counts.set(version.of, count + 1);
      if (!deleted || this.#isDeletion(version, count)) yield versionRow(version.of, version, count);
    }
  }

  /** A version without a record may be a deletion if it is the newest. */
  #isDeletion({ of, reason }: RecentVersion, newer: number): boolean {
    if (reason !== 'deleted' && (reason !== null || newer > 0)) return false;
    return !this.#context.isPresent(of);
  }

  async *#merged(since: number): AsyncGenerator<RecentVersion & { readonly side: Side }> {
    const [a, b] = [new Versions(this.#of('a', since)), new Versions(this.#of('b', since))];
    try {
      for (;;) {
        // Within a piece nothing is waited for: there may be very many versions.
        const next = [a.first(), b.first()] as const;
        const [fromA, fromB] = isHere(next) ? next : await Promise.all(next);
        if (fromA === null && fromB === null) return;
        if (fromB === null || (fromA !== null && fromA.replaced >= fromB.replaced)) yield { ...a.take(), side: 'a' };
        else yield { ...b.take(), side: 'b' };
      }
    } finally {
      await Promise.all([a.close(), b.close()]);
    }
  }

  /** The versions of one side; none where it is away. */
  async *#of(side: Side, since: number): AsyncGenerator<readonly RecentVersion[]> {
    const reader = this.#context.versionReader(side);
    if (reader === null) {
      this.away.add(side);
      return;
    }
    try {
      yield* reader.recent(since);
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      this.away.add(side);
    }
  }
}

type Next = RecentVersion | null | Promise<RecentVersion | null>;

const isHere = (next: readonly [Next, Next]): next is readonly [RecentVersion | null, RecentVersion | null] =>
  !next.some((one) => one instanceof Promise);

/** Versions that come in pieces, taken one by one. */
class Versions {
  readonly #pieces: AsyncGenerator<readonly RecentVersion[]>;
  #piece: readonly RecentVersion[] = [];
  #at = 0;
  #isOver = false;

  constructor(pieces: AsyncGenerator<readonly RecentVersion[]>) {
    this.#pieces = pieces;
  }

  /** @returns the next one, which stays; null after the last. */
  first(): Next {
    return this.#piece[this.#at] ?? (this.#isOver ? null : this.#more());
  }

  async #more(): Promise<RecentVersion | null> {
    while (this.#piece[this.#at] === undefined && !this.#isOver) {
      const { value, done } = await this.#pieces.next();
      this.#isOver = done === true;
      [this.#piece, this.#at] = [value ?? [], 0];
    }
    return this.#piece[this.#at] ?? null;
  }

  /** To be called after `first`, where that was not null. */
  take(): RecentVersion {
    return this.#piece[this.#at++]!;
  }

  async close(): Promise<void> {
    await this.#pieces.return(undefined);
  }
}

const tooMany = (): SyncError =>
  new SyncError('too-large', 'There are versions of too many files for one list.', {
    hint: 'Ask for those of a shorter time.',
  });
