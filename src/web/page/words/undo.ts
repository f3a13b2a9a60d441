// How each act is taken back: as other acts. What an act overwrote or deleted is in the versions, where the newest is what
// stood there before; so undoing never needs more than what the act itself answered.
import type { ConflictRow } from '../../../wire/client-api/methods.js';

/** What takes an act back, in order. */
export type UndoStep =
  | { readonly do: 'lock'; readonly path: string; readonly message: string; readonly side: 'a' | 'b' }
  | { readonly do: 'unlock'; readonly path: string }
  | { readonly do: 'restore'; readonly path: string }
  | { readonly do: 'delete'; readonly path: string }
  | { readonly do: 'rename'; readonly path: string; readonly to: string }
  | { readonly do: 'pause' | 'resume' };

/** What was done, as far as it matters for taking it back. */
export type Done =
  | { readonly act: 'lock'; readonly path: string }
  | { readonly act: 'unlock'; readonly path: string; readonly message: string; readonly side: 'a' | 'b' }
  | { readonly act: 'rename'; readonly path: string; readonly to: string; readonly replaced: boolean }
  /** `paths`: the files that went, in order. */
  | { readonly act: 'delete'; readonly paths: readonly string[] }
  /** `created`: those that were not there before. */
  | {
      readonly act: 'upload' | 'restore';
      readonly files: readonly { readonly path: string; readonly created: boolean }[];
    }
  | { readonly act: 'resolve'; readonly answer: Resolved }
  | { readonly act: 'pause' | 'resume' };

/** What the server answers when a conflict is resolved, and whether there was a file beside its copies. */
export interface Resolved {
  readonly path: string;
  readonly from: string | null;
  readonly removed: readonly string[];
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  readonly hadOriginal: boolean;
}

export function undoOf(done: Done): readonly UndoStep[] {
  switch (done.act) {
    case 'lock':
      return [{ do: 'unlock', path: done.path }];
    case 'unlock':
      return [{ do: 'lock', path: done.path, message: done.message, side: done.side }];
    case 'rename':
      return undoRename(done);
    case 'delete':
      return done.paths.map((path) => ({ do: 'restore', path }));
    case 'upload':
    case 'restore':
      return done.files.map(({ path, created }) => ({ do: created ? 'delete' : 'restore', path }));
    case 'resolve':
      return undoResolve(done.answer);
    case 'pause':
      return [{ do: 'resume' }];
    case 'resume':
      return [{ do: 'pause' }];
  }
}

function undoRename({ path, to, replaced }: Extract<Done, { act: 'rename' }>): readonly UndoStep[] {
  const back: UndoStep = { do: 'rename', path: to, to: path };
  return replaced ? [back, { do: 'restore', path: to }] : [back];
}

function undoResolve({ path, from, removed, renamed, hadOriginal }: Resolved): readonly UndoStep[] {
  const back: UndoStep[] = from === null ? [] : [{ do: hadOriginal ? 'restore' : 'delete', path }];
  const copies = removed.map((copy): UndoStep => ({ do: 'restore', path: copy }));
  const names = renamed.map(({ from: copy, to }): UndoStep => ({ do: 'rename', path: to, to: copy }));
  return [...back, ...copies, ...names];
}

/** @returns what is known of a resolution for undoing it. @param row of one of its copies, before it was resolved. */
export function resolvedOf(answer: Readonly<Record<string, unknown>>, row: ConflictRow): Resolved {
  const { from, removed, renamed } = answer as unknown as Pick<Resolved, 'from' | 'removed' | 'renamed'>;
  return {
    path: row.path,
    from: from ?? null,
    removed: removed ?? [],
    renamed: renamed ?? [],
    hadOriginal: row.original !== null,
  };
}
