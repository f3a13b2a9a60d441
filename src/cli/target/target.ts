// TARGET: a number in the listing last shown, a path, or a glob. Parsed by a pure function, then looked up: an exact
// path wins over a glob, and a number never means another file than the one that was shown.

import path from 'node:path';
import { addressText } from '../../client/server-address.js';
import { type Advice, advise } from '../../core/advice.js';
import { type ErrorCode, SyncError } from '../../core/errors.js';
import { parsePath } from '../../core/path.js';
import type { Refused, Target } from '../../wire/client-api/methods.js';
import { parseAdvice } from '../../wire/frame/advice-text.js';
import type { CommandContext } from '../context.js';
import { shownName } from '../render/width.js';

export type ParsedTarget =
  | { readonly kind: 'index'; readonly index: number; readonly text: string }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'glob'; readonly glob: string };

/** A target for the server, or a refusal that needs no request. */
export type Resolved = { readonly target: Target; readonly shownAs?: ShownAs } | { readonly refused: Refused };

/** The index that was typed, and the file that it meant. */
export interface ShownAs {
  readonly index: string;
  readonly path: string;
}

/** The paths that a glob can match: it matches in the first of the lists that has a match. */
export type Known = readonly (readonly string[])[];

const SEE_LIST = advise`Type "${{ do: 'list' }}" to see the numbers.`;

/**
 * @param text one word of a command line.
 * @returns what it names. `./7` is the file named 7.
 */
export function parseTarget(text: string): ParsedTarget {
  if (/^\d+$/.test(text)) return { kind: 'index', index: Number(text), text };
  const path = pairPath(text);
  return isGlob(path) ? { kind: 'glob', glob: path } : { kind: 'path', path };
}

/** @returns `text` as a path of the pair, without a leading `./` and a slash at the end. */
export const pairPath = (text: string): string => text.replace(/^(\.\/+)+(?=[^/])/, '').replace(/(?<=[^/])\/+$/, '');

export const isGlob = (text: string): boolean => /[*?[\]{}]|[!+@]\(/.test(text);

/** @returns a predicate over paths; a glob matches names that begin with a dot, too. */
export async function globMatcher(glob: string): Promise<(path: string) => boolean> {
  const { default: picomatch } = await import('picomatch');
  return picomatch(glob, { dot: true, windows: false });
}

/**
 * @param texts the targets as typed.
 * @param known called at most once, and only where there is a glob.
 * @returns the targets of the request, in the order typed; a glob becomes all paths that it matches.
 */
export async function resolveTargets(
  context: Pick<CommandContext, 'server' | 'shown'>,
  texts: readonly string[],
  known: () => Promise<Known>,
): Promise<Resolved[]> {
  let paths: Known | null = null;
  const resolved: Resolved[] = [];
  for (const text of texts) {
    const parsed = parseTarget(text);
    if (parsed.kind === 'glob') paths ??= await known();
    resolved.push(...(await resolve(context, parsed, paths ?? [])));
  }
  return resolved;
}

async function resolve(
  context: Pick<CommandContext, 'server' | 'shown'>,
  parsed: ParsedTarget,
  known: Known,
): Promise<Resolved[]> {
  if (parsed.kind === 'path') return [resolvePath(parsed.path)];
  if (parsed.kind === 'index') return [resolveIndex(context, parsed.index, parsed.text)];
  if (known.some((paths) => paths.includes(parsed.glob))) return [{ target: { path: parsed.glob } }];
  const matches = await globMatcher(parsed.glob);
  for (const paths of known) {
    const matched = paths.filter((path) => matches(path));
    if (matched.length > 0) return matched.map((path) => ({ target: { path } }));
  }
  return [{ refused: matchesNothing(parsed.glob) }];
}

/** @returns the refusal of a glob without a match. */
export const matchesNothing = (glob: string): Refused =>
  refusal(
    glob,
    'not-found',
    `No file matches "${shownName(glob)}".`,
    advise`Type "${{ do: 'list' }}" to see what there is.`,
  );

/** Invalid paths are refused here, so that they do not fail the whole request. */
function resolvePath(path: string): Resolved {
  try {
    return { target: { path: parsePath(path) } };
  } catch (error) {
    const { code, message, advice, hint } = error as SyncError;
    return { refused: refusal(path, code, message, advice, hint) };
  }
}

function resolveIndex(context: Pick<CommandContext, 'server' | 'shown'>, index: number, text: string): Resolved {
  const shown = context.shown.recall(addressText(context.server));
  if (shown === null && Number.isSafeInteger(index)) return { target: { index } };
  const path = shown?.[index];
  if (path !== undefined) return { target: { path }, shownAs: { index: text, path } };
  const ends = shown === null ? 'no listing is that long' : extent(shown.length);
  return { refused: refusal(text, 'not-found', `No file number ${text}: ${ends}.`, SEE_LIST) };
}

const extent = (files: number): string =>
  files === 0 ? 'the listing last shown here is empty' : `the listing last shown here ends at ${files - 1}`;

/** @returns the refusal of an index whose file is gone: it does not mean another file. */
export function goneRefusal({ index, path }: ShownAs): Refused {
  const message = `Number ${index} was "${shownName(path)}" in the listing last shown here, and that file is gone.`;
  return refusal(path, 'not-found', message, SEE_LIST);
}

const refusal = (path: string, code: ErrorCode, message: string, advice: Advice, hint = ''): Refused => ({
  path,
  changed: false,
  error: { code, message, hint, advice },
});

/** @returns the error of a refused target. */
export const errorOf = ({ error }: Refused): SyncError =>
  new SyncError(error.code, error.message, { hint: error.hint, advice: parseAdvice(error.advice) });

export const isInto = (name: string): boolean => /\/$/.test(name) || name === '.';

/** @returns the path of `from` renamed to `name`; it may be invalid. */
export function renamedPath(from: string, name: string): string {
  const below = pairPath(name);
  if (!isInto(name)) return below;
  const base = path.posix.basename(from);
  return below === '' || below === '.' ? base : `${below}/${base}`;
}
