// Which files a download takes, and to which local paths. Nothing is received here.
//   TARGET          under its own name into the present directory
//   TARGET DEST     to DEST, or into it where it is a directory
//   TARGET… DIR/    under their own names into DIR; a directory with all files in it
import fs from 'node:fs';
import path from 'node:path';
import { SyncError } from '../../../core/errors.js';
import { parsePath, quote } from '../../../core/path.js';
import type { Target } from '../../../wire/client-api/methods.js';
import type { CommandContext } from '../../context.js';
import { usageError } from '../../report-error.js';
import { distinct } from '../../target/act-on-targets.js';
import { errorOf, pairPath, type Resolved, resolveTargets, type ShownAs } from '../../target/target.js';

/** The name of the standard output. */
export const STDOUT = '-';

/** One file to receive, or what cannot be received. `path` is in the pair, or as typed. */
export type Download =
  | {
      readonly path: string;
      readonly target: Target;
      readonly to: string;
      readonly shownAs: ShownAs | undefined;
      /** Whether it is a file of a directory: what is there already counts, and local directories are made. */
      readonly isMember: boolean;
    }
  | { readonly path: string; readonly refused: unknown };

/**
 * @param words as typed.
 * @param recursive whether directories are taken.
 * @param known all paths of the listing.
 * @throws SyncError `usage` where it is not clear what goes where; `not-found` for a local directory.
 */
export async function plannedDownloads(
  context: CommandContext,
  words: readonly string[],
  recursive: boolean,
  known: () => Promise<readonly string[]>,
): Promise<readonly Download[]> {
  const [targets, to] = split(words);
  const whole = recursive ? targets.filter((text) => pairPath(text) === '.') : [];
  const named = targets.filter((text) => !whole.includes(text));
  const resolved = await distinct(context, await resolveTargets(context, named, async () => [await known()]));
  const isSeveral = resolved.length + whole.length > 1;
  if (isSeveral && !isLocalDirectory(to)) throw noDirectory(targets, to);
  const paths = recursive ? await known() : [];
  const found = resolved.flatMap((one) => below(one, to, paths));
  return distinctPlaces([...whole.flatMap(() => members('', to, paths)), ...found]);
}

/** @returns the targets, and where they go. */
function split(words: readonly string[]): [targets: readonly string[], to: string] {
  const last = words.at(-1) ?? '.';
  if (words.length < 2) return [words, '.'];
  if (last === '')
    throw usageError(
      'The destination of the download is empty.',
      'Name a file or a directory, or leave it out: then it goes here.',
    );
  const isSecond = words.length > 2 || /^\d+$/.test(last);
  if (isSecond && last !== STDOUT && !isLocalDirectory(last)) throw noDirectory(words, last);
  return [words.slice(0, -1), last];
}

function noDirectory(targets: readonly string[], to: string): SyncError {
  const digits = /^\d+$/.test(to) ? ` For a file of the name ${to} write ./${to}.` : '';
  const some = targets.slice(0, 3).map(quote).join(', ');
  return usageError(
    `Several files (${some}${targets.length > 3 ? ', …' : ''}) go into a directory of this machine, and none is named.`,
    `Name it last, with a slash at its end, such as copies/ or ./ for this one.${digits}`,
  );
}

function below(one: Resolved, to: string, paths: readonly string[]): readonly Download[] {
  if ('refused' in one) return [{ path: one.refused.path, refused: errorOf(one.refused) }];
  const { target, shownAs } = one;
  if (!('path' in target)) return [{ path: String(target.index), target, to, shownAs, isMember: false }];
  const place = isLocalDirectory(to) && /\/$|^\.{1,2}$/.test(to) ? path.join(to, baseOf(target.path)) : to;
  const files = paths.includes(target.path) ? [] : members(target.path, place, paths);
  return files.length > 0 ? files : [{ path: target.path, target, to, shownAs, isMember: false }];
}

/** @returns the files below `directory`, the whole pair where it is empty. */
function members(directory: string, to: string, paths: readonly string[]): Download[] {
  const prefix = directory === '' ? '' : `${directory}/`;
  if (to === STDOUT && paths.some((one) => one.startsWith(prefix)))
    return [
      { path: directory, refused: usageError('A directory cannot go to stdout.', 'Name a directory of this machine.') },
    ];
  return paths
    .filter((one) => one.startsWith(prefix))
    .map((one) => {
      // A server is not believed: its paths are checked before they become local ones.
      const at = parsePath(one);
      const place = path.join(to, ...at.slice(prefix.length).split('/'));
      return { path: at, target: { path: at }, to: place, shownAs: undefined, isMember: true };
    });
}

/** Refuses a second file for one place: it would replace the first, or fail. */
function distinctPlaces(downloads: readonly Download[]): readonly Download[] {
  const sources = new Map<string, string>();
  return downloads.map((one) => {
    if ('refused' in one || one.to === STDOUT) return one;
    const place = isLocalDirectory(one.to) ? path.join(one.to, baseOf(one.path)) : one.to;
    const first = sources.get(place);
    sources.set(place, first ?? one.path);
    if (first === undefined) return one;
    const message = `${quote(one.path)} would get the place of ${quote(first)}, ${quote(place)}.`;
    return { path: one.path, refused: new SyncError('exists', message, { hint: 'Download it by itself.' }) };
  });
}

const baseOf = (file: string): string => path.posix.basename(file);

const isLocalDirectory = (to: string): boolean =>
  /[\\/]$/.test(to) || (fs.statSync(to, { throwIfNoEntry: false })?.isDirectory() ?? false);
