// Reads the owner files of one directory: by descriptor, bounded, and without following a link.
import fs from 'node:fs';
import type { OwnerFormat } from '../../core/owner-files/applications.js';
import { matchOwnerFiles, type OwnerFile } from '../../core/owner-files/match.js';
import { isOutward } from '../../core/owner-files/outward.js';
import { MAX_OWNER_FILE_BYTES, type Owner, parseOwner } from '../../core/owner-files/owner.js';
import { nameOf, parentOf, type RelPath } from '../../core/path.js';
import { Parents, type Root } from '../fs/parents.js';

/** The most owner files in one directory; further ones are not read. */
const MAX_IN_DIRECTORY = 1_000;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** An owner file that was read. */
export interface FoundOwnerFile {
  readonly file: OwnerFile;
  /** The documents to which it can belong, as far as its name and its content tell. */
  readonly documents: readonly string[];
  readonly owner: Owner;
  /** Its modification time, milliseconds since 1970. */
  readonly madeMs: number;
}

/**
 * @param dir a directory of the root.
 * @param onOurs called with the name of each owner file that Lockstep has made.
 * @returns the others; null where the directory is gone or cannot be read.
 */
export async function ownerFilesIn(
  root: Root,
  dir: RelPath | '',
  onOurs: (name: string) => void,
): Promise<readonly FoundOwnerFile[] | null> {
  return within(root, async (parents) => {
    const names = await fs.promises.readdir(parents.at(dir, '.'));
    const matched = matchOwnerFiles(names).filter(isLocal).slice(0, MAX_IN_DIRECTORY);
    return matched.flatMap((file) => readOwnerFile(parents.at(dir, file.name), file, onOurs) ?? []);
  });
}

/** A file whose name alone does not tell is synchronised: the program may be on the other side. Vim's says its host. */
const isLocal = ({ byName, format }: OwnerFile): boolean => byName || format === 'vim';

/** @returns the paths among `paths` at which nothing is any more. */
export async function missingOf(root: Root, paths: Iterable<RelPath>): Promise<readonly RelPath[]> {
  const isMissing = (parents: Parents, path: RelPath): boolean => {
    try {
      parents.trim();
      return fs.lstatSync(parents.at(parentOf(path), nameOf(path)), { throwIfNoEntry: false }) === undefined;
    } catch {
      return true; // its directory is gone or cannot be entered: it is read again, which tells
    }
  };
  const missing = await within(root, async (parents) => [...paths].filter((path) => isMissing(parents, path)));
  return missing ?? [...paths];
}

async function within<T>(root: Root, act: (parents: Parents) => Promise<T>): Promise<T | null> {
  let parents: Parents | null = null;
  try {
    parents = new Parents(root);
    return await act(parents);
  } catch {
    return null;
  } finally {
    parents?.close();
  }
}

function readOwnerFile(absolute: string, file: OwnerFile, onOurs: (name: string) => void): FoundOwnerFile | null {
  try {
    const stats = fs.lstatSync(absolute);
    const content = stats.isSymbolicLink() ? linkContent(absolute, file.format) : fileContent(absolute, stats);
    if (content === null) return null;
    if (isOutward(file.format, content)) {
      onOurs(file.name);
      return null;
    }
    const owner = parseOwner(file.format, content);
    return owner === null ? null : { file, documents: documentsOf(file, owner), owner, madeMs: stats.mtimeMs };
  } catch {
    return null; // it is gone
  }
}

/** Vim tells the name: `x` and `.x` have one name for their swap files. */
function documentsOf({ documents }: OwnerFile, { document }: Owner): readonly string[] {
  return document != null && documents.includes(document) ? [document] : documents;
}

/** Only Emacs makes links. */
const linkContent = (absolute: string, format: OwnerFormat): Buffer | null =>
  format === 'emacs' ? fs.readlinkSync(absolute, { encoding: 'buffer' }) : null;

/** @returns the first bytes; none where another program keeps the file from being read, as on Windows. */
function fileContent(absolute: string, stats: fs.Stats): Buffer | null {
  if (!stats.isFile()) return null;
  let fd: number;
  try {
    fd = fs.openSync(absolute, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    return Buffer.alloc(0);
  }
  try {
    const content = Buffer.alloc(MAX_OWNER_FILE_BYTES);
    return content.subarray(0, fs.readSync(fd, content, 0, content.length, 0));
  } finally {
    fs.closeSync(fd);
  }
}
