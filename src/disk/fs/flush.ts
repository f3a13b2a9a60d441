// Flushes: what was written is on the disk when they return. Every file of ours and every name that it gets passes here,
// so that --no-fsync can leave them out.
import fs from 'node:fs';

let isLeftOut = false;

/**
 * Leaves every flush of this process out from now on. A kill still loses nothing; a power cut can lose or damage what was
 * written in the last half minute, contents and state, although it was said to be done.
 */
export function leaveFlushesOut(): void {
  isLeftOut = true;
}

/** Whether flushes take place. */
export const areFlushed = (): boolean => !isLeftOut;

/** Flushes data, mode, time and names of an open file or directory. @throws the system's error. */
export const fsync = (fd: number): Promise<void> => called(fs.fsync, fd);

/** Flushes the data of an open file, and its size. @throws the system's error. */
export const fdatasync = (fd: number): Promise<void> => called(fs.fdatasync, fd);

const called = (flush: typeof fs.fsync, fd: number): Promise<void> =>
  isLeftOut
    ? Promise.resolve()
    : new Promise((resolve, reject) => flush(fd, (error) => (error ? reject(error) : resolve())));

/** As `fsync`, at once. */
export function fsyncSync(fd: number): void {
  if (!isLeftOut) fs.fsyncSync(fd);
}

/** As `fdatasync`, at once. */
export function fdatasyncSync(fd: number): void {
  if (!isLeftOut) fs.fdatasyncSync(fd);
}
