import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import { limitCopies } from '../../../src/core/conflicts/copy-limit.js';
import type { FileEntry } from '../../../src/core/entry.js';
import type { RelPath } from '../../../src/core/path.js';
import type { Plan } from '../../../src/core/reconcile/reconcile.js';
import { Snapshot } from '../../../src/core/snapshot.js';

const p = (text: string) => text as RelPath;
const file = (content: string): FileEntry => ({ type: 'file', size: 1, mtime: 0, mode: 0o644, hash: content });
const copy = (n: number, name = 'x', ext = '.txt') =>
  p(`d/${name} (conflict ${n % 2 ? 'A' : 'B'} 2026-11-${String(n).padStart(2, '0')} 14-03-22)${ext}`);

function side(paths: readonly RelPath[]): Snapshot {
  const snapshot = new Snapshot();
  snapshot.put(p('d/x.txt'), file('x'));
  for (const path of paths) snapshot.put(path, file(path));
  return snapshot;
}

const plan = (toA: Change[], toB: Change[] = []): Plan => ({ toA, toB, agreed: [], postponed: [], conflicts: [] });
const conflict = (conflictCopy: RelPath): Change => ({
  path: p('d/x.txt'),
  action: 'modified',
  before: file('x'),
  after: file('y'),
  conflictCopy,
});
const free = { firstContact: false, pinned: () => false };
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => copy(from + i));
const deleted = (changes: readonly Change[]) =>
  changes.filter(({ action }) => action === 'deleted').map(({ path, reason }) => [path, reason]);

describe('the limit of conflict copies', () => {
  test.each<[it: string, oldest: Partial<Change>]>([
    ['that is being renamed to where it is', { action: 'renamed', from: { path: p('d/y'), entry: file('y') } }],
    ['that makes a copy of its own', { action: 'modified', conflictCopy: copy(12, 'y') }],
  ])('never takes a copy %s', (_, oldest) => {
    const both = side(range(1, 10));
    const change: Change = { path: copy(1), action: 'modified', before: null, after: file('z'), ...oldest };
    const { toA } = limitCopies(plan([conflict(copy(11)), change]), both, both, free);
    expect(deleted(toA).map(([path]) => path)).toEqual([copy(2)]);
  });

  test('keeps ten copies', () => {
    const both = side(range(1, 9));
    const before = plan([conflict(copy(10))]);
    expect(limitCopies(before, both, both, free)).toBe(before);
  });

  test('counts no directory with the name of a copy', () => {
    const both = side(range(1, 9));
    both.put(copy(20), { type: 'dir', mode: 0o755 });
    const before = plan([conflict(copy(10))]);
    expect(limitCopies(before, both, both, free)).toBe(before);
  });

  test('deletes the oldest copy on both sides when an eleventh is made', () => {
    const both = side(range(1, 10));
    const { toA, toB } = limitCopies(plan([conflict(copy(11))]), both, both, free);
    expect(deleted(toA)).toEqual([[copy(1), 'conflict copy limit']]);
    expect(deleted(toB)).toEqual([[copy(1), 'conflict copy limit']]);
    expect(toA[0]).toEqual(conflict(copy(11)));
  });

  test('counts the copies of either side, and deletes on the side that has them', () => {
    const { toA, toB } = limitCopies(plan([conflict(copy(12))]), side(range(1, 6)), side(range(6, 11)), free);
    expect(deleted(toA).map(([path]) => path)).toEqual([copy(1), copy(2)]);
    expect(deleted(toB)).toEqual([]);
  });

  test('completes an interrupted deletion: the copy does not come back', () => {
    const a = side(range(2, 11));
    const b = side(range(1, 11));
    const back: Change = { path: copy(1), action: 'created', before: null, after: file(copy(1)) };
    const { toA, toB } = limitCopies(plan([back]), a, b, free);
    expect(toA).toEqual([]);
    expect(deleted(toB).map(([path]) => path)).toEqual([copy(1)]);
  });

  test('skips a pinned copy, and deletes no other instead: it may already be in deletion', () => {
    const both = side(range(1, 10));
    const pinned = (path: RelPath) => path === copy(1);
    const { toA } = limitCopies(plan([conflict(copy(11))]), both, both, { ...free, pinned });
    expect(deleted(toA)).toEqual([]);
  });

  test('never deletes the copy that is being made, even after a clock was set back', () => {
    const both = side(range(2, 11));
    const { toA } = limitCopies(plan([conflict(copy(1))]), both, both, free);
    expect(deleted(toA).map(([path]) => path)).toEqual([copy(2)]);
  });

  test('counts the copies of each file separately, without those that are being deleted', () => {
    const others = range(1, 10).map((_, i) => copy(i + 1, 'y'));
    const both = side([...range(1, 10), ...others]);
    const going: Change = { path: copy(4), action: 'deleted', before: file(copy(4)), after: null };
    const result = limitCopies(plan([conflict(copy(11)), going]), both, both, free);
    expect(deleted(result.toB)).toEqual([]);
  });

  test('does not delete a directory with the name of a copy', () => {
    const a = side(range(1, 10));
    const b = side(range(2, 10));
    b.put(copy(1), { type: 'dir', mode: 0o755 });
    const { toA, toB } = limitCopies(plan([conflict(copy(11))]), a, b, free);
    expect(deleted(toA).map(([path]) => path)).toEqual([copy(1)]);
    expect(deleted(toB)).toEqual([]);
  });

  test('deletes nothing at a first contact', () => {
    const both = side(range(1, 15));
    const before = plan([conflict(copy(16))]);
    expect(limitCopies(before, both, both, { ...free, firstContact: true })).toBe(before);
  });
});
