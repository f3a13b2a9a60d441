// A pair on file systems without hard links (FAT, some network shares): all that is published, kept, held, copied and
// fetched goes by copies and renames there, and nothing is lost.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PairOfPrograms, putWhole, textOf, treeOf, until } from '../support/programs.js';

/** Has every program refuse to give a file a second name, as such a file system does. */
const WITHOUT_LINKS = `data:text/javascript,${encodeURIComponent(`
  import fs from 'node:fs';
  fs.linkSync = () => { throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' }); };
`)}`;

let pair: PairOfPrograms;
beforeEach(() => {
  pair = new PairOfPrograms();
  pair.env.NODE_OPTIONS = `--import=${WITHOUT_LINKS}`;
});
afterEach(() => pair.close());

/** The contents of all files in a directory of ours. */
const contentsIn = (root: string, name: string): string[] =>
  fs
    .readdirSync(path.join(root, '.lockstep', name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => fs.readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))
    .sort();

test('both sides follow, versions, held updates and conflict copies are whole', async () => {
  putWhole(pair.a, 'd/plan.txt', 'v1');
  await pair.start();
  await pair.flush();
  expect(textOf(pair.b, 'd/plan.txt')).toBe('v1');

  putWhole(pair.b, 'd/plan.txt', 'v2');
  await pair.flush();
  expect([textOf(pair.a, 'd/plan.txt'), contentsIn(pair.a, 'versions')]).toEqual(['v2', ['v1']]);

  await pair.json('lock', 'd/plan.txt');
  putWhole(pair.b, 'd/plan.txt', 'v3');
  await pair.serverA.wait('held');
  expect([textOf(pair.a, 'd/plan.txt'), contentsIn(pair.a, 'held')]).toEqual(['v2', ['v3']]);
  await pair.json('unlock', 'd/plan.txt');
  await until(() => textOf(pair.a, 'd/plan.txt') === 'v3');
  await until(() => contentsIn(pair.a, 'held').length === 0);
  expect(contentsIn(pair.a, 'versions')).toEqual(['v1', 'v2']);

  await pair.json('restore', 'd/plan.txt');
  await pair.flush();
  expect(textOf(pair.b, 'd/plan.txt')).toBe(textOf(pair.a, 'd/plan.txt'));

  const to = path.join(pair.directory, 'fetched');
  expect((await pair.client('download', 'd/plan.txt', to)).code).toBe(0);
  expect(textOf(pair.directory, 'fetched')).toBe(textOf(pair.a, 'd/plan.txt'));
  expect((await pair.client('download', 'd/plan.txt', to)).code).toBe(5);

  expect(await pair.serverB.stop()).toBe(0);
  putWhole(pair.a, 'd/plan.txt', 'edited at a');
  putWhole(pair.b, 'd/plan.txt', 'edited at b');
  await pair.startB();
  await pair.serverA.wait('conflict');
  await pair.flush();
  expect(treeOf(pair.b)).toEqual(treeOf(pair.a));
  const both = fs.readdirSync(path.join(pair.a, 'd')).map((name) => textOf(pair.a, `d/${name}`));
  expect(both.sort()).toEqual(['edited at a', 'edited at b']);

  fs.rmSync(path.join(pair.a, 'd/plan.txt'));
  await pair.flush();
  expect(fs.existsSync(path.join(pair.b, 'd/plan.txt'))).toBe(false);
  expect((await pair.json<{ problems: object[] }>('status')).problems).toEqual([]);
});
