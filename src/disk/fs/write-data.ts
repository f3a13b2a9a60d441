// Appends data to an open file and leaves holes for blocks of zeros, so that a sparse file stays sparse. The caller
// sets the length after the last piece.
import fs from 'node:fs';
import { promisify } from 'node:util';
import { dataRuns } from '../../core/data-runs.js';

const writeAsync = promisify(fs.write);

/**
 * Writes `data` at `position`, the end of the file. Blocks of zeros are written only in short contents.
 * @param size the length of the whole content in bytes.
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

/** As `writeData`, synchronously. */
export function writeDataSync(fd: number, data: Buffer, position: number, size: number): void {
  for (const { from, to } of dataRuns(data, position, size)) {
    for (let at = from; at < to; ) at += fs.writeSync(fd, data, at, to - at, position + at);
  }
}
