// How many transfers may be under way at one time, whoever asked for them: each is an open file.
import { SyncError } from '../core/errors.js';

const MOST_AT_ONCE = 256;

/** Counts transfers. */
export class TransferLimit {
  private underWay = 0;

  /** @throws SyncError `busy` where there are as many as there may be. */
  async run<T>(transfer: () => Promise<T>): Promise<T> {
    if (this.underWay >= MOST_AT_ONCE) {
      throw new SyncError(
        'busy',
        `${MOST_AT_ONCE} files are being transferred at present, which is as many as can be.`,
        {
          hint: 'Try again in a moment.',
        },
      );
    }
    this.underWay++;
    try {
      return await transfer();
    } finally {
      this.underWay--;
    }
  }
}
