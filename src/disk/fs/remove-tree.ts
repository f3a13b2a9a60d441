// Removes what stands at a path with all below it, by descriptor: a directory that is swapped for a link meanwhile leads the
// removal nowhere else, for each is opened without following links before what is in it goes.
import fs from 'node:fs';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
const throughProc = process.platform === 'linux';

/** @throws the system's error; nothing there is fine. */
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
