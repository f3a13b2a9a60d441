// No incomplete state is reported: saves by rename, files that are being written, writes within one tick of the clock.
import * as fs from 'node:fs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { FileEntry } from '../../../src/core/entry.js';
import { OVERDUE_MS } from '../../../src/disk/scan/settle-times.js';
import { Unsettled } from '../../../src/disk/scan/unsettled.js';
import { whileChanging } from '../../support/changing.js';
import { file, flatDisk, path, watch } from '../../support/trees/watched.js';
import { put } from '../../support/trees.js';

type Save = (root: string) => void;

const saves: [name: string, save: Save][] = [
  [
    'vim',
    (r) => {
      fs.renameSync(`${r}/f`, `${r}/f~`);
      fs.writeFileSync(`${r}/f`, 'new');
      fs.unlinkSync(`${r}/f~`);
    },
  ],
  [
    'sed -i',
    (r) => {
      fs.writeFileSync(`${r}/sedAbC`, 'new');
      fs.renameSync(`${r}/sedAbC`, `${r}/f`);
    },
  ],
  [
    'Word',
    (r) => {
      fs.writeFileSync(`${r}/~$f`, 'owner');
      fs.writeFileSync(`${r}/1A2B.tmp`, 'new');
      fs.renameSync(`${r}/f`, `${r}/3C4D.tmp`);
      fs.renameSync(`${r}/1A2B.tmp`, `${r}/f`);
      fs.unlinkSync(`${r}/3C4D.tmp`);
    },
  ],
  [
    'LibreOffice',
    (r) => {
      fs.writeFileSync(`${r}/.~lock.f#`, 'owner');
      fs.writeFileSync(`${r}/lu1.tmp`, 'new');
      fs.unlinkSync(`${r}/f`);
      fs.renameSync(`${r}/lu1.tmp`, `${r}/f`);
      fs.unlinkSync(`${r}/.~lock.f#`);
    },
  ],
  [
    'truncate and write',
    (r) => {
      fs.truncateSync(`${r}/f`, 0);
      fs.writeFileSync(`${r}/f`, 'new');
    },
  ],
];

it.each(saves)('a save by %s is one modification', async (_program, save) => {
  const watched = watch({ f: 'old' });
  await watched.settle();
  watched.forget();
  save(watched.root);
  await watched.settle();
  expect(watched.told).toEqual([['f', file('new')]]);
});

it.each([0, 3, 6, 10])('a save with the name missing for %i ms is one modification', async (ms) => {
  let until = Number.POSITIVE_INFINITY;
  // By this clock the name is missing no longer, however slow the machine is.
  const watched = watch({ f: 'old' }, { now: () => Math.min(Date.now(), until) });
  await watched.settle();
  watched.forget();
  until = Date.now() + ms;
  fs.renameSync(`${watched.root}/f`, `${watched.root}/f~`);
  while (Date.now() < until) await watched.scan();
  fs.writeFileSync(`${watched.root}/f`, 'new');
  until = Number.POSITIVE_INFINITY;
  fs.unlinkSync(`${watched.root}/f~`);
  await watched.settle();
  expect(watched.told).toEqual([['f', file('new')]]);
});

it('reports neither name of a renamed file before the first has been missing for a while, and then both', async () => {
  const begun = Date.now() + 60_000;
  let now = begun;
  const watched = watch({ f: 'x' }, { watch: false, now: () => now });
  await watched.scan();
  watched.forget();
  fs.renameSync(`${watched.root}/f`, `${watched.root}/g`);
  expect(await watched.scan('everything')).toMatchObject({ entries: [], unsettled: 2 });
  now = begun + 24;
  expect(await watched.scan('everything')).toMatchObject({ entries: [], unsettled: 2 });
  now = begun + 25;
  await watched.scan('everything');
  expect(watched.told.sort()).toEqual([
    ['f', 'gone'],
    ['g', file('x')],
  ]);
});

it('asks for another scan by itself when a missing file is due', async () => {
  const watched = watch({ f: 'x', g: 'y' }, { watch: false });
  await watched.settle();
  watched.forget();
  fs.unlinkSync(`${watched.root}/f`);
  await watched.scan('everything');
  while (watched.told.length < 1) {
    expect(await watched.hinted(5_000)).toBe(true);
    await watched.scan();
  }
  expect(watched.told).toEqual([['f', 'gone']]);
});

it('asks for no other scan once it is closed', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  let now = Date.now() + 60_000;
  const [open, closed] = [0, 1].map(() => watch({ f: 'x' }, { watch: false, now: () => now }));
  for (const watched of [open!, closed!]) {
    await watched.scan();
    fs.unlinkSync(`${watched.root}/f`);
    expect((await watched.scan('everything')).unsettled).toBe(1);
  }
  await closed!.scanner.close();
  now += 1_000;
  const hinted = open!.hinted(60_000);
  vi.advanceTimersByTime(1_000);
  expect([await hinted, closed!.hints]).toEqual([true, 0]);
});

it('waits for an empty file, which is probably about to be filled', async () => {
  let now = (): number => Date.now();
  const watched = watch({ f: 'old' }, { now: () => now() });
  await watched.settle();
  watched.forget();
  put(watched.root, { f: '', g: '' });
  const emptied = Math.max(...['f', 'g'].map((name) => fs.statSync(`${watched.root}/${name}`).ctimeMs));
  now = () => emptied + 45;
  expect(await watched.hinted(10_000)).toBe(true);
  expect(await watched.scan()).toMatchObject({ entries: [], unsettled: 2, unknown: ['g'] });
  now = Date.now;
  await watched.until(() => watched.told.length === 2);
});

it('waits until a large file has settled, and reports it once', async () => {
  let written = Number.POSITIVE_INFINITY;
  // By this clock no more than 20 ms pass between two writes, however slow the machine is.
  const watched = watch({}, { now: () => Math.min(Date.now(), written + 20) });
  await watched.scan();
  const piece = Buffer.alloc(400_000, 'x');
  const fd = fs.openSync(`${watched.root}/f`, 'w');
  fs.writeSync(fd, Buffer.concat([piece, piece, piece]));
  for (let n = 0; n < 10; n++) {
    fs.writeSync(fd, piece);
    written = fs.fstatSync(fd).ctimeMs;
    await watched.hinted(20);
    await watched.scan();
  }
  fs.closeSync(fd);
  written = Number.POSITIVE_INFINITY;
  await watched.settle();
  expect(watched.told).toEqual([['f', file(Buffer.alloc(13 * 400_000, 'x'))]]);
});

describe('two writes within one tick, of the same size', () => {
  it.each(Array.from({ length: 10 }, (_, n) => n))('run %i', async () => {
    const watched = watch({ f: '0' });
    await watched.settle(30);
    fs.writeFileSync(`${watched.root}/f`, 'first');
    await watched.scan();
    const { mtime } = fs.statSync(`${watched.root}/f`);
    fs.writeFileSync(`${watched.root}/f`, 'secnd');
    fs.utimesSync(`${watched.root}/f`, mtime, mtime);
    await watched.settle();
    expect(watched.known()).toEqual({ f: file('secnd') });
  });
});

it('never reports a torn state of a file that is rewritten all the time', async () => {
  const watched = watch({ f: 'a'.repeat(100_000) });
  await watched.scan();
  const until = Date.now() + 500;
  while (Date.now() < until) {
    // Two halves, with scans in between.
    const letter = 'abc'[Math.floor(Math.random() * 3)]!;
    const fd = fs.openSync(`${watched.root}/f`, 'r+');
    fs.writeSync(fd, letter.repeat(50_000), 0);
    fs.writeSync(fd, letter.repeat(50_000), 50_000);
    fs.closeSync(fd);
    await watched.scan();
  }
  const whole = new Set(['a', 'b', 'c'].map((letter) => file(letter.repeat(100_000))));
  for (const [, what] of watched.told) expect(whole).toContain(what);
});

it('reports a log that grows all the time as it was at one moment, once it is overdue, and then the rest', async () => {
  let late = 0;
  let grown = Number.POSITIVE_INFINITY;
  // By this clock no more than 20 ms pass between two lines, however slow the machine is.
  const watched = watch({}, { now: () => Math.min(Date.now(), grown + 20) + late });
  await watched.scan();
  const log = `${watched.root}/log`;
  fs.writeFileSync(log, Buffer.alloc(1_100_000, 'x'));
  await whileChanging(
    () => {
      fs.appendFileSync(log, 'another line\n');
      grown = fs.statSync(log).ctimeMs;
    },
    async () => {
      expect((await watched.scan('everything')).moving).toEqual(['log']);
      late = OVERDUE_MS;
      await watched.until(() => watched.told.length > 0);
    },
  );
  grown = Number.POSITIVE_INFINITY;
  const { size } = watched.last.entries[0]!.entry as FileEntry;
  expect(watched.told).toEqual([['log', file(fs.readFileSync(log).subarray(0, size))]]);
  expect(watched.last.moving).toEqual(['log']);
  await watched.settle();
  expect(watched.known()).toEqual(flatDisk(watched.root));
});

describe('how long a path is unsettled', () => {
  const at = (now: number) => ({ now, due: now + 20, ino: 7, size: 1 });

  it('counts from the first time that it was found so, for each kind of change by itself', () => {
    const unsettled = new Unsettled();
    const since = () => unsettled.get(path('f'))?.since;
    unsettled.miss(path('f'), 100, 7, 1);
    unsettled.miss(path('f'), 110, 7, 1);
    expect(since()).toBe(100);
    // It has come back, and is being written.
    unsettled.hold(path('f'), 'moving', at(200));
    unsettled.hold(path('f'), 'reading', at(210));
    unsettled.retry(path('f'), 220, at(220));
    expect(since()).toBe(200);
    unsettled.miss(path('f'), 300, 7, 1);
    unsettled.retry(path('f'), 400, at(400));
    expect([since(), unsettled.get(path('f'))?.tries]).toEqual([400, 1]);
  });

  it('ends with the first path that is due', () => {
    const unsettled = new Unsettled();
    expect(unsettled.nextDue()).toBe(Number.POSITIVE_INFINITY);
    for (const [name, now] of [
      ['f', 200],
      ['g', 100],
      ['h', 300],
    ] as const)
      unsettled.hold(path(name), 'moving', at(now));
    expect([unsettled.nextDue(), unsettled.dueFiles(219), unsettled.dueFiles(220)]).toEqual([120, ['g'], ['f', 'g']]);
    unsettled.release(path('g'));
    expect([unsettled.nextDue(), unsettled.size]).toEqual([220, 2]);
  });
});
