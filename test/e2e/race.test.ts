// SCENARIO 40 with the programs: on either side a process swaps files, directories and Lockstep's own directories for links
// to outside while everything that a server can do to a path is asked of it from the other side and by clients. What lies
// outside stays as it was to the last bit, nothing of it gets in, and when the swapping ends both sides agree.
import fs from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { chance } from '../support/crash-editor.js';
import { PairOfPrograms, putWhole, type ServerProcess, treeOf, until } from '../support/programs.js';
import { full, sized } from '../support/sizes.js';
import { DiskUser } from '../support/swapper.js';
import { attach, missing } from '../support/tools.js';

const SWAPS = Number(process.env.LOCKSTEP_TEST_SWAPS ?? sized(500, 1_000_000));
const seed = Number(process.env.LOCKSTEP_TEST_SEED ?? Date.now() % 1_000_000);
/** Swapped as fast as can be, and swapped just when a change arrives. */
const BUSY = Array.from({ length: 12 }, (_, n) => (n % 3 === 0 ? `f${n}` : `d${n % 6}/f${n}`));
const CALM = Array.from({ length: 80 }, (_, n) => `d0/c${n}`);
const FILES = [...BUSY, ...CALM];
const DIRECTORIES = ['d1', 'd2', 'd4', 'd5'];
const OWN = ['.lockstep/staging', '.lockstep/versions', '.lockstep/held', '.lockstep'];
/** What is swapped on one side is changed on the other. */
const SIDES = { a: 'of-a', b: 'of-b' } as const;
type Side = keyof typeof SIDES;
const other = (side: Side): Side => (side === 'a' ? 'b' : 'a');

/** Everything below `directory`, to the last bit. */
function stateOf(directory: string): string {
  const names = ['', ...fs.readdirSync(directory, { recursive: true, encoding: 'utf8' })].sort();
  const lines = names.map((name) => {
    const at = path.join(directory, name);
    const stats = fs.lstatSync(at, { bigint: true });
    const content = stats.isFile() ? fs.readFileSync(at, 'utf8') : '';
    return `${name} ${stats.mode} ${stats.uid}:${stats.gid} ${stats.size} ${stats.mtimeNs} ${stats.ino} ${content}`;
  });
  return lines.join('\n');
}

/** A tree with the names that are swapped, and with contents that must not get out of it. */
function makeCanary(outside: string, home: string): void {
  for (const name of FILES) putWhole(outside, `${home}/${name}`, `CANARY ${name}`);
  for (const name of OWN) fs.mkdirSync(path.join(outside, name), { recursive: true });
  for (const name of ['staging', 'versions', 'held']) putWhole(outside, `.lockstep/${name}/kept`, 'CANARY');
  for (const name of fs.readdirSync(outside, { recursive: true, encoding: 'utf8' }).reverse()) {
    const at = path.join(outside, name);
    fs.chmodSync(at, fs.statSync(at).isDirectory() ? 0o711 : 0o600);
    fs.utimesSync(at, 1_000, 1_000);
  }
}

/** The versions of a long run are many files to remove. */
const HOOK_MS = 600_000;
/** Where a server looks first and changes then, it takes so many microseconds longer in between. */
const DELAY = { calls: 'chmod,utimensat,link,rename,symlink,mkdir,unlink,rmdir', inject: 'delay_enter=1000' };

const rows: [how: string, most: number][] = [['as fast as they can', SWAPS]];
if (full && missing.strace === '') rows.push(['while each change takes a millisecond longer', SWAPS / 20]);

test.each(rows)(
  'SCENARIO 40: nothing outside changes while two processes swap %s, %i times',
  { timeout: full ? 7_200_000 : 90_000 },
  async (how, most) => {
    const random = chance(seed);
    const isDelayed = how.includes('longer');
    const pair = new PairOfPrograms('here if short');
    onTestFinished(() => pair.close(), HOOK_MS);
    const outside = (side: Side) => path.join(pair.directory, `outside-${side}`);
    for (const side of ['a', 'b'] as const) {
      makeCanary(outside(side), SIDES[side]);
      fs.mkdirSync(path.join(pair.directory, `hold-${side}/calm`), { recursive: true });
      for (const name of FILES) putWhole(pair[side], `${SIDES[side]}/${name}`, `version 0 of ${name}`);
    }
    const before = { a: stateOf(outside('a')), b: stateOf(outside('b')) };
    const check = () => {
      for (const side of ['a', 'b'] as const) expect(stateOf(outside(side)), `outside of ${side}`).toBe(before[side]);
    };
    await pair.startB();
    await pair.startA('--guard');
    await pair.serverA.wait('in-sync');
    const pids = isDelayed ? [pair.serverA, pair.serverB].map((server) => (server as ServerProcess).pid) : [];
    const traces = await Promise.all(pids.map((pid) => attach(pid, DELAY.calls, DELAY.inject)));
    const below = (side: Side, names: readonly string[]) => names.map((name) => `${SIDES[side]}/${name}`);
    const hold = (side: Side) => path.join(pair.directory, `hold-${side}`);
    const swappers = (['a', 'b'] as const).map((side) =>
      DiskUser.swapping({
        root: pair[side],
        outside: outside(side),
        hold: hold(side),
        files: below(side, BUSY),
        directories: below(side, DIRECTORIES),
        own: OWN,
        seed: random(1_000_000),
      }),
    );
    const ambushers = (['a', 'b'] as const).map((side) =>
      DiskUser.ambushing({
        root: pair[side],
        other: pair[other(side)],
        outside: outside(side),
        hold: path.join(hold(side), 'calm'),
        files: below(side, CALM),
        busy: below(side, BUSY),
        directories: below(side, DIRECTORIES),
        seed: random(1_000_000),
      }),
    );
    const users = [...swappers, ...ambushers];
    onTestFinished(async () => {
      await Promise.all(users.map((user) => user.stop()));
    }, HOOK_MS);
    /** Both sides agree once nobody swaps any more. */
    const agree = async () => {
      const { locks } = await pair.json<{ locks: { path: string }[] }>('locks');
      for (const lock of locks) await pair.json('--as', 'ann', 'unlock', lock.path, '--force');
      await pair.json('resume').catch(() => {});
      await pair.json('rescan');
      // A halt because .lockstep was another one ends with the scan that finds it again.
      await until(async () => (await pair.json<{ state: string }>('status')).state !== 'halted');
      await pair.flush();
      check();
      const differences = () => {
        const [a, b] = [treeOf(pair.a), treeOf(pair.b)];
        const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]);
        return names.map((name) => `${name}: ${a[name]} | ${b[name]}`);
      };
      const { problems } = await pair.json<{ problems: object[] }>('status');
      await until(
        () => differences().length === 0,
        () => JSON.stringify([differences(), problems], null, 1),
      );
    };
    const swaps = () => users.reduce((sum, user) => sum + user.count, 0);
    const local = path.join(pair.directory, 'local');
    let asked = 0;
    while (swaps() < most) {
      const name = `${SIDES[random(2) === 0 ? 'a' : 'b']}/${FILES[random(FILES.length)]!}`;
      fs.writeFileSync(local, `uploaded ${asked++}`);
      const lines = [
        ['upload', local, name, '--overwrite'],
        ['rename', name, `${SIDES.a}/${FILES[random(FILES.length)]!}`, '--overwrite'],
        ['delete', name],
        ['restore', name],
        ['lock', name, '--side', random(2) === 0 ? 'a' : 'b'],
        ['unlock', name, '--force'],
        ['download', name, `${local}.out`, '--overwrite'],
        ['status'],
      ];
      await pair.client('--as', 'ann', ...lines[random(lines.length)]!);
      check();
    }
    await Promise.all(users.map((user) => user.stop()));
    for (const trace of traces) await trace.detach();
    check();
    await agree();
    for (const side of ['a', 'b'] as const) {
      for (const name of fs.readdirSync(pair[side], { recursive: true, encoding: 'utf8' })) {
        const at = path.join(pair[side], name);
        if (fs.lstatSync(at).isFile()) expect(fs.readFileSync(at, 'latin1'), at).not.toContain('CANARY');
      }
    }
    const done: Record<string, number> = {};
    for (const { event, action, to } of pair.serverA.said) {
      if (event === 'synced') done[`${action} at ${to}`] = (done[`${action} at ${to}`] ?? 0) + 1;
    }
    console.log(
      `seed ${seed}: ${swaps()} swaps, ${ambushers.map(({ count }) => count)} of them as a change arrived, ${asked} requests; ${JSON.stringify(done)}`,
    );
  },
);
