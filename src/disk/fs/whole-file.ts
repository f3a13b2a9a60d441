// Writes state files completely or not at all, and sets damaged ones aside.

import fs from 'node:fs';
import path from 'node:path';
import { SyncError } from '../../core/errors.js';
import { systemTrouble } from '../../core/system-error.js';
import { copyDurably } from './copy-file.js';
import { areFlushed, fsyncSync } from './flush.js';
import { Parents } from './parents.js';

/** Flushes the names in `directory`. */
export function fsyncDirectory(directory: string): void {
  const fd = fs.openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * Calls `act` with paths in the directory of `file`, which is opened first and must not be a link.
 * @param act receives the path of the file, and the path at which its replacement is written.
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

/** @returns the path at which the replacement of a file is written. */
const besideOf = (file: string): string => `${file}.new`;

/** Replaces `file` by `content`: at every moment the old or the new one is there, complete. Durable on return. */
export function replaceFile(file: string, content: string): void {
  inItsDirectory(file, (spelled, beside) => {
    fs.rmSync(beside, { force: true });
    fs.writeFileSync(beside, content, { flag: 'wx', mode: 0o600, flush: areFlushed() });
    fs.renameSync(beside, spelled);
  });
  fsyncDirectory(path.dirname(file));
}

/**
 * Gives the damaged `file` another name as well, so that a new file may replace it. It keeps both names until then:
 * after a kill in between, the next start finds the damage again.
 * @returns that name; null where there is no file.
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

/** Whether `file` is still the file with this inode number and length. */
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
