// A piece of work: when it is said, and that what is shown of it never runs backwards, whatever turns up or is lost.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Work } from '../../../src/sync/session/work.js';

const MIB = 1 << 20;
const left = (files: number, bytes: number) => ({ files, bytes });

/** Notes what is left, one after the other. @returns what is said. */
const said = (work: Work, ...all: (readonly [number, number])[]) =>
  all.flatMap(([files, bytes]) => {
    work.note(left(files, bytes));
    const news = work.news();
    return news === null ? [] : [[news.files, news.bytes]];
  });

describe('work', () => {
  test('is said when there is some, once, until it has ended', () => {
    const work = new Work();
    expect(said(work, [0, 0], [2, 10], [1, 5], [3, 100], [0, 0])).toEqual([[2, 10]]);
    work.end();
    expect([work.isUnderWay, said(work, [1, 1])]).toEqual([false, [[1, 1]]]);
  });

  test('is said again when it is more than twice as much', () => {
    const work = new Work();
    const steps: [number, number][] = [0, 3 * MIB, 4 * MIB, 11 * MIB, 12 * MIB, 100 * MIB].map((bytes) => [1, bytes]);
    expect(said(work, ...steps)).toEqual([0, 4 * MIB, 12 * MIB, 100 * MIB].map((bytes) => [1, bytes]));
  });

  test('counts what is done, and what is left', () => {
    const work = new Work();
    said(work, [4, 4 * MIB], [3, 3 * MIB]);
    expect(work.progress(left(3, 3 * MIB))).toEqual({ done: left(1, MIB), left: left(3, 3 * MIB), percent: 25 });
    said(work, [5, 5 * MIB], [1, MIB]);
    expect(work.progress(left(1, MIB))).toMatchObject({ done: left(5, 5 * MIB), percent: 85 });
    said(work, [0, 0]);
    expect([left(0, 0), left(1, 1)].map((more) => work.progress(more).percent)).toEqual([99, 99]);
    work.end();
    expect(work.progress(left(0, 0))).toEqual({ done: left(0, 0), left: left(0, 0), percent: 0 });
  });

  test('does not take for done what is only not queued any more', () => {
    const work = new Work();
    said(work, [1, 100 * MIB], [1, 60 * MIB]);
    work.interrupt();
    said(work, [1, 60 * MIB]);
    expect(work.progress(left(1, 60 * MIB))).toMatchObject({ done: left(0, 40 * MIB), percent: 39 });
  });

  test('never runs backwards', () => {
    const volume = fc.record({ files: fc.nat(1_000), bytes: fc.nat(1 << 30) });
    const step = fc.oneof(volume, fc.constant('interrupt' as const));
    const seed = Date.now();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const work = new Work();
        let before = work.progress(left(0, 0));
        for (const each of steps) {
          if (each === 'interrupt') work.interrupt();
          else {
            work.note(each);
            work.news();
          }
          const now = work.progress(each === 'interrupt' ? before.left : each);
          expect(now.done.files).toBeGreaterThanOrEqual(before.done.files);
          expect(now.done.bytes).toBeGreaterThanOrEqual(before.done.bytes);
          expect(now.percent).toBeGreaterThanOrEqual(before.percent);
          expect(now.percent).toBeLessThan(100);
          before = now;
        }
      }),
      { seed },
    );
  });
});
