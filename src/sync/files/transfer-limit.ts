// Limits the transfers of clients that run at one time, because each is an open file. One connection may have only a
// few of them, so that it cannot block the others.
import { SyncError } from '../../core/errors.js';

const MAX_AT_ONCE = 256;
const MAX_OF_ONE = 16;

/** Counts running transfers. */
export class TransferLimit {
  #underWay = 0;
  readonly #of = new WeakMap<object, number>();

  /**
   * Runs `transfer` if the limits allow it.
   * @param connection the connection that it is for.
   * @throws SyncError `busy` where a limit is reached; whatever `transfer` throws.
   */
  async run<T>(connection: object, transfer: () => Promise<T>): Promise<T> {
    if (this.#underWay >= MAX_AT_ONCE) throw tooMany(MAX_AT_ONCE, '');
    if (this.#ofOne(connection) >= MAX_OF_ONE) throw tooMany(MAX_OF_ONE, ' on this connection');
    this.#count(connection, 1);
    try {
      return await transfer();
    } finally {
      this.#count(connection, -1);
    }
  }

  #ofOne(connection: object): number {
    return this.#of.get(connection) ?? 0;
  }

  #count(connection: object, by: 1 | -1): void {
    this.#underWay += by;
    this.#of.set(connection, this.#ofOne(connection) + by);
  }
}

const tooMany = (most: number, where: string): SyncError =>
  new SyncError('busy', `${most} files are being transferred${where} at present, which is as many as can be.`, {
    hint: 'Try again in a moment.',
  });
