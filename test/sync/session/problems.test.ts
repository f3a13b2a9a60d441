import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Problem } from '../../../src/core/errors.js';
import type { RelPath } from '../../../src/core/path.js';
import { silent } from '../../../src/log.js';
import { ProblemRetries } from '../../../src/sync/session/problems.js';

const F = 'f' as RelPath;
const G = 'g' as RelPath;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open() {
  const said: string[] = [];
  const retried: string[] = [];
  const log = { ...silent, event: (event: object) => void said.push(Object.values(event).join(' ')) };
  const retries = new ProblemRetries(log, (path) => {
    retried.push(path);
    retries.due(path);
  });
  return { retries, said, retried };
}

/** Milliseconds until each of the next `count` retries, each of which fails again by `fail`. */
function delays(retried: string[], fail: () => void, count: number): number[] {
  const waits: number[] = [];
  for (let n = 0; n < count; n++) {
    fail();
    const before = retried.length;
    let waited = 0;
    while (retried.length === before) {
      vi.advanceTimersByTime(1);
      waited++;
    }
    waits.push(waited);
  }
  return waits;
}

describe('a problem', () => {
  test('is logged once, however often it recurs, and again when its message changes', () => {
    const { retries, said } = open();
    retries.failed(F, 'no-space', 'full');
    retries.failed(F, 'no-space', 'full');
    retries.failed(F, 'io-error', 'broken');
    expect(said).toEqual(['problem f no-space full', 'problem f io-error broken']);
    expect(retries.list()).toEqual([{ path: F, code: 'io-error', message: 'broken' }]);
    retries.close();
  });

  test('is retried with growing delays, without end', () => {
    const { retries, retried } = open();
    const fail = () => retries.failed(F, 'no-space', 'full');
    expect(delays(retried, fail, 9)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    retries.close();
  });

  test('starts with the first delay after it was solved', () => {
    const { retries, said, retried } = open();
    const fail = () => retries.failed(F, 'no-space', 'full');
    delays(retried, fail, 3);
    retries.gone(F);
    expect(retries.list()).toEqual([]);
    expect(delays(retried, fail, 1)).toEqual([1_000]);
    expect(said).toHaveLength(2);
    retries.close();
  });

  test('does not keep the pair from being in sync', () => {
    const { retries } = open();
    retries.failed(F, 'no-space', 'full');
    expect([retries.isMoving, retries.isMovingAt(F)]).toEqual([false, false]);
    retries.close();
  });
});

describe('a path that changed during a write', () => {
  test('is scanned again soon, then later and later', () => {
    const { retries, said, retried } = open();
    const waits = delays(retried, () => retries.moved(F), 11);
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_000, 2_000]);
    expect(said).toEqual([]);
    expect(retries.list()).toEqual([]);
    retries.close();
  });

  test('keeps the pair from being in sync until its delay is over', () => {
    const { retries } = open();
    retries.moved(F);
    expect([retries.isMoving, retries.isMovingAt(F), retries.isMovingAt(G)]).toEqual([true, true, false]);
    vi.advanceTimersByTime(5);
    expect([retries.isMoving, retries.isMovingAt(F)]).toEqual([false, false]);
    retries.close();
  });

  test('has one retry, however many reasons', () => {
    const { retries, retried } = open();
    retries.moved(F);
    retries.moved(F);
    retries.failed(F, 'io-error', 'x');
    vi.advanceTimersByTime(100_000);
    expect(retried).toEqual([F]);
    retries.close();
  });

  test('is scanned when its first delay is over, however often a write fails meanwhile', () => {
    const { retries, retried } = open();
    retries.moved(F);
    for (let n = 0; n < 4; n++) {
      vi.advanceTimersByTime(1);
      retries.moved(F);
    }
    expect(retried).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(retried).toEqual([F]);
    retries.close();
  });

  test('replaces a problem in the list, and counts from one', () => {
    const { retries, retried } = open();
    delays(retried, () => retries.failed(F, 'io-error', 'x'), 3);
    expect(delays(retried, () => retries.moved(F), 1)).toEqual([5]);
    expect(delays(retried, () => retries.failed(F, 'io-error', 'x'), 1)).toEqual([1_000]);
    retries.close();
  });
});

describe('the next attempt', () => {
  const fail = {
    'a problem': (retries: ProblemRetries) => retries.failed(F, 'no-space', 'full'),
    'a write that found another content': (retries: ProblemRetries) => retries.moved(F),
  };
  test.each(Object.entries(fail))('waits for the delay after %s', (_, happens) => {
    const { retries } = open();
    expect(retries.isDelayed(F)).toBe(false);
    happens(retries);
    expect([retries.isDelayed(F), retries.isDelayed(G)]).toEqual([true, false]);
    vi.advanceTimersByTime(1_000);
    expect(retries.isDelayed(F)).toBe(false);
    happens(retries);
    expect(retries.isDelayed(F)).toBe(true);
    retries.gone(F);
    expect(retries.isDelayed(F)).toBe(false);
    retries.close();
  });

  test.each([
    ['at the path', 'd/f', false],
    ['at a directory above', 'd', false],
    ['below it', 'd/f/x', true],
    ['beside it', 'd/g', true],
  ])('does not wait once something new was found there: %s', (_, path, isDelayed) => {
    const { retries } = open();
    retries.failed('d/f' as RelPath, 'no-space', 'full');
    retries.reported([{ path: path as RelPath }]);
    expect(retries.isDelayed('d/f' as RelPath)).toBe(isDelayed);
    retries.failed('d/f' as RelPath, 'no-space', 'full');
    expect(retries.isDelayed('d/f' as RelPath)).toBe(true);
    retries.close();
  });
});

test('a settled path is forgotten, with its retry', () => {
  const { retries, retried } = open();
  retries.failed(F, 'io-error', 'x');
  retries.failed(G, 'io-error', 'y');
  retries.forget((path) => path === F);
  vi.advanceTimersByTime(1_000);
  expect([retried, retries.list().map(({ path }) => path)]).toEqual([[G], [G]]);
  retries.close();
});

test('a path that changed during a write is not forgotten before it has been scanned again', () => {
  const { retries } = open();
  retries.moved(F);
  expect(retries.forget(() => true)).toEqual([]);
  expect(retries.isMovingAt(F)).toBe(true);
  retries.due(F);
  // When it was due, all below it was compared.
  expect([retries.forget(() => true), retries.isMovingAt(F), vi.getTimerCount()]).toEqual([[], false, 0]);
});

test('a forgotten problem is named once, and its owner hears that it is over', () => {
  const over: string[] = [];
  const retries = new ProblemRetries(
    silent,
    () => {},
    undefined,
    (path) => void over.push(path),
  );
  retries.failed(F, 'io-error', 'x');
  expect([retries.forget(() => true), retries.forget(() => true), over]).toEqual([[F], [], [F]]);
  expect([retries.gone(F), over]).toEqual([false, [F]]);
  retries.failed(F, 'io-error', 'x');
  retries.moved(G);
  expect([retries.gone(F), retries.gone(G), over]).toEqual([true, true, [F, F, G]]);
  retries.moved(G);
  retries.due(G);
  expect(retries.gone(G)).toBe(false);
});

test('a directory with a problem is known to the paths below it, at any depth', () => {
  const { retries } = open();
  retries.failed('d/e' as RelPath, 'io-error', 'x');
  retries.moved('m' as RelPath);
  const paths = ['d/e/f', 'd/e/f/g', 'd/e', 'd', 'd/ef', 'm/f', 'f'] as RelPath[];
  expect(paths.filter((path) => retries.hasProblemAbove(path))).toEqual(['d/e/f', 'd/e/f/g']);
  retries.close();
});

test('after close nothing is retried', () => {
  const { retries, retried } = open();
  retries.failed(F, 'io-error', 'x');
  retries.moved(G);
  retries.close();
  vi.advanceTimersByTime(100_000);
  expect([retried, retries.list(), vi.getTimerCount()]).toEqual([[], [], 0]);
});

describe('the problems of scans', () => {
  const bad = (path: string, message: string): Problem => ({ path, code: 'bad-link', message });
  test.each<[string, Problem[][], string[]]>([
    ['is logged once', [[bad('l', 'x')], [bad('l', 'x')], [bad('l', 'x')]], ['l x']],
    ['is logged again when its message changes', [[bad('l', 'x')], [bad('l', 'y')]], ['l x', 'l y']],
    ['is logged again after it was gone', [[bad('l', 'x')], [], [bad('l', 'x')]], ['l x', 'l x']],
    [
      'is said of each side, once',
      [
        [bad('l', 'x'), bad('l', 'y')],
        [bad('l', 'x'), bad('l', 'y')],
      ],
      ['l x', 'l y'],
    ],
    ['is logged once where both sides report the same', [[bad('l', 'x'), bad('l', 'x')]], ['l x']],
  ])('%s', (_, scans, expected) => {
    const { retries, said } = open();
    for (const problems of scans) retries.noteScans(problems);
    expect(said.map((line) => line.replace('problem ', '').replace('bad-link ', ''))).toEqual(expected);
  });
});
