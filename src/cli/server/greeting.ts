// The first line that server-b prints on a stream. A shell's start-up file may print something before it.
import type { Readable } from 'node:stream';
import { SyncError } from '../../core/errors.js';

/** What server-b prints, a line of its own, before it is spoken to. */
export const GREETING = 'lockstep-stdio 1';

/** What may come before it, in bytes. */
const MAX_BEFORE = 64 * 1024;

/**
 * Reads `input` up to the greeting, and no further.
 * @throws SyncError `unreachable` where it ends before, says something else, or `signal` is aborted.
 */
export function readGreeting(input: Readable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let read = Buffer.alloc(0);
    const settle = (done: () => void): void => {
      input.off('readable', take).off('end', ended);
      signal.removeEventListener('abort', aborted);
      done();
    };
    const fail = (why: string): void => settle(() => reject(new SyncError('unreachable', why)));
    const ended = (): void => fail('It ended before server-b spoke.');
    const aborted = (): void => fail(reasonOf(signal.reason));
    const take = (): void => {
      for (let part = input.read(); part !== null; part = input.read()) read = Buffer.concat([read, part as Buffer]);
      const end = endOfGreeting(read);
      if (end > 0) settle(() => resolve(void (end < read.length && input.unshift(read.subarray(end)))));
      else if (read.length > MAX_BEFORE) fail('It prints something else than server-b does.');
    };
    input.on('readable', take).on('end', ended);
    signal.addEventListener('abort', aborted);
    if (signal.aborted) aborted();
    else take();
  });
}

/** @returns the number of bytes up to the end of the line of the greeting; 0 where it has not come. */
function endOfGreeting(read: Buffer): number {
  const line = Buffer.from(`${GREETING}\n`);
  const at = read.indexOf(line);
  return at >= 0 && (at === 0 || read[at - 1] === 0x0a) ? at + line.length : 0;
}

const reasonOf = (reason: unknown): string =>
  reason instanceof Error && reason.name !== 'AbortError' ? `${reason.message}.` : 'It was interrupted.';
