// Collects held updates: what the other side does to a locked path is fetched and stored, in the order in which
// successive scans find it. It joins the queue of the path once its content is on disk.

import { sameContent, sameEntry, sizeOf } from '../../core/entry.js';
import { arrivalOn } from '../../core/locks/held.js';
import type { Lock } from '../../core/locks/records.js';
import { otherSide, type RelPath, type Side } from '../../core/path.js';
import { systemTrouble } from '../../core/system-error.js';
import { HELD_MARK } from '../../disk/apply/held-files.js';
import type { Replica } from '../../replica.js';
import type { Claim } from '../pair/claims.js';
import type { Backoff, HeldContext, HeldEvent } from './context.js';

/** The most contents that are fetched at one time: each takes a connection and an open file. */
const AT_ONCE = 8;

/** What arrived, and under which lock. */
type Arrival = Pick<HeldEvent & { kind: 'stored' }, 'path' | 'base' | 'after' | 'token'>;

/** @returns the number in the name of a held content; 0 where it has none. */
const numberIn = (file: string | null): number => Number(HELD_MARK.exec(file ?? '')?.[1] ?? 0);

/** Fetches held updates. */
export class Arrivals {
  readonly #context: HeldContext;
  readonly #backoff: Backoff;

  readonly #fetching = new Map<RelPath, { readonly claim: Claim; readonly bytes: number }>();
  #fileNumber = 0;

  constructor(context: HeldContext, backoff: Backoff) {
    this.#context = context;
    this.#backoff = backoff;

    // Where rows of the lock table were lost, one can name a file that is gone: no new file takes that name.
    for (const held of this.#table.held.values()) {
      for (const { file } of held) this.#fileNumber = Math.max(this.#fileNumber, numberIn(file));
    }
  }

  get #table() {
    return this.#context.lockState.table;
  }

  get isIdle(): boolean {
    return this.#fetching.size === 0;
  }

  /** How many contents are being fetched, and how many bytes they have. */
  get fetching(): { readonly files: number; readonly bytes: number } {
    let bytes = 0;
    for (const one of this.#fetching.values()) bytes += one.bytes;
    return { files: this.#fetching.size, bytes };
  }

  isFetching(path: RelPath): boolean {
    return this.#fetching.has(path);
  }

  /** Starts to fetch what has arrived on the other side of each lock since the last time. */
  collect(): void {
    for (const lock of this.#table.locks.values()) {
      if (this.#fetching.size >= AT_ONCE) return;
      this.#collectAt(lock.path, otherSide(lock.side), lock.token);
    }
  }

  #collectAt(path: RelPath, side: Side, token: number): void {
    const source = this.#context.sides.replica(side);
    if (source === null || this.#backoff.has(path, side) || this.#context.claims.heldBy(path) !== null) return;
    const arrived = this.#arrived(path, side);
    if (arrived === null) return;
    const claim = this.#context.claims.claim(path, 'held-update');
    this.#fetching.set(path, { claim, bytes: sizeOf(arrived.after) });
    void this.#fetch({ path, ...arrived, token }, source);
  }

  /** Whether an update under `lock` is still to be fetched, now or after its backoff. */
  isDue({ path, side }: Pick<Lock, 'path' | 'side'>): boolean {
    const from = otherSide(side);
    return this.#context.sides.replica(from) !== null && this.#arrived(path, from) !== null;
  }

  /** @returns what arrived at `path` and is not held yet; null where nothing did. */
  #arrived(path: RelPath, side: Side): Pick<Arrival, 'base' | 'after'> | null {
    const { pair } = this.#context;
    if (pair.side(side).snapshot === null || pair.isOutOfReach(path)) return null;
    const after = pair.entry(side, path);
    const arrival = arrivalOn(this.#table, path, pair.shared(path), after, side === 'b' ? pair.formerHeld : 0);
    if (arrival === null) return null;
    const isShared = this.#table.heldOf(path).length === 0 && sameEntry(after, pair.entry(otherSide(side), path));
    return isShared ? null : { base: arrival.base, after };
  }

  async #fetch(arrival: Arrival, source: Replica): Promise<void> {
    const { files, mailbox } = this.#context;
    const { path, base, after } = arrival;
    try {
      if (after?.type !== 'file' || sameContent(base, after)) {
        mailbox.post({ kind: 'stored', ...arrival, file: null });
        return;
      }
      const number = this.#nextFileNumber();
      const offer = files.offer?.(after) ?? null;
      const wanted = { path, file: after, ...(offer === null ? {} : { offer }) };
      const file = await files.save(path, number, after, source.read([wanted]));
      if (file === null) mailbox.post({ kind: 'not-stored', path, after, error: null });
      else mailbox.post({ kind: 'stored', ...arrival, file });
    } catch (error) {
      mailbox.post({ kind: 'not-stored', path, after, error });
    }
  }

  #nextFileNumber(): number {
    this.#fileNumber = Math.max(this.#fileNumber, this.#table.counter('held')) + 1;
    return this.#fileNumber;
  }

  #fetched(path: RelPath): void {
    const fetched = this.#fetching.get(path);
    this.#fetching.delete(path);
    if (fetched !== undefined) this.#context.claims.release(fetched.claim);
  }

  /** The content of an update is stored: the update joins the queue. */
  stored({ path, base, after, file, token }: HeldEvent & { kind: 'stored' }): void {
    this.#fetched(path);
    const { lockState, pair, clock } = this.#context;
    // The lock is another one by now, and may hold the other side.
    if (this.#table.locks.get(path)?.token !== token) {
      this.#moveToVersions(path, file);
      pair.mark(path, true);
      return;
    }
    lockState.dispatch({ kind: 'hold', path, base, after, file, now: clock.now() });
    pair.generation++;
  }

  #moveToVersions(path: RelPath, file: string | null): void {
    try {
      if (file !== null) this.#context.files.moveToVersions(path, file);
    } catch {
      // The file stays in held/; the next start finds that no update names it and moves it then.
    }
  }

  notStored({ path, after, error }: HeldEvent & { kind: 'not-stored' }): void {
    this.#fetched(path);
    this.#backoff.add(path, after);
    if (error === null) this.#context.retries.moved(path);
    else {
      const { message } = error as Error;
      this.#context.retries.failed(path, systemTrouble(error).code, message);
    }
  }
}
