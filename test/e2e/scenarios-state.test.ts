// What Lockstep knows of a root is lost, damaged or out of date, and files are damaged with it: SCENARIOS 5, 6, 7, 22.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Client } from '../../src/client/client.js';
import { holding } from '../../src/disk/fs/inode.js';
import { microseconds } from '../../src/disk/fs/signature.js';
import { BothServers } from '../support/both-servers.js';
import { chance } from '../support/crash-editor.js';
import { PairOfPrograms, putWhole, textOf, treeOf, until } from '../support/programs.js';
import { full, sized } from '../support/sizes.js';
import { missing } from '../support/tools.js';

const SIDES = ['a', 'b'] as const;

describe('with programs', () => {
  let pair: PairOfPrograms;
  beforeEach(() => {
    pair = new PairOfPrograms('here if short');
  });
  afterEach(() => pair.close());

  async function restart(): Promise<void> {
    await pair.startB();
    await pair.startA();
    await pair.serverA.wait('in-sync');
    await pair.flush();
  }

  const bothStopped = () => Promise.all([pair.serverA.stop(), pair.serverB.stop()]);

  test('SCENARIO 5: ignore rules that grow to cover 300 files: they stay on both sides', async () => {
    fs.mkdirSync(path.join(pair.a, 'build'));
    for (let n = 0; n < 300; n++) fs.writeFileSync(path.join(pair.a, `build/${n}.o`), `${n}`);
    putWhole(pair.a, 'keep.txt', 'kept');
    await pair.start();
    await pair.flush();
    expect(fs.readdirSync(path.join(pair.b, 'build'))).toHaveLength(300);
    putWhole(pair.b, '.lockstepignore', 'build/\n');
    await until(() => textOf(pair.a, '.lockstepignore') !== null);
    await pair.flush();
    await bothStopped();
    await restart();
    for (const side of SIDES) expect(fs.readdirSync(path.join(pair[side], 'build'))).toHaveLength(300);
    expect(pair.serverA.said.filter(({ event }) => event === 'halted')).toEqual([]);
  });

  test.skipIf(missing.nobody !== '')(
    `SCENARIO 6: a directory that server-b cannot read is unknown, not empty${missing.nobody}`,
    async () => {
      for (let n = 0; n < 6; n++) putWhole(pair.b, `d/s/f${n}.txt`, `${n}`);
      putWhole(pair.b, 'other.txt', 'x');
      fs.chmodSync(pair.directory, 0o755);
      execFileSync('chown', ['-R', '65534:65534', pair.b]);
      fs.chmodSync(path.join(pair.b, 'd/s'), 0);
      // The superuser reads everything; server-b is to be nobody, and side a to know the files already.
      for (let n = 0; n < 6; n++) putWhole(pair.a, `d/s/f${n}.txt`, `${n}`);
      pair.under = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
      await pair.startB();
      await pair.startA();
      await pair.serverA.wait(({ event, path: name }) => event === 'problem' && name === 'd/s');
      fs.rmSync(path.join(pair.a, 'd/s/f0.txt'));
      putWhole(pair.a, 'new.txt', 'goes on');
      await until(() => textOf(pair.b, 'new.txt') === 'goes on');
      await pair.flush();
      expect(fs.readdirSync(path.join(pair.a, 'd/s'))).toHaveLength(5);
      fs.chmodSync(path.join(pair.b, 'd/s'), 0o755);
      await pair.json('rescan');
      await until(() => textOf(pair.a, 'd/s/f0.txt') === '0');
      await pair.flush();
      expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
    },
  );

  test.each([['a'], ['b'], ['a', 'b']] as const)(
    'SCENARIO 7: .lockstep of %s %s deleted while stopped: a first contact, nothing deleted',
    async (...sides) => {
      for (let n = 0; n < 6; n++) putWhole(pair.a, `f${n}.txt`, `${n}`);
      await pair.start();
      await bothStopped();
      for (const side of sides) if (side) fs.rmSync(path.join(pair[side], '.lockstep'), { recursive: true });
      fs.rmSync(path.join(pair.a, 'f0.txt'));
      fs.rmSync(path.join(pair.b, 'f1.txt'));
      await restart();
      expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
      expect(Object.keys(treeOf(pair.a))).toHaveLength(6);
    },
  );

  describe.each(SIDES)('SCENARIO 22: after a crash of server-%s', (side) => {
    const server = side === 'a' ? 'serverA' : 'serverB';
    const there = side === 'a' ? 'b' : 'a';

    /** What a power cut does: less content under the same time. */
    function damage(name: string, bytes: number): void {
      const file = path.join(pair[side], name);
      const { mtimeMs } = fs.statSync(file);
      fs.truncateSync(file, bytes);
      holding(file, (inode) => inode.setTime(microseconds(mtimeMs)));
    }

    async function crashed(work: () => void): Promise<void> {
      pair.asProcesses();
      for (const name of ['empty', 'short', 'edited']) putWhole(pair[side], `${name}.txt`, `${name} `.repeat(1_000));
      await pair.start();
      await pair.flush();
      await pair[server].crash();
      work();
      const since = pair.serverA.said.length;
      if (side === 'a') await pair.startA();
      else await pair.startB();
      await pair.serverA.wait('in-sync', side === 'a' ? 0 : since);
      await pair.flush();
      expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
    }

    test.runIf(full || side === 'b')(
      'an empty and a short file of the same time are damage: healed, and not carried over',
      async () => {
        await crashed(() => {
          damage('empty.txt', 0);
          damage('short.txt', 100);
        });
        expect(textOf(pair[side], 'empty.txt')).toBe('empty '.repeat(1_000));
        expect(textOf(pair[side], 'short.txt')).toBe('short '.repeat(1_000));
        const versions = path.join(pair[there], '.lockstep/versions');
        expect(fs.existsSync(versions) ? fs.readdirSync(versions) : []).toEqual([]);
      },
    );

    test.runIf(full || side === 'a')('what somebody emptied or shortened is an edit', async () => {
      await crashed(() => {
        fs.writeFileSync(path.join(pair[side], 'edited.txt'), '');
        fs.truncateSync(path.join(pair[side], 'short.txt'), 10);
      });
      expect(textOf(pair[there], 'edited.txt')).toBe('');
      expect(textOf(pair[there], 'short.txt')).toBe('short shor');
    });
  });
});

const fuzzSeeds = Number(process.env.LOCKSTEP_TEST_SEEDS ?? sized(3, 6));
const firstSeed = Number(process.env.LOCKSTEP_TEST_SEED ?? Date.now() % 1_000_000);

describe('SCENARIO 7: state files damaged while stopped: a first contact, nothing deleted, no crash', () => {
  const seeds = Array.from({ length: fuzzSeeds }, (_, n) => firstSeed + n);

  test.each(seeds)('seed %i', async (seed) => {
    const both = new BothServers();
    try {
      const random = chance(seed);
      for (const [n, root] of [both.a, both.b].entries()) {
        for (let m = 0; m < 12; m++) putWhole(root, `d${m % 3}/${'ab'[n]}${m}.txt`, `content ${m}`);
      }
      await both.start();
      await both.said('in-sync');
      await both.stop();
      const before = Object.keys(treeOf(both.a));
      const done = damageSome(both, random);
      await both.start();
      await both.said('in-sync', 'halted');
      await acceptLostLocks(both);
      expect(treeOf(both.a), done).toEqual(treeOf(both.b));
      expect(Object.keys(treeOf(both.a)), done).toEqual(before);
      await both.stop();
    } finally {
      await both.close();
    }
  });
});

/** Where the lock table was damaged nothing is carried until somebody says that no lock is missed. */
async function acceptLostLocks(both: BothServers): Promise<void> {
  const halt = both.events.find(({ event }) => event === 'halted');
  if (halt === undefined) return;
  expect(halt).toMatchObject({ code: 'locks-lost' });
  const client = await Client.connect({ server: `127.0.0.1:${both.port}`, user: 'ann' });
  await client.resume({ acceptLostLocks: true });
  client.close();
  await both.said('in-sync');
}

/** Damages one to three state files of either side; @returns what was done. */
function damageSome({ a, b }: BothServers, random: (below: number) => number): string {
  const done: string[] = [];
  for (let n = random(3); n >= 0; n--) {
    const root = random(2) === 0 ? a : b;
    const names = fs.readdirSync(path.join(root, '.lockstep')).filter((name) => /\.(log|json)$/.test(name));
    const file = path.join(root, '.lockstep', names[random(names.length)]!);
    const bytes = fs.readFileSync(file);
    const at = random(bytes.length + 1);
    const how = random(5);
    if (how === 0) fs.truncateSync(file, at);
    else if (how === 1) fs.unlinkSync(file);
    else if (how === 2) fs.appendFileSync(file, Buffer.from([random(256), random(256), 0x0a]));
    else {
      const end = how === 3 ? at + 1 : at + random(50);
      for (let i = at; i < Math.min(end, bytes.length); i++) bytes[i] = random(256);
      fs.writeFileSync(file, bytes);
    }
    done.push(`${file} ${['cut', 'removed', 'grown', 'one byte', 'many bytes'][how]} at ${at}`);
  }
  return done.join('; ');
}
