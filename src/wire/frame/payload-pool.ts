// Memory for large payloads that is used again: a gigabyte in fresh buffers costs more in collecting them than in
// carrying it. Whoever is surely done with a payload may say so; one of which nobody says anything is collected as ever.

/** Smaller payloads are not worth the trouble. */
const LEAST_BYTES = 64 * 1024;
const MAX_FREE = 8;

/** Which pool a payload is from, and the whole piece of memory that it lies in. */
const owners = new WeakMap<Buffer, { readonly pool: PayloadPool; readonly whole: Buffer }>();

/** The free memory of one connection. */
export class PayloadPool {
  readonly #free: Buffer[] = [];

  /** @returns a buffer of exactly this length, with anything in it. */
  take(bytes: number): Buffer {
    if (bytes < LEAST_BYTES) return Buffer.allocUnsafe(bytes);
    const at = this.#free.findIndex((buffer) => buffer.length >= bytes);
    const whole = at < 0 ? Buffer.allocUnsafeSlow(bytes) : this.#free.splice(at, 1)[0]!;
    const payload = whole.subarray(0, bytes);
    owners.set(payload, { pool: this, whole });
    return payload;
  }

  give(whole: Buffer): void {
    if (this.#free.length < MAX_FREE) this.#free.push(whole);
  }
}

/** @returns what is to be called when nobody refers to `payload` any more; null where it is from no pool. */
export function releaseOf(payload: Buffer): (() => void) | null {
  const owner = owners.get(payload);
  if (owner === undefined) return null;
  return () => {
    if (owners.delete(payload)) owner.pool.give(owner.whole);
  };
}
