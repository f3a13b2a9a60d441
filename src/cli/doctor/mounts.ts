// Which file system a directory is on: from /proc/self/mountinfo, and the marks that need no write.
import fs from 'node:fs';
import path from 'node:path';

/** A mounted file system. */
export interface Mount {
  readonly at: string;
  /** As the system calls it: `ext4`, `nfs4`, `fuse.sshfs`. */
  readonly type: string;
  readonly isReadOnly: boolean;
}

/** @returns what is mounted, the latest last; nothing where the system does not tell. */
export function readMounts(file = '/proc/self/mountinfo'): readonly Mount[] {
  try {
    return parseMounts(fs.readFileSync(file, 'utf8'));
  } catch {
    return [];
  }
}

/** @param text lines `id parent dev root MOUNTPOINT options … - TYPE source superoptions`. */
function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ', 2);
    const [, , , , at, options = ''] = before.split(' ');
    const [type, , superOptions = ''] = after.split(' ');
    if (at === undefined || type === undefined || type === '') return [];
    const isReadOnly = [options, superOptions].some((list) => list.split(',').includes('ro'));
    return [{ at: unescaped(at), type, isReadOnly }];
  });
}

/** The kernel writes a blank as `\040`. */
const unescaped = (text: string): string => {
  const bytes = text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  return bytes === text ? text : bytes;
};

/** @returns the mount that `directory`, an absolute real path, is on; null where that is not known. */
export function mountOf(mounts: readonly Mount[], directory: string): Mount | null {
  let found: Mount | null = null;
  for (const mount of mounts) {
    if (!isAtOrBelow(directory, mount.at)) continue;
    // Of two mounts at one place the later one covers the earlier.
    if (found === null || mount.at.length >= found.at.length) found = mount;
  }
  return found;
}

/** @returns the places below `directory` at which something else is mounted. */
export const mountsBelow = (mounts: readonly Mount[], directory: string): string[] => [
  ...new Set(mounts.map(({ at }) => at).filter((at) => at !== directory && isAtOrBelow(at, directory))),
];

const isAtOrBelow = (path: string, top: string): boolean =>
  path === top || path.startsWith(top === '/' ? top : `${top}/`);

/**
 * @returns whether names that differ only in case are one file in `directory`; null where nothing in it can tell.
 */
export function isCaseBlind(directory: string): boolean | null {
  const names = fs.readdirSync(directory);
  for (const name of names) {
    const other = swapCase(name);
    if (other === name || names.includes(other)) continue;
    const [one, two] = [name, other].map((each) =>
      fs.lstatSync(path.join(directory, each), { throwIfNoEntry: false, bigint: true }),
    );
    return one !== undefined && two !== undefined && one.ino === two.ino;
  }
  return null;
}

const swapCase = (name: string): string =>
  name.replace(/[a-z]+|[A-Z]+/g, (letters) =>
    letters === letters.toLowerCase() ? letters.toUpperCase() : letters.toLowerCase(),
  );
