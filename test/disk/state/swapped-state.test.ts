// SCENARIO 40 for Lockstep's own files: its directory, or a part of it, is replaced by a link to the outside before
// each system call of each function that writes there. Outside are files of the same names, and none is changed, added
// or removed.
import fs from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { removeTree } from '../../../src/disk/fs/remove-tree.js';
import { replaceFile, setAside } from '../../../src/disk/fs/whole-file.js';
import { openStateDirectory } from '../../../src/disk/state/state-directory.js';
import { Store } from '../../../src/disk/state/store.js';
import { Swapping, stateOf } from '../../support/swapping.js';
import { makeRoot, put, removeRoot, type Tree } from '../../support/trees.js';

const OWN: Tree = {
  'state.json': 'old',
  'seen.log': 'old',
  'server.json': '{}',
  staging: { tree: { deep: { f: 'x' }, g: 'x' }, f: 'x' },
  versions: {},
  held: {},
};
const OUTSIDE: Tree = {
  'state.json': 'theirs',
  'state.json.new': 'theirs',
  'seen.log': 'theirs',
  'seen.log.new': 'theirs',
  watermarks: 'theirs',
  'identity.json': 'theirs',
  staging: { tree: { deep: { f: 'theirs' }, g: 'theirs' }, f: 'theirs' },
  versions: {},
};

interface Row {
  readonly what: string;
  /** What is swapped, below the root. */
  readonly name: string;
  readonly act: (own: string) => unknown;
}

/** Writes a journal, and compacts it. */
async function journal(own: string): Promise<void> {
  const rows = new Map<string, unknown>();
  const table = { load: (key: string, value: unknown) => void rows.set(key, value), all: () => rows };
  const { store } = Store.open(
    path.join(own, 'seen.log'),
    { seen: table },
    { when: { factor: 1, minBytes: 0, slice: 1, pending: 10 } },
  );
  for (let n = 0; n < 3; n++) {
    store.put('seen', `f${n}`, n);
    await store.durable().catch(() => {});
  }
  await store.close().catch(() => {});
}

const rows: Row[] = [
  { what: 'a state file', name: '.lockstep', act: (own) => replaceFile(path.join(own, 'state.json'), 'new') },
  { what: 'a damaged file', name: '.lockstep', act: (own) => setAside(path.join(own, 'state.json')) },
  { what: 'a journal', name: '.lockstep', act: journal },
  { what: 'a start', name: '.lockstep', act: (own) => openStateDirectory(path.dirname(own)).release() },
  { what: 'a start', name: '.lockstep/staging', act: (own) => openStateDirectory(path.dirname(own)).release() },
  { what: 'a removal', name: '.lockstep/staging/tree', act: (own) => removeTree(path.join(own, 'staging/tree')) },
  { what: 'a removal', name: '.lockstep/staging/tree/deep', act: (own) => removeTree(path.join(own, 'staging/tree')) },
];

test.each(rows)(
  'SCENARIO 40: $what, $name replaced by a link',
  async ({ name, act }) => {
    const outside = makeRoot('outside');
    onTestFinished(() => removeRoot(outside));
    put(outside, OUTSIDE);
    const before = stateOf(outside);
    const swapping = new Swapping(true);
    let n = 1;
    for (let came = true; came; n++) {
      const root = makeRoot('state');
      put(root, { '.lockstep': OWN });
      const swapped = path.join(root, name);
      came = await swapping.run(
        () => act(path.join(root, '.lockstep')),
        n,
        () => {
          fs.renameSync(swapped, path.join(root, 'aside'));
          fs.symlinkSync(path.join(outside, path.relative('.lockstep', name)), swapped);
        },
      );
      expect(stateOf(outside), `before call ${n}`).toEqual(before);
      removeRoot(root);
    }
    expect(n).toBeGreaterThan(4);
  },
  60_000,
);
