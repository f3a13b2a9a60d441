// S6: 2,000 changes of all kinds, made at once in a tree that both sides have: 500 files edited, 500 made, 500 deleted, and
// a directory of 500 renamed. The clock runs from the moment when the last change is made.
import fs from 'node:fs';
import path from 'node:path';
import type { Bench, Scenario } from '../scenario.js';
import { checkEqualTrees, contentOf, makeTree, nameOf } from '../trees.js';
import { time, timed, withStarted } from './work.js';

const FILES = 10_000;
const OF_EACH_KIND = 500;
const EDITED_BYTES = 9_000;

export const mixedChanges: Scenario = {
  name: 'S6',
  what: '2,000 mixed changes at once among 10,500 files, a directory of 500 renamed among them',
  programs: ['lockstep', 'rsync', 'lsyncd', 'unison', 'syncthing'],
  goals: [{ measure: 'time', of: { program: 'rsync' }, most: 1 }],
  async run(program, bench) {
    const pair = await program.prepare(bench.place);
    for (const root of [pair.a, pair.b]) {
      await makeTree(root, bench.scaled(FILES));
      await makeTree(path.join(root, 'album'), bench.scaled(OF_EACH_KIND));
    }
    const ms = await withStarted(pair, async () => {
      await pair.sync();
      bench.place.settle();
      change(pair.a, bench);
      return timed(() => pair.sync());
    });
    await checkEqualTrees(pair.a, pair.b);
    bench.place.drop(pair.a, pair.b);
    return [time(ms)];
  },
};

/** Spreads the changes over all directories. */
function change(root: string, { scaled }: Bench): void {
  const [files, ofEachKind] = [scaled(FILES), scaled(OF_EACH_KIND)];
  const apart = Math.floor(files / ofEachKind);
  for (let n = 0; n < ofEachKind; n++) {
    const at = n * apart;
    fs.writeFileSync(path.join(root, nameOf(at)), contentOf(files + n, EDITED_BYTES));
    fs.rmSync(path.join(root, nameOf(at + 1)));
    fs.writeFileSync(path.join(root, `${nameOf(at)}-new`), contentOf(2 * files + n));
  }
  fs.renameSync(path.join(root, 'album'), path.join(root, 'album-of-summer'));
}
