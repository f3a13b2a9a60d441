// Says that work has begun, as soon as something is known of it, and records until when both sides agreed.
import type { Logger } from '../../log.js';
import type { Clock } from '../clock.js';
import type { Pair } from '../pair/pair.js';
import type { ProblemRetries } from './problems.js';
import type { Volume } from './queued-change.js';
import type { Recorder } from './recorder.js';
import type { Sides } from './sides.js';
import type { WaitingChanges } from './waiting.js';
import { MUCH_BYTES, type Work } from './work.js';

/** A scan of something that may have changed is said after this time, though it has found nothing yet. */
const SCAN_MS = 250;
/** How often is noted how much of the work is left: of very many changes, counting that takes a while. */
const NOTE_MS = 200;
/** How exactly it is recorded when both sides last agreed: each change, and each lock, would write it twice. */
const IN_SYNC_MS = 1_000;

interface ReportsContext {
  readonly pair: Pair;
  readonly log: Logger;
  readonly clock: Clock;
  readonly mailbox: { wake(): void };
  readonly sides: Sides;
  readonly retries: ProblemRetries;
  readonly recorder: Recorder;
  readonly work: Work;
  readonly waiting: WaitingChanges;
}

/** Reports the work of one pair. */
export class WorkReports {
  readonly #context: ReportsContext;

  /** Since when something may have changed that is not said yet, by the monotonic clock; null where nothing may. */
  #expectingSince: number | null = null;
  #notedAt = Number.NEGATIVE_INFINITY;
  #wasInSync = false;

  constructor(context: ReportsContext) {
    this.#context = context;
  }

  /**
   * To be called in each turn in which changes are transferred.
   * @param count how much is left.
   * @param isQuiet whether both sides agree and nothing is under way; `isInSync`: nothing but a routine scan.
   */
  note(count: () => Volume, { isQuiet, isInSync }: { readonly isQuiet: boolean; readonly isInSync: boolean }): void {
    const { clock, log, recorder, waiting, work } = this.#context;
    waiting.forget();
    this.#noteAgreement(isQuiet || (this.#wasInSync && isInSync));
    if (work.isUnderWay && clock.monotonic() - this.#notedAt < NOTE_MS) return;
    this.#notedAt = clock.monotonic();
    const left = count();
    // Another attempt at what has a problem is nothing new.
    if (!work.isUnderWay && this.#isRetry(left)) return;
    work.note(left);
    const news = work.news() ?? (this.#isLongExpected() ? work.begin() : null);
    if (news === null) return;
    recorder.owesInSync = true;
    log.event(news);
  }

  /** No changes are transferred any more. */
  interrupted(): void {
    this.#noteAgreement(false);
  }

  #isRetry({ bytes }: Volume): boolean {
    const { pair, retries, sides } = this.#context;
    if (bytes >= MUCH_BYTES || pair.a.unsettled + pair.b.unsettled > 0 || sides.areQueuesEmpty) return false;
    const { a, b } = sides.peer!.queues;
    return [a, b].every(({ transferred }) => [...transferred.keys()].every((path) => retries.hasProblem(path)));
  }

  /** Whether a scan of something that may have changed takes a while, and that is to be said. */
  #isLongExpected(): boolean {
    const { clock, mailbox, sides, work } = this.#context;
    if (work.isUnderWay || !sides.expectChanges) {
      this.#expectingSince = null;
      return false;
    }
    if (this.#expectingSince === null) clock.after(SCAN_MS, () => mailbox.wake());
    this.#expectingSince ??= clock.monotonic();
    return clock.monotonic() - this.#expectingSince >= SCAN_MS;
  }

  #noteAgreement(isInSync: boolean): void {
    const { pair, clock } = this.#context;
    const recorded = pair.meta.get('inSync') ?? Number.NEGATIVE_INFINITY;
    const isOld = Math.abs(clock.now() - recorded) >= IN_SYNC_MS;
    if (isInSync !== this.#wasInSync && isOld) pair.meta.put('inSync', clock.now());
    this.#wasInSync = isInSync;
  }
}
