// Small state files, which are written whole or not at all, and what is done with one that is not as it should be.
import fs from 'node:fs';
import path from 'node:path';
import { SyncError } from '../../core/errors.js';
import { systemTrouble } from '../../core/system-error.js';
import { copyDurably } from './copy-file.js';
import { Parents } from './parents.js';

/** Makes the names in `directory` durable. */
export function fsyncDirectory(directory: string): void {
  const fd = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * Does something to `file`, or beside it, in the directory that it is in: that is opened first, and is no link.
 * @param act is given the file, and where the next one to take its place is written.
 */
export function inItsDirectory<T>(file: string, act: (spelled: string, beside: string) => T): T {
  const directory = path.dirname(file);
  if (directory.startsWith('/proc/self/fd/')) return act(file, besideOf(file)); // it is open already
  const parents = new Parents(directory);
  try {
    const spelled = parents.at('', path.basename(file));
    return act(spelled, besideOf(spelled));
  } finally {
    parents.close();
  }
}

/** Where the next generation of a file is written. */
const besideOf = (file: string): string => `${file}.new`;

/** Writes `content` into `file` so that at every instant the old or the new one is there, whole; durable at the end. */
export function replaceFile(file: string, content: string): void {
  inItsDirectory(file, (spelled, beside) => {
    fs.rmSync(beside, { force: true });
    fs.writeFileSync(beside, content, { flag: 'wx', mode: 0o600, flush: true });
    fs.renameSync(beside, spelled);
  });
  fsyncDirectory(path.dirname(file));
}

/**
 * Keeps what stands at `file` under another name, so that another may take its place. A file has both names until then: a
 * kill in between finds the damage once more.
 * @returns that name; null where nothing stands there.
 */
export function setAside(file: string): string | null {
  const aside = inItsDirectory(file, (spelled) => {
    const stats = fs.lstatSync(spelled, { throwIfNoEntry: false });
    if (stats === undefined) return null;
    const free = freeName(spelled);
    if (!stats.isFile()) fs.renameSync(spelled, free);
    else linkOrCopyAside(spelled, free, stats);
    return free;
  });
  return aside === null ? null : path.join(path.dirname(file), path.basename(aside));
}

function linkOrCopyAside(file: string, aside: string, stats: fs.Stats): void {
  try {
    fs.linkSync(file, aside);
  } catch {
    copyDurably(file, aside, stats);
  }
}

function freeName(file: string): string {
  const stamp = new Date().toISOString().replaceAll(':', '-');
  for (let n = 1; ; n++) {
    const name = `${file}.damaged-${stamp}${n === 1 ? '' : `-${n}`}`;
    if (fs.lstatSync(name, { throwIfNoEntry: false }) === undefined) return name;
  }
}

/** Whether `file` still is the file that has this inode number and length. */
export function isFile(file: string, ino: number, bytes: number): boolean {
  try {
    const stats = fs.lstatSync(file);
    return stats.ino === ino && stats.size === bytes;
  } catch {
    return false;
  }
}

export const cannotOpen = (file: string, cause: unknown): SyncError =>
  new SyncError('failed', `The state file ${file} cannot be opened: ${systemTrouble(cause).why}.`, {
    hint: 'Check the permissions and the free space of that directory.',
    cause,
  });

export const cannotWrite = (file: string, cause: unknown): SyncError =>
  cause instanceof SyncError
    ? cause
    : new SyncError('failed', `The state file ${file} cannot be written: ${systemTrouble(cause).why}.`, {
        hint: 'Free some space on that disk, or check its permissions.',
        cause,
      });
