// Contents from the other server, checked against what was announced.
import { describe, expect, it } from 'vitest';
import type { Content, JoinedContents } from '../../../src/replica.js';
import { Announced } from '../../../src/sync/peer/announced.js';

const data = (n: number, bytes: number, last = false): Content => ({ n, data: Buffer.alloc(bytes), last });
const copy = (n: number, bytes: number, last = false): Content => ({ n, copy: { at: 0, bytes }, last });
const have = (n: number, bytes: number, last = false): Content => ({ n, have: bytes, last });
const joined = (n: number, ...sizes: number[]): JoinedContents => ({ n, sizes, joined: Buffer.alloc(0) });
const failed = (n: number): Content => ({ n, failed: { kind: 'stale' } });

describe('contents that were announced', () => {
  const rows: [what: string, sizes: number[], pieces: (Content | JoinedContents)[], fault: string | null][] = [
    ['arrive one after the other', [3, 0, 2], [data(0, 3, true), data(1, 0, true), data(2, 1), data(2, 1, true)], null],
    ['may fail, at first or in the middle', [3, 3], [failed(0), data(1, 2), failed(1)], null],
    ['may be shorter: the hash tells', [3], [data(0, 1, true)], null],
    ['may end with a piece of nothing', [3], [data(0, 3), data(0, 0, true)], null],
    ['may have parts of every kind', [9], [have(0, 2), copy(0, 3), data(0, 4, true)], null],
    ['are no longer than that', [3], [data(0, 3), data(0, 1)], 'longer'],
    ['are no longer in one piece', [3], [data(0, 4, true)], 'longer'],
    ['are no longer with what is copied', [3], [copy(0, 2), copy(0, 2)], 'longer'],
    ['are no longer with what is there', [3], [have(0, 4)], 'longer'],
    ['are no more', [3], [data(0, 3, true), data(1, 1)], 'none that is due'],
    ['do not come again', [3, 3], [data(0, 3, true), data(0, 3)], 'none that is due'],
    ['do not come out of order', [3, 3], [data(1, 3)], 'none that is due'],
    ['do not go on after a failure', [3, 3], [failed(0), data(0, 1)], 'none that is due'],
    ['do not fail without end', [3], [failed(0), failed(0)], 'none that is due'],
    [
      'may each have as many pieces of nothing as the first',
      [3, 3],
      [data(0, 3, true), ...Array.from({ length: 1_000 }, () => data(1, 0)), data(1, 3, true)],
      null,
    ],
    ['may be joined', [3, 0, 2, 1], [joined(0, 3, 0), joined(2, 1), data(3, 1, true)], null],
    ['may be joined after one in pieces', [3, 1, 1], [data(0, 2), data(0, 1, true), joined(1, 1, 1)], null],
    ['are no longer where they are joined', [3, 3], [joined(0, 3, 4)], 'longer'],
    ['are no more where they are joined', [3, 3], [joined(0, 1, 1, 1)], 'not those that are due'],
    ['are not joined from another one on', [3, 3], [joined(1, 1)], 'not those that are due'],
    ['do not come again joined', [3, 3], [joined(0, 1), joined(0, 1)], 'not those that are due'],
    ['are not joined after a part', [3, 3], [data(0, 1), joined(0, 1)], 'not those that are due'],
    ['do not come in pieces of nothing for ever', [3], Array.from({ length: 1_001 }, () => data(0, 0)), 'of nothing'],
  ];
  it.each(rows)('%s', (_what, sizes, pieces, fault) => {
    const announced = new Announced(sizes);
    const take = () => pieces.map((piece) => announced.check(piece));
    if (fault === null) expect(take()).toEqual(pieces);
    else expect(take).toThrow(fault);
  });

  it('are complete when the last one is', () => {
    const announced = new Announced([1, 1]);
    announced.check(data(0, 1, true));
    expect(announced.isComplete).toBe(false);
    announced.check(failed(1));
    expect(announced.isComplete).toBe(true);
    const both = new Announced([1, 1]);
    both.check(joined(0, 1, 1));
    expect(both.isComplete).toBe(true);
  });
});
