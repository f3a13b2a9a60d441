// S4: 4 KiB are changed inside 1 GiB that both sides have. S4b: a byte is inserted at the front of it. What is counted is
// everything that crosses, not the content alone.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Program } from '../programs/program.js';
import type { Bench, Figure, Scenario } from '../scenario.js';
import { checkEqualTrees, copyBehind } from '../trees.js';
import { GIBIBYTE_IN_MIB } from './s2-large-file.js';
import { time, timed, withStarted } from './work.js';

const CHANGED_BYTES = 4096;
/** rsync takes files of one size and one second for the same. */
const LONG_AGO = 1_500_000_000;

/** Makes `to` out of `from`. */
type Edit = (from: string, to: string) => void;

const changeInside: Edit = (from, to) => {
  fs.copyFileSync(from, to);
  const fd = fs.openSync(to, 'r+');
  fs.writeSync(fd, randomBytes(CHANGED_BYTES), 0, CHANGED_BYTES, Math.floor(fs.fstatSync(fd).size / 2) + 1);
  fs.closeSync(fd);
};

const insertInFront: Edit = (from, to) => copyBehind(Buffer.from('x'), from, to);

export const changedInside: Scenario = {
  name: 'S4',
  what: '4 KiB changed inside 1 GiB',
  programs: ['lockstep', 'rsync', 'unison', 'syncthing'],
  goals: [
    { measure: 'time', of: { program: 'rsync' }, most: 1 },
    { measure: 'wire', of: { program: 'rsync' }, most: 0.1 },
  ],
  run: (program, bench) => edited(program, bench, changeInside),
};

export const insertedInFront: Scenario = {
  name: 'S4b',
  what: '1 byte inserted at the front of 1 GiB',
  programs: ['lockstep', 'rsync', 'unison', 'syncthing'],
  goals: [
    { measure: 'time', of: { program: 'rsync' }, most: 1.5 },
    { measure: 'wire', of: { program: 'rsync' }, most: 1 },
  ],
  run: (program, bench) => edited(program, bench, insertInFront),
};

async function edited(program: Program, bench: Bench, edit: Edit): Promise<Figure[]> {
  const { place } = bench;
  const old = place.random(bench.scaled(GIBIBYTE_IN_MIB));
  const pair = await program.prepare(place, true);
  for (const root of [pair.a, pair.b]) {
    fs.copyFileSync(old, path.join(root, 'large'));
    fs.utimesSync(path.join(root, 'large'), LONG_AGO, LONG_AGO);
  }
  const beside = place.fresh('beside');
  edit(old, path.join(beside, 'large'));
  const figures = await withStarted(pair, async (): Promise<Figure[]> => {
    await pair.sync();
    place.settle();
    const before = pair.carried;
    const ms = await timed(async () => {
      fs.renameSync(path.join(beside, 'large'), path.join(pair.a, 'large'));
      await pair.sync();
    });
    return [time(ms), { measure: 'wire', value: pair.carried - before, unit: 'bytes' }];
  });
  await checkEqualTrees(pair.a, pair.b);
  place.dropLarge(pair.a, pair.b);
  return figures;
}
