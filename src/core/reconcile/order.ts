// The order in which one side's changes can be carried out one after the other: directories are created before their
// contents, files are moved out before their old directory is deleted, and contents are deleted before their directory.
import { type Change, contentOf } from '../change.js';
import { comparePaths } from '../path.js';

/**
 * @returns the stage of `change` in an apply. Within a stage parents come first; in the stage of deletions children do.
 */
function stageOf(change: Change): number {
  const { action, before, after } = change;
  if (after?.type === 'dir' && action !== 'metadata') return 0;
  if (action === 'renamed') return 1;
  if (action === 'deleted') return CHILDREN_FIRST;
  if (before?.type === 'dir' && action === 'modified') return 5;
  if (after?.type === 'dir') return 6;
  return contentOf(change) === null ? 2 : 3;
}

const CHILDREN_FIRST = 4;

/** @returns `changes` in an order in which each finds the entries that it expects. */
export function inOrder(changes: readonly Change[]): Change[] {
  const staged = changes.map((change) => ({ change, stage: stageOf(change) }));
  staged.sort((x, y) => {
    if (x.stage !== y.stage) return x.stage - y.stage;
    const byPath = comparePaths(x.change.path, y.change.path);
    return x.stage === CHILDREN_FIRST ? -byPath : byPath;
  });
  return staged.map(({ change }) => change);
}
