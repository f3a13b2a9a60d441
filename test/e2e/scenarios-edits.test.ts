// What people and their programs do to files, on one side and on both: SCENARIOS 9 to 16, 19, 27 and 29.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PairOfPrograms, putWhole, textOf, treeOf, until } from '../support/programs.js';
import { full } from '../support/sizes.js';
import { missing, underClock } from '../support/tools.js';

let pair: PairOfPrograms;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
});
afterEach(() => pair.close());

const at = (root: string, name: string) => path.join(root, name);
const synced = (since = 0) => pair.serverA.said.slice(since).filter(({ event }) => event === 'synced');
const conflicts = () => pair.serverA.said.filter(({ event }) => event === 'conflict');

function putAt(root: string, name: string, content: string, mtime: number): void {
  putWhole(root, name, content);
  fs.utimesSync(at(root, name), mtime, mtime);
}

/** Both sides work while the other server is away. */
async function apart(work: () => void): Promise<void> {
  await pair.start();
  await pair.flush();
  await pair.serverB.stop();
  work();
  const since = pair.serverA.said.length;
  await pair.startB();
  await pair.serverA.wait('in-sync', since);
  await pair.flush();
  expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
}

describe('while apart', () => {
  test('SCENARIO 9: edited on both sides: both contents on both sides; equal contents are no conflict', async () => {
    putWhole(pair.a, 'plan.txt', 'original');
    putWhole(pair.a, 'same.txt', 'original');
    await apart(() => {
      putAt(pair.a, 'plan.txt', 'by a', 1_000_000);
      putAt(pair.b, 'plan.txt', 'by b', 2_000_000);
      putAt(pair.a, 'same.txt', 'the same', 1_000_000);
      putAt(pair.b, 'same.txt', 'the same', 2_000_000);
    });
    const [copy, ...names] = Object.keys(treeOf(pair.b));
    expect(copy).toMatch(/^plan \(conflict A \d{4}-\d\d-\d\d \d\d-\d\d-\d\d\)\.txt$/);
    expect(names).toEqual(['plan.txt', 'same.txt']);
    expect([textOf(pair.a, 'plan.txt'), textOf(pair.b, copy!)]).toEqual(['by b', 'by a']);
    expect(conflicts()).toHaveLength(1);
  });

  test('SCENARIO 10: a new file of one name on both sides: nothing is overwritten unseen', async () => {
    putWhole(pair.a, 'other.txt', 'x');
    await apart(() => {
      putAt(pair.a, 'new.txt', 'by a', 2_000_000);
      putAt(pair.b, 'new.txt', 'by b', 1_000_000);
    });
    const [copy] = Object.keys(treeOf(pair.a));
    expect(copy).toMatch(/^new \(conflict B /);
    expect([textOf(pair.b, 'new.txt'), textOf(pair.a, copy!)]).toEqual(['by a', 'by b']);
  });

  test('SCENARIO 11: deleted on a, edited on b: the edit survives on both', async () => {
    putWhole(pair.a, 'plan.txt', 'original');
    await apart(() => {
      fs.rmSync(at(pair.a, 'plan.txt'));
      putWhole(pair.b, 'plan.txt', 'edited');
    });
    expect(textOf(pair.a, 'plan.txt')).toBe('edited');
  });

  test('SCENARIO 12: rm -r on a, a new file in it on b: it survives with its parents', async () => {
    putWhole(pair.a, 'dir/deep/old.txt', 'old');
    await apart(() => {
      fs.rmSync(at(pair.a, 'dir'), { recursive: true });
      putWhole(pair.b, 'dir/deep/new.txt', 'new');
    });
    expect(Object.keys(treeOf(pair.a))).toEqual(['dir', 'dir/deep', 'dir/deep/new.txt']);
  });
});

describe('while together', () => {
  const gapMs = full ? 100 : 8;

  test(`SCENARIO 13: 100 saves, ${gapMs} ms apart, on a alone: b ends equal, no conflict anywhere`, async () => {
    await pair.start();
    for (let n = 1; n <= 100; n++) {
      fs.writeFileSync(at(pair.a, 'draft.txt'), `save ${n} `.repeat(n));
      await new Promise((resolve) => setTimeout(resolve, gapMs)); // the input is a person who saves this often
    }
    await until(() => textOf(pair.b, 'draft.txt') === 'save 100 '.repeat(100));
    await pair.flush();
    expect(Object.keys(treeOf(pair.a))).toEqual(['draft.txt']);
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
    expect(conflicts()).toEqual([]);
  });

  test.skipIf(missing.faketime !== '').each([
    ['an hour ahead', '+1h', 3_600],
    ['in 2001', '@2001-02-03 04:05:06', new Date('2001-02-03T04:05:06Z').getTime() / 1000 - Date.now() / 1000],
  ])(`SCENARIO 14: b's clock is %s: one-sided changes go over as ever${missing.faketime}`, async (_, clock, offset) => {
    pair.under = underClock(clock);
    /** Saves as the machine of that side would: its clock stamps the file. */
    const save = (root: string, name: string, content: string) => {
      const now = Date.now() / 1000 + (root === pair.b ? offset : 0);
      putAt(root, name, content, now);
    };
    save(pair.a, 'a.txt', 'one');
    save(pair.b, 'b.txt', 'one');
    await pair.start();
    for (const [here, there] of [
      [pair.a, pair.b],
      [pair.b, pair.a],
    ] as const) {
      for (const name of ['a.txt', 'b.txt']) {
        save(here, name, `by ${path.basename(here)}`);
        await until(() => textOf(there, name) === `by ${path.basename(here)}`);
      }
    }
    await pair.flush();
    await pair.serverB.stop();
    save(pair.a, 'a.txt', 'while apart, by a');
    save(pair.b, 'b.txt', 'while apart, by b');
    fs.writeFileSync(at(pair.b, 'new.txt'), '');
    const since = pair.serverA.said.length;
    await pair.startB();
    await pair.serverA.wait('in-sync', since);
    await pair.flush();
    expect(textOf(pair.b, 'a.txt')).toBe('while apart, by a');
    expect(textOf(pair.a, 'b.txt')).toBe('while apart, by b');
    fs.rmSync(at(pair.b, 'b.txt'));
    await until(() => textOf(pair.a, 'b.txt') === null);
    await pair.flush();
    expect(Object.keys(treeOf(pair.a))).toEqual(['a.txt', 'new.txt']);
    expect(Object.keys(treeOf(pair.b))).toEqual(['a.txt', 'new.txt']);
    expect(conflicts()).toEqual([]);
  });

  test('SCENARIO 15: two writes of one time and length: the second arrives', async () => {
    putAt(pair.a, 'f.txt', 'first!', 1_000_000);
    await pair.start();
    await pair.flush();
    for (const content of ['second', 'third!', 'fourth']) {
      fs.writeFileSync(at(pair.a, 'f.txt'), content);
      fs.utimesSync(at(pair.a, 'f.txt'), 1_000_000, 1_000_000);
      await until(() => textOf(pair.b, 'f.txt') === content);
    }
  });

  test('SCENARIO 16: only permissions and times differ: no conflict, and no end of messages', async () => {
    putAt(pair.a, 'f.txt', 'content', 1_000_000);
    putAt(pair.b, 'f.txt', 'content', 2_000_000);
    fs.chmodSync(at(pair.b, 'f.txt'), 0o600);
    await pair.start();
    fs.chmodSync(at(pair.a, 'f.txt'), 0o640);
    fs.utimesSync(at(pair.b, 'f.txt'), 3_000_000, 3_000_000.123456);
    await pair.flush();
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
    const said = synced().length;
    await pair.json('rescan');
    await pair.flush();
    expect(synced()).toHaveLength(said);
    expect(conflicts()).toEqual([]);
    expect(synced().every(({ action }) => action === 'metadata')).toBe(true);
  });

  const tools: [string, string, (file: string) => void][] = [
    ['vi', missing.vim, (file) => sh('vim.tiny', '-es', '-u', 'NONE', '-c', '%s/old/new/', '-c', 'wq', file)],
    ['sed -i', '', (file) => sh('sed', '-i', 's/old/new/', file)],
    ['Word: a temporary, the old one aside, rename, delete', '', wordSave],
    ['LibreOffice: a lock file, a temporary beside, rename over', '', libreOfficeSave],
  ];

  test.each(tools)('SCENARIO 19: a save by %s%s is one modification, and the lock stays', async (_, why, save) => {
    if (why !== '') return;
    putWhole(pair.a, 'doc.docx', 'old content');
    await pair.start();
    await pair.json('lock', 'doc.docx');
    await pair.flush();
    const since = pair.serverA.said.length;
    save(at(pair.a, 'doc.docx'));
    await until(() => textOf(pair.b, 'doc.docx')?.startsWith('new'));
    await pair.flush();
    const mine = synced(since).filter(({ path: name, was }) => name === 'doc.docx' || was === 'doc.docx');
    expect(mine.map(({ action }) => action)).toEqual(['modified']);
    expect(Object.keys(treeOf(pair.b))).toEqual(['doc.docx']);
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
    const { locks } = await pair.json<{ locks: { path: string; held: number }[] }>('locks');
    expect(locks).toMatchObject([{ path: 'doc.docx', held: 0 }]);
    expect(conflicts()).toEqual([]);
  });

  test('SCENARIO 27: mkdir -p a/b/c and a file in it at once, twenty times', async () => {
    await pair.start();
    for (let n = 0; n < 20; n++) {
      execFileSync('sh', ['-c', `mkdir -p ${n}/a/b/c && echo x > ${n}/a/b/c/f`], { cwd: pair.b });
      await until(() => textOf(pair.a, `${n}/a/b/c/f`) === 'x\n');
    }
  });

  test('SCENARIO 29: names that break protocols and terminals', async () => {
    const names = [
      'new\nline.txt',
      '"quo\'tes".txt',
      '\u001b[31mred\u0007.txt',
      `${'x'.repeat(251)}.txt`,
      '🦊',
      'back\\slash',
      ' ',
      '-n',
      'combined e\u0301',
      'composed \u00e9',
    ];
    for (const name of names) putWhole(pair.a, name, name);
    fs.writeFileSync(Buffer.concat([Buffer.from(`${pair.a}/bad`), Buffer.from([0xff, 0xfe])]), 'no name');
    await pair.start();
    await pair.flush();
    for (const name of names) expect(textOf(pair.b, name)).toBe(name);
    const { entries } = await pair.json<{ entries: { path: string }[] }>('list');
    expect(new Set(entries.map((entry) => entry.path))).toEqual(new Set(names));
    const listed = await pair.client('list');
    expect(listed.stdout).not.toContain('\u001b');
    expect(listed.stdout.trimEnd().split('\n')).toHaveLength(names.length + 1);
    const { problems } = await pair.json<{ problems: { path: string; code: string }[] }>('status');
    expect(problems).toMatchObject([{ code: 'bad-name' }]);
    expect(problems[0]!.path).toMatch(/^bad/);
  });
});

const sh = (program: string, ...args: string[]) => void execFileSync(program, args);

function wordSave(file: string): void {
  const dir = path.dirname(file);
  fs.writeFileSync(at(dir, '~$doc.docx'), 'owner');
  fs.writeFileSync(at(dir, '~WRD0001.tmp'), 'new content of Word');
  fs.renameSync(file, at(dir, '~WRL0002.tmp'));
  fs.renameSync(at(dir, '~WRD0001.tmp'), file);
  fs.rmSync(at(dir, '~WRL0002.tmp'));
  fs.rmSync(at(dir, '~$doc.docx'));
}

function libreOfficeSave(file: string): void {
  const dir = path.dirname(file);
  fs.writeFileSync(at(dir, '.~lock.doc.docx#'), 'owner');
  fs.writeFileSync(at(dir, 'lu12345.tmp'), 'new content of LibreOffice');
  fs.renameSync(at(dir, 'lu12345.tmp'), file);
  fs.rmSync(at(dir, '.~lock.doc.docx#'));
}
