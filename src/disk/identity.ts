// Which root this is: an id made once, in ROOT/.lockstep/identity.json. A root with another id, or without any, is
// another root, whatever its name and its place on the disk.
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { STATE_DIR } from '../core/path.js';

const FORMAT = 1;

/** @returns where the identity of `root` lies. */
export const identityFile = (root: string): string => path.join(root, STATE_DIR, 'identity.json');

/**
 * @returns the id in `file`, null where it holds none that is sound.
 * @throws the system's error where it cannot be read.
 */
export function readIdentity(file: string): string | null {
  const text = fs.readFileSync(file, 'utf8');
  try {
    const { format, id } = JSON.parse(text) as { format: unknown; id: unknown };
    return format === FORMAT && typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id) ? id : null;
  } catch {
    return null;
  }
}

/**
 * @param root absolute and without links, as `openRoot` gives it.
 * @returns the ids of the roots in which `root` lies, whoever has them.
 */
export function idsAbove(root: string): string[] {
  const ids: string[] = [];
  for (let at = path.dirname(root), last = root; at !== last; last = at, at = path.dirname(at)) {
    const id = idOf(at);
    if (id !== null) ids.push(id);
  }
  return ids;
}

/** What cannot be read is no root of this user's. */
function idOf(root: string): string | null {
  try {
    return readIdentity(identityFile(root));
  } catch {
    return null;
  }
}

/** @returns the id in `file`, null where there is no such file or where it was damaged; then it is set aside. */
export function openIdentity(file: string, setAside: (where: string) => void): string | null {
  if (!fs.existsSync(file)) return null;
  const id = readIdentity(file);
  if (id !== null) return id;
  const aside = `${file}.damaged-${Date.now()}`;
  fs.renameSync(file, aside);
  setAside(aside);
  return null;
}

/**
 * @returns whether the root at `root` is a copy of the one that `file` was written for (a backup that was put back, for
 *   example): what was shared with the other side since then is not what it holds.
 */
export function isCopied(file: string, root: string): boolean {
  const { inode } = JSON.parse(fs.readFileSync(file, 'utf8')) as { inode?: unknown };
  return typeof inode === 'number' && inode !== fs.statSync(root).ino;
}

/** Makes `root` another root from now on. @returns its id. */
export function makeIdentity(file: string, root: string): string {
  const id = randomUUID();
  const temporary = `${file}.new`;
  const content = `${JSON.stringify({ format: FORMAT, id, inode: fs.statSync(root).ino, created: new Date().toISOString() })}\n`;
  fs.writeFileSync(temporary, content, { flush: true });
  fs.renameSync(temporary, file);
  return id;
}
