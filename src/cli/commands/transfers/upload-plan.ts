// Which local files an upload sends, and to which paths of the pair. Nothing is sent here.
//   FILE          under its own name to the top of the pair
//   FILE AS       to the path AS
//   FILE… DIR/    under their own names into DIR; a directory with all files in it
import fs from 'node:fs';
import path from 'node:path';
import { SyncError } from '../../../core/errors.js';
import { parsePath, quote, STATE_DIR } from '../../../core/path.js';
import { reasonOf } from '../../../core/system-error.js';
import { usageError } from '../../report-error.js';
import { isInto, pairPath } from '../../target/target.js';

/** The name of the standard input. */
export const STDIN = '-';

/** One file to send; a directory without a file; or what cannot be sent. `path` is in the pair. */
export type Upload =
  | { readonly kind: 'file'; readonly file: string; readonly path: string; readonly name?: string }
  | { readonly kind: 'empty'; readonly file: string; readonly path: string }
  | { readonly path: string; readonly refused: unknown };

/**
 * @param words as typed.
 * @param recursive whether directories are sent.
 * @throws SyncError `usage` where it is not clear what goes where.
 */
export function plannedUploads(words: readonly string[], recursive: boolean): readonly Upload[] {
  const last = words.at(-1) ?? '';
  const directory = words.length > 1 && isInto(last) ? last : words.length === 1 ? './' : null;
  const files = words.length > 1 ? words.slice(0, -1) : words;
  if (files.includes('')) throw usageError('The name of the file to upload is empty.', 'Name a file of this machine.');
  if (directory === null) return oneUpload(files, last, recursive);
  if (files.includes(STDIN))
    throw usageError('What comes on stdin has no name.', 'Name its path in the pair: client upload - docs/notes.txt');
  return distinctPaths(files.flatMap((file) => below(file, joined(directory, nameOf(file)), recursive)));
}

/** FILE AS. */
function oneUpload(files: readonly string[], as: string, recursive: boolean): readonly Upload[] {
  const [file = ''] = files;
  if (files.length > 1 || isSecondFile(file, as, recursive)) throw noDirectory([...files, as]);
  const to = pairPath(as);
  if (file === STDIN) return [{ kind: 'file', file, path: parsePath(to) }];
  if (recursive && isDirectory(file)) return distinctPaths(below(file, to, recursive));
  return [{ kind: 'file', file, path: parsePath(to), name: nameOf(file) }];
}

/** Whether `as` is another local file to send, too. One of the same name can only be a path in the pair. */
function isSecondFile(file: string, as: string, recursive: boolean): boolean {
  if (file === STDIN || nameOf(file) === nameOf(as)) return false;
  const second = statOf(as);
  return statOf(file) !== null && second !== null && (second.isFile() || (recursive && second.isDirectory()));
}

function noDirectory(words: readonly string[]): SyncError {
  const some = words.slice(0, 3).map(quote).join(', ');
  const hint = 'Name it last, with a slash at its end, such as docs/ or ./ for the top.';
  const renaming = ` To send one file under the name of another: client upload - NAME < FILE`;
  return usageError(
    `Several files (${some}${words.length > 3 ? ', …' : ''}) go into a directory of the pair, and none is named.`,
    words.length === 2 ? `${hint}${renaming}` : hint,
  );
}

/** @returns the uploads of a file, or of a directory with everything in it. */
function below(file: string, to: string, recursive: boolean): Upload[] {
  if (!isDirectory(file)) return [planned(to, (checked) => ({ kind: 'file', file, path: checked }))];
  if (!recursive) return [{ path: to, refused: isADirectory(file) }];
  try {
    const entries = fs.readdirSync(file, { withFileTypes: true }).filter(({ name }) => name !== STATE_DIR);
    if (entries.length === 0) return [planned(to, (checked) => ({ kind: 'empty', file, path: checked }))];
    return entries
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .flatMap((entry) => {
        const [from, at] = [path.join(file, entry.name), `${to}/${entry.name}`];
        if (!entry.isFile() && !entry.isDirectory()) return [{ path: at, refused: special(from, entry) }];
        return below(from, at, true);
      });
  } catch (error) {
    const why = `The directory ${quote(file)} cannot be read: ${reasonOf(error)}.`;
    return [{ path: to, refused: new SyncError('failed', why, { hint: 'Check its permissions.' }) }];
  }
}

function planned(to: string, make: (checked: string) => Upload): Upload {
  try {
    return make(parsePath(to));
  } catch (error) {
    return { path: to, refused: error };
  }
}

/** Refuses a second file for one path: it would replace the first. */
function distinctPaths(uploads: readonly Upload[]): readonly Upload[] {
  const sources = new Map<string, string>();
  return uploads.map((one) => {
    if ('refused' in one || one.kind === 'empty') return one;
    const first = sources.get(one.path);
    sources.set(one.path, first ?? one.file);
    if (first === undefined) return one;
    const message = `${quote(one.file)} would get the path of ${quote(first)}, ${quote(one.path)}.`;
    return { path: one.path, refused: new SyncError('exists', message, { hint: 'Upload it under another name.' }) };
  });
}

function special(file: string, entry: fs.Dirent): SyncError {
  const what = entry.isSymbolicLink() ? 'a link' : 'not a regular file';
  return new SyncError('failed', `${quote(file)} is ${what}, so it was not uploaded.`, {
    hint: entry.isSymbolicLink() ? 'Upload the file that it points to.' : '',
  });
}

const isADirectory = (file: string): SyncError =>
  usageError(`"${file}" is a directory.`, 'Add --recursive to upload all files in it.');

/** A directory such as `.` has its real name. */
const nameOf = (file: string): string => path.basename(/(^|\/)\.{1,2}\/*$/.test(file) ? path.resolve(file) : file);

const statOf = (file: string): fs.Stats | null => {
  try {
    return fs.statSync(file);
  } catch {
    return null; // sending it says why
  }
};

const isDirectory = (file: string): boolean => statOf(file)?.isDirectory() ?? false;

/** @returns the path of `name` in a directory of the pair such as `docs/` or `./`. */
function joined(directory: string, name: string): string {
  const at = pairPath(directory);
  return at === '' || at === '.' ? name : `${at}/${name}`;
}
