// Watching without fs.watch on each directory: chokidar with its own events, and polling.
import * as fs from 'node:fs';
import { expect, it } from 'vitest';
import { flatDisk, watch } from '../../support/trees/watched.js';
import { put } from '../../support/trees.js';

it.each(['chokidar', 'polling'] as const)('%s finds created, changed and removed files', async (watchKind) => {
  const watched = watch({ a: { b: { f: '1' } }, g: '1', h: '1' }, { watchKind });
  await watched.settle(300);
  const { root } = watched;
  const isRight = () => JSON.stringify(watched.known()) === JSON.stringify(flatDisk(root));
  put(root, { a: { b: { f: '22' }, new: { deep: { x: '1' } } }, g: '22' });
  fs.unlinkSync(`${root}/h`);
  await watched.until(isRight);
  put(root, { a: { new: { deep: { y: '1' } } } });
  fs.renameSync(`${root}/a/b`, `${root}/b`);
  await watched.until(isRight);
  put(root, { b: { z: '1' } });
  await watched.until(isRight);
  expect(watched.last.problems).toEqual([]);
});
