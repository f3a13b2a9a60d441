import { describe, expect, it } from 'vitest';
import { planSummary, planText } from '../../../src/cli/render/plan.js';
import type { PlanRow } from '../../../src/wire/client-api/plan.js';

const row = (path: string, to: 'a' | 'b', more: Partial<PlanRow> = {}): PlanRow => ({
  path,
  action: 'created',
  from: to === 'a' ? 'b' : 'a',
  to,
  type: 'file',
  bytes: 0,
  why: 'changed',
  ...more,
});
const preview = (plan: PlanRow[], more = {}) => ({ plan, waiting: 0, firstContact: false, ...more });
const times = (n: number, made: PlanRow): PlanRow[] => Array.from({ length: n }, () => made);

describe('the summary of a plan', () => {
  const toB = row('x', 'b');
  const toA = row('y', 'a');
  const newer = row('z', 'a', { action: 'modified', why: 'newer' });
  const gone = row('w', 'a', { action: 'deleted' });
  it.each([
    [preview([]), 'Nothing to transfer.'],
    [preview([toB]), '1 file a → b.'],
    [preview([toA]), '1 file b → a.'],
    [
      preview([...times(412, toB), ...times(3, toA), ...times(3, newer)], { firstContact: true }),
      'First contact: 412 files a → b, 3 b → a, 3 decided by time.',
    ],
    [preview([gone, { ...gone, to: 'b', from: 'a' }]), '1 deleted on b, 1 deleted on a.'],
    [preview([row('d', 'b', { type: 'dir' }), row('l', 'a', { type: 'symlink' })]), '2 directories and links.'],
    [preview([toB], { waiting: 2 }), '1 file a → b, 2 waiting.'],
    [
      preview([row('c', 'a', { why: 'conflict' }), row('c (conflict B)', 'b', { why: 'conflict' })]),
      '2 changed on both sides.',
    ],
    [preview([], { firstContact: true }), 'First contact: nothing to transfer.'],
  ])('%#', (given, text) => {
    expect(planSummary(given)).toBe(text);
  });
});

it('shows each change in a row', () => {
  const plan = [
    row('docs/plan.txt', 'b', { action: 'modified', bytes: 12_600 }),
    row('new.txt', 'a', { action: 'renamed', was: 'old.txt' }),
    row('roof.dwg', 'a', { action: 'modified', bytes: 5, why: 'newer' }),
  ];
  expect(planText(preview(plan)).split('\n')).toEqual([
    'way    action    name                   size  why',
    'a → b  modified  docs/plan.txt      12.30 KB',
    'a ← b  renamed   old.txt → new.txt',
    'a ← b  modified  roof.dwg                5 B  newer',
    '1 file a → b, 1 b → a, 1 decided by time.',
    '',
  ]);
});

it('names what waits, as far as the server names it', () => {
  const waits = [
    { path: 'roof.dwg', why: 'held' as const, owner: 'ann\u001b' },
    { path: 'wall.dwg', why: 'held' as const },
    { path: 'film.mov', why: 'unsettled' as const },
    { path: 'dir', why: 'out-of-reach' as const },
  ];
  expect(planText(preview([], { waiting: 9, waits })).split('\n')).toEqual([
    'Waiting:',
    '  roof.dwg: until ann\\u001b unlocks it',
    '  wall.dwg: its held updates are being applied',
    '  film.mov: is still being written or read',
    '  dir: cannot be read, or is ignored, on one side',
    '  and 5 more',
    '9 waiting.',
    '',
  ]);
});
