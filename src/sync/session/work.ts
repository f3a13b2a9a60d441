// A piece of work: from the first difference that is known until both sides agree. It is said when it begins, and how
// far it has come never runs backwards: what turns up meanwhile is shared out over what is still to be shown.
import type { SyncEvent } from '../../core/events.js';
import { NOTHING, sumOf, type Volume } from './queued-change.js';

/** Work that has turned out to be this many bytes more than twice what was said is said again. */
export const MUCH_BYTES = 4 << 20;
/** What a change costs besides its content, in bytes of content that take as long. */
const FILE_BYTES = 32 << 10;

/** The work of one pair. */
export class Work {
  /** What was said last; null while there is no work. */
  #said: Volume | null = null;
  #left = NOTHING;
  #done = NOTHING;
  /** The share of the work that is still to be shown, 0–1; 1 while there is no work. */
  #open = 1;

  /** Whether work was said that has not ended. */
  get isUnderWay(): boolean {
    return this.#said !== null;
  }

  /**
   * @returns how far it has come, where this much is left: `percent` is less than 100 until the work has ended, because
   *   more may turn up when all that is known is done.
   */
  progress(left: Volume): { readonly done: Volume; readonly left: Volume; readonly percent: number } {
    return { done: this.#done, left, percent: Math.min(Math.floor((1 - this.#open) * 100), 99) };
  }

  /** Takes note of what is left while changes are transferred. */
  note(left: Volume): void {
    const before = this.#left;
    this.#left = left;
    if (this.#said === null || weightOf(before) === 0) return;
    const fell = (what: keyof Volume) => Math.max(0, before[what] - left[what]);
    const done = { files: fell('files'), bytes: fell('bytes') };
    this.#done = sumOf(this.#done, done);
    this.#open *= 1 - weightOf(done) / weightOf(before);
  }

  /** @returns the event for what was noted; null where it was said, or where there is no work. */
  news(): (SyncEvent & { readonly event: 'syncing' }) | null {
    const { files, bytes } = this.#left;
    const isNews = this.#said === null ? files > 0 : bytes >= 2 * this.#said.bytes + MUCH_BYTES;
    return isNews ? this.begin() : null;
  }

  /** Work has begun, though how much it is may not be known. @returns the event for it. */
  begin(): SyncEvent & { readonly event: 'syncing' } {
    this.#said = this.#left;
    return { event: 'syncing', ...this.#left };
  }

  /** The work is interrupted: nothing counts as done because it is not queued any more. */
  interrupt(): void {
    this.#left = NOTHING;
  }

  /** Both sides agree. */
  end(): void {
    this.#said = null;
    this.#left = NOTHING;
    this.#done = NOTHING;
    this.#open = 1;
  }
}

const weightOf = ({ files, bytes }: Volume): number => bytes + files * FILE_BYTES;
