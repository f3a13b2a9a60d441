// Today's servers go on with what the servers of an earlier release have left: its archive, locks, held updates and
// versions. The pair is in test/support/earlier-state.ndjson, one file or directory a line, as the release of 30 November
// 2026 (commit 7a909dc) wrote it: five files, one of them replaced and one deleted, and one locked on side a and changed on
// side b.
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import type { LockRow } from '../../src/wire/client-api/methods.js';
import type { VersionRow } from '../../src/wire/client-api/version-rows.js';
import { PairOfPrograms, textOf, treeOf } from '../support/programs.js';

interface Kept {
  readonly path: string;
  readonly mode: string;
  readonly mtime?: number;
  readonly text?: string;
}

/** Versions are removed after this time, and these get older. */
const KEEP = ['--keep-versions', '30000d'];
const EARLIER = path.join(import.meta.dirname, '../support/earlier-state.ndjson');

let pair: PairOfPrograms;

beforeEach(() => {
  pair = new PairOfPrograms('here if short');
  onTestFinished(() => pair.close());
  const kept = fs.readFileSync(EARLIER, 'utf8').trim().split('\n');
  for (const line of kept) put(JSON.parse(line) as Kept);
  for (const root of [pair.a, pair.b]) settle(path.join(root, '.lockstep', 'identity.json'), fs.statSync(root).ino);
});

function put({ path: name, mode, mtime, text }: Kept): void {
  const file = path.join(pair.directory, name);
  if (text === undefined) fs.mkdirSync(file, { recursive: true });
  else fs.writeFileSync(file, text);
  fs.chmodSync(file, Number.parseInt(mode, 8));
  if (mtime !== undefined) fs.utimesSync(file, mtime, mtime);
}

/** Notes that the root is where it was made: elsewhere it is a copy, which is compared anew. */
function settle(file: string, inode: number): void {
  const { sum: _sum, generation, ...value } = JSON.parse(fs.readFileSync(file, 'utf8'));
  const next = { ...value, inode, generation: generation + 1 };
  const sum = crc32(JSON.stringify(next)).toString(16).padStart(8, '0');
  fs.writeFileSync(file, `${JSON.stringify({ ...next, sum })}\n`);
}

const start = async () => {
  await pair.startB(...KEEP);
  await pair.startA(...KEEP);
  await pair.serverA.wait('in-sync');
};

it('locks, held updates and versions are there, and an unlock applies what was held', async () => {
  await start();
  const { locks } = await pair.json<{ locks: LockRow[] }>('locks');
  expect(locks).toMatchObject([
    { path: 'drawing.txt', owner: 'anna', side: 'a', token: 1, message: 'new cover', held: 1 },
  ]);
  const { held } = await pair.json<{ held: object[] }>('held', 'drawing.txt');
  expect(held).toMatchObject([{ path: 'drawing.txt', position: 1, action: 'modified', size: 16 }]);
  const versions = async (target: string) =>
    (await pair.json<{ versions: VersionRow[] }>('versions', target)).versions.map(({ reason, side }) => [
      reason,
      side,
    ]);
  expect([await versions('plan.txt'), await versions('gone.txt')]).toEqual([
    [['overwritten', 'b']],
    [['deleted', 'b']],
  ]);
  await pair.json('--as', 'anna', 'unlock', 'drawing.txt');
  await pair.flush();
  expect(textOf(pair.a, 'drawing.txt')).toBe('drawn on side b\n');
  await pair.json('restore', 'gone.txt');
  await pair.flush();
  expect(textOf(pair.b, 'gone.txt')).toBe('first gone.txt\n');
  expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
  expect([pair.serverA.stderr, pair.serverB.stderr]).toEqual(['', '']);
  const { token } = await pair.json<{ token: number }>('lock', 'plan.txt');
  expect(token, 'tokens only grow').toBeGreaterThan(1);
});

it('the archive is there: what was deleted since is deleted on the other side, too', async () => {
  fs.rmSync(path.join(pair.a, 'notes.txt'));
  fs.writeFileSync(path.join(pair.b, 'deep', 'inner.txt'), 'changed while nothing ran');
  await start();
  await pair.flush();
  expect(textOf(pair.b, 'notes.txt')).toBeNull();
  expect(textOf(pair.a, 'deep/inner.txt')).toBe('changed while nothing ran');
  expect(textOf(pair.a, 'drawing.txt'), 'it is locked').toBe('first drawing.txt\n');
  const names = [pair.a, pair.b].flatMap((root) => fs.readdirSync(path.join(root, '.lockstep')));
  expect(names.filter((name) => name.includes('damaged'))).toEqual([]);
});
