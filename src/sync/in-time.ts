// Waits for the other end, up to a limit.
import { SyncError } from '../core/errors.js';

/**
 * @param late the message for when `next` takes longer than `ms` milliseconds.
 * @throws SyncError `timeout` with that message; whatever `next` rejects with.
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
