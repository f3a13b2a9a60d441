// Waiting for the other end, and not for ever.
import { SyncError } from '../core/errors.js';

/**
 * @param late what is said where `next` takes longer than `ms`.
 * @throws SyncError `timeout` with these words; what `next` rejects with.
 */
export async function inTime<T>(next: Promise<T>, ms: number, late: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SyncError('timeout', late)), ms);
    timer.unref();
  });
  try {
    return await Promise.race([next, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
