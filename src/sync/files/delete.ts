// Deletes a file, or a directory with its content, as a client write. Everything goes to the versions first. What only
// side b has is deleted there.
import { advise } from '../../core/advice.js';
import type { Change } from '../../core/change.js';
import type { Entry } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import { joinPath, quote, type RelPath, type Side } from '../../core/path.js';
import { inOrder } from '../../core/reconcile/order.js';
import { entryOf, walkNode } from '../../core/snapshot.js';
import type { Acted } from '../../wire/client-api/methods.js';
import type { FilesContext } from './context.js';
import { refuseOnlyInB } from './context.js';
import { noSuchFile } from './refusals.js';
import { standingAt, type WriteStep } from './write.js';

/**
 * Deletes what is at `path`.
 * @throws SyncError `not-found`; `usage` for a directory without `recursive`; the refusals of client writes (see
 *   `ClientWrites.ask`).
 */
export async function deletePath(
  context: FilesContext,
  path: RelPath,
  owner: string,
  recursive: boolean,
): Promise<Acted> {
  let type = 'file' as Entry['type'];
  let isBegun = false;
  const { pair, writes } = context;
  const done = await writes.ask({
    owner,
    paths: [path],
    deep: true,
    decide: () => {
      const { side, entry } = standingAt(pair, path);
      if (entry === null) {
        if (isBegun) return []; // the rest was deleted meanwhile
        throw noSuchFile(path);
      }
      if (entry.type === 'dir' && !recursive) throw isDirectory(path);
      if (side === 'b') refuseOnlyInB(context, path);
      type = entry.type;
      isBegun = true;
      return stepsFor(context, side, path);
    },
  });
  const files = done.filter(({ before }) => before?.type !== 'dir').length;
  // A directory stays where it contains something that is not synchronised.
  const kept = !done.some((change) => change.path === path);
  return { path, changed: done.length > 0, type, ...(type === 'dir' ? { files, kept } : {}) };
}

/** One step with all deletions: a path that cannot be deleted does not keep the others. */
function stepsFor({ pair }: FilesContext, side: Side, path: RelPath): WriteStep[] {
  const node = pair.side(side).snapshot?.get(path) ?? null;
  if (node === null) return [];
  const changes: Change[] = [];
  for (const [below, at] of walkNode('', node)) changes.push(deletion(joinPath(path, below), entryOf(at)));
  changes.push(deletion(path, entryOf(node)));
  const [change, ...others] = inOrder(changes);
  return [{ change: change!, others, side }];
}

const deletion = (path: RelPath, before: Entry | null): Change => ({ path, action: 'deleted', before, after: null });

const isDirectory = (path: RelPath): SyncError =>
  new SyncError('usage', `${quote(path)} is a directory.`, {
    advice: advise`Delete it with all that is in it: ${{ do: 'delete-all', path }}`,
  });
