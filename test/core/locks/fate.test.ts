// The predicted fate of held updates: one row for each way in which the holder's side and the other side can differ.

import { expect, test } from 'vitest';
import type { Entry } from '../../../src/core/entry.js';
import { decide } from '../../../src/core/locks/decide.js';
import { actionOf } from '../../../src/core/locks/held.js';
import type { HeldFate, HeldUpdate, HeldWay } from '../../../src/core/locks/records.js';
import { LockTable } from '../../../src/core/locks/table.js';
import type { RelPath } from '../../../src/core/path.js';
import { file } from '../../support/core/lock-events.js';

const dir: Entry = { type: 'dir', mode: 0o755 };
const [v0, v1, v2, mine] = [file('v0'), file('v1'), file('v2'), file('mine')];

/** The updates that make one state of the next. */
const updates = (...states: (Entry | null)[]): HeldUpdate[] =>
  states.slice(1).map((after, i) => {
    const base = states[i]!;
    return { id: i + 1, path: 'p' as RelPath, action: actionOf(base, after), received: 1, base, after, file: null };
  });

test.each<[name: string, held: HeldUpdate[], current: Entry | null, fates: Record<HeldWay, HeldFate>]>([
  ['changed', updates(v0, v1, v2), v0, { apply: 'applied', copy: 'copy', discard: 'versions' }],
  ['deleted', updates(v0, null), v0, { apply: 'applied', copy: 'dropped', discard: 'dropped' }],
  ['created', updates(null, v1), null, { apply: 'applied', copy: 'returns', discard: 'versions' }],
  ['changed by both', updates(v0, v1), mine, { apply: 'copy', copy: 'copy', discard: 'versions' }],
  ['deleted, and changed', updates(v0, null), mine, { apply: 'dropped', copy: 'dropped', discard: 'dropped' }],
  ['at last deleted', updates(v0, v1, null), mine, { apply: 'dropped', copy: 'dropped', discard: 'versions' }],
  ['changed, and deleted', updates(v0, v1), null, { apply: 'returns', copy: 'returns', discard: 'versions' }],
  ['deleted by both', updates(v0, null), null, { apply: 'same', copy: 'same', discard: 'same' }],
  ['changed to the same', updates(v0, v1, mine), mine, { apply: 'same', copy: 'same', discard: 'versions' }],
  ['changed back', updates(v0, v1, v0), mine, { apply: 'versions', copy: 'copy', discard: 'versions' }],
  ['back, and deleted', updates(v0, v1, v0), null, { apply: 'settled', copy: 'returns', discard: 'versions' }],
  ['now a directory', updates(v0, dir), mine, { apply: 'settled', copy: 'settled', discard: 'settled' }],
])('%s', (_, held, current, fates) => {
  const table = new LockTable();
  const path = 'p' as RelPath;
  table.record(decide(table, { kind: 'lock', path, owner: 'ann', side: 'a', message: '', now: 1 }).rows);
  table.record(held.map((value) => ({ table: 'held', key: String(value.id), value })));
  for (const way of ['apply', 'copy', 'discard'] as const) {
    const { answer } = decide(table, { kind: 'unlock', path, owner: 'ann', current, held: way, now: 2 });
    expect(answer).toMatchObject({ kind: 'released', held: held.length, becomes: fates[way] });
  }
});
