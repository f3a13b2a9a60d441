// S2: a file of 1 GiB appears on one side. Lockstep makes it durable, rsync does not.
import fs from 'node:fs';
import path from 'node:path';
import { Pair } from './pair.js';
import { checkEqual, type Place } from './place.js';
import { Rsync, rsyncVersion } from './rsync.js';
import type { Figure, Scenario } from './scenario.js';

export const oneLargeFile: Scenario = {
  name: 'S2',
  what: 'first sync of one file of 1 GiB',
  targets: [{ measure: 'time', peer: 'rsync', most: 1 }],
  async run(place) {
    const file = place.random(1024);
    const figures = [await lockstep(place, file)];
    if (rsyncVersion() !== null) figures.push(await rsync(place, file));
    return figures;
  },
};

async function lockstep(place: Place, file: string): Promise<Figure> {
  const pair = await Pair.start(place);
  const copy = path.join(place.fresh('beside'), 'large');
  fs.copyFileSync(file, copy);
  const value = await pair.put(copy, 'large');
  await pair.stop();
  checkEqual(file, path.join(pair.b, 'large'));
  return { program: 'lockstep', measure: 'time', value, unit: 'ms' };
}

async function rsync(place: Place, file: string): Promise<Figure> {
  const daemon = await Rsync.start(place);
  const source = place.fresh('source');
  fs.copyFileSync(file, path.join(source, 'large'));
  const { ms } = daemon.run(source);
  checkEqual(file, path.join(daemon.target, 'large'));
  return { program: 'rsync', measure: 'time', value: ms, unit: 'ms' };
}
