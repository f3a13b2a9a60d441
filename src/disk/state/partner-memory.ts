// What a root remembers of its partner: how far both are in step, and who it is. It is kept in the journal of what was last
// seen, so that whoever cuts that one, or puts an older one back, cuts this, too.
import type { RootDescription } from '../../core/partner.js';
import type { StoreAccess, Table } from './store.js';

/** The table of the store that it is kept in. */
export const PARTNER_TABLE = 'partner';

export class PartnerMemory implements Table {
  readonly #values = new Map<string, unknown>();
  #store: StoreAccess | null = null;

  load(key: string, value: unknown): void {
    if (value === null) this.#values.delete(key);
    else this.#values.set(key, value);
  }

  all(): Iterable<readonly [string, unknown]> {
    return this.#values;
  }

  /** @param store where it is written from now on. */
  openIn(store: StoreAccess): void {
    this.#store = store;
  }

  /** The highest epoch that was acknowledged, 0 for none. */
  get epoch(): number {
    const epoch = this.#values.get('epoch');
    return Number.isSafeInteger(epoch) ? (epoch as number) : 0;
  }

  /** Whom it was acknowledged to; null for nobody. */
  get partner(): RootDescription | null {
    return (this.#values.get('with') as RootDescription | undefined) ?? null;
  }

  /**
   * Remembers `epoch`, and never an earlier one; it is on disk when this resolves.
   * @throws SyncError `failed` where it cannot be written.
   */
  async acknowledge(epoch: number, partner: RootDescription): Promise<void> {
    this.#put('epoch', Math.max(epoch, this.epoch));
    if (JSON.stringify(partner) !== JSON.stringify(this.partner)) this.#put('with', partner);
    await this.#store?.durable();
  }

  #put(key: string, value: unknown): void {
    this.#values.set(key, value);
    this.#store?.put(PARTNER_TABLE, key, value);
  }
}
