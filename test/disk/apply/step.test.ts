// Every kind of step, on a disk that is as it was seen, and on one that somebody damaged between the look and the step.
import fs from 'node:fs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import type { Entry, FileEntry } from '../../../src/core/entry.js';
import { carryOut, publishFile, type Site } from '../../../src/disk/apply/step.js';
import { Parents } from '../../../src/disk/fs/parents.js';
import { outcomeOf } from '../../../src/disk/fs/system-errors.js';
import { DiskSite, dir, file, link, p, stream, TIME } from '../../support/disk-site.js';
import { makeRoot, put, readTree, removeRoot, type Tree } from '../../support/trees.js';

interface Row {
  readonly name: string;
  readonly tree: Tree;
  readonly changes: (site: DiskSite) => Change[];
  readonly contents?: readonly string[];
  readonly outcome: string;
  readonly after: Tree;
  readonly kept?: Record<string, string>;
}

const rows: Row[] = [
  {
    name: 'creates a file',
    tree: {},
    changes: (site) => [site.change('f', file('new'))],
    contents: ['new'],
    outcome: 'done',
    after: { f: 'new' },
  },
  {
    name: 'creates an empty file',
    tree: {},
    changes: (site) => [site.change('f', file(''))],
    contents: [''],
    outcome: 'done',
    after: { f: '' },
  },
  {
    name: 'modifies a file, the old bytes kept',
    tree: { d: { 'f.txt': 'old' } },
    changes: (site) => [site.change('d/f.txt', file('new'))],
    contents: ['new'],
    outcome: 'done',
    after: { d: { 'f.txt': 'new' } },
    kept: { 'd/f (*).txt': 'old' },
  },
  {
    name: 'deletes a file, the bytes kept',
    tree: { d: { 'f.txt': 'old' } },
    changes: (site) => [site.change('d/f.txt', null)],
    outcome: 'done',
    after: { d: {} },
    kept: { 'd/f (*).txt': 'old' },
  },
  {
    name: 'renames a file, nothing kept',
    tree: { f: 'old', d: {} },
    changes: (site) => [site.move('f', 'd/g')],
    outcome: 'done',
    after: { d: { g: 'old' } },
  },
  {
    name: 'makes directories, then what comes into them',
    tree: {},
    changes: (site) => [site.change('d', dir()), site.change('d/e', dir()), site.change('d/e/f', file('new'))],
    contents: ['new'],
    outcome: 'done done done',
    after: { d: { e: { f: 'new' } } },
  },
  {
    name: 'empties and removes directories',
    tree: { d: { e: { f: 'old' } } },
    changes: (site) => [site.change('d/e/f', null), site.change('d/e', null), site.change('d', null)],
    outcome: 'done done done',
    after: {},
    kept: { 'd/e/f (*)': 'old' },
  },
  {
    name: 'removes a directory with litter',
    tree: { d: { '.DS_Store': 'x', 'Thumbs.db': 'x' } },
    changes: (site) => [site.change('d', null)],
    outcome: 'done',
    after: {},
  },
  {
    name: 'keeps a directory with something excluded in it',
    tree: { d: { '~$plan.docx': 'x', '.DS_Store': 'x' } },
    changes: (site) => [site.change('d', null)],
    outcome: 'kept',
    after: { d: { '~$plan.docx': 'x', '.DS_Store': 'x' } },
  },
  {
    name: 'puts a file in the place of an empty directory',
    tree: { d: { 'Thumbs.db': 'x' } },
    changes: (site) => [site.change('d', file('new'))],
    contents: ['new'],
    outcome: 'done',
    after: { d: 'new' },
  },
  {
    name: 'puts a link in the place of an empty directory',
    tree: { d: {} },
    changes: (site) => [site.change('d', link('f'))],
    outcome: 'done',
    after: { d: { link: 'f' } },
  },
  {
    name: 'keeps a directory with something excluded in it from being replaced',
    tree: { d: { '~$plan.docx': 'x' } },
    changes: (site) => [site.change('d', file('new'))],
    contents: ['new'],
    outcome: 'kept',
    after: { d: { '~$plan.docx': 'x' } },
  },
  {
    name: 'puts a directory in the place of a file, the old bytes kept',
    tree: { d: 'old' },
    changes: (site) => [site.change('d', dir()), site.change('d/f', file('new'))],
    contents: ['new'],
    outcome: 'done done',
    after: { d: { f: 'new' } },
    kept: { 'd (*)': 'old' },
  },
  {
    name: 'puts a directory in the place of a file that lives on as a copy',
    tree: { d: 'old' },
    changes: (site) => [site.change('d', dir(), { keepAs: p('d (conflict B)') })],
    outcome: 'done',
    after: { d: {}, 'd (conflict B)': 'old' },
  },
  {
    name: 'creates a link',
    tree: {},
    changes: (site) => [site.change('l', link('nowhere'))],
    outcome: 'done',
    after: { l: { link: 'nowhere' } },
  },
  {
    name: 'points a link elsewhere, the old one kept',
    tree: { l: { link: 'one' } },
    changes: (site) => [site.change('l', link('two'))],
    outcome: 'done',
    after: { l: { link: 'two' } },
    kept: { 'l (*)': '-> one' },
  },
  {
    name: 'puts a link in the place of a file',
    tree: { f: 'old' },
    changes: (site) => [site.change('f', link('two'))],
    outcome: 'done',
    after: { f: { link: 'two' } },
    kept: { 'f (*)': 'old' },
  },
  {
    name: 'puts a file in the place of a link, not into what it leads to',
    tree: { target: 'safe', l: { link: 'target' } },
    changes: (site) => [site.change('l', file('new'))],
    contents: ['new'],
    outcome: 'done',
    after: { target: 'safe', l: 'new' },
    kept: { 'l (*)': '-> target' },
  },
  {
    name: 'deletes a link, not what it leads to',
    tree: { target: 'safe', l: { link: 'target' } },
    changes: (site) => [site.change('l', null)],
    outcome: 'done',
    after: { target: 'safe' },
    kept: { 'l (*)': '-> target' },
  },
  {
    name: 'lets overwritten content live on as a conflict copy, and not in versions',
    tree: { d: { 'f.txt': 'old' } },
    changes: (site) => [site.change('d/f.txt', file('new'), { keepAs: p('d/f (conflict A).txt') })],
    contents: ['new'],
    outcome: 'done',
    after: { d: { 'f.txt': 'new', 'f (conflict A).txt': 'old' } },
  },
  {
    name: 'never makes a conflict copy over a file',
    tree: { f: 'old', g: 'mine' },
    changes: (site) => [site.change('f', file('new'), { keepAs: p('g') })],
    contents: ['new'],
    outcome: 'stale',
    after: { f: 'old', g: 'mine' },
  },
  {
    name: 'carries names that need care',
    tree: { 'a\n"b"': 'old' },
    changes: (site) => [
      site.change('a\n"b"', file('1')),
      site.change('👋 é', file('2')),
      site.change('\u001b[31m', file('3')),
      site.change('x'.repeat(255), file('4')),
      site.change('back\\slash', file('5')),
    ],
    contents: ['1', '2', '3', '4', '5'],
    outcome: 'done done done done done',
    after: { 'a\n"b"': '1', '👋 é': '2', '\u001b[31m': '3', [`${'x'.repeat(255)}`]: '4', 'back\\slash': '5' },
    kept: { 'a\n"b" (*)': 'old' },
  },
];

describe('a step', () => {
  test.each(rows)('$name', async ({ tree, changes, contents = [], outcome, after, kept = {} }) => {
    const site = await DiskSite.open(tree);
    const planned = changes(site);
    expect(await site.kinds(planned, contents)).toBe(outcome);
    expect(site.tree()).toEqual(after);
    expect(site.kept()).toEqual(kept);
    expect(site.staged()).toEqual([]);
    // What was done is known, and a look finds nothing more.
    if (!outcome.includes('done')) return;
    for (const { path, after } of planned)
      if (!planned.some((other) => other !== planned[0] && other.path === path)) expect(site.seen(path)).toEqual(after);
    expect((await site.looker.look('everything')).entries).toEqual([]);
  });

  test.each([0o644, 0o600, 0o444, 0o755, 0o777, 0o400])(
    'leaves mode %o and the time to the microsecond',
    async (mode) => {
      const site = await DiskSite.open({ g: 'old', h: 'same' });
      const [f, g, h, d] = [
        file('f', { mode }),
        file('g', { mode, mtime: 1 }),
        file('same', { mode, mtime: 2_000_000_000_999_999 }),
        dir(mode | 0o500),
      ];
      const changes = [
        site.change('f', f),
        site.change('g', g),
        site.change('h', h, { action: 'metadata' }),
        site.change('d', dir()),
        { ...site.change('d', d, { before: dir(), action: 'metadata' }) },
      ];
      expect(await site.kinds(changes, ['f', 'g'])).toBe('done done done done done');
      const micros = (name: string) => Number(fs.lstatSync(site.at(name), { bigint: true }).mtimeNs / 1000n);
      const modes = ['f', 'g', 'h', 'd'].map((name) => fs.statSync(site.at(name)).mode & 0o777);
      expect([modes, micros('f'), micros('g'), micros('h')]).toEqual([
        [mode, mode, mode, mode | 0o500],
        TIME,
        1,
        2_000_000_000_999_999,
      ]);
      expect([site.seen('f'), site.seen('g'), site.seen('h'), site.seen('d')]).toEqual([f, g, h, d]);
      expect((await site.looker.look('everything')).entries).toEqual([]);
      fs.chmodSync(site.at('d'), 0o755);
    },
  );

  test.each([1, 999_999, 1_000_001, 1_763_719_331_000_001, 1_763_719_331_999_999, 4_102_444_800_123_456])(
    'a time of %i µs comes back exactly, over files and renames',
    async (mtime) => {
      const site = await DiskSite.open({ old: 'x' });
      expect(
        await site.kinds(
          [site.change('f', file('f', { mtime })), site.move('old', 'new', file('x', { mtime }))],
          ['f'],
        ),
      ).toBe('done done');
      for (const name of ['f', 'new'])
        expect(Number(fs.statSync(site.at(name), { bigint: true }).mtimeNs / 1000n)).toBe(mtime);
    },
  );

  test('a rename sets the mode and the time that were agreed on', async () => {
    const site = await DiskSite.open({ f: 'old' });
    const after = file('old', { mode: 0o600, mtime: TIME });
    expect(await site.kinds([site.move('f', 'g', after)])).toBe('done');
    expect([site.seen('f'), site.seen('g')]).toEqual([null, after]);
    expect(fs.statSync(site.at('g')).mode & 0o777).toBe(0o600);
  });

  test('a directory is made writable though its mode forbids it, until its contents are there', async () => {
    const site = await DiskSite.open();
    const changes = [
      site.change('d', dir(0o555)),
      site.change('d/f', file('new')),
      site.change('d', dir(0o555), { before: dir(0o755), action: 'metadata' }),
    ];
    expect(await site.kinds(changes, ['new'])).toBe('done done done');
    expect(fs.statSync(site.at('d')).mode & 0o777).toBe(0o555);
    fs.chmodSync(site.at('d'), 0o755);
  });
});

// Damage between the look and the step.

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
const steps: [string, (site: DiskSite) => Change, string[]][] = [
  ['a modification', (site) => site.change('f', file('new')), ['new']],
  ['a modification with a conflict copy', (site) => site.change('f', file('new'), { keepAs: p('copy') }), ['new']],
  ['a deletion', (site) => site.change('f', null), []],
  ['a change to a link', (site) => site.change('f', link('x')), []],
  ['a change to a directory', (site) => site.change('f', dir()), []],
  ['metadata', (site) => site.change('f', file('old', { mode: 0o600 }), { action: 'metadata' }), []],
  ['a rename', (site) => site.move('f', 'g'), []],
];

describe('SCENARIO 20: what somebody changed since it was looked at stays as it is', () => {
  const cases = steps.flatMap(([what, change, contents]) =>
    damages.map(([how, damage]) => [`${what} of what is ${how}`, change, contents, damage] as const),
  );
  test.each(cases)('%s', async (_, change, contents, damage) => {
    const site = await DiskSite.open({ f: 'old', other: 'x' });
    const planned = change(site);
    damage(site.at('f'));
    const before = site.tree();
    expect(await site.kinds([planned], contents)).toBe('stale');
    expect(site.tree()).toEqual(before);
    expect([site.kept(), site.staged()]).toEqual([{}, []]);
  });

  const targets: [string, (site: DiskSite) => Change, string[]][] = [
    ['a creation', (site) => site.change('g', file('new')), ['new']],
    ['a creation of a link', (site) => site.change('g', link('x')), []],
    ['a creation of a directory', (site) => site.change('g', dir()), []],
    ['a rename', (site) => site.move('f', 'g'), []],
  ];
  const appearing = targets.flatMap(([what, change, contents]) =>
    [inPlace('user'), toDirectory, toPipe, toLink].map((appear) => [what, change, contents, appear] as const),
  );
  test.each(appearing)('%s where something appeared', async (_, change, contents, appear) => {
    const site = await DiskSite.open({ f: 'old' });
    const planned = change(site);
    appear(site.at('g'));
    const before = site.tree();
    expect(await site.kinds([planned], contents)).toBe('stale');
    expect(site.tree()).toEqual(before);
    expect(fs.readFileSync('/etc/hostname', 'utf8')).not.toContain('new');
    expect(site.staged()).toEqual([]);
  });

  test.each<[string, Entry | null, string[]]>([
    ['removed', null, []],
    ['replaced', file('new'), ['new']],
  ])('a directory that got a file is not %s', async (_, after, contents) => {
    const site = await DiskSite.open({ d: { '.DS_Store': 'x' } });
    const planned = site.change('d', after);
    put(site.root, { d: { mine: 'mine' } });
    expect(await site.kinds([planned], contents)).toBe('stale');
    expect(site.tree()).toEqual({ d: { '.DS_Store': 'x', mine: 'mine' } });
  });

  test('a directory that became a link is not emptied behind it', async () => {
    const site = await DiskSite.open({ d: {} });
    const outside = elsewhere({ '.DS_Store': 'x' });
    const planned = site.change('d', null);
    fs.rmdirSync(site.at('d'));
    fs.symlinkSync(outside, site.at('d'));
    expect(await site.kinds([planned])).toBe('stale');
    expect(readTree(outside)).toEqual({ '.DS_Store': 'x' });
  });

  test('a save by rename between the last look and the rename wins', async () => {
    const site = await DiskSite.open({ f: 'old' });
    const planned = site.change('f', file('new'), { keepAs: p('copy') });
    const real = fs.linkSync;
    vi.spyOn(fs, 'linkSync').mockImplementationOnce((from, to) => {
      real(from, to);
      byRename('user')(site.at('f'));
    });
    expect(await site.kinds([planned], ['new'])).toBe('stale');
    expect((site.tree() as { f: string }).f).toBe('user');
    await expectAllTold(site);
  });
});

describe('a step that fails midway', () => {
  const eio = () => {
    throw Object.assign(new Error('EIO'), { code: 'EIO' });
  };
  test.each<[string, (site: DiskSite) => Change, string[], 'renameSync' | 'chmodSync' | 'mkdirSync' | 'symlinkSync']>([
    ['a modification', (site) => site.change('f', file('new')), ['new'], 'renameSync'],
    ['a conflict copy', (site) => site.change('f', file('new'), { keepAs: p('copy') }), ['new'], 'renameSync'],
    ['a link in the place of a file', (site) => site.change('f', link('x')), [], 'symlinkSync'],
    ['a directory in the place of a file', (site) => site.change('f', dir(), { keepAs: p('copy') }), [], 'mkdirSync'],
    ['a rename', (site) => site.move('f', 'g', file('old', { mode: 0o600 })), [], 'chmodSync'],
    ['metadata', (site) => site.change('f', file('old', { mode: 0o600 }), { action: 'metadata' }), [], 'chmodSync'],
  ])(
    '%s is a problem, loses nothing, and the next look tells all that is there',
    async (_, change, contents, fails) => {
      const site = await DiskSite.open({ f: 'old' });
      const planned = change(site);
      const failing = vi.spyOn(fs, fails).mockImplementation(eio);
      const [outcome] = await site.outcomes([planned], stream(contents));
      failing.mockRestore();
      expect(outcome).toMatchObject({ kind: 'problem', code: 'io-error' });
      const everywhere = [...Object.values(site.tree()), ...Object.values(site.kept())];
      expect(everywhere).toContain('old');
      expect(site.staged()).toEqual([]);
      await expectAllTold(site);
    },
  );
});

/** Whatever became of an apply that failed, looks tell the rest: what is known in the end is what is there. */
async function expectAllTold(site: DiskSite): Promise<void> {
  const told = new Map<string, Entry | null>([['f', site.seen('f')]]);
  for (let n = 0; n < 100; n++) {
    const { entries, unsettled } = await site.looker.look('everything');
    for (const { path, entry } of entries) told.set(path, entry);
    if (unsettled === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const names = [...told].flatMap(([name, entry]) => (entry === null ? [] : [name])).sort();
  expect(names).toEqual(Object.keys(site.tree()).sort());
}

function elsewhere(tree: Tree): string {
  const outside = makeRoot('outside');
  onTestFinished(() => removeRoot(outside));
  put(outside, tree);
  return outside;
}

/** One step alone, as an apply takes it. */
async function stepOn(site: Site, change: Change, content: string | undefined): Promise<string> {
  if (content === undefined) return outcomeIn(() => carryOut(site, change));
  const staged = site.staging.begin(change.after as FileEntry);
  await staged.write(Buffer.from(content), true);
  await staged.flush();
  const outcome = outcomeIn(() => publishFile(site, change, staged));
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

describe('SCENARIO 30: a directory swapped for a link to outside in mid-apply', () => {
  const kinds: [string, (site: DiskSite) => Change, string[]][] = [
    ['a creation', (site) => site.change('d/new', file('new')), ['new']],
    ['a creation of a link', (site) => site.change('d/new', link('x')), []],
    ['a creation of a directory', (site) => site.change('d/new', dir()), []],
    ['a modification', (site) => site.change('d/f', file('new')), ['new']],
    ['a conflict copy', (site) => site.change('d/f', file('new'), { keepAs: p('d/copy') }), ['new']],
    ['a deletion', (site) => site.change('d/f', null), []],
    ['metadata', (site) => site.change('d/f', file('old', { mode: 0o600 }), { action: 'metadata' }), []],
    ['a rename out of it', (site) => site.move('d/f', 'g'), []],
    ['a rename into it', (site) => site.move('h', 'd/new'), []],
    ['a removal of a directory in it', (site) => site.change('d/e', null), []],
  ];
  const swaps: [string, (site: DiskSite, outside: string) => void][] = [
    ['and left beside', (site) => fs.renameSync(site.at('d'), site.at('d.old'))],
    ['and moved outside', (site, outside) => fs.renameSync(site.at('d'), `${outside}/moved`)],
  ];
  const cases = kinds.flatMap(([what, change, contents]) =>
    swaps.map(([how, swap]) => [`${what}, ${how}`, change, contents, swap] as const),
  );
  test.each(cases)('%s: nothing is written outside', async (_, change, contents, swap) => {
    const site = await DiskSite.open({ d: { f: 'old', e: { '.DS_Store': 'x' } }, h: 'move me' });
    const outside = elsewhere({ f: 'old', e: { '.DS_Store': 'x' } });
    const planned = change(site);
    const parents = new Parents(site.root);
    onTestFinished(() => parents.close());
    parents.at(p('d'), 'a step before'); // the directory is open by now
    swap(site, outside);
    fs.symlinkSync(outside, site.at('d'));
    const before = [readTree(outside), site.tree()];
    expect(await stepOn({ ...site.parts(), parents }, planned, contents[0])).toBe('stale');
    expect([readTree(outside), site.tree()]).toEqual(before);
    expect(site.staged()).toEqual([]);
  });
});

test.runIf(process.getuid?.() === 0).each([0o000, 0o200, 0o055])(
  'a server that is no superuser does not shut itself out of a directory with mode %o, and reports what was asked for',
  async (mode) => {
    const site = await DiskSite.open({ d: { f: 'x' } });
    for (const at of ['', 'd', 'd/f']) fs.chownSync(site.at(at), 65534, 65534);
    await site.looker.look('everything');
    process.seteuid!(65534);
    try {
      const change = { ...site.change('d', dir(mode)), action: 'metadata' as const };
      expect(await site.kinds([change])).toBe('done');
      const look = await site.looker.look('everything');
      expect([look.entries, look.unknown, site.seen('d')]).toEqual([[], [], dir(mode)]);
    } finally {
      process.seteuid!(0);
    }
    expect(fs.statSync(site.at('d')).mode & 0o777).toBe(mode | 0o500);
    expect(site.tree()).toEqual({ d: { f: 'x' } });
  },
);

test('bits and a time that come to one name of a file are told of its other names at once', async () => {
  const site = await DiskSite.open({ f: 'x', d: { other: 'y' } });
  fs.linkSync(site.at('f'), site.at('d/f'));
  await site.looker.look('everything');
  const after = file('x', { mode: 0o600, mtime: TIME });
  expect(await site.kinds([{ ...site.change('f', after), action: 'metadata' }])).toBe('done');
  const look = await site.looker.look('hinted');
  expect(look.entries).toEqual([{ path: p('d/f'), entry: expect.objectContaining({ mode: 0o600, mtime: TIME }) }]);
});
