// Walks directories and collects names; it stats nothing and decides nothing. fast-glob does the walking, but reads
// through a reader of ours, because each directory has to be watched before it is read, one that cannot be read must not
// pass for an empty one, and names that are not UTF-8 must be noticed.
import type { Dirent } from 'node:fs';
import * as fs from 'node:fs';
import fastGlob, { type FileSystemAdapter } from 'fast-glob';
import { escapeControls, joinPath, pathFault, type RelPath } from '../../core/path.js';
import { isNeverSynchronised } from './ignore-rules.js';

/** What a scan asks and tells on its way. */
export interface ScanHost {
  absolute(path: RelPath | ''): string;
  /** Asked before `path` is read; whoever answers yes has armed its watch. */
  enters(path: RelPath | ''): boolean;
  ignores(path: RelPath, isDir: boolean): boolean;
  /** The names in `path`, those that are ignored or unsound left out. */
  listed(path: RelPath | '', names: readonly string[]): void;
  /** `path` is there and cannot be read: what is in it is unknown. */
  unreadable(path: RelPath | '', error: NodeJS.ErrnoException): void;
  /** `path` is no directory any more. */
  vanished(path: RelPath | ''): void;
  /** There is a name in `dir` that cannot be carried; `shown` is its printable form. */
  badName(dir: RelPath | '', shown: string, why: string): void;
}

type Listed = (error: NodeJS.ErrnoException | null, dirents: Dirent[]) => void;

/** Walks `from` and all that `host` lets it enter. A directory is told before those within it. */
export async function scan(from: RelPath | '', host: ScanHost): Promise<void> {
  const cwd = host.absolute(from);
  const pathOf = (absolute: string): RelPath | '' => joinBelow(from, absolute.slice(cwd.length + 1));
  const readdir = (absolute: string, _options: unknown, done: Listed) => read(pathOf(absolute), absolute, host, done);
  await fastGlob('**', {
    cwd,
    fs: { readdir: readdir as unknown as FileSystemAdapter['readdir'] },
    onlyDirectories: true,
    dot: true,
    objectMode: true,
    followSymbolicLinks: false,
    unique: false,
    concurrency: 4,
  });
}

function joinBelow(from: RelPath | '', rest: string): RelPath | '' {
  return rest === '' ? from : joinPath(from, rest);
}

function read(path: RelPath | '', absolute: string, host: ScanHost, done: Listed): void {
  if (!host.enters(path)) {
    done(null, []);
    return;
  }
  fs.readdir(absolute, { withFileTypes: true }, (error, dirents) => {
    if (error !== null) failed(path, error, host, done);
    else if (dirents.some(({ name }) => name.includes('\ufffd'))) sift(path, absolute, dirents, host, done);
    else done(null, tell(path, dirents, host));
  });
}

function failed(path: RelPath | '', error: NodeJS.ErrnoException, host: ScanHost, done: Listed): void {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ELOOP') host.vanished(path);
  else host.unreadable(path, error);
  done(null, []);
}

/** @returns the directories to walk on into; fast-glob need not see the files. */
function tell(path: RelPath | '', dirents: readonly Dirent[], host: ScanHost): Dirent[] {
  const taken = dirents.filter((dirent) => isTaken(path, dirent, host));
  host.listed(
    path,
    taken.map((dirent) => dirent.name),
  );
  return taken.filter((dirent) => dirent.isDirectory());
}

function isTaken(dir: RelPath | '', dirent: Dirent, host: ScanHost): boolean {
  if (isNeverSynchronised(dirent.name)) return false;
  const path = joinPath(dir, dirent.name);
  if (host.ignores(path, dirent.isDirectory())) return false;
  const fault = mayBeUnsound(path, dirent.name) ? pathFault(path) : null;
  if (fault !== null) host.badName(dir, escapeControls(path), fault);
  return fault === null;
}

/** A name out of a directory can only fail by its backslashes or its length: most need no closer look. */
const mayBeUnsound = (path: string, name: string): boolean => path.length > 1000 || name.includes('\\');

/** Reads the names once more as bytes, and leaves out those that are not UTF-8: no path leads to them. */
function sift(path: RelPath | '', absolute: string, dirents: Dirent[], host: ScanHost, done: Listed): void {
  fs.readdir(absolute, { encoding: 'buffer' }, (error, names) => {
    if (error !== null) {
      failed(path, error, host, done);
      return;
    }
    const sound = new Set<string>();
    for (const bytes of names) {
      const name = bytes.toString();
      if (Buffer.from(name).equals(bytes)) sound.add(name);
      else host.badName(path, escapeBytes(path, bytes), 'it is not valid UTF-8');
    }
    const readable = dirents.filter((dirent) => sound.has(dirent.name));
    done(null, tell(path, readable, host));
  });
}

function escapeBytes(dir: RelPath | '', bytes: Buffer): string {
  const name = bytes.toString('latin1').replace(/[\u0000-\u001f\u007f-\u00ff]/g, (c) => {
    return `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `${dir === '' ? '' : `${escapeControls(dir)}/`}${name}`;
}
