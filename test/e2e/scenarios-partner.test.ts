// A side whose memory is lost or that lies, another partner, a backup that was put back, a disk that is not mounted, with
// the real programs: SCENARIOS 7, 41 and 43. Server-a judges by its own archive, and each test ends with the same
// question: is every file still there, and what is newer still the newer?
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Entry } from '../../src/core/entry.js';
import type { RelPath } from '../../src/core/path.js';
import { type LyingServerB, lyingServerB } from '../support/lying-server-b.js';
import { PairOfPrograms, putWhole, type Said, textOf, treeOf, until } from '../support/programs.js';
import { full, some } from '../support/sizes.js';
import { missing } from '../support/tools.js';

let pair: PairOfPrograms;
let mounts: string[] = [];
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
});
afterEach(async () => {
  await Promise.all([pair.serverA, pair.serverB].map((server) => server?.stop()));
  for (const at of mounts.splice(0).reverse()) execFileSync('umount', ['-l', at]);
  await pair.close();
});

function fill(root: string, files: number, name = 'f'): void {
  for (let n = 0; n < files; n++) putWhole(root, `${name}${n}.txt`, `content ${name} ${n}`);
}

/** So many files are shared where most are to be lost, and so many of them are. */
const ALL = 120;
const MOST = 110;

const isState = (name: string) => name === '.lockstep';
const filesIn = (root: string) => Object.keys(treeOf(root));

/** Removes everything in `root`, its state only where `all` is meant. */
function empty(root: string, all = false): void {
  for (const name of fs.readdirSync(root))
    if (all || !isState(name)) fs.rmSync(path.join(root, name), { recursive: true });
}

const copy = (from: string, to: string) => execFileSync('cp', ['-a', `${from}/.`, to]);

/** The pair is halted, says so to whoever asks, and lets nobody write. */
async function expectHalted(code: string, message: RegExp, since = 0): Promise<void> {
  const said = await pair.serverA.wait((event: Said) => event.event === 'halted', since);
  expect(said.code).toBe(code);
  expect(said.message).toMatch(message);
  const source = path.join(pair.directory, 'upload.txt');
  fs.writeFileSync(source, 'from a client');
  const [status, text, flush, upload, list] = await Promise.all([
    pair.json<{ state: string; problems: { code: string }[] }>('status'),
    pair.client('status'),
    pair.client('flush', '--timeout', '10s'),
    pair.client('upload', source),
    pair.client('list'),
  ]);
  expect(status.state).toBe('halted');
  expect(status.problems.map((problem) => problem.code)).toContain(code);
  expect(text.stdout).toMatch(/client resume --(accept-deletes|new-partner)/);
  expect([flush.code, upload.code, list.code]).toEqual([8, 8, 0]);
}

/** Server-a is stopped and started, and halts as it did. */
async function expectHaltedAgain(code: string): Promise<void> {
  await pair.serverA.stop();
  await pair.startA();
  await expectHalted(code, /Nothing is touched/);
}

async function resumed(since: number): Promise<void> {
  await pair.serverA.wait('in-sync', since);
  await pair.flush();
  expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
}

async function confirmed(...words: string[]): Promise<void> {
  const since = pair.serverA.said.length;
  expect(await pair.json('resume', ...words)).toEqual({ changed: true });
  await resumed(since);
}

/** What was put aside, by content. */
function versionsIn(root: string): string[] {
  const directory = path.join(root, '.lockstep/versions');
  const names = fs.readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return names.map((entry) => fs.readFileSync(path.join(entry.parentPath, entry.name), 'utf8'));
}

const seenLog = (root: string) => path.join(root, '.lockstep/seen.log');

/** What may become of what was last seen. */
const damages: [string, (file: string) => void][] = [
  ['empty', (file) => fs.truncateSync(file, 0)],
  ['gone', (file) => fs.rmSync(file)],
  ['cut in the middle', (file) => fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2))],
  ['cut after its first line', (file) => fs.writeFileSync(file, `${fs.readFileSync(file, 'utf8').split('\n')[0]}\n`)],
  ['of another version', (file) => fs.writeFileSync(file, 'lockstep-store 99\n')],
  ['as it was', () => {}],
];

describe('SCENARIO 41: the files of a side and its memory of them are gone', () => {
  test.each(some(damages, 0, 2))(
    'side b, all of them, seen.log is %s: halts, and nothing is deleted',
    async (_, damage) => {
      fill(pair.a, ALL);
      await pair.start();
      await pair.serverB.stop();
      empty(pair.b);
      damage(seenLog(pair.b));
      const since = pair.serverA.said.length;
      await pair.startB();
      await expectHalted('root-emptied', /Nothing is touched.*client resume --accept-deletes/, since);
      expect(filesIn(pair.a)).toHaveLength(ALL);
    },
  );

  const ends: [string, () => Promise<void>, (filesOfA: number) => void][] = [
    [
      'confirmed, they go',
      () => confirmed('--accept-deletes'),
      (files) => {
        expect(files).toBe(ALL - MOST);
        expect(versionsIn(pair.a)).toHaveLength(MOST);
      },
    ],
    ['called a new partner, they come back', () => confirmed('--new-partner'), (files) => expect(files).toBe(ALL)],
    [
      'put back, nothing has happened',
      async () => {
        const since = pair.serverA.said.length;
        for (let n = 0; n < MOST; n++) fs.copyFileSync(path.join(pair.a, `f${n}.txt`), path.join(pair.b, `f${n}.txt`));
        await resumed(since);
      },
      (files) => expect(files).toBe(ALL),
    ],
  ];
  const cases = damages
    .slice(0, 2)
    .flatMap(([it, damage]) => ends.map(([how, end, check]) => [it, how, damage, end, check] as const));
  test.each(some(cases, 0, 5))(
    'side b, most of them, seen.log is %s: halts, again after a restart of server-a; %s',
    async (_it, _how, damage, end, check) => {
      fill(pair.a, ALL);
      await pair.start();
      await pair.serverB.stop();
      for (let n = 0; n < MOST; n++) fs.rmSync(path.join(pair.b, `f${n}.txt`));
      damage(seenLog(pair.b));
      const since = pair.serverA.said.length;
      await pair.startB();
      await expectHalted('mass-deletion', /110 of the 120 files that both sides shared are missing on side b/, since);
      await expectHaltedAgain('mass-deletion');
      expect(filesIn(pair.a)).toHaveLength(ALL);
      await end();
      check(filesIn(pair.a).length);
    },
  );

  test('side b, few of them: a first contact, they come back', async () => {
    fill(pair.a, ALL);
    await pair.start();
    await pair.serverB.stop();
    for (let n = 0; n < 30; n++) fs.rmSync(path.join(pair.b, `f${n}.txt`));
    fs.rmSync(seenLog(pair.b));
    const since = pair.serverA.said.length;
    await pair.startB();
    await resumed(since);
    expect(filesIn(pair.a)).toHaveLength(ALL);
    expect(pair.serverA.said.filter(({ event }) => event === 'halted')).toEqual([]);
  });

  test('side a: halts, nothing is deleted on side b, and called a new partner they come back', async () => {
    fill(pair.a, ALL);
    await pair.start();
    await pair.serverA.stop();
    empty(pair.a);
    fs.rmSync(seenLog(pair.a));
    await pair.startA();
    await expectHalted('root-emptied', /Side a .* has no file any more, but both sides shared 120/);
    expect(filesIn(pair.b)).toHaveLength(ALL);
    await confirmed('--new-partner');
    expect(filesIn(pair.a)).toHaveLength(ALL);
  });

  test.runIf(full)('a confirmed loss is not asked about again, however often server-a starts meanwhile', async () => {
    fill(pair.a, ALL);
    await pair.start();
    await pair.serverB.stop();
    for (let n = 0; n < MOST; n++) fs.rmSync(path.join(pair.a, `f${n}.txt`));
    await pair.serverA.wait('halted');
    await pair.json('resume', '--accept-deletes');
    await pair.serverA.stop();
    await pair.startA();
    await pair.startB();
    await pair.serverA.wait('in-sync');
    expect(filesIn(pair.b)).toHaveLength(ALL - MOST);
    expect(pair.serverA.said.filter(({ event }) => event === 'halted')).toEqual([]);
  });
});

describe('SCENARIO 41: a server-b that lies', () => {
  type Lie = (liar: LyingServerB) => Iterable<readonly [RelPath, Entry | null]>;
  const lies: [string, string, Lie][] = [
    ['everything is gone', 'root-emptied', ({ files }) => files().map(([at]) => [at, null])],
    [
      'most is gone',
      'mass-deletion',
      ({ files }) =>
        files()
          .slice(0, MOST)
          .map(([at]) => [at, null]),
    ],
    [
      'files are directories now',
      'mass-deletion',
      ({ files }) =>
        files()
          .slice(0, MOST)
          .map(([at]) => [at, { type: 'dir', mode: 0o755 }]),
    ],
    [
      'files are links now',
      'mass-deletion',
      ({ files }) =>
        files()
          .slice(0, MOST)
          .map(([at]) => [at, { type: 'symlink', target: 'x', mtime: 0 }]),
    ],
  ];
  const ways: [string, (liar: LyingServerB, claim: () => void) => void][] = [
    ['in one go', (_liar, claim) => claim()],
    [
      'after it has connected anew',
      (liar, claim) => {
        liar.hangUp();
        claim();
      },
    ],
  ];
  const cases = lies.flatMap(([it, code, lie]) => ways.map(([how, way]) => [it, how, code, lie, way] as const));

  test.each(some(cases, 1, 4))(
    '%s, %s: halts, through reconnections and restarts',
    async (_it, _how, code, lie, way) => {
      fill(pair.a, ALL);
      const liar = await lyingServerB();
      pair.portB = liar.port;
      await pair.startA();
      await pair.serverA.wait('in-sync');
      const since = pair.serverA.said.length;
      way(liar, () => liar.claims.claim(lie(liar)));
      await expectHalted(code, /Nothing is touched/, since);
      const again = pair.serverA.said.length;
      liar.hangUp();
      await expectHalted(code, /Nothing is touched/, again);
      await expectHaltedAgain(code);
      expect(filesIn(pair.a)).toHaveLength(ALL);
      expect(versionsIn(pair.a)).toEqual([]);
    },
  );

  test('that its files are elsewhere: a rename, no halt', async () => {
    fill(pair.a, ALL);
    const liar = await lyingServerB();
    pair.portB = liar.port;
    await pair.startA();
    await pair.serverA.wait('in-sync');
    const moved: [RelPath, Entry | null][] = [['d' as RelPath, { type: 'dir', mode: 0o755 }]];
    for (const [at, entry] of liar.files()) moved.push([`d/${at}` as RelPath, entry], [at, null]);
    const since = pair.serverA.said.length;
    liar.claims.claim(moved);
    await until(() => fs.existsSync(path.join(pair.a, 'd/f119.txt')));
    await pair.serverA.wait('in-sync', since);
    expect(pair.serverA.said.filter(({ event }) => event === 'halted')).toEqual([]);
  });
});

describe('SCENARIO 43: another partner', () => {
  let other: string;
  beforeEach(async () => {
    other = path.join(pair.directory, 'other');
    fs.mkdirSync(other);
    fill(pair.a, 10);
    await pair.start();
    await pair.serverB.stop();
    fill(other, 20, 'project');
    putWhole(other, 'f0.txt', 'another f0');
  });

  async function startOther(): Promise<void> {
    const since = pair.serverA.said.length;
    await pair.startB('--dir', other);
    await expectHalted(
      'other-partner',
      /\/other"\) is another directory .* has 0 of the 10 files .* which was ".*\/b".*client resume --new-partner/,
      since,
    );
  }

  test('another project: nothing is merged, again after a restart of server-a; the former one ends it', async () => {
    await startOther();
    await expectHaltedAgain('other-partner');
    expect(filesIn(pair.a)).toHaveLength(10);
    expect(filesIn(other)).toHaveLength(21);
    const refused = await pair.client('resume', '--accept-deletes');
    expect([refused.code, refused.stderr]).toEqual([8, expect.stringMatching(/client resume --new-partner/)]);
    await pair.serverB.stop();
    putWhole(pair.b, 'later.txt', 'made while it was away');
    fs.rmSync(path.join(pair.b, 'f9.txt'));
    const since = pair.serverA.said.length;
    await pair.startB();
    await resumed(since);
    // What happened in it meanwhile is known for what it is: the archive is still about it.
    expect(filesIn(pair.a)).toEqual(filesIn(pair.b));
    expect([textOf(pair.a, 'later.txt'), textOf(pair.a, 'f9.txt')]).toEqual(['made while it was away', null]);
  });

  test('another project, confirmed: a first contact, union, the loser in versions', async () => {
    await startOther();
    const since = pair.serverA.said.length;
    expect(await pair.json('resume', '--new-partner')).toEqual({ changed: true });
    await pair.serverA.wait('in-sync', since);
    expect(treeOf(pair.a)).toEqual(treeOf(other));
    expect(filesIn(pair.a)).toHaveLength(30);
    expect(versionsIn(pair.a)).toEqual(['content f 0']);
    // It is the partner from now on.
    await pair.serverA.stop();
    await pair.startA();
    await pair.serverA.wait('in-sync');
    expect(pair.serverA.said.filter(({ event }) => event === 'halted')).toEqual([]);
  });

  test('a lock is kept, and nothing is held of what another project lacks', async () => {
    await pair.json('lock', 'f1.txt');
    await startOther();
    expect((await pair.client('lock', 'f2.txt')).code).toBe(0);
    expect(await pair.json<{ held: unknown[] }>('held')).toEqual({ held: [] });
    expect((await pair.client('unlock', 'f1.txt')).code).toBe(0);
    expect(textOf(pair.a, 'f1.txt')).toBe('content f 1');
  });

  test.each([
    [5, null],
    [4, 'other-partner'],
  ])('%i of the 10 files in it: %s', async (files, code) => {
    empty(other);
    for (let n = 0; n < files; n++) fs.copyFileSync(path.join(pair.b, `f${n}.txt`), path.join(other, `f${n}.txt`));
    const since = pair.serverA.said.length;
    await pair.startB('--dir', other);
    if (code !== null) return expectHalted(code, /has 4 of the 10 files/, since);
    await pair.serverA.wait('in-sync', since);
    expect(filesIn(other)).toHaveLength(10);
    expect(pair.serverA.said.filter(({ event }) => event === 'halted')).toEqual([]);
    expect(pair.serverA.stderr).toMatch(/is not known by its identity, but has 5 of the 10 files/);
  });
});

describe('SCENARIO 43: a backup of side b is put back', () => {
  const backup = () => path.join(pair.directory, 'backup');
  const ways: [string, () => void][] = [
    [
      'over it, in place',
      () => {
        empty(pair.b, true);
        copy(backup(), pair.b);
      },
    ],
    [
      'as a copy in its place',
      () => {
        fs.rmSync(pair.b, { recursive: true });
        fs.mkdirSync(pair.b);
        copy(backup(), pair.b);
      },
    ],
    [
      'by moving it there',
      () => {
        fs.rmSync(pair.b, { recursive: true });
        fs.renameSync(backup(), pair.b);
      },
    ],
  ];

  /** A copy whose files look new. */
  function copyAsNew(): void {
    fs.rmSync(pair.b, { recursive: true });
    fs.cpSync(backup(), pair.b, { recursive: true });
  }

  /** Ten files are shared; a backup of side b is taken; then one is edited, one made, one deleted, and it is put back. */
  async function putBack(way: () => void): Promise<number> {
    fill(pair.a, 10);
    await pair.start();
    await pair.flush();
    await pair.serverB.stop();
    fs.mkdirSync(backup());
    copy(pair.b, backup());
    await pair.startB();
    putWhole(pair.a, 'f0.txt', 'the newer f0');
    putWhole(pair.b, 'f1.txt', 'the newer f1');
    putWhole(pair.a, 'new.txt', 'made since');
    await pair.flush();
    await pair.serverB.stop();
    way();
    const since = pair.serverA.said.length;
    await pair.startB();
    return since;
  }

  const isNewest = (root: string) => [textOf(root, 'f0.txt'), textOf(root, 'f1.txt'), textOf(root, 'new.txt')];
  const NEWEST = ['the newer f0', 'the newer f1', 'made since'];

  test.each(some(ways, 2))('%s: nothing newer on side a is lost', async (_, way) => {
    const since = await putBack(way);
    await pair.serverA.wait(({ event }) => event === 'halted' || event === 'in-sync', since);
    expect(isNewest(pair.a)).toEqual(NEWEST);
    if (pair.serverA.said.slice(since).some(({ event }) => event === 'halted')) await confirmed('--new-partner');
    await pair.flush();
    expect(isNewest(pair.a)).toEqual(NEWEST);
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
  });

  test('in place: halts, again after a restart of server-a; called a new partner, the newer contents stay', async () => {
    const since = await putBack(ways[0]![1]);
    await expectHalted(
      'rolled-back',
      /older than what it had acknowledged.* 3 paths would change.*--new-partner;.*--accept-rollback/,
      since,
    );
    await expectHaltedAgain('rolled-back');
    await confirmed('--new-partner');
    expect(isNewest(pair.b)).toEqual(NEWEST);
    // The halt is over for good.
    await pair.serverA.stop();
    await pair.startA();
    await pair.serverA.wait('in-sync');
  });

  test('in place: --accept-rollback takes side a back, and keeps what it had', async () => {
    const since = await putBack(ways[0]![1]);
    await expectHalted('rolled-back', /Nothing is touched/, since);
    await confirmed('--accept-rollback');
    expect(isNewest(pair.a)).toEqual(['content f 0', 'content f 1', null]);
    expect(
      versionsIn(pair.a)
        .filter((content) => NEWEST.includes(content))
        .sort(),
    ).toEqual([...NEWEST].sort());
  });

  test.runIf(full)('in place, and then the present state: the halt ends by itself', async () => {
    const present = path.join(pair.directory, 'present');
    const since = await putBack(() => {
      fs.mkdirSync(present);
      copy(pair.b, present);
      ways[0]![1]();
    });
    await expectHalted('rolled-back', /Nothing is touched/, since);
    await pair.serverB.stop();
    empty(pair.b, true);
    copy(present, pair.b);
    const back = pair.serverA.said.length;
    await pair.startB();
    await resumed(back);
    expect(isNewest(pair.b)).toEqual(NEWEST);
  });

  test.runIf(full)('in place, lacking no more than what was made since: halts, and that is not deleted', async () => {
    fill(pair.a, 10);
    await pair.start();
    await pair.flush();
    await pair.serverB.stop();
    fs.mkdirSync(backup());
    copy(pair.b, backup());
    await pair.startB();
    putWhole(pair.a, 'new.txt', 'made since');
    await pair.flush();
    await pair.serverB.stop();
    ways[0]![1]();
    const since = pair.serverA.said.length;
    await pair.startB();
    await expectHalted('rolled-back', /1 path would change/, since);
    expect(textOf(pair.a, 'new.txt')).toBe('made since');
    await confirmed('--new-partner');
    expect(textOf(pair.b, 'new.txt')).toBe('made since');
  });

  test('as a copy with new times: halts, for otherwise its contents would be the newer ones', async () => {
    const since = await putBack(copyAsNew);
    await expectHalted('rolled-back', /older than what it had acknowledged/, since);
    expect(isNewest(pair.a)).toEqual(NEWEST);
    await confirmed('--accept-rollback');
    expect(isNewest(pair.a)).toEqual(['content f 0', 'content f 1', null]);
  });

  test('with the same files: no halt', async () => {
    fill(pair.a, 10);
    await pair.start();
    await pair.serverB.stop();
    fs.mkdirSync(backup());
    copy(pair.b, backup());
    await pair.startB();
    putWhole(pair.a, 'passing.txt', 'x');
    await pair.flush();
    fs.rmSync(path.join(pair.a, 'passing.txt'));
    await pair.flush();
    await pair.serverB.stop();
    ways[0]![1]();
    const since = pair.serverA.said.length;
    await pair.startB();
    await resumed(since);
    expect(pair.serverA.said.slice(since).filter(({ event }) => event === 'halted')).toEqual([]);
  });
});

describe('SCENARIO 43: a backup of side a is put back', () => {
  test.each(some([true, false], 0))(
    'in place (%s): both sides end equal, and nothing newer on side b is lost',
    async (inPlace) => {
      fill(pair.a, 10);
      await pair.start();
      await pair.serverA.stop();
      const backup = path.join(pair.directory, 'backup');
      fs.mkdirSync(backup);
      copy(pair.a, backup);
      await pair.startA();
      putWhole(pair.b, 'f0.txt', 'the newer f0');
      putWhole(pair.a, 'f1.txt', 'the newer f1');
      putWhole(pair.b, 'new.txt', 'made since');
      await pair.flush();
      await pair.serverA.stop();
      if (inPlace) empty(pair.a, true);
      else {
        fs.rmSync(pair.a, { recursive: true });
        fs.mkdirSync(pair.a);
      }
      copy(backup, pair.a);
      await pair.startA();
      await pair.serverA.wait('in-sync');
      await pair.flush();
      expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
      expect([textOf(pair.b, 'f0.txt'), textOf(pair.b, 'f1.txt'), textOf(pair.b, 'new.txt')]).toEqual([
        'the newer f0',
        'the newer f1',
        'made since',
      ]);
    },
  );
});

describe(`SCENARIO 43: the disk of side a is not mounted${missing.mounts}`, () => {
  let disk: string;
  const mount = (...args: string[]) => {
    execFileSync('mount', args);
    mounts.push(args.at(-1)!);
  };
  const unmount = (at: string) => {
    execFileSync('umount', [at]);
    mounts = mounts.filter((mounted) => mounted !== at);
  };

  beforeEach(async (context) => {
    if (missing.mounts !== '') return context.skip();
    disk = path.join(pair.directory, 'disk');
    fs.mkdirSync(disk);
    mount('-t', 'tmpfs', 'none', disk);
    mount('--bind', disk, pair.a);
    for (let n = 0; n < 10; n++) fs.writeFileSync(path.join(pair.a, `f${n}.txt`), `content ${n}`);
    await pair.start();
    await pair.flush();
    await pair.serverA.stop();
  });

  test('its mount point is not filled, however often server-a starts; it goes on when it is mounted', async () => {
    unmount(pair.a);
    await pair.startA();
    await expectHalted('root-unmounted', /has 0 of the 10 files of side b \(is a disk not mounted\?\).*--new-partner/);
    expect(filesIn(pair.a)).toEqual([]);
    await expectHaltedAgain('root-unmounted');
    expect(filesIn(pair.a)).toEqual([]);
    expect(filesIn(pair.b)).toHaveLength(10);
    await pair.serverA.stop();
    mount('--bind', disk, pair.a);
    await pair.startA();
    await pair.serverA.wait('in-sync');
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
  });

  test('confirmed, the directory is filled', async () => {
    unmount(pair.a);
    await pair.startA();
    await expectHalted('root-unmounted', /Nothing is touched/);
    await confirmed('--new-partner');
    expect(filesIn(pair.a)).toHaveLength(10);
  });

  test('a new empty directory at another path is filled without a question', async () => {
    const elsewhere = path.join(pair.directory, 'elsewhere');
    fs.mkdirSync(elsewhere);
    await pair.startA('--dir', elsewhere);
    await pair.serverA.wait('in-sync');
    expect(filesIn(elsewhere)).toHaveLength(10);
  });

  test('a new empty directory on the same device is filled without a question', async () => {
    empty(pair.a, true);
    await pair.startA();
    await pair.serverA.wait('in-sync');
    expect(filesIn(pair.a)).toHaveLength(10);
  });
});
