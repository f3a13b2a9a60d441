// The ids of roots that lie in each other.
import fs from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { idsAbove } from '../../../src/disk/state/identity.js';
import { openStateDirectory } from '../../../src/disk/state/state-directory.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

test('the roots above a directory are named by their ids, the nearest first; a damaged one is no root', () => {
  const outer = makeRoot('outer');
  onTestFinished(() => removeRoot(outer));
  const within = (...names: string[]) => path.join(outer, 'plain', ...names);
  fs.mkdirSync(within('middle', 'damaged', 'inner'), { recursive: true });
  const idOf = (root: string): string => {
    const state = openStateDirectory(root);
    state.release();
    return state.id;
  };
  const roots = [outer, within('middle'), within('middle', 'damaged'), within('middle', 'damaged', 'inner')];
  const [ofOuter, ofMiddle] = roots.map(idOf);
  fs.writeFileSync(within('middle', 'damaged', '.lockstep', 'identity.json'), '{');
  expect(idsAbove(within('middle', 'damaged', 'inner'))).toEqual([ofMiddle, ofOuter]);
  expect(idsAbove(within('middle'))).toEqual([ofOuter]);
  expect(idsAbove(outer)).toEqual([]);
});
