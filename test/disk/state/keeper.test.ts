// What the keeper of a state directory reports, and until when. What it repairs is in own-directories and swapped-state.
import fs from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OwnDirectoryError } from '../../../src/disk/fs/own-directory.js';
import { StateKeeper } from '../../../src/disk/state/keeper.js';
import { StateProblems } from '../../../src/disk/state/problems.js';
import { openStateDirectory } from '../../../src/disk/state/state-directory.js';
import { silent } from '../../../src/log.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

let root: string;
let problems: StateProblems;
/** What the next run comes upon. */
let fault: { directory?: Error; files?: Error };
let runs: string[];
let keeper: StateKeeper;
beforeEach(() => {
  root = makeRoot('keeper');
  problems = new StateProblems(silent);
  fault = {};
  runs = [];
  const sound = { ensure: () => {} };
  const staging = {
    ensure: () => {
      runs.push('staging');
      if (fault.directory !== undefined) throw fault.directory;
    },
  };
  const mend = async () => {
    runs.push('files');
    if (fault.files !== undefined) throw fault.files;
  };
  keeper = new StateKeeper({
    root,
    identity: { id: 'ours' },
    occupancy: { check: () => false } as never,
    files: { restore: () => {}, mend } as never,
    own: { staging, held: sound, versions: sound, log: sound } as never,
    problems,
    writeReadme: () => {},
  });
});
afterEach(() => removeRoot(root));

const systemError = (code: string): Error => Object.assign(new Error(code), { code });

async function kept(): Promise<string[]> {
  await keeper.keep(() => true);
  return problems.list().map(({ path, code }) => `${path} ${code}`);
}

test('a directory that cannot be made is a problem until it can, and the files are kept all the same', async () => {
  fault.directory = new OwnDirectoryError(`${root}/.lockstep/staging`, systemError('EACCES'));
  expect(await kept()).toEqual(['.lockstep/staging no-permission']);
  expect(runs).toEqual(['staging', 'files']);
  fault = {};
  expect(await kept()).toEqual([]);
});

test('a disk that refuses is a problem until a run has succeeded', async () => {
  fault.files = systemError('ENOSPC');
  expect(await kept()).toEqual(['.lockstep no-space']);
  fault = { directory: systemError('EIO') };
  expect(await kept()).toEqual(['.lockstep io-error']);
  fault = {};
  expect(await kept()).toEqual([]);
});

test('calls that overlap share one run', async () => {
  await Promise.all([kept(), kept()]);
  expect(runs).toEqual(['staging', 'files']);
  await kept();
  expect(runs).toHaveLength(4);
});

test('nothing is repaired in a root without identity that holds other files', async () => {
  await keeper.keep(() => false);
  expect([runs, problems.list()]).toEqual([[], []]);
});

test.each<[it: string, replace: () => void]>([
  ['is gone', () => {}],
  ['was replaced by another directory', () => fs.mkdirSync(root)],
])('nothing is repaired where the root %s, and that is no problem of the state', async (_, replace) => {
  fs.renameSync(root, `${root}-away`);
  replace();
  await keeper.keep(() => true);
  expect([runs, problems.list()]).toEqual([[], []]);
  fs.rmSync(root, { recursive: true, force: true });
  fs.renameSync(`${root}-away`, root);
  await keeper.keep(() => true);
  expect(runs).toEqual(['staging', 'files']);
});

test.each<[it: string, change: (text: string) => string, runs: number]>([
  ['of another root: nothing is repaired', (text) => text, 0],
  [
    'that is damaged: it is repaired where the root holds what it held',
    (text) => text.replace(/"sum":"./, '"sum":"x'),
    2,
  ],
  ['that is cut: it is repaired where the root holds what it held', (text) => text.slice(0, -9), 2],
])('an identity %s', async (_, change, expected) => {
  const other = makeRoot('other');
  openStateDirectory(other).release();
  fs.mkdirSync(`${root}/.lockstep`);
  fs.writeFileSync(
    `${root}/.lockstep/identity.json`,
    change(fs.readFileSync(`${other}/.lockstep/identity.json`, 'utf8')),
  );
  await keeper.keep(() => true);
  expect([runs.length, problems.list()]).toEqual([expected, []]);
  removeRoot(other);
});
