// The state of both sides after scans, outcomes, client writes and another root. Marks are shown as the paths that are
// compared, `x*` with all below; the records of the archive as they are written.
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import type { Entry } from '../../../src/core/entry.js';
import { introducedBy } from '../../../src/core/partner.js';
import type { Side } from '../../../src/core/path.js';
import { Snapshot } from '../../../src/core/snapshot.js';
import type { ScanResult } from '../../../src/replica.js';
import { Pair } from '../../../src/sync/pair/pair.js';
import { file, showTree, tree, treeOf } from '../../support/core/tree.js';
import { dir, p } from '../../support/disk-site.js';
import { marksOf, OWN, scanPath } from '../../support/session-fixture.js';

function open(both = '', shared = both) {
  const rows: string[] = [];
  const state = { flushed: 0, fails: false };
  const pair = new Pair(new Snapshot(), {
    put: (table, key, value) => void rows.push(`${table} ${key} ${show(value)}`),
    durable: async () => {
      state.flushed++;
      if (state.fails) throw new Error('full');
    },
    close: async () => {},
  });
  for (const [path, entry] of tree(shared)) pair.agree(path, entry);
  pair.meta.put('roots', `${OWN.root} b`);
  pair.meet(OWN, introducedBy('b'));
  for (const side of ['a', 'b'] as const) pair.foldScan(side, scanPath(both, { whole: true }), 0);
  pair.clearMarks();
  rows.length = 0;
  const scan = (side: Side, text: string, more: Partial<ScanResult> = {}) =>
    pair.foldScan(side, scanPath(text, more), 0);
  const shown = (side: Side) => showTree(treeOf(pair.side(side).snapshot!));
  return { pair, rows, state, scan, shown, archive: () => showTree(treeOf(pair.archive)), marks: () => marksOf(pair) };
}

const show = (value: unknown) => {
  const entry = value as Entry | null;
  return entry === null || typeof entry === 'boolean'
    ? String(entry)
    : entry.type === 'file'
      ? `${entry.size}`
      : entry.type;
};

const changed = (path: string, before: Entry | null, after: Entry | null, more: Partial<Change> = {}): Change => ({
  path: p(path),
  action: 'modified',
  before,
  after,
  ...more,
});

test('a pair that was opened just now compares everything', () => {
  const store = { put: () => {}, durable: async () => {}, close: async () => {} };
  const pair = new Pair(new Snapshot(), store);
  expect([marksOf(pair), pair.hasMarks]).toEqual(['everything', true]);
});

describe('a scan', () => {
  test('that reports everything replaces the snapshot, and everything is compared', () => {
    const { pair, scan, shown, marks } = open('x:1 y:1');
    const { generation } = pair;
    scan('b', 'y:2', { whole: true });
    expect([shown('b'), shown('a'), marks()]).toEqual(['y:2', 'x:1 y:1', 'everything']);
    expect([pair.generation > generation, pair.hasMarks]).toEqual([true, true]);
  });

  test('that reports differences marks them; a vanished directory with all below it', () => {
    const { pair, scan, shown, marks } = open('d/x:1 e/y:1 z:1');
    expect([pair.hasMarks, marks()]).toEqual([false, '']);
    scan('a', '-d z:2 e:1');
    expect([shown('a'), marks(), pair.hasMarks]).toEqual(['e:1 z:2', 'd* e* z', true]);
  });

  test.each([
    ['d/x:1 z:1', 'a new one where one was shared', 'd* z'],
    ['z:1', 'one that was never shared', 'd z'],
  ])(
    'that reports a directory where there was none has all below compared that was shared: %s, %s',
    (shared, _, marked) => {
      const { scan, marks } = open('d:2 z:1', shared);
      scan('b', '-d');
      expect(marks()).toBe('d');
      scan('b', 'd/ z/');
      expect(marks()).toBe(marked);
    },
  );

  test('of a directory that was there already has only its own entry compared', () => {
    const { scan, marks } = open('d/x:1');
    scan('a', 'd/');
    expect(marks()).toBe('d');
  });

  test('without entries changes nothing', () => {
    const { pair, scan, marks } = open('x:1');
    const { generation } = pair;
    scan('a', '');
    expect([pair.generation, marks()]).toEqual([generation, '']);
  });

  test('that was halted records the reason, and the snapshot stays', () => {
    const { pair, scan, shown } = open('x:1');
    const halt = { code: 'root-emptied', message: 'Empty.' } as const;
    scan('b', '', { whole: true, halt, unsettled: 3 });
    expect([pair.b.halt, pair.b.unsettled, shown('b')]).toEqual([halt, 3, 'x:1']);
    scan('b', '');
    expect([pair.b.halt, pair.b.unsettled]).toEqual([null, 0]);
  });

  test('replaces the unsettled paths of the one before', () => {
    const { pair, scan } = open('x:1');
    scan('b', '', { moving: [p('x')], unsettled: 1 });
    expect(pair.b.moving.touches(p('x'))).toBe(true);
    scan('b', '');
    expect([pair.b.moving.touches(p('x')), pair.b.unsettled]).toEqual([false, 0]);
  });

  test('entries that both sides share are one in memory', () => {
    const { pair, scan } = open('x:1');
    scan('a', 'x:1', { whole: true });
    expect(pair.a.snapshot!.get(p('x'))).toBe(pair.archive.get(p('x')));
  });
});

describe('a path of which a side can tell nothing', () => {
  test('is out of reach, with all below it, until it is visible: then it is compared', () => {
    const { pair, scan, marks } = open('d/x:1 e:1');
    expect(pair.isOutOfReach(p('d'))).toBe(false);
    scan('b', '', { unknown: [p('d')] });
    expect(['d', 'd/x', 'e', 'dd'].map((path) => pair.isOutOfReach(p(path)))).toEqual([true, true, false, false]);
    scan('a', '', { unknown: [p('e')] });
    expect([pair.isOutOfReach(p('e')), marks()]).toEqual([true, '']);
    scan('b', '', { unknown: [p('d')] });
    expect(marks()).toBe('');
    scan('b', '');
    expect([pair.isOutOfReach(p('d/x')), pair.isOutOfReach(p('e')), marks()]).toEqual([false, true, 'd*']);
  });
});

describe('ignore rules', () => {
  test('of one side only make the pair leave alone what either excludes', () => {
    const { pair, scan } = open('x.tmp:1 x.bak:1 d/y:1');
    scan('a', '', { rules: ['*.tmp', 'd/'] });
    expect(['x.tmp', 'x.bak', 'd', 'd/y'].map((path) => pair.isOutOfReach(p(path)))).toEqual([true, false, true, true]);
    scan('b', '', { rules: ['*.bak'] });
    expect(['x.tmp', 'x.bak', 'y'].map((path) => pair.isOutOfReach(p(path)))).toEqual([true, true, false]);
  });

  test('that are equal on both sides are applied by the sides', () => {
    const { pair, scan } = open('x:1');
    for (const side of ['a', 'b'] as const) scan(side, '', { rules: ['*.tmp'] });
    expect(pair.isOutOfReach(p('x.tmp'))).toBe(false);
    scan('a', '', { rules: ['*.tmp', '*.bak'] });
    expect([pair.isOutOfReach(p('x.tmp')), pair.isOutOfReach(p('x.bak'))]).toEqual([true, true]);
  });

  test('that are added remove excluded paths from archive and snapshot, and everything is compared', () => {
    const { scan, shown, archive, rows, marks } = open('x:1 d/y.tmp:1 y.tmp:1');
    scan('a', '', { rules: ['*.tmp'] });
    expect([shown('a'), shown('b'), archive(), marks()]).toEqual([
      'd/ x:1',
      'd/ d/y.tmp:1 x:1 y.tmp:1',
      'd/ x:1',
      'everything',
    ]);
    expect(rows).toEqual(['archive d/y.tmp null', 'archive y.tmp null']);
  });

  test('of two lines differ from one joined line', () => {
    const { pair, scan } = open('x:1');
    scan('a', '', { rules: ['a', 'b'] });
    scan('b', '', { rules: ['ab'] });
    expect([pair.isOutOfReach(p('b')), pair.isOutOfReach(p('ab'))]).toEqual([true, true]);
  });

  test('a rule for directories excludes only directories', () => {
    const { pair, scan } = open('d:1 e/x:1', '');
    scan('a', '', { rules: ['d/', 'e/'] });
    expect([pair.isOutOfReach(p('d')), pair.isOutOfReach(p('e'))]).toEqual([false, true]);
    scan('b', '-d -e d/x:1');
    expect([pair.isOutOfReach(p('d')), pair.isOutOfReach(p('e'))]).toEqual([true, false]);
  });

  test('that are the same change nothing', () => {
    const { pair, scan, marks } = open('x:1');
    scan('a', '', { rules: ['*.tmp'] });
    pair.clearMarks();
    scan('a', '', { rules: ['*.tmp'] });
    expect(marks()).toBe('');
  });
});

describe('a file that lost content in a crash', () => {
  test.each<[it: string, b: string, archive: string, marks: string]>([
    ['is replaced by a longer one', 'x:333', 'x:22', 'x'],
    ['is not replaced by one of its length', 'x:33', 'x:1', ''],
    ['is not replaced by a shorter one', 'x:3', 'x:1', ''],
    ['is not replaced by a directory', 'x/', 'x:1', ''],
    ['is not replaced by a missing one', '', 'x:1', ''],
  ])('%s', (_, b, archive, marks) => {
    const scene = open('', 'x:1');
    scene.scan('b', b, { whole: true });
    scene.scan('a', 'x:22', { whole: true });
    scene.pair.clearMarks();
    scene.scan('a', '', { damaged: [p('x')] });
    expect([scene.archive(), scene.marks()]).toEqual([archive, marks]);
  });

  test('is not replaced by what side b had before it was gone', () => {
    const scene = open('', 'x:1');
    scene.scan('b', 'x:333', { whole: true });
    scene.scan('a', 'x:22', { whole: true });
    scene.pair.loseB();
    scene.scan('a', '', { damaged: [p('x')] });
    expect(scene.archive()).toBe('x:1');
  });

  test('on side b is treated alike, whichever side is scanned', () => {
    const { scan, archive } = open('', 'x:1');
    scan('b', 'x:22', { whole: true, damaged: [p('x')] });
    expect(archive()).toBe('x:1');
    scan('a', 'x:333', { whole: true });
    expect(archive()).toBe('x:22');
  });
});

describe('a change that was carried out', () => {
  test('is in the snapshot and the archive', () => {
    const { pair, rows, shown, archive, marks } = open('x:1');
    const { generation } = pair;
    pair.foldScan('a', scanPath('x:22'), 0);
    pair.clearMarks();
    pair.foldDone('b', changed('x', file('1'), file('22')));
    expect([shown('b'), archive(), rows, marks()]).toEqual(['x:22', 'x:22', ['archive x 2'], '']);
    expect(pair.generation).toBeGreaterThan(generation);
  });

  test('is compared again where the other side has changed meanwhile', () => {
    const { pair, marks } = open('x:1');
    pair.foldDone('b', changed('x', file('1'), file('22')));
    expect(marks()).toBe('x');
  });

  test('by a rename is removed at the earlier path', () => {
    const { pair, rows, shown, archive } = open('x:1');
    pair.foldDone('b', changed('y', null, file('1'), { action: 'renamed', from: { path: p('x'), entry: file('1') } }));
    expect([shown('b'), archive(), rows]).toEqual(['y:1', 'y:1', ['archive x null', 'archive y 1']]);
  });

  test('with a conflict copy marks that copy', () => {
    const { pair, shown, marks } = open('x:1');
    pair.foldScan('a', scanPath('x:22'), 0);
    pair.clearMarks();
    pair.foldDone('b', changed('x', file('1'), file('22'), { conflictCopy: p('copy') }));
    expect([shown('b'), marks()]).toEqual(['copy:1 x:22', 'copy']);
  });

  test('of a directory without owner bits has them at first', () => {
    const { pair, shown, archive, marks } = open();
    pair.foldScan('a', scanPath('d/!500'), 0);
    pair.clearMarks();
    pair.foldDone('b', changed('d', null, dir(0o500)));
    expect([shown('b'), archive(), marks()]).toEqual(['d/!700', 'd/!700', 'd']);
    pair.foldDone('b', changed('e', null, dir(0o750)));
    expect(shown('b')).toBe('d/!700 e/!750');
  });

  test('of a directory created again forgets shared entries of an earlier one that neither side has', () => {
    const { pair, rows, archive } = open('b1:1', 'b1:1 d/gone:1 d/hidden:1 d/a:1 d/b:1');
    pair.foldScan('a', scanPath('d/a:1', { unknown: [p('d/hidden')] }), 0);
    pair.foldScan('b', scanPath('d/b:1'), 0);
    rows.length = 0;
    pair.foldDone('b', changed('d', null, dir()));
    expect(rows).toEqual(['archive d/gone null', 'archive d dir']);
    expect(archive()).toBe('b1:1 d/ d/a:1 d/b:1 d/hidden:1');
  });

  test('of a directory that only changed forgets nothing', () => {
    const { pair, archive } = open('d/', 'd/x:1');
    pair.foldDone('b', changed('d', dir(), dir(0o700)));
    expect(archive()).toBe('d/!700 d/x:1');
  });

  test('on a side that is not known is not recorded', () => {
    const { pair, rows } = open();
    pair.b.snapshot = null;
    pair.foldDone('b', changed('x', null, file('1')));
    pair.foldWritten('b', changed('x', null, file('1')));
    expect([rows, pair.b.snapshot]).toEqual([[], null]);
  });
});

describe('a change of a client', () => {
  test('belongs to that side and is not shared yet', () => {
    const { pair, shown, archive, marks, rows } = open('x:1');
    const { generation } = pair;
    pair.foldWritten('a', changed('x', file('1'), file('22')));
    expect([shown('a'), shown('b'), archive(), marks(), rows]).toEqual(['x:22', 'x:1', 'x:1', 'x*', []]);
    expect(pair.generation).toBeGreaterThan(generation);
  });

  test('that renames a directory moves everything below it', () => {
    const { pair, shown, marks } = open('d/x:1');
    pair.foldWritten('a', changed('e', null, dir(), { action: 'renamed', from: { path: p('d'), entry: dir() } }));
    expect([shown('a'), marks()]).toEqual(['e/ e/x:1', 'd* e*']);
  });

  test('that renames a directory keeps its mode, one that creates it adds owner bits', () => {
    const { pair, shown } = open('d/!500');
    pair.foldWritten(
      'a',
      changed('e', null, dir(0o500), { action: 'renamed', from: { path: p('d'), entry: dir(0o500) } }),
    );
    pair.foldWritten('a', changed('f', null, dir(0o500)));
    expect(shown('a')).toBe('e/!500 f/!700');
  });
});

describe('marks', () => {
  test('that were postponed count again when they are resumed, once', () => {
    const { pair, marks } = open('x:1');
    pair.postponed.add(p('x'), true);
    pair.resumeMarks();
    expect([marks(), pair.postponed.size]).toEqual(['x*', 0]);
    pair.clearMarks();
    pair.resumeMarks();
    expect(marks()).toBe('');
  });
});

describe('side b', () => {
  test('that disconnects stays listed without unsettled paths or problems, and everything is compared when it is back', () => {
    const { pair, scan, shown, marks } = open('x:1');
    scan('b', '', {
      unsettled: 1,
      moving: [p('x')],
      halt: { code: 'root-missing', message: '' },
      problems: [{ path: 'x', code: 'unreadable', message: '' }],
    });
    pair.loseB();
    expect([pair.b.unsettled, pair.b.halt, pair.b.problems, pair.b.moving.size, shown('b'), marks()]).toEqual([
      0,
      null,
      [],
      0,
      'x:1',
      'everything',
    ]);
  });
});

describe('a change with a lost outcome', () => {
  const note = (pair: Pair, path: string, after: Entry | null, more: Partial<Change> = {}) =>
    pair.lostOutcomes.note(changed(path, null, after, more));

  test('was shared if side b has it', () => {
    const { pair, scan, archive, marks } = open('x:1');
    note(pair, 'x', file('22'));
    note(pair, 'y', file('1'));
    scan('b', 'x:22');
    expect([archive(), marks()]).toEqual(['x:22', 'x']);
    scan('b', 'y:1');
    expect(archive()).toBe('x:22');
  });

  test('counts for both paths of a rename', () => {
    const { pair, scan, archive } = open('x:1');
    note(pair, 'y', file('1'), { from: { path: p('x'), entry: file('1') } });
    scan('b', '-x y:1');
    expect(archive()).toBe('y:1');
  });

  test('waits for unknown paths, and for side b', () => {
    const { pair, scan, archive } = open('x:1');
    note(pair, 'x', file('22'));
    scan('a', '');
    scan('b', '', { unknown: [p('x')] });
    expect(archive()).toBe('x:1');
    scan('b', 'x:22');
    expect(archive()).toBe('x:22');
  });

  test('does not count at a first contact', () => {
    const { pair, scan, archive } = open('x:1');
    pair.meta.put('firstContact', true);
    note(pair, 'x', file('22'));
    scan('b', 'x:22');
    expect(archive()).toBe('x:1');
  });

  test('is forgotten when a first contact begins', () => {
    const { pair, scan, archive } = open('x:1');
    note(pair, 'x', null);
    pair.beginFirstContact();
    pair.agree(p('x'), file('1'));
    pair.endFirstContact();
    scan('b', '-x');
    expect(archive()).toBe('x:1');
  });

  test('of a killed run is every entry of side a that was not shared', () => {
    const { pair, scan, archive } = open('', 'x:1 same:1 gone:1');
    const seen = new Snapshot();
    for (const [path, entry] of tree('x:22 same:1 new:1')) seen.put(path, entry);
    pair.lostOutcomes.noteLastRun({ crash: { ofMachine: false }, hasForgotten: false, seen }, pair.archive, pair.meta);
    scan('b', 'x:22 same:333 new:1', { whole: true });
    expect(archive()).toBe('new:1 same:1 x:22');
  });
});

test('the archive is made durable, and a failure of that is not reported', async () => {
  const { pair, state } = open('x:1');
  state.fails = true;
  pair.flush();
  await new Promise((resolve) => setImmediate(resolve));
  expect(state.flushed).toBe(1);
});
