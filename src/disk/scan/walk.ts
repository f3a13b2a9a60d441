// Walks directories and collects names, without stats. fast-glob walks, but with its own `readdir` replaced, because
// each directory has to be watched before it is read, an unreadable one must not be taken for an empty one, and names
// that are not UTF-8 must be reported.
import type { Dirent } from 'node:fs';
import * as fs from 'node:fs';
import fastGlob, { type FileSystemAdapter } from 'fast-glob';
import { canBeOwnerFile } from '../../core/owner-files/applications.js';
import { escapeControls, joinPath, pathFault, type RelPath } from '../../core/path.js';
import { isNeverSynchronised } from './ignore-rules.js';

/** What a walk asks and reports. */
export interface WalkHost {
  absolute(path: RelPath | ''): string;
  /** Called before `path` is read. @returns whether to read it; it is watched then. */
  enters(path: RelPath | ''): boolean;
  ignores(path: RelPath, isDir: boolean): boolean;
  /** `path` may contain owner files. */
  hasOwnerFiles(path: RelPath | ''): void;
  /** Gives the names in `path`, without those that are ignored or make no valid path. */
  listed(path: RelPath | '', names: readonly string[]): void;
  /** `path` exists and cannot be read: its content is unknown. */
  unreadable(path: RelPath | '', error: NodeJS.ErrnoException): void;
  /** `path` is no directory any more. */
  vanished(path: RelPath | ''): void;
  /** `dir` has a name that cannot be synchronised; `shown` is its path in printable form. */
  badName(dir: RelPath | '', shown: string, why: string): void;
}

type Listed = (error: NodeJS.ErrnoException | null, dirents: Dirent[]) => void;

/** Walks `from` and every directory below that `host` lets it enter, parents before children. */
export async function walkDirectories(from: RelPath | '', host: WalkHost): Promise<void> {
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

function read(path: RelPath | '', absolute: string, host: WalkHost, done: Listed): void {
  if (!host.enters(path)) {
    done(null, []);
    return;
  }
  fs.readdir(absolute, { withFileTypes: true }, (error, dirents) => {
    if (error !== null) failed(path, error, host, done);
    else if (dirents.some(({ name }) => name.includes('\ufffd'))) sift(path, absolute, dirents, host, done);
    else done(null, report(path, dirents, host));
  });
}

/** @returns whether the error says that a directory is not there, and not that it is there and cannot be read. */
export const isGone = ({ code }: NodeJS.ErrnoException): boolean =>
  code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';

function failed(path: RelPath | '', error: NodeJS.ErrnoException, host: WalkHost, done: Listed): void {
  if (isGone(error)) host.vanished(path);
  else host.unreadable(path, error);
  done(null, []);
}

/** Reports the names in `path`. @returns its directories: fast-glob needs no more. */
function report(path: RelPath | '', dirents: readonly Dirent[], host: WalkHost): Dirent[] {
  if (dirents.some(({ name }) => canBeOwnerFile(name))) host.hasOwnerFiles(path);
  const taken = dirents.filter((dirent) => isTaken(path, dirent, host));
  host.listed(
    path,
    taken.map((dirent) => dirent.name),
  );
  return taken.filter((dirent) => dirent.isDirectory());
}

function isTaken(dir: RelPath | '', dirent: Dirent, host: WalkHost): boolean {
  if (isNeverSynchronised(dirent.name)) return false;
  const path = joinPath(dir, dirent.name);
  if (host.ignores(path, dirent.isDirectory())) return false;
  const fault = mayBeUnsound(path, dirent.name) ? pathFault(path) : null;
  if (fault !== null) host.badName(dir, escapeControls(path), fault);
  return fault === null;
}

/** A name that a directory lists can only be invalid by a backslash or by its length. */
const mayBeUnsound = (path: string, name: string): boolean => path.length > 1000 || name.includes('\\');

/** Reads the names once more as bytes, and leaves out those that are not UTF-8: no string path names them. */
function sift(path: RelPath | '', absolute: string, dirents: Dirent[], host: WalkHost, done: Listed): void {
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
    done(null, report(path, readable, host));
  });
}

function escapeBytes(dir: RelPath | '', bytes: Buffer): string {
  const name = bytes.toString('latin1').replace(/[\u0000-\u001f\u007f-\u00ff]/g, (c) => {
    return `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `${dir === '' ? '' : `${escapeControls(dir)}/`}${name}`;
}
