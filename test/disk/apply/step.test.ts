// Every kind of step, on a disk that is as it was scanned, and on one that somebody changed between the scan and the
// step.

import fs from 'node:fs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import type { Entry, FileEntry } from '../../../src/core/entry.js';
import type { ApplyContext } from '../../../src/disk/apply/context.js';
import { carryOut, openContext, publishFile } from '../../../src/disk/apply/step.js';
import { Parents } from '../../../src/disk/fs/parents.js';
import { outcomeOf } from '../../../src/disk/fs/system-errors.js';
import { openRoot } from '../../../src/disk/state/root.js';
import { DiskSite, dir, file, link, p, stream, TIME } from '../../support/disk-site.js';
import { until } from '../../support/sayings.js';
import { makeRoot, put, readTree, removeRoot, type Tree } from '../../support/trees.js';

interface Row {
  readonly name: string;
  readonly tree: Tree;
  readonly changes: (context: DiskSite) => Change[];
  readonly contents?: readonly string[];
  readonly outcome: string;
  readonly after: Tree;
  readonly kept?: Record<string, string>;
}

const rows: Row[] = [
  {
    name: 'creates a file',
    tree: {},
    changes: (context) => [context.change('f', file('new'))],
    contents: ['new'],
    outcome: 'done',
    after: { f: 'new' },
  },
  {
    name: 'creates an empty file',
    tree: {},
    changes: (context) => [context.change('f', file(''))],
    contents: [''],
    outcome: 'done',
    after: { f: '' },
  },
  {
    name: 'modifies a file, the old bytes kept',
    tree: { d: { 'f.txt': 'old' } },
    changes: (context) => [context.change('d/f.txt', file('new'))],
    contents: ['new'],
    outcome: 'done',
    after: { d: { 'f.txt': 'new' } },
    kept: { 'd/f (*).txt': 'old' },
  },
  {
    name: 'deletes a file, the bytes kept',
    tree: { d: { 'f.txt': 'old' } },
    changes: (context) => [context.change('d/f.txt', null)],
    outcome: 'done',
    after: { d: {} },
    kept: { 'd/f (*).txt': 'old' },
  },
  {
    name: 'renames a file, nothing kept',
    tree: { f: 'old', d: {} },
    changes: (context) => [context.move('f', 'd/g')],
    outcome: 'done',
    after: { d: { g: 'old' } },
  },
  {
    name: 'renames a file over another one, whose bytes are kept',
    tree: { f: 'moved', g: 'old' },
    changes: (context) => [{ ...context.move('f', 'g'), before: context.seen('g') }],
    outcome: 'done',
    after: { g: 'moved' },
    kept: { 'g (*)': 'old' },
  },
  {
    name: 'renames no file over a directory',
    tree: { f: 'moved', g: {} },
    changes: (context) => [{ ...context.move('f', 'g'), before: context.seen('g') }],
    outcome: 'stale',
    after: { f: 'moved', g: {} },
  },
  {
    name: 'renames no directory over anything',
    tree: { d: { f: 'moved' }, g: {} },
    changes: (context) => [{ ...context.move('d', 'g'), before: context.seen('g') }],
    outcome: 'stale',
    after: { d: { f: 'moved' }, g: {} },
  },
  {
    name: 'sets no bits of what is of another type',
    tree: { d: {}, f: 'old', l: { link: 'f' } },
    changes: (context) =>
      [
        context.change('f', dir()),
        context.change('d', file('old')),
        context.change('l', link('d')),
        context.change('f', null),
      ].map((change) => ({ ...change, action: 'metadata' as const })),
    outcome: 'stale stale stale stale',
    after: { d: {}, f: 'old', l: { link: 'f' } },
  },
  {
    name: 'makes directories, then what comes into them',
    tree: {},
    changes: (context) => [
      context.change('d', dir()),
      context.change('d/e', dir()),
      context.change('d/e/f', file('new')),
    ],
    contents: ['new'],
    outcome: 'done done done',
    after: { d: { e: { f: 'new' } } },
  },
  {
    name: 'empties and removes directories',
    tree: { d: { e: { f: 'old' } } },
    changes: (context) => [context.change('d/e/f', null), context.change('d/e', null), context.change('d', null)],
    outcome: 'done done done',
    after: {},
    kept: { 'd/e/f (*)': 'old' },
  },
  {
    name: 'removes a directory with litter',
    tree: { d: { '.DS_Store': 'x', 'Thumbs.db': 'x' } },
    changes: (context) => [context.change('d', null)],
    outcome: 'done',
    after: {},
  },
  {
    name: 'keeps a directory with something excluded in it',
    tree: { d: { '~$plan.docx': 'x', '.DS_Store': 'x' } },
    changes: (context) => [context.change('d', null)],
    outcome: 'kept',
    after: { d: { '~$plan.docx': 'x', '.DS_Store': 'x' } },
  },
  {
    name: 'puts a file in the place of an empty directory',
    tree: { d: { 'Thumbs.db': 'x' } },
    changes: (context) => [context.change('d', file('new'))],
    contents: ['new'],
    outcome: 'done',
    after: { d: 'new' },
  },
  {
    name: 'puts a link in the place of an empty directory',
    tree: { d: {} },
    changes: (context) => [context.change('d', link('f'))],
    outcome: 'done',
    after: { d: { link: 'f' } },
  },
  {
    name: 'keeps a directory with something excluded in it from being replaced',
    tree: { d: { '~$plan.docx': 'x' } },
    changes: (context) => [context.change('d', file('new'))],
    contents: ['new'],
    outcome: 'kept',
    after: { d: { '~$plan.docx': 'x' } },
  },
  {
    name: 'puts a directory in the place of a file, the old bytes kept',
    tree: { d: 'old' },
    changes: (context) => [context.change('d', dir()), context.change('d/f', file('new'))],
    contents: ['new'],
    outcome: 'done done',
    after: { d: { f: 'new' } },
    kept: { 'd (*)': 'old' },
  },
  {
    name: 'puts a directory in the place of a file that lives on as a copy',
    tree: { d: 'old' },
    changes: (context) => [context.change('d', dir(), { conflictCopy: p('d (conflict B)') })],
    outcome: 'done',
    after: { d: {}, 'd (conflict B)': 'old' },
  },
  {
    name: 'creates a link',
    tree: {},
    changes: (context) => [context.change('l', link('nowhere'))],
    outcome: 'done',
    after: { l: { link: 'nowhere' } },
  },
  {
    name: 'points a link elsewhere, the old one kept',
    tree: { l: { link: 'one' } },
    changes: (context) => [context.change('l', link('two'))],
    outcome: 'done',
    after: { l: { link: 'two' } },
    kept: { 'l (*)': '-> one' },
  },
  {
    name: 'puts a link in the place of a file',
    tree: { f: 'old' },
    changes: (context) => [context.change('f', link('two'))],
    outcome: 'done',
    after: { f: { link: 'two' } },
    kept: { 'f (*)': 'old' },
  },
  {
    name: 'puts a file in the place of a link, not into what it leads to',
    tree: { target: 'safe', l: { link: 'target' } },
    changes: (context) => [context.change('l', file('new'))],
    contents: ['new'],
    outcome: 'done',
    after: { target: 'safe', l: 'new' },
    kept: { 'l (*)': '-> target' },
  },
  {
    name: 'deletes a link, not what it leads to',
    tree: { target: 'safe', l: { link: 'target' } },
    changes: (context) => [context.change('l', null)],
    outcome: 'done',
    after: { target: 'safe' },
    kept: { 'l (*)': '-> target' },
  },
  {
    name: 'lets overwritten content live on as a conflict copy, and not in versions',
    tree: { d: { 'f.txt': 'old' } },
    changes: (context) => [context.change('d/f.txt', file('new'), { conflictCopy: p('d/f (conflict A).txt') })],
    contents: ['new'],
    outcome: 'done',
    after: { d: { 'f.txt': 'new', 'f (conflict A).txt': 'old' } },
  },
  {
    name: 'never makes a conflict copy over a file',
    tree: { f: 'old', g: 'mine' },
    changes: (context) => [context.change('f', file('new'), { conflictCopy: p('g') })],
    contents: ['new'],
    outcome: 'stale',
    after: { f: 'old', g: 'mine' },
  },
  {
    name: 'carries names that need care',
    tree: { 'a\n"b"': 'old' },
    changes: (context) => [
      context.change('a\n"b"', file('1')),
      context.change('👋 é', file('2')),
      context.change('\u001b[31m', file('3')),
      context.change('x'.repeat(255), file('4')),
      context.change('back\\slash', file('5')),
    ],
    contents: ['1', '2', '3', '4', '5'],
    outcome: 'done done done done done',
    after: { 'a\n"b"': '1', '👋 é': '2', '\u001b[31m': '3', [`${'x'.repeat(255)}`]: '4', 'back\\slash': '5' },
    kept: { 'a\n"b" (*)': 'old' },
  },
];

describe('a step', () => {
  test.each(rows)('$name', async ({ tree, changes, contents = [], outcome, after, kept = {} }) => {
    const context = await DiskSite.open(tree);
    const planned = changes(context);
    expect(await context.kinds(planned, contents)).toBe(outcome);
    expect(context.tree()).toEqual(after);
    expect(context.kept()).toEqual(kept);
    expect(context.staged()).toEqual([]);
    // The snapshot has what was done, and a scan finds nothing more.
    if (!outcome.includes('done')) return;
    for (const { path, after } of planned)
      if (!planned.some((other) => other !== planned[0] && other.path === path))
        expect(context.seen(path)).toEqual(after);
    expect((await context.scanner.scan('everything')).entries).toEqual([]);
  });

  test.each([0o644, 0o600, 0o444, 0o755, 0o777, 0o400])(
    'leaves mode %o and the time to the microsecond',
    async (mode) => {
      const context = await DiskSite.open({ g: 'old', h: 'same' });
      const [f, g, h, d] = [
        file('f', { mode }),
        file('g', { mode, mtime: 1 }),
        file('same', { mode, mtime: 2_000_000_000_999_999 }),
        dir(mode | 0o500),
      ];
      const changes = [
        context.change('f', f),
        context.change('g', g),
        context.change('h', h, { action: 'metadata' }),
        context.change('d', dir()),
        { ...context.change('d', d, { before: dir(), action: 'metadata' }) },
      ];
      expect(await context.kinds(changes, ['f', 'g'])).toBe('done done done done done');
      const micros = (name: string) => Number(fs.lstatSync(context.at(name), { bigint: true }).mtimeNs / 1000n);
      const modes = ['f', 'g', 'h', 'd'].map((name) => fs.statSync(context.at(name)).mode & 0o777);
      expect([modes, micros('f'), micros('g'), micros('h')]).toEqual([
        [mode, mode, mode, mode | 0o500],
        TIME,
        1,
        2_000_000_000_999_999,
      ]);
      expect([context.seen('f'), context.seen('g'), context.seen('h'), context.seen('d')]).toEqual([f, g, h, d]);
      expect((await context.scanner.scan('everything')).entries).toEqual([]);
      fs.chmodSync(context.at('d'), 0o755);
    },
  );

  test.each([1, 999_999, 1_000_001, 1_763_719_331_000_001, 1_763_719_331_999_999, 4_102_444_800_123_456])(
    'a time of %i µs comes back exactly, over files and renames',
    async (mtime) => {
      const context = await DiskSite.open({ old: 'x' });
      expect(
        await context.kinds(
          [context.change('f', file('f', { mtime })), context.move('old', 'new', file('x', { mtime }))],
          ['f'],
        ),
      ).toBe('done done');
      for (const name of ['f', 'new'])
        expect(Number(fs.statSync(context.at(name), { bigint: true }).mtimeNs / 1000n)).toBe(mtime);
    },
  );

  test('a rename sets the agreed mode and time', async () => {
    const context = await DiskSite.open({ f: 'old' });
    const after = file('old', { mode: 0o600, mtime: TIME });
    expect(await context.kinds([context.move('f', 'g', after)])).toBe('done');
    expect([context.seen('f'), context.seen('g')]).toEqual([null, after]);
    expect(fs.statSync(context.at('g')).mode & 0o777).toBe(0o600);
  });

  test('a directory is writable until its contents are there, whatever its mode', async () => {
    const context = await DiskSite.open();
    const changes = [
      context.change('d', dir(0o555)),
      context.change('d/f', file('new')),
      context.change('d', dir(0o555), { before: dir(0o755), action: 'metadata' }),
    ];
    expect(await context.kinds(changes, ['new'])).toBe('done done done');
    expect(fs.statSync(context.at('d')).mode & 0o777).toBe(0o555);
    fs.chmodSync(context.at('d'), 0o755);
  });
});

// Changes between the scan and the step.

const inPlace = (content: string) => (at: string) => fs.writeFileSync(at, content);
const byRename = (content: string) => (at: string) => {
  fs.writeFileSync(`${at}.tmp`, content);
  fs.renameSync(`${at}.tmp`, at);
};
const gone = (at: string) => fs.rmSync(at, { recursive: true });
const toDirectory = (at: string) => {
  fs.rmSync(at, { recursive: true, force: true });
  put(at.slice(0, at.lastIndexOf('/')), { [at.slice(at.lastIndexOf('/') + 1)]: { mine: 'mine' } });
};
const toLink = (at: string) => {
  fs.rmSync(at, { recursive: true, force: true });
  fs.symlinkSync('/etc/hostname', at);
};
const toPipe = (at: string) => {
  fs.rmSync(at, { recursive: true, force: true });
  fs.mkdirSync(at);
};

const damages: [string, (at: string) => void][] = [
  ['edited in place', inPlace('user')],
  ['edited to the same length', inPlace('OLD')],
  ['saved by rename', byRename('user')],
  ['saved by rename, same length', byRename('OLD')],
  ['deleted', gone],
  ['now a directory', toDirectory],
  ['now an empty directory', toPipe],
  ['now a link to outside', toLink],
];
const steps: [string, (context: DiskSite) => Change, string[]][] = [
  ['a modification', (context) => context.change('f', file('new')), ['new']],
  [
    'a modification with a conflict copy',
    (context) => context.change('f', file('new'), { conflictCopy: p('copy') }),
    ['new'],
  ],
  ['a deletion', (context) => context.change('f', null), []],
  ['a change to a link', (context) => context.change('f', link('x')), []],
  ['a change to a directory', (context) => context.change('f', dir()), []],
  ['metadata', (context) => context.change('f', file('old', { mode: 0o600 }), { action: 'metadata' }), []],
  ['a rename', (context) => context.move('f', 'g'), []],
];

describe('SCENARIO 20: what somebody changed since the scan stays as it is', () => {
  const cases = steps.flatMap(([what, change, contents]) =>
    damages.map(([how, damage]) => [`${what} of what is ${how}`, change, contents, damage] as const),
  );
  test.each(cases)('%s', async (_, change, contents, damage) => {
    const context = await DiskSite.open({ f: 'old', other: 'x' });
    const planned = change(context);
    damage(context.at('f'));
    const before = context.tree();
    expect(await context.kinds([planned], contents)).toBe('stale');
    expect(context.tree()).toEqual(before);
    expect([context.kept(), context.staged()]).toEqual([{}, []]);
  });

  const targets: [string, (context: DiskSite) => Change, string[]][] = [
    ['a creation', (context) => context.change('g', file('new')), ['new']],
    ['a creation of a link', (context) => context.change('g', link('x')), []],
    ['a creation of a directory', (context) => context.change('g', dir()), []],
    ['a rename', (context) => context.move('f', 'g'), []],
  ];
  const appearing = targets.flatMap(([what, change, contents]) =>
    [inPlace('user'), toDirectory, toPipe, toLink].map((appear) => [what, change, contents, appear] as const),
  );
  test.each(appearing)('%s where something appeared', async (_, change, contents, appear) => {
    const context = await DiskSite.open({ f: 'old' });
    const planned = change(context);
    appear(context.at('g'));
    const before = context.tree();
    expect(await context.kinds([planned], contents)).toBe('stale');
    expect(context.tree()).toEqual(before);
    expect(fs.readFileSync('/etc/hostname', 'utf8')).not.toContain('new');
    expect(context.staged()).toEqual([]);
  });

  test.each<[string, Entry | null, string[]]>([
    ['removed', null, []],
    ['replaced', file('new'), ['new']],
  ])('a directory that got a file is not %s', async (_, after, contents) => {
    const context = await DiskSite.open({ d: { '.DS_Store': 'x' } });
    const planned = context.change('d', after);
    put(context.root, { d: { mine: 'mine' } });
    expect(await context.kinds([planned], contents)).toBe('stale');
    expect(context.tree()).toEqual({ d: { '.DS_Store': 'x', mine: 'mine' } });
  });

  test('a directory that became a link is not emptied through the link', async () => {
    const context = await DiskSite.open({ d: {} });
    const outside = elsewhere({ '.DS_Store': 'x' });
    const planned = context.change('d', null);
    fs.rmdirSync(context.at('d'));
    fs.symlinkSync(outside, context.at('d'));
    expect(await context.kinds([planned])).toBe('stale');
    expect(readTree(outside)).toEqual({ '.DS_Store': 'x' });
  });

  test('a save by rename between the last check and the rename wins', async () => {
    const context = await DiskSite.open({ f: 'old' });
    const planned = context.change('f', file('new'), { conflictCopy: p('copy') });
    const real = fs.linkSync;
    vi.spyOn(fs, 'linkSync').mockImplementationOnce((from, to) => {
      real(from, to);
      byRename('user')(context.at('f'));
    });
    expect(await context.kinds([planned], ['new'])).toBe('stale');
    expect((context.tree() as { f: string }).f).toBe('user');
    await expectAllReported(context);
  });
});

test('a conflict copy of a file with several names is a file of its own', async () => {
  const context = await DiskSite.open({ f: 'old' });
  fs.linkSync(context.at('f'), context.at('g'));
  await context.scanner.scan('everything');
  const change = context.change('f', file('new'), { conflictCopy: p('copy') });
  expect(await context.kinds([change], ['new'])).toBe('done');
  fs.writeFileSync(context.at('g'), 'edited in place');
  expect(context.tree()).toEqual({ f: 'new', g: 'edited in place', copy: 'old' });
  await expectAllReported(context);
});

test('a conflict copy that is saved in place meanwhile is scanned again', async () => {
  const context = await DiskSite.open({ f: 'old' });
  const real = fs.renameSync;
  vi.spyOn(fs, 'renameSync').mockImplementationOnce((from, to) => {
    fs.appendFileSync(context.at('copy'), ' and more');
    real(from, to);
  });
  const change = context.change('f', file('new'), { conflictCopy: p('copy') });
  expect(await context.kinds([change], ['new'])).toBe('done');
  const { entries } = await context.scanner.scan('hinted');
  expect(entries).toEqual([{ path: 'copy', entry: expect.objectContaining({ hash: file('old and more').hash }) }]);
});

test.each([
  ['a conflict copy of a file with several names', { conflictCopy: p('copy') }],
  ['a version where there are no hard links', {}],
])('a save in place while %s is made is not overwritten', async (_, more) => {
  const context = await DiskSite.open({ f: 'old' });
  if ('conflictCopy' in more) fs.linkSync(context.at('f'), `${elsewhere({})}/g`);
  else
    vi.spyOn(fs, 'linkSync').mockImplementation(() => {
      throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    });
  await context.scanner.scan('everything');
  const open = fs.openSync;
  let made = 0;
  vi.spyOn(fs, 'openSync').mockImplementation((at, flags, mode) => {
    // The first new file is the one that is received.
    if (flags === 'wx' && ++made === 2) fs.writeFileSync(context.at('f'), 'own');
    return open(at, flags, mode);
  });
  onTestFinished(() => void vi.restoreAllMocks());
  expect(await context.kinds([context.change('f', file('new'), more)], ['new'])).toBe('stale');
  expect([context.tree(), context.kept()]).toEqual([{ f: 'own' }, {}]);
  await expectAllReported(context);
});

describe('a step that fails midway', () => {
  const eio = () => {
    throw Object.assign(new Error('EIO'), { code: 'EIO' });
  };
  test.each<
    [string, (context: DiskSite) => Change, string[], 'renameSync' | 'chmodSync' | 'mkdirSync' | 'symlinkSync']
  >([
    ['a modification', (context) => context.change('f', file('new')), ['new'], 'renameSync'],
    [
      'a conflict copy',
      (context) => context.change('f', file('new'), { conflictCopy: p('copy') }),
      ['new'],
      'renameSync',
    ],
    ['a link in the place of a file', (context) => context.change('f', link('x')), [], 'symlinkSync'],
    [
      'a directory in the place of a file',
      (context) => context.change('f', dir(), { conflictCopy: p('copy') }),
      [],
      'mkdirSync',
    ],
    ['a rename', (context) => context.move('f', 'g', file('old', { mode: 0o600 })), [], 'chmodSync'],
    [
      'metadata',
      (context) => context.change('f', file('old', { mode: 0o600 }), { action: 'metadata' }),
      [],
      'chmodSync',
    ],
  ])('%s is a problem, loses nothing, and the next scan reports everything', async (_, change, contents, fails) => {
    const context = await DiskSite.open({ f: 'old' });
    const planned = change(context);
    const failing = vi.spyOn(fs, fails).mockImplementation(eio);
    const [outcome] = await context.outcomes([planned], stream(contents));
    failing.mockRestore();
    expect(outcome).toMatchObject({ kind: 'problem', code: 'io-error' });
    const everywhere = [...Object.values(context.tree()), ...Object.values(context.kept())];
    expect(everywhere).toContain('old');
    expect(context.staged()).toEqual([]);
    await expectAllReported(context);
  });
});

/** After a failed apply, scans report the rest: the snapshot becomes what is on disk. */
async function expectAllReported(context: DiskSite): Promise<void> {
  const reported = new Map<string, Entry | null>();
  // What the apply has entered itself is in the snapshot already.
  for (const [name] of context.scanner.snapshot.walk()) reported.set(name, context.seen(name));
  await until(async () => {
    const { entries, unsettled } = await context.scanner.scan('everything');
    for (const { path, entry } of entries) reported.set(path, entry);
    return unsettled === 0;
  });
  const names = [...reported].flatMap(([name, entry]) => (entry === null ? [] : [name])).sort();
  expect(names).toEqual(Object.keys(context.tree()).sort());
}

function elsewhere(tree: Tree): string {
  const outside = makeRoot('outside');
  onTestFinished(() => removeRoot(outside));
  put(outside, tree);
  return outside;
}

/** One step alone, as an apply takes it. */
async function stepOn(context: ApplyContext, change: Change, content: string | undefined): Promise<string> {
  if (content === undefined) return outcomeIn(() => carryOut(context, change));
  const staged = context.staging.begin(change.after as FileEntry);
  await staged.write(Buffer.from(content), true);
  await staged.flush();
  const outcome = outcomeIn(() => publishFile(context, change, staged));
  staged.discard();
  return outcome;
}

function outcomeIn(step: () => string): string {
  try {
    return step();
  } catch (error) {
    return outcomeOf(error).kind;
  }
}

describe('SCENARIO 30: a directory replaced by a link to the outside during an apply', () => {
  const kinds: [string, (context: DiskSite) => Change, string[]][] = [
    ['a creation', (context) => context.change('d/new', file('new')), ['new']],
    ['a creation of a link', (context) => context.change('d/new', link('x')), []],
    ['a creation of a directory', (context) => context.change('d/new', dir()), []],
    ['a modification', (context) => context.change('d/f', file('new')), ['new']],
    ['a conflict copy', (context) => context.change('d/f', file('new'), { conflictCopy: p('d/copy') }), ['new']],
    ['a deletion', (context) => context.change('d/f', null), []],
    ['metadata', (context) => context.change('d/f', file('old', { mode: 0o600 }), { action: 'metadata' }), []],
    ['a rename out of it', (context) => context.move('d/f', 'g'), []],
    ['a rename into it', (context) => context.move('h', 'd/new'), []],
    ['a removal of a directory in it', (context) => context.change('d/e', null), []],
  ];
  const swaps: [string, (context: DiskSite, outside: string) => void][] = [
    ['and left beside', (context) => fs.renameSync(context.at('d'), context.at('d.old'))],
    ['and moved outside', (context, outside) => fs.renameSync(context.at('d'), `${outside}/moved`)],
  ];
  const cases = kinds.flatMap(([what, change, contents]) =>
    swaps.map(([how, swap]) => [`${what}, ${how}`, change, contents, swap] as const),
  );
  test.each(cases)('%s: nothing is written outside', async (_, change, contents, swap) => {
    const context = await DiskSite.open({ d: { f: 'old', e: { '.DS_Store': 'x' } }, h: 'move me' });
    const outside = elsewhere({ f: 'old', e: { '.DS_Store': 'x' } });
    const planned = change(context);
    const parents = new Parents(context.root);
    onTestFinished(() => parents.close());
    parents.at(p('d'), 'a step before'); // the directory is open by now
    swap(context, outside);
    fs.symlinkSync(outside, context.at('d'));
    const before = [readTree(outside), context.tree()];
    expect(await stepOn(context.context(parents), planned, contents[0])).toBe('stale');
    expect([readTree(outside), context.tree()]).toEqual(before);
    expect(context.staged()).toEqual([]);
  });
});

test.runIf(process.getuid?.() === 0).each([0o000, 0o200, 0o055])(
  'a server without root rights keeps access to a directory with mode %o, and reports the mode that was asked for',
  async (mode) => {
    const context = await DiskSite.open({ d: { f: 'x' } });
    for (const at of ['', 'd', 'd/f']) fs.chownSync(context.at(at), 65534, 65534);
    await context.scanner.scan('everything');
    process.seteuid!(65534);
    try {
      const change = { ...context.change('d', dir(mode)), action: 'metadata' as const };
      expect(await context.kinds([change])).toBe('done');
      const scan = await context.scanner.scan('everything');
      expect([scan.entries, scan.unknown, context.seen('d')]).toEqual([[], [], dir(mode)]);
    } finally {
      process.seteuid!(0);
    }
    expect(fs.statSync(context.at('d')).mode & 0o777).toBe(mode | 0o500);
    expect(context.tree()).toEqual({ d: { f: 'x' } });
  },
);

test('mode and time that are set through one hard link are reported for the others at once', async () => {
  const context = await DiskSite.open({ f: 'x', d: { other: 'y' } });
  fs.linkSync(context.at('f'), context.at('d/f'));
  await context.scanner.scan('everything');
  const after = file('x', { mode: 0o600, mtime: TIME });
  expect(await context.kinds([{ ...context.change('f', after), action: 'metadata' }])).toBe('done');
  const scan = await context.scanner.scan('hinted');
  expect(scan.entries).toEqual([{ path: p('d/f'), entry: expect.objectContaining({ mode: 0o600, mtime: TIME }) }]);
});

test('a version says why it was kept: by default what was done, else what the change says', async () => {
  const context = await DiskSite.open({ f: 'f', g: 'g', h: 'h' });
  const told: unknown[] = [];
  context.versions.onKept = (_, { of, reason, hash }) => void told.push([of, reason, hash]);
  const changes = [
    context.change('f', file('new')),
    context.change('g', null),
    context.change('h', null, { reason: 'held' }),
  ];
  expect((await context.outcomes(changes, stream(['new']))).map(({ kind }) => kind)).toEqual(['done', 'done', 'done']);
  expect(told).toEqual([
    ['f', 'overwritten', (file('f') as FileEntry).hash],
    ['g', 'deleted', (file('g') as FileEntry).hash],
    ['h', 'held', (file('h') as FileEntry).hash],
  ]);
});

describe('a directory that is swapped just after it was made', () => {
  test.each<[it: string, mode: number, content: Tree, outcome: string, modeAfter: number]>([
    ['is left as it is where something is in it', 0o700, { x: 'x' }, 'stale', 0o700],
    ['is taken for the new one where it is empty', 0o700, {}, 'done', 0o750],
    ['is taken for the new one where it has the same bits', 0o750, { x: 'x' }, 'done', 0o750],
  ])('%s', async (_, mode, content, outcome, modeAfter) => {
    const context = await DiskSite.open();
    const { mkdirSync } = fs;
    vi.spyOn(fs, 'mkdirSync').mockImplementationOnce(((absolute: string, made: number) => {
      mkdirSync(absolute, made);
      fs.rmdirSync(absolute);
      put(context.root, { d: content });
      fs.chmodSync(context.at('d'), mode);
    }) as typeof fs.mkdirSync);
    expect(await context.kinds([context.change('d', dir(0o750))])).toBe(outcome);
    expect(fs.statSync(context.at('d')).mode & 0o777).toBe(modeAfter);
    expect(context.tree()).toEqual({ d: content });
  });
});

test('what was put at a path, and what was moved, is known at once and not read again', async () => {
  const context = await DiskSite.open({ f: 'old', d: { g: 'g' } });
  const changes = [context.change('f', file('new')), context.change('n', file('created')), context.move('d', 'e')];
  await context.kinds(changes, ['new', 'created']);
  const isRacy = (name: string) => (context.scanner.snapshot.get(p(name)) as unknown as { racy: boolean }).racy;
  expect([context.seen('f'), isRacy('f'), context.seen('n'), isRacy('n')]).toEqual([
    file('new'),
    false,
    file('created'),
    false,
  ]);
  expect([context.seen('d'), context.seen('d/g'), context.seen('e')]).toEqual([null, null, dir()]);
});

describe('the context of steps', () => {
  const halted = expect.objectContaining({ code: 'halted' });
  const opened = async () => {
    const site = await DiskSite.open();
    const other = makeRoot('steps');
    onTestFinished(() => removeRoot(other));
    return { root: openRoot(other), other, parts: site.parts() };
  };

  test.each<[it: string, act: (root: string) => void]>([
    ['gone', (root) => fs.rmdirSync(root)],
    [
      'replaced by a file',
      (root) => {
        fs.rmdirSync(root);
        fs.writeFileSync(root, '');
      },
    ],
    [
      'replaced by a link',
      (root) => {
        fs.renameSync(root, `${root}-away`);
        fs.symlinkSync(`${root}-away`, root);
      },
    ],
  ])('is refused where the root is %s, before and while it is opened', async (_, act) => {
    const { root, other, parts } = await opened();
    const real = fs.openSync;
    const once = vi.spyOn(fs, 'openSync').mockImplementationOnce((...args) => {
      act(other);
      return real(...args);
    });
    expect(() => openContext(root, parts)).toThrow(halted);
    expect(once).toHaveBeenCalled();
    expect(() => openContext(root, parts)).toThrow(halted);
    fs.rmSync(`${other}-away`, { recursive: true, force: true });
  });

  test('is what its steps need', async () => {
    const { root, parts } = await opened();
    const { parents, ...more } = openContext(root, parts);
    expect(more).toMatchObject({ scanner: parts.scanner, staging: parts.staging, versions: parts.versions });
    parents.close();
  });
});
