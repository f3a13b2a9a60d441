// What a root remembers of its partner: its description, and the last acknowledged epoch. It is kept in the journal of
// what was last seen, so that truncating that journal or restoring an older one affects both alike.
import type { RootDescription } from '../../core/partner.js';
import type { StoreAccess, Table } from './store.js';

/** Its table in the store. */
export const PARTNER_TABLE = 'partner';

/** The memory of one root. */
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

  /** @param store where changes are written from now on. */
  openIn(store: StoreAccess): void {
    this.#store = store;
  }

  /** The highest acknowledged epoch; 0 for none. */
  get epoch(): number {
    const epoch = this.#values.get('epoch');
    return Number.isSafeInteger(epoch) ? (epoch as number) : 0;
  }

  /** The partner to whom it was acknowledged; null for none. */
  get partner(): RootDescription | null {
    return (this.#values.get('with') as RootDescription | undefined) ?? null;
  }

  /**
   * Stores `epoch`, unless a later one is stored. It is durable when this resolves.
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
