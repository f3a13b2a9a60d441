// SCENARIO 21, step by step: a server is killed at the k-th system call of a kind during one piece of work, for k = 1, 2
// and so on until the work gets through; and the k-th call fails with EIO or ENOSPC. Whatever step it is: every file
// wholly old or wholly new, and both sides equal in the end.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { PairOfPrograms, putWhole, textOf, treeOf, until } from '../support/programs.js';
import { attach, isOver, missing } from '../support/tools.js';

let pair: PairOfPrograms;
afterEach(() => pair?.close());

const OLD = 'old '.repeat(50_000);
const NEW = 'newer '.repeat(400_000);

/** Each on its own, as strace counts: for each call and each thread. */
const CALLS = [
  ...['fsync', 'fdatasync', 'rename', 'link', 'unlink', 'pwrite64', 'ftruncate', 'write', 'writev', 'openat'],
  ...['fchmod', 'utimensat', 'mkdir', 'rmdir'],
];

interface Work {
  readonly victim: 'serverA' | 'serverB';
  prepare(): Promise<void>;
  /** Resolves when the work is through, or with the victim's end. */
  act(): Promise<void>;
  /** What the owner does while the victim is dead. */
  meanwhile?(): void;
  /** Asked at every moment. */
  sound(): void;
  end(): Promise<void>;
}

const isOldOrNew = (root: string) => expect([OLD, NEW]).toContain(textOf(root, 'f.txt'));
const heldRows = async () => (await pair.json<{ held: object[] }>('held')).held;

const transfer = (victim: Work['victim']): Work => ({
  victim,
  prepare: async () => putWhole(pair.a, 'f.txt', OLD),
  act: async () => {
    putWhole(pair.a, 'f.txt', NEW);
    await until(() => textOf(pair.b, 'f.txt') === NEW);
    await pair.flush();
  },
  sound: () => isOldOrNew(pair.b),
  end: async () => expect(textOf(pair.b, 'f.txt')).toBe(NEW),
});

const deletion: Work = {
  victim: 'serverB',
  prepare: async () => putWhole(pair.a, 'd/f.txt', OLD),
  act: async () => {
    fs.rmSync(path.join(pair.a, 'd'), { recursive: true });
    await until(() => !fs.existsSync(path.join(pair.b, 'd')));
    await pair.flush();
  },
  sound: () => expect([OLD, null]).toContain(textOf(pair.b, 'd/f.txt')),
  end: async () => expect(treeOf(pair.b)).toEqual({}),
};

const drain: Work = {
  victim: 'serverA',
  prepare: async () => {
    putWhole(pair.a, 'f.txt', OLD);
    await pair.flush();
    await pair.json('lock', 'f.txt');
    for (const [n, content] of ['first', NEW].entries()) {
      putWhole(pair.b, 'f.txt', content);
      await until(async () => (await heldRows()).length === n + 1);
    }
  },
  act: async () => {
    // Killed before the unlock was on disk, nothing takes effect: the client was told that it failed.
    if ((await pair.client('unlock', 'f.txt')).code !== 0) return;
    await until(() => textOf(pair.a, 'f.txt') === NEW);
    await pair.flush();
  },
  sound: () => expect([OLD, 'first', NEW]).toContain(textOf(pair.a, 'f.txt')),
  end: async () => {
    // The kill may have come before the unlock was answered: then the lock stands still, and is given up now.
    await pair.client('unlock', 'f.txt');
    await pair.flush();
    expect(textOf(pair.a, 'f.txt')).toBe(NEW);
    expect(await heldRows()).toEqual([]);
    expect(fs.readdirSync(path.join(pair.a, '.lockstep/held'))).toEqual([]);
    expect(Object.keys(treeOf(pair.a))).toEqual(['f.txt']);
    const versions = path.join(pair.a, '.lockstep/versions');
    const kept = fs.readdirSync(versions).map((name) => textOf(versions, name));
    // What was kept just before the kill may be kept once more, and so may what had just taken effect.
    expect(new Set(kept.filter((content) => content !== NEW))).toEqual(new Set(['first', OLD]));
  },
};

/** A new file is carried, and its owner deletes it before the dead server is back: it stays deleted. */
const regret = (victim: Work['victim']): Work => ({
  ...transfer(victim),
  prepare: async () => putWhole(pair.a, 'other.txt', OLD),
  meanwhile: () => fs.rmSync(path.join(pair.a, 'd'), { recursive: true }),
  act: async () => {
    putWhole(pair.a, 'd/new.txt', NEW);
    await until(() => textOf(pair.b, 'd/new.txt') === NEW);
    await pair.flush();
  },
  sound: () => expect([NEW, null]).toContain(textOf(pair.b, 'd/new.txt')),
  end: async () => expect(Object.keys(treeOf(pair.b))).toEqual(['other.txt']),
});

/** A deletion is carried, and its owner brings the file back before the dead server is: it stays. */
const secondThought = (victim: Work['victim']): Work => ({
  ...deletion,
  victim,
  meanwhile: () => putWhole(pair.a, 'd/f.txt', OLD),
  end: async () => expect(textOf(pair.b, 'd/f.txt')).toBe(OLD),
});

let wasTold = false;
const grant: Work = {
  victim: 'serverA',
  prepare: async () => putWhole(pair.a, 'f.txt', OLD),
  act: async () => {
    wasTold = false;
    wasTold = (await pair.client('--as', 'anna', 'lock', 'f.txt')).code === 0;
  },
  sound: () => {},
  end: async () => {
    const { locks } = await pair.json<{ locks: { owner: string }[] }>('locks');
    if (wasTold) expect(locks.map(({ owner }) => owner)).toEqual(['anna']);
  },
};

const works = {
  'a transfer, the receiver': transfer('serverB'),
  'a transfer, the sender': transfer('serverA'),
  'a deletion, who deletes': deletion,
  'the drain of two held updates': drain,
  'the grant of a lock': grant,
  'a new file that is deleted meanwhile, the receiver': regret('serverB'),
  'a new file that is deleted meanwhile, the sender': regret('serverA'),
  'a deletion that is taken back meanwhile, who deletes': secondThought('serverB'),
  'a deletion that is taken back meanwhile, who asks': secondThought('serverA'),
};

async function begin(work: Work): Promise<void> {
  pair = new PairOfPrograms();
  pair.clientHere();
  pair.env.UV_THREADPOOL_SIZE = '1';
  await pair.start();
  await work.prepare();
  await pair.flush();
}

/** @returns whether the fault was met: false once the work takes fewer steps. */
async function killedAt(work: Work, calls: string, k: number): Promise<boolean> {
  await begin(work);
  const victim = pair[work.victim];
  const strace = await attach(victim.pid, calls, `signal=KILL:when=${k}`);
  const through = work.act().then(
    () => false,
    () => true,
  );
  let isThrough = false;
  void through.then(() => {
    isThrough = true;
  });
  await until(() => isThrough || isOver(victim.pid));
  await strace.detach();
  const isDead = isOver(victim.pid);
  if (isDead) {
    await victim.ended;
    work.sound();
    work.meanwhile?.();
    if (work.victim === 'serverA') await pair.startA();
    else await pair.startB();
    work.sound();
  }
  // What was done meanwhile may have taken away what the work waits for.
  if (work.meanwhile === undefined) await through;
  else if (!isDead) work.meanwhile();
  await pair.flush();
  await work.end();
  expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
  await pair.close();
  return isDead;
}

describe.skipIf(missing.strace !== '')(`SCENARIO 21: killed at each step${missing.strace}`, () => {
  test.each(Object.entries(works))('%s', { timeout: 3_600_000 }, async (it, work) => {
    const steps: Record<string, number> = {};
    for (const call of CALLS) {
      let k = 1;
      while (await killedAt(work, call, k)) k++;
      if (k > 1) steps[call] = k - 1;
    }
    console.log(`${it}: ${JSON.stringify(steps)}`);
  });
});

describe.skipIf(missing.strace !== '')(`a step that fails${missing.strace}`, () => {
  const faults = [
    ['fsync', 'EIO'],
    ['fsync', 'ENOSPC'],
    ['rename', 'EIO'],
    ['link', 'EIO'],
    ['pwrite64', 'ENOSPC'],
    ['pwrite64', 'EIO'],
    ['ftruncate', 'EIO'],
  ] as const;
  const cases = (['serverB', 'serverA'] as const).flatMap((victim) =>
    faults.map((fault) => [victim, ...fault] as const),
  );

  test.each(cases)(
    '%s: %s fails with %s: the old file is intact, and it recovers alone',
    async (victim, call, error) => {
      let problems = 0;
      for (let k = 1; k <= 12; k++) {
        const work: Work = transfer(victim);
        await begin(work);
        const strace = await attach(pair[victim].pid, call, `error=${error}:when=${k}`);
        putWhole(pair.a, 'f.txt', NEW);
        await until(() => {
          work.sound();
          return textOf(pair.b, 'f.txt') === NEW;
        });
        await pair.flush();
        problems += pair.serverA.said.filter(({ event }) => event === 'problem').length;
        await strace.detach();
        expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
        await pair.close();
      }
      console.log(`${victim} ${call} ${error}: ${problems} problems said in 12 runs`);
    },
  );
});
