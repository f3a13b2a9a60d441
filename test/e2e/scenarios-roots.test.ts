// Roots that vanish, are emptied, replaced or re-created, with the real programs: SCENARIOS 1 to 4 and 8. Each test ends
// with the same question: is every file still there?
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PairOfPrograms, putWhole, type Said, textOf, treeOf, until } from '../support/programs.js';
import { some } from '../support/sizes.js';

let pair: PairOfPrograms;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
});
afterEach(() => pair.close());

const SIDES = ['a', 'b'] as const;
type Side = (typeof SIDES)[number];
const other = (side: Side): Side => (side === 'a' ? 'b' : 'a');

function fill(root: string, files: number, name = 'f'): void {
  for (let n = 0; n < files; n++) putWhole(root, `${name}${n}.txt`, `content ${n}`);
}

const halted = (code: RegExp) => (said: Said) => said.event === 'halted' && code.test(String(said.code));

/** The pair is halted: it says so everywhere, no file moves, and what moves no file goes on. */
async function expectHalted(code: RegExp, message: RegExp, since = 0): Promise<void> {
  const said = await pair.serverA.wait(halted(code), since);
  expect(said.message).toMatch(message);
  const [status, flush, list] = await Promise.all([
    pair.json<{ state: string; problems: { message: string }[] }>('status'),
    pair.client('flush', '--timeout', '10s'),
    pair.client('list'),
  ]);
  expect(status.state).toBe('halted');
  // The reason may have changed meanwhile, from emptied to made anew.
  expect(status.problems.map((problem) => problem.message).join('\n')).toMatch(message);
  expect(flush.code).toBe(8);
  expect(flush.stderr).toMatch(message);
  expect(list.code).toBe(0);
}

async function resumes(since: number): Promise<void> {
  await pair.serverA.wait('resumed', since);
  await pair.flush();
  expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
}

/** Moves `root` away and back. */
const away = (root: string) => fs.renameSync(root, `${root}-away`);
const back = (root: string) => {
  fs.rmSync(root, { recursive: true, force: true });
  fs.renameSync(`${root}-away`, root);
};

const emptied = (root: string) => {
  for (const name of fs.readdirSync(root)) {
    if (name !== '.lockstep') fs.rmSync(path.join(root, name), { recursive: true });
  }
};

describe('SCENARIO 1: a root that is gone', () => {
  test.each(some(SIDES, 1))('of side %s, while running: halts, and goes on by itself when it is back', async (side) => {
    fill(pair.a, 6);
    await pair.start();
    const before = treeOf(pair[other(side)]);
    away(pair[side]);
    putWhole(pair[other(side)], 'new.txt', 'made meanwhile');
    await expectHalted(/root-missing/, /is gone\. Nothing is touched; .* when the same directory is back/);
    expect(treeOf(pair[other(side)])).toMatchObject(before);
    const since = pair.serverA.said.length;
    back(pair[side]);
    await resumes(since);
    expect(textOf(pair[side], 'new.txt')).toBe('made meanwhile');
    expect(textOf(pair[side], 'f5.txt')).toBe('content 5');
  });

  test('before the start: the program says what to do, and leaves with 2', async () => {
    fs.rmdirSync(pair.b);
    const server = pair.startB().catch(() => {});
    await until(() => pair.serverB);
    expect(await pair.serverB.ended).toBe(2);
    expect(pair.serverB.stderr).toMatch(/cannot be synchronised: it does not exist\. Create it with mkdir -p .*--dir/);
    void server;
  });

  test('before the start, an empty directory in its place (a disk that is not mounted): halts, and ends by itself', async () => {
    fill(pair.a, 6);
    await pair.start();
    await pair.serverB.stop();
    away(pair.b);
    fs.mkdirSync(pair.b);
    const before = treeOf(pair.a);
    let since = pair.serverA.said.length;
    await pair.startB();
    await expectHalted(
      /other-partner/,
      /Side b .* is empty and is not the directory that was synchronised.*6 files.*client resume --new-partner/,
      since,
    );
    expect(treeOf(pair.a)).toEqual(before);
    expect(treeOf(pair.b)).toEqual({});
    await pair.serverB.stop();
    back(pair.b);
    since = pair.serverA.said.length;
    await pair.startB();
    await pair.serverA.wait('in-sync', since);
    putWhole(pair.b, 'later.txt', 'x');
    await pair.flush();
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
    expect(textOf(pair.a, 'f5.txt')).toBe('content 5');
  });
});

describe('SCENARIO 2: a root that is emptied', () => {
  const ends: [string, (root: string) => Promise<void>][] = [
    ['is confirmed: the other side follows', async () => void (await pair.json('resume', '--accept-deletes'))],
    ['gets its files back: nothing happened', async (root) => fill(root, 6)],
  ];
  const cases = SIDES.flatMap((side) =>
    [true, false].flatMap((running) => ends.map(([it, end]) => [side, running, it, end] as const)),
  );

  test.each(some(cases, 0, 3, 6))('side %s, running: %s, %s', async (side, running, it, end) => {
    fill(pair.a, 6);
    await pair.start();
    if (!running) await Promise.all([pair.serverA.stop(), pair.serverB.stop()]);
    emptied(pair[side]);
    if (!running) {
      await pair.startB();
      await pair.startA();
    }
    await expectHalted(/root-emptied/, /is empty, but had 6 files.*client resume --accept-deletes/);
    expect(textOf(pair[other(side)], 'f5.txt')).toBe('content 5');
    const since = pair.serverA.said.length;
    await end(pair[side]);
    await resumes(since);
    expect(textOf(pair[other(side)], 'f5.txt')).toBe(it.startsWith('is') ? null : 'content 5');
    if (!it.startsWith('is')) return;
    expect(fs.readdirSync(path.join(pair[other(side)], '.lockstep/versions'))).toHaveLength(6);
  });
});

describe('SCENARIO 2: a halt for missing files', () => {
  test('of side b lasts, whatever comes and through a kill of server-a, until the last of them is back', async () => {
    fill(pair.a, 8);
    await pair.startB();
    pair.asProcesses();
    await pair.startA();
    await pair.serverA.wait('in-sync');
    const before = treeOf(pair.a);
    /** A halt is said once; how many files it lacks is told to whoever asks. */
    const expectStillHalted = async (files: number) => {
      const status = () => pair.json<{ state: string; problems: { message: string }[] }>('status');
      await until(async () => (await status()).problems[0]?.message.startsWith(`${files} of the `));
      expect((await status()).state).toBe('halted');
      expect(treeOf(pair.a)).toMatchObject(before);
    };
    emptied(pair.b);
    await pair.serverA.wait(halted(/root-emptied/));
    putWhole(pair.b, 'new.txt', 'made meanwhile');
    await expectStillHalted(8);
    await pair.serverA.crash();
    await pair.startA();
    await expectStillHalted(8);
    fill(pair.b, 7);
    await expectStillHalted(1);
    const since = pair.serverA.said.length;
    fill(pair.b, 8);
    await resumes(since);
    expect(Object.keys(treeOf(pair.a))).toEqual([...Object.keys(before), 'new.txt']);
    expect(textOf(pair.a, 'f7.txt')).toBe('content 7');
  });
});

describe('SCENARIO 3: a root that is made anew', () => {
  test('with other files, while stopped: halts; confirmed, a first contact, union, nothing deleted', async () => {
    fill(pair.a, 6);
    await pair.start();
    await pair.serverB.stop();
    fs.rmSync(pair.b, { recursive: true });
    fill(pair.b, 3, 'other');
    let since = pair.serverA.said.length;
    await pair.startB();
    await expectHalted(/other-partner/, /another directory.* has 0 of the 6 files/, since);
    expect(Object.keys(treeOf(pair.b))).toHaveLength(3);
    since = pair.serverA.said.length;
    await pair.json('resume', '--new-partner');
    await resumes(since);
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
    expect(Object.keys(treeOf(pair.a))).toHaveLength(9);
  });

  test.each(some(SIDES, 1))(
    'with other files, of side %s while running: halts; at the next start, union',
    async (side) => {
      fill(pair.a, 6);
      await pair.start();
      away(pair[side]);
      fs.mkdirSync(pair[side]);
      fill(pair[side], 3, 'other');
      await expectHalted(/root-replaced/, /is not the directory any more.*start the server again/);
      fs.rmSync(`${pair[side]}-away`, { recursive: true });
      if (side === 'a') {
        await pair.serverA.stop();
        await pair.startA();
        await pair.serverA.wait('in-sync');
      } else {
        await pair.serverB.stop();
        const since = pair.serverA.said.length;
        await pair.startB();
        await pair.serverA.wait(halted(/other-partner/), since);
        await pair.json('resume', '--new-partner');
        await pair.serverA.wait('in-sync', since);
      }
      expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
      expect(Object.keys(treeOf(pair.a))).toHaveLength(9);
    },
  );

  test.each(SIDES)('in the same place on the disk, of side %s while running: halts', async (side) => {
    fill(pair.a, 6);
    await pair.start();
    // The system hands the number of a removed directory out again at once: it looks like the same one with other files.
    emptied(pair[side]);
    // The server makes its own directories again meanwhile.
    fs.rmSync(path.join(pair[side], '.lockstep'), { recursive: true, maxRetries: 20, retryDelay: 5 });
    fill(pair[side], 3, 'other');
    await expectHalted(/root-(replaced|emptied)/, /Nothing is touched/);
    expect(textOf(pair[other(side)], 'f5.txt')).toBe('content 5');
  });

  test('empty, while stopped: halts; confirmed, it is filled from side a', async () => {
    fill(pair.a, 6);
    await pair.start();
    await pair.serverB.stop();
    fs.rmSync(pair.b, { recursive: true });
    fs.mkdirSync(path.join(pair.b, 'empty'), { recursive: true });
    let since = pair.serverA.said.length;
    await pair.startB();
    await expectHalted(/other-partner/, /If this one is meant.*client resume --new-partner/, since);
    since = pair.serverA.said.length;
    await pair.json('resume', '--new-partner');
    await resumes(since);
    expect(Object.keys(treeOf(pair.b))).toHaveLength(7);
  });

  test('with most of the files: a first contact without a question', async () => {
    fill(pair.a, 6);
    await pair.start();
    await pair.serverB.stop();
    fs.rmSync(pair.b, { recursive: true });
    fill(pair.b, 3);
    fill(pair.b, 1, 'other');
    const since = pair.serverA.said.length;
    await pair.startB();
    await pair.serverA.wait('in-sync', since);
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
    expect(Object.keys(treeOf(pair.a))).toHaveLength(7);
  });
});

describe('SCENARIO 4: most files vanish at once', () => {
  test.each(some(SIDES, 0))('of side %s: halts, and goes on when confirmed', async (side) => {
    for (let n = 0; n < 150; n++) putWhole(pair.a, `most/${n}`, `${n}`);
    fill(pair.a, 60);
    await pair.start();
    fs.rmSync(path.join(pair[side], 'most'), { recursive: true });
    await expectHalted(/mass-deletion/, /150 of 210 files in .* vanished at once.*client resume --accept-deletes/);
    expect(fs.readdirSync(path.join(pair[other(side)], 'most'))).toHaveLength(150);
    const since = pair.serverA.said.length;
    await pair.json('resume', '--accept-deletes');
    await resumes(since);
    expect(fs.existsSync(path.join(pair[other(side)], 'most'))).toBe(false);
  });

  test.each(some(SIDES, 1))('the rename of a large directory on side %s does not trip it', async (side) => {
    for (let n = 0; n < 300; n++) putWhole(pair.a, `most/${n}`, `${n}`);
    await pair.start();
    fs.renameSync(path.join(pair[side], 'most'), path.join(pair[side], 'renamed'));
    await until(() => fs.existsSync(path.join(pair[other(side)], 'renamed/299')));
    await pair.flush();
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
    expect(pair.serverA.said.filter(({ event }) => event === 'halted')).toEqual([]);
  });
});

describe('SCENARIO 8: a root that is something else now', () => {
  const replacements: [string, (root: string) => void][] = [
    ['a file', (root) => fs.writeFileSync(root, 'no directory')],
    ['a link to where it went', (root) => fs.symlinkSync(`${root}-away`, root)],
    ['a link to nowhere', (root) => fs.symlinkSync('/nowhere', root)],
  ];
  const cases = SIDES.flatMap((side) => replacements.map(([it, replace]) => [side, it, replace] as const));

  test.each(some(cases, 4))('side %s: %s', async (side, _, replace) => {
    fill(pair.a, 6);
    await pair.start();
    away(pair[side]);
    replace(pair[side]);
    await expectHalted(/root-replaced|root-missing/, /Nothing is touched/);
    expect(textOf(pair[other(side)], 'f5.txt')).toBe('content 5');
    const since = pair.serverA.said.length;
    fs.unlinkSync(pair[side]);
    back(pair[side]);
    await resumes(since);
  });
});
