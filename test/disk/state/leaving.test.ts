// Waiting for a server whose caller is gone.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callerlessGone } from '../../../src/disk/state/leaving.js';
import { openStateDirectory } from '../../../src/disk/state/state-directory.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const FOR_EVER_MS = 60_000;
let root: string;
beforeEach(() => {
  root = makeRoot('leaving');
});
afterEach(() => removeRoot(root));

test('a root that nobody has is waited for no moment', async () => {
  await callerlessGone(root, FOR_EVER_MS, () => expect.unreachable());
});

test('a server that stays is not waited for: it has to be stopped', async () => {
  const state = openStateDirectory(root);
  await callerlessGone(root, FOR_EVER_MS, () => expect.unreachable());
  state.release();
});

test('one that serves a single caller is waited for until it has gone, and named', async () => {
  const state = openStateDirectory(root, undefined, true);
  const waits: number[] = [];
  await callerlessGone(root, FOR_EVER_MS, ({ pid }) => {
    waits.push(pid);
    state.release();
  });
  expect(waits).toEqual([process.pid]);
});

test('the wait has an end', async () => {
  const state = openStateDirectory(root, undefined, true);
  let waits = 0;
  await callerlessGone(root, 1, () => {
    waits += 1;
  });
  expect(waits).toBe(1);
  state.release();
});
