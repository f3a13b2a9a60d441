// Writes large contents to an open file, beyond its end: zeros leave holes there, so that what was sparse stays sparse.
// Whoever wrote the last piece sets the length.
import fs from 'node:fs';
import { promisify } from 'node:util';
import { dataRuns } from '../../core/data-runs.js';

const writeAsync = promisify(fs.write);

/**
 * Writes `data` at `position`, where the file has ended; blocks of zeros only where the content is short.
 * @param size of the whole content, bytes.
 * @throws the system's error.
 */
export async function writeData(fd: number, data: Buffer, position: number, size: number): Promise<void> {
  for (const { from, to } of dataRuns(data, position, size)) {
    for (let at = from; at < to; ) {
      const { bytesWritten } = await writeAsync(fd, data, at, to - at, position + at);
      at += bytesWritten;
    }
  }
}

/** As `writeData`, at once. */
export function writeDataSync(fd: number, data: Buffer, position: number, size: number): void {
  for (const { from, to } of dataRuns(data, position, size)) {
    for (let at = from; at < to; ) at += fs.writeSync(fd, data, at, to - at, position + at);
  }
}
