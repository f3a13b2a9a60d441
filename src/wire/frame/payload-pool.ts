// Reuses the memory of large payloads: collecting a gigabyte of fresh buffers costs more than transferring it. A user
// that is done with a payload may release it; payloads that are not released are garbage-collected.

/** The smallest payload that is pooled, in bytes. */
const MIN_POOLED_BYTES = 64 * 1024;
const MAX_FREE = 8;

/** The pool of a payload and the whole buffer that it is part of. */
const owners = new WeakMap<Buffer, { readonly pool: PayloadPool; readonly whole: Buffer }>();

/** The free buffers of one connection. */
export class PayloadPool {
  readonly #free: Buffer[] = [];

  /** @returns a buffer of exactly `bytes` bytes with undefined contents. */
  take(bytes: number): Buffer {
    if (bytes < MIN_POOLED_BYTES) return Buffer.allocUnsafe(bytes);
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

/** @returns the function to call when `payload` is no longer used; null where it is not from a pool. */
export function releaseOf(payload: Buffer): (() => void) | null {
  const owner = owners.get(payload);
  if (owner === undefined) return null;
  return () => {
    if (owners.delete(payload)) owner.pool.give(owner.whole);
  };
}
