// Renaming, deleting, restoring, resolving, and what concerns the whole pair.

import { countText } from '../../../core/size-text.js';
import type { ClientMethods, Confirmation, ConflictRow } from '../../../wire/client-api/methods.js';
import type { VersionRow } from '../../../wire/client-api/version-rows.js';
import { call } from '../calls/rpc.js';
import { shownName } from '../words/names.js';
import { type Resolved, resolvedOf } from '../words/undo.js';
import { act, actedOn } from './acts.js';
import { listing } from './page-state.js';

/** How many files are put back at one time. */
const AT_ONCE = 8;

/** @param overwrite whether what has the new name may be replaced. @returns whether it was renamed. */
export function rename(path: string, to: string, overwrite = false): Promise<boolean> {
  return act({
    run: () => call('rename', { target: { path }, to, ...(overwrite ? { overwrite } : {}) }),
    said: () => ({ text: `${shownName(path)} is ${shownName(to)} now.` }),
    done: ({ changed, replaced }) => (changed ? { act: 'rename', path, to, replaced: replaced === true } : null),
    instead: ({ code }) => (code === 'exists' ? [{ label: 'Replace it', run: () => void rename(path, to, true) }] : []),
  });
}

/** Deletes a file, or a folder (a path with a slash at its end) with all that is in it. */
export function remove(path: string): Promise<boolean> {
  const isFolder = path.endsWith('/');
  const target = { path: path.replace(/\/$/, '') };
  const paths = isFolder ? pathsBelow(path) : [path];
  return act({
    run: async () => actedOn((await call('delete', { targets: [target], recursive: isFolder })).targets),
    said: () => ({
      text: `${shownName(path)} is deleted${isFolder ? `, ${countText(paths.length, 'file')}` : ''}.`,
      more: 'Its content is among the versions.',
    }),
    done: ({ changed }) => (changed ? { act: 'delete', paths } : null),
  });
}

/** @returns the files below a folder, whose path ends in a slash. */
export const pathsBelow = (folder: string): readonly string[] =>
  listing.value.rows.filter(({ path }) => path.startsWith(folder)).map(({ path }) => path);

/** Puts one version back. */
export function restore({ path, side, where }: VersionRow): Promise<boolean> {
  return act({
    run: () => call('restore', { target: { path }, side, where }),
    said: ({ changed }) => ({
      text: changed ? `${shownName(path)} is put back.` : `${shownName(path)} has that content already.`,
    }),
    done: ({ changed, created }) => (changed ? { act: 'restore', files: [{ path, created: created === true }] } : null),
  });
}

/** Puts the files of a deletion back. @param path what was deleted, for the message. */
export function restoreAll(path: string, rows: readonly VersionRow[]): Promise<boolean> {
  return act({
    run: async () => {
      const back: { path: string; created: boolean }[] = [];
      for (let at = 0; at < rows.length; at += AT_ONCE) {
        const some = rows.slice(at, at + AT_ONCE);
        const answers = await Promise.all(
          some.map((row) => call('restore', { target: { path: row.path }, side: row.side, where: row.where })),
        );
        for (const { path, changed, created } of answers) if (changed) back.push({ path, created: created === true });
      }
      return back;
    },
    said: (back) => ({ text: `${shownName(path)} is back: ${countText(back.length, 'file')}.` }),
    done: (files) => (files.length > 0 ? { act: 'restore', files } : null),
  });
}

/** @param all whether all copies of the file are resolved, and not this one alone. */
export function resolve(
  row: ConflictRow,
  keep: ClientMethods['resolve']['params']['keep'],
  all: boolean,
): Promise<boolean> {
  return act({
    run: async () => resolvedOf(await call('resolve', { target: { path: all ? row.path : row.copy }, keep }), row),
    said: (answer) => resolvedText(answer, keep),
    done: (answer) => ({ act: 'resolve', answer }),
  });
}

function resolvedText({ path, removed, renamed }: Resolved, keep: string): { text: string; more: string } {
  const name = shownName(path);
  if (keep === 'both') {
    const names = renamed.map(({ to }) => shownName(to)).join(', ');
    return { text: `Both are kept: ${name} and ${names}.`, more: '' };
  }
  const gone = countText(removed.length, 'copy', 'copies');
  return {
    text: `${name} has what side ${keep} had.`,
    more: `The other content is among the versions (${gone} removed).`,
  };
}

export function pause(): Promise<boolean> {
  return act({
    run: () => call('pause', {}),
    said: () => ({ text: 'Paused: nothing is carried over until somebody goes on.' }),
    done: ({ changed }) => (changed ? { act: 'pause' } : null),
  });
}

export function resume(confirmation: Confirmation = {}): Promise<boolean> {
  const isPlain = Object.keys(confirmation).length === 0;
  return act({
    run: () => call('resume', confirmation),
    said: () => ({ text: isPlain ? 'It goes on.' : 'Confirmed: it goes on.' }),
    done: ({ changed }) => (changed && isPlain ? { act: 'resume' } : null),
  });
}

export function rescan(): Promise<boolean> {
  return act({
    run: () => call('rescan', {}),
    said: () => ({ text: 'Both directories are looked through again.' }),
    done: () => null,
  });
}
