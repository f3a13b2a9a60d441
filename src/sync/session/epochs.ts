// How far both sides are in step, as a number that only grows: now and then, and whenever both sides agree, side b is told
// that all up to here is recorded as shared, and remembers it on its disk. A side b that comes with a lower number is an
// older state of itself. What it has not said to remember is not counted on, so no crash makes it seem older than it is.

import type { Replica } from '../../replica.js';
import { type Clock, oncePer } from '../clock.js';
import type { Pair } from '../pair/pair.js';

/** Somebody who saves every moment is not to be followed by a flush each time, in milliseconds. */
const AT_REST_MS = 100;
/** Where the pair never rests. */
const AT_WORK_MS = 5_000;

/** Side b has remembered, or has not. */
export interface EpochEvent {
  readonly kind: 'acknowledged';
  readonly replica: Replica;
  /** Null where it could not be remembered. */
  readonly epoch: number | null;
  /** How much had been recorded when it was told. */
  readonly records: number;
}

export class Epochs {
  readonly #pair: Pair;
  readonly #clock: Clock;
  readonly #mailbox: { post(event: EpochEvent): void; wake(): void };

  #lastMs = Number.NEGATIVE_INFINITY;
  #isTelling = false;
  readonly #wakeLater: () => void;
  /** How much had been recorded when side b was told last. */
  #records = 0;
  /** The side b that has been told something, or needed nothing. */
  #current: Replica | null = null;

  constructor(pair: Pair, clock: Clock, mailbox: { post(event: EpochEvent): void; wake(): void }) {
    this.#pair = pair;
    this.#clock = clock;
    this.#mailbox = mailbox;

    this.#wakeLater = oncePer(clock, AT_REST_MS, () => mailbox.wake());
  }

  /**
   * @param isQuiet whether both sides agree.
   * @param isAwaited whether somebody waits until it is told.
   */
  serve(replica: Replica, isQuiet: boolean, isAwaited: boolean): void {
    if (this.#isTelling || !this.#isDue(replica)) return;
    const wait = (isQuiet ? AT_REST_MS : AT_WORK_MS) - (this.#clock.now() - this.#lastMs);
    if (wait > 0 && wait <= AT_WORK_MS && !(isQuiet && isAwaited)) this.#wakeLater();
    else this.#tell(replica);
  }

  /** Whether side b has been told, as far as it can be. */
  isTold(replica: Replica): boolean {
    return !this.#isTelling && !this.#isDue(replica);
  }

  #isDue(replica: Replica): boolean {
    const { safety, records, meta } = this.#pair;
    const { met } = safety;
    if (met === null || met.b.epoch === null || replica.acknowledge === undefined) return false;
    if (records !== this.#records) return true;
    if (this.#current === replica) return false;
    const isCurrent = met.b.epoch === meta.get('epoch') && isSameText(met.b.partner, met.own);
    if (isCurrent) this.#current = replica;
    return !isCurrent;
  }

  #tell(replica: Replica): void {
    const { met } = this.#pair.safety;
    const epoch = Math.max(met!.b.epoch!, this.#pair.meta.get('epoch') ?? 0) + 1;
    const { records } = this.#pair;
    this.#isTelling = true;
    this.#lastMs = this.#clock.now();
    replica.acknowledge!(epoch, met!.own).then(
      () => this.#mailbox.post({ kind: 'acknowledged', replica, epoch, records }),
      () => this.#mailbox.post({ kind: 'acknowledged', replica, epoch: null, records }),
    );
  }

  /** @param isPresent whether the side b that remembered is still the one that is there. */
  acknowledged({ replica, epoch, records }: EpochEvent, isPresent: boolean): void {
    this.#isTelling = false;
    if (!isPresent) return;
    // Where it could not be remembered, it is told again with what comes next.
    this.#records = records;
    this.#current = replica;
    if (epoch !== null) this.#pair.meta.put('epoch', epoch);
  }
}

const isSameText = (x: unknown, y: unknown): boolean => JSON.stringify(x) === JSON.stringify(y);
