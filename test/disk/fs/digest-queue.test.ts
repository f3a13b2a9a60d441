// Large files that are read in the background.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DigestQueue } from '../../../src/disk/fs/digest-queue.js';
import { p } from '../../support/disk-site.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

let root: string;
beforeEach(() => {
  root = makeRoot('digests');
});
afterEach(() => removeRoot(root));

test('closing waits for what is being read, and nothing is ready afterwards', async () => {
  const names = ['x', 'y', 'z'];
  const told: string[] = [];
  const queue = new DigestQueue(Date.now, (at) => void told.push(at));
  for (const name of names) {
    const file = path.join(root, name);
    fs.writeFileSync(file, Buffer.alloc(1 << 20, name));
    queue.start(p(name), file);
  }
  expect(names.map((name) => queue.isBusyWith(p(name)))).toEqual([true, true, true]);
  await queue.close();
  expect(names.map((name) => queue.isBusyWith(p(name)))).toEqual([false, false, false]);
  expect([names.map((name) => queue.take(p(name))), told]).toEqual([[null, null, null], []]);
});
