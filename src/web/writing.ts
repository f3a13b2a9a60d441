// Writes a long answer as fast as its reader reads; one that reads nothing for too long is cut off.
import type { ServerResponse } from 'node:http';
import { DEFAULT_LIMITS } from '../wire/frame/limits.js';

/** @returns a promise that resolves when more may be written; undefined where that is now. */
export function write(res: ServerResponse, data: string | Buffer): Promise<void> | undefined {
  if (res.write(data) || res.destroyed) return undefined;
  return new Promise((resolve) => {
    const late = setTimeout(() => res.destroy(), DEFAULT_LIMITS.readerMs);
    const done = (): void => {
      clearTimeout(late);
      res.off('drain', done).off('close', done);
      resolve();
    };
    res.on('drain', done).on('close', done);
  });
}
