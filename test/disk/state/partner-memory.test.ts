import fs from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { PARTNER_TABLE, PartnerMemory } from '../../../src/disk/state/partner-memory.js';
import { Store } from '../../../src/disk/state/store.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const A = { root: 'root-a', dir: '/a', device: '1', machine: 'here' };

function fileFor(): string {
  const root = makeRoot('memory');
  onTestFinished(() => removeRoot(root));
  return path.join(root, 'seen.log');
}

function open(file: string): { memory: PartnerMemory; store: Store } {
  const memory = new PartnerMemory();
  const { store } = Store.open(file, { [PARTNER_TABLE]: memory });
  memory.openIn(store);
  return { memory, store };
}

it('is empty at first, and then has what was acknowledged, on disk', async () => {
  const file = fileFor();
  const { memory, store } = open(file);
  expect([memory.epoch, memory.partner]).toEqual([0, null]);
  await memory.acknowledge(3, A);
  // As a killed server leaves it.
  const after = open(fs.copyFileSync(file, `${file}.copy`) ?? `${file}.copy`);
  expect([after.memory.epoch, after.memory.partner]).toEqual([3, A]);
  await Promise.all([store.close(), after.store.close()]);
});

it('never takes an earlier epoch, and takes another partner', async () => {
  const { memory, store } = open(fileFor());
  await memory.acknowledge(5, A);
  await memory.acknowledge(4, { ...A, root: 'other' });
  expect([memory.epoch, memory.partner?.root]).toEqual([5, 'other']);
  await store.close();
});

it('ignores an epoch that is no number', () => {
  const memory = new PartnerMemory();
  memory.load('epoch', 'many');
  expect(memory.epoch).toBe(0);
});
