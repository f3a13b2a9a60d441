// Removes a path with everything below it, by descriptor: each directory is opened without following links before its
// content is removed, so one that is replaced by a link meanwhile does not lead the removal elsewhere.
import fs from 'node:fs';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
const throughProc = process.platform === 'linux';

/** Removes what is at `absolute`, if anything is. @throws the system's error. */
export function removeTree(absolute: string): void {
  try {
    fs.unlinkSync(absolute);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    if (code !== 'EISDIR' && code !== 'EPERM') throw error;
    removeDirectory(absolute);
  }
}

function removeDirectory(absolute: string): void {
  const fd = fs.openSync(absolute, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    const directory = throughProc ? `/proc/self/fd/${fd}` : absolute;
    for (const name of fs.readdirSync(directory)) removeTree(`${directory}/${name}`);
  } finally {
    fs.closeSync(fd);
  }
  fs.rmdirSync(absolute);
}
