// Where clients in a synchronised directory find its pair.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findAddress, removeAddress, writeAddress } from '../../../src/disk/state/address.js';
import { openStateDirectory, type StateDirectory } from '../../../src/disk/state/state-directory.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const PAIR = { address: '127.0.0.1:8080', side: 'b' } as const;

let root: string;
let state: StateDirectory;
let warnings: string[];
const warn = (text: string) => void warnings.push(text);
beforeEach(() => {
  root = makeRoot('address');
  state = openStateDirectory(root);
  warnings = [];
});
afterEach(() => {
  state.release();
  removeRoot(root);
});

test('the pair of a directory is found in it and below, as long as its server runs', () => {
  const below = path.join(root, 'd/e');
  fs.mkdirSync(below, { recursive: true });
  expect(findAddress(below)).toBeNull();
  writeAddress(root, PAIR, warn);
  const found = { ...PAIR, root: state.id, uid: process.getuid!() };
  expect([findAddress(root), findAddress(below), findAddress(path.dirname(root))]).toEqual([found, found, null]);
  expect(JSON.parse(fs.readFileSync(path.join(root, '.lockstep/address.json'), 'utf8'))).toEqual({
    version: 1,
    ...PAIR,
  });
  removeAddress(root, warn);
  removeAddress(root, warn);
  expect([findAddress(below), warnings]).toEqual([null, []]);
});

test.each([
  ['of a later version', { version: 2, ...PAIR }],
  ['of no side', { version: 1, address: PAIR.address, side: 'c' }],
  ['of no address', { version: 1, side: 'a' }],
])('one %s is none', (_, content) => {
  fs.writeFileSync(path.join(root, '.lockstep/address.json'), JSON.stringify(content));
  expect(findAddress(root)).toBeNull();
});

test('the nearest root counts', () => {
  writeAddress(root, PAIR, warn);
  const inner = path.join(root, 'inner');
  fs.mkdirSync(inner);
  const other = openStateDirectory(inner);
  writeAddress(inner, { ...PAIR, address: '127.0.0.1:9' }, warn);
  expect(findAddress(inner)).toMatchObject({ address: '127.0.0.1:9', root: other.id });
  other.release();
});

test('where it cannot be written or removed, that is said, with what to type', () => {
  const file = path.join(root, '.lockstep/address.json');
  fs.mkdirSync(path.join(file, 'x'), { recursive: true });
  writeAddress(root, PAIR, warn);
  removeAddress(root, warn);
  expect(warnings).toEqual([
    expect.stringMatching(`^Clients in ${root} need --server 127.0.0.1:8080: `),
    expect.stringMatching(`^${file} cannot be removed: `),
  ]);
});
