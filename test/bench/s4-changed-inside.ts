// S4: 4 KiB are changed inside 1 GiB that both sides have. S4b: a byte is inserted at the front of it. What is counted
// is everything that crosses, not the content alone.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Pair } from './pair.js';
import { checkEqual, copyBehind, type Place } from './place.js';
import { Rsync, rsyncVersion } from './rsync.js';
import type { Figure, Scenario } from './scenario.js';

/** Makes `to` out of `from`. */
type Edit = (from: string, to: string) => void;

const PLACE = 500_000_000;

const changeInside: Edit = (from, to) => {
  fs.copyFileSync(from, to);
  const fd = fs.openSync(to, 'r+');
  fs.writeSync(fd, randomBytes(4096), 0, 4096, PLACE);
  fs.closeSync(fd);
};

const insertInFront: Edit = (from, to) => copyBehind(Buffer.from('x'), from, to);

export const changedInside: Scenario = {
  name: 'S4',
  what: '4 KiB changed inside 1 GiB',
  targets: [
    { measure: 'time', peer: 'rsync', most: 0.5 },
    { measure: 'wire', peer: 'rsync', most: 0.5 },
  ],
  run: (place) => edited(place, changeInside),
};

export const insertedInFront: Scenario = {
  name: 'S4b',
  what: '1 byte inserted at the front of 1 GiB',
  targets: [
    { measure: 'time', peer: 'rsync', most: 1 },
    { measure: 'wire', peer: 'rsync', most: 1 },
  ],
  run: (place) => edited(place, insertInFront),
};

async function edited(place: Place, edit: Edit): Promise<Figure[]> {
  const old = place.random(1024);
  const next = path.join(place.fresh('next'), 'large');
  edit(old, next);
  const figures = await lockstep(place, old, next);
  if (rsyncVersion() !== null) figures.push(...(await rsync(place, old, next)));
  fs.rmSync(next);
  return figures;
}

async function lockstep(place: Place, old: string, next: string): Promise<Figure[]> {
  const pair = await Pair.start(place, true);
  const beside = place.fresh('beside');
  fs.copyFileSync(old, path.join(beside, 'old'));
  fs.copyFileSync(next, path.join(beside, 'next'));
  await pair.put(path.join(beside, 'old'), 'large');
  const before = pair.carried;
  const ms = await pair.put(path.join(beside, 'next'), 'large');
  const carried = pair.carried - before;
  await pair.stop();
  checkEqual(next, path.join(pair.b, 'large'));
  return [
    { program: 'lockstep', measure: 'time', value: ms, unit: 'ms' },
    { program: 'lockstep', measure: 'wire', value: carried, unit: 'bytes' },
  ];
}

async function rsync(place: Place, old: string, next: string): Promise<Figure[]> {
  const daemon = await Rsync.start(place);
  const target = path.join(daemon.target, 'large');
  fs.copyFileSync(old, target);
  // It takes files of one size and one second for the same.
  fs.utimesSync(target, 1_000_000_000, 1_000_000_000);
  const { ms, bytes } = daemon.run(path.dirname(next));
  checkEqual(next, target);
  return [
    { program: 'rsync', measure: 'time', value: ms, unit: 'ms' },
    { program: 'rsync', measure: 'wire', value: bytes, unit: 'bytes' },
  ];
}
