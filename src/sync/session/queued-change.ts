// A change in a transfer queue, and the totals that status shows: how many changes are left, and which contents are
// arriving. What is shown of a content never runs backwards: what had arrived before a connection was lost still counts.
import { type Change, contentOf } from '../../core/change.js';
import { RESUMED_BYTES } from '../../core/delta.js';
import { type Entry, sizeOf } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import type { Claim } from '../pair/claims.js';

/** One change in a transfer queue. */
export interface QueuedChange {
  readonly change: Change;
  /** When it was queued, milliseconds by the monotonic clock. */
  readonly since: number;
  /** Content bytes. */
  readonly size: number;
  /** Content bytes that have arrived or were there before. */
  arrived: number;
  /** Content bytes that had arrived in earlier attempts: it counts until more have arrived. */
  readonly before: number;
  state: 'waiting' | 'asking' | 'begun' | 'recalled';
  /** One for each path that the change touches. */
  readonly claims: readonly Claim[];
}

/** The changes of one queue, under each path that a change touches. */
type Transferred = ReadonlyMap<RelPath, QueuedChange>;

/** A number of changes, and their content bytes. */
export interface Volume {
  readonly files: number;
  readonly bytes: number;
}

export const NOTHING: Volume = { files: 0, bytes: 0 };

export const sumOf = (...volumes: readonly Volume[]): Volume => ({
  files: volumes.reduce((sum, { files }) => sum + files, 0),
  bytes: volumes.reduce((sum, { bytes }) => sum + bytes, 0),
});

/** How many bytes of the content count as arrived. */
export const arrivedOf = ({ size, arrived, before }: QueuedChange): number => Math.min(size, Math.max(arrived, before));

/** Counts the changes without an outcome and the content bytes that have not arrived. */
export function leftOf(transferred: Transferred): Volume {
  let [files, bytes] = [0, 0];
  for (const [path, queued] of transferred) {
    if (path !== queued.change.path) continue;
    files++;
    bytes += queued.size - arrivedOf(queued);
  }
  return { files, bytes };
}

/**
 * The contents that are arriving now. A large one is among them from the beginning until its outcome is known; of the
 * small ones in a batch, those of which a part has arrived.
 */
export function* comingOf(
  transferred: Transferred,
): Generator<{ readonly path: RelPath; readonly size: number; readonly arrived: number }> {
  for (const [path, queued] of transferred) {
    const { change, size, state } = queued;
    if (path !== change.path || (state !== 'begun' && state !== 'asking')) continue;
    const arrived = arrivedOf(queued);
    if (size >= RESUMED_BYTES || (arrived > 0 && arrived < size)) yield { path, size, arrived };
  }
}

/** Of so many contents is kept how much had arrived, the latest ones. */
const MAX_CONTENTS = 10_000;

/**
 * How much of each content had arrived when its transfer ended without it, by its hash. A small one is sent again from
 * its beginning, but what is shown of it does not begin again.
 */
export class ArrivedContents {
  readonly #bytes = new Map<string, number>();

  /** @returns content bytes. */
  of(content: Entry | null): number {
    return content?.type === 'file' ? (this.#bytes.get(content.hash) ?? 0) : 0;
  }

  /** @returns the share of `content` that had arrived, 0–100. */
  shareOf(content: Entry | null): number {
    const size = sizeOf(content);
    return size === 0 ? 0 : Math.floor((this.of(content) / size) * 100);
  }

  /** The transfer of `queued` has ended, or will, without its content being in place. */
  note(queued: QueuedChange): void {
    const content = contentOf(queued.change);
    const arrived = arrivedOf(queued);
    if (content === null || arrived === 0) return;
    this.#bytes.delete(content.hash);
    this.#bytes.set(content.hash, arrived);
    if (this.#bytes.size > MAX_CONTENTS) this.#bytes.delete(this.#bytes.keys().next().value!);
  }

  /** Both sides agree: nothing is left of what was cut. */
  clear(): void {
    this.#bytes.clear();
  }
}
