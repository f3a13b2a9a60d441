// Waiting for the other end, and not for ever.
import { SyncError } from '../core/errors.js';

/**
 * @param what is waited for, for the words.
 * @throws SyncError `timeout` where `next` takes longer than `ms`; what it rejects with.
 */
export async function inTime<T>(next: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SyncError('timeout', `Nothing more of ${what} came for ${ms / 1000} s.`)), ms);
    timer.unref();
  });
  try {
    return await Promise.race([next, late]);
  } finally {
    clearTimeout(timer);
  }
}
