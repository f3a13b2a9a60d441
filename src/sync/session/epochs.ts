// The epoch: a number that grows with what both sides share. When both sides agree, and now and then while they do not,
// server-a asks side b to store a new epoch on its disk: everything up to there is recorded as shared. If side b later
// connects with a lower number, its root is an older state of itself, such as a restored backup. An epoch counts only
// once side b has confirmed it, so a crash never makes side b look older than it is.

import type { Replica } from '../../replica.js';
import { type Clock, oncePer } from '../clock.js';
import type { Pair } from '../pair/pair.js';

/**
 * The shortest time between two epochs while both sides agree, in milliseconds: frequent saves must not cause a disk
 * flush each.
 */
const AGREED_INTERVAL_MS = 100;
/** The shortest time between two epochs while the sides differ, in milliseconds. */
const BUSY_INTERVAL_MS = 5_000;

/** Side b has stored an epoch, or could not. */
export interface EpochEvent {
  readonly kind: 'acknowledged';
  readonly replica: Replica;
  /** Null where it could not be stored. */
  readonly epoch: number | null;
  /** The value of `pair.records` when the epoch was sent. */
  readonly records: number;
}

/** Sends epochs to side b. */
export class Epochs {
  readonly #pair: Pair;
  readonly #clock: Clock;
  readonly #mailbox: { post(event: EpochEvent): void; wake(): void };

  #lastMs = Number.NEGATIVE_INFINITY;
  #isSending = false;
  readonly #wakeLater: (ms: number) => void;
  /** The value of `pair.records` when an epoch was last sent. */
  #records = 0;
  /** The replica that has stored the present epoch. */
  #current: Replica | null = null;

  constructor(pair: Pair, clock: Clock, mailbox: { post(event: EpochEvent): void; wake(): void }) {
    this.#pair = pair;
    this.#clock = clock;
    this.#mailbox = mailbox;

    this.#wakeLater = oncePer(clock, () => mailbox.wake());
  }

  /**
   * Sends an epoch if one is due.
   * @param isQuiet whether both sides agree.
   * @param isAwaited whether a flush waits for the epoch: then it is sent without delay.
   */
  serve(replica: Replica, isQuiet: boolean, isAwaited: boolean): void {
    if (this.#isSending || !this.#isDue(replica)) return;
    const wait = (isQuiet ? AGREED_INTERVAL_MS : BUSY_INTERVAL_MS) - (this.#clock.monotonic() - this.#lastMs);
    if (wait > 0 && !(isQuiet && isAwaited)) this.#wakeLater(AGREED_INTERVAL_MS);
    else this.#send(replica);
  }

  /** Whether side b has stored all there is to store, as far as it can. */
  isStored(replica: Replica): boolean {
    return !this.#isDue(replica);
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

  #send(replica: Replica): void {
    const { met } = this.#pair.safety;
    const epoch = Math.max(met!.b.epoch!, this.#pair.meta.get('epoch') ?? 0) + 1;
    const { records } = this.#pair;
    this.#isSending = true;
    this.#lastMs = this.#clock.monotonic();
    replica.acknowledge!(epoch, met!.own).then(
      () => this.#mailbox.post({ kind: 'acknowledged', replica, epoch, records }),
      () => this.#mailbox.post({ kind: 'acknowledged', replica, epoch: null, records }),
    );
  }

  /** @param isPresent whether the replica that answered is still the connected one. */
  acknowledged({ replica, epoch, records }: EpochEvent, isPresent: boolean): void {
    this.#isSending = false;
    if (!isPresent) return;
    // If side b could not store it, the next record triggers another attempt.
    this.#records = records;
    this.#current = replica;
    if (epoch !== null) this.#pair.meta.put('epoch', epoch);
  }
}

const isSameText = (x: unknown, y: unknown): boolean => JSON.stringify(x) === JSON.stringify(y);
