// What an apply guarantees beyond single steps: with contents that are slow, wrong or missing, each change has one
// outcome, nothing is left in staging, and what was done is reported whatever happens to the rest.
import fs from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import type { Outcome } from '../../../src/core/change.js';
import type { FileEntry } from '../../../src/core/entry.js';
import type { Content, JoinedContents } from '../../../src/replica.js';
import { DiskSite, dir, file, p, pieces, stream, turn } from '../../support/disk-site.js';

const piece = (n: number, data: string, last = true): Content => ({ n, data: Buffer.from(data), last });

const joined = (n: number, ...texts: string[]): JoinedContents => ({
  n,
  sizes: texts.map((text) => text.length),
  joined: Buffer.from(texts.join('')),
});

async function* given(contents: readonly (Content | JoinedContents)[]): AsyncGenerator<Content | JoinedContents> {
  yield* contents;
}

/** One file `f` with `old` in it, to become `new`. */
async function oneFile() {
  const context = await DiskSite.open({ f: 'old' });
  return { context, change: context.change('f', file('new')) };
}

describe('a content', () => {
  const stale: Outcome = { kind: 'stale' };
  const problem: Outcome = { kind: 'problem', code: 'unreadable', message: 'It could not be read: permission denied.' };
  test.each<[string, Content[], Outcome]>([
    ['of other bytes', [piece(0, 'nex')], stale],
    ['too short', [piece(0, 'ne')], stale],
    ['too long', [piece(0, 'new!')], stale],
    ['too long in pieces', [piece(0, 'new', false), piece(0, '!')], stale],
    ['empty', [piece(0, '')], stale],
    ['without an end', [piece(0, 'new', false)], stale],
    ['that never comes', [], stale],
    ['under another number', [piece(1, 'new')], stale],
    ['that turns stale at once', [{ n: 0, failed: { kind: 'stale' } }], stale],
    ['that turns stale midway', [piece(0, 'ne', false), { n: 0, failed: { kind: 'stale' } }], stale],
    ['that cannot be read', [{ n: 0, failed: problem as Outcome & { kind: 'problem' } }], problem],
    [
      'in many pieces',
      [piece(0, 'n', false), piece(0, '', false), piece(0, 'e', false), piece(0, 'w')],
      { kind: 'done', sent: 3 },
    ],
    ['with an empty last piece', [piece(0, 'new', false), piece(0, '')], { kind: 'done', sent: 3 }],
  ])('%s', async (_, contents, expected) => {
    const { context, change } = await oneFile();
    expect(await context.outcomes([change], given(contents))).toEqual([expected]);
    const done = expected.kind === 'done';
    expect(context.tree()).toEqual({ f: done ? 'new' : 'old' });
    expect(context.kept()).toEqual(done ? { 'f (*)': 'old' } : {});
    expect(context.staged()).toEqual([]);
  });

  test('that is wrong does not affect the next ones', async () => {
    const context = await DiskSite.open();
    const changes = ['a', 'b', 'c', 'd'].map((name) => context.change(name, file(name)));
    const contents = [piece(0, 'a'), piece(1, 'X'), { n: 2, failed: { kind: 'stale' } } as const, piece(3, 'd')];
    const outcomes = await context.outcomes(changes, given(contents));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'stale', 'stale', 'done']);
    expect(context.tree()).toEqual({ a: 'a', d: 'd' });
    expect(context.staged()).toEqual([]);
  });

  test('of 9 MiB in pieces of odd sizes is complete', async () => {
    const context = await DiskSite.open();
    const data = Buffer.alloc(9 << 20, 'all work and no play ');
    expect(await context.outcomes([context.change('f', file(data))], given([...pieces(0, data, 700_001)]))).toEqual([
      { kind: 'done', sent: data.length },
    ]);
    expect(fs.readFileSync(context.at('f')).equals(data)).toBe(true);
  });
});

describe('joined contents', () => {
  test('are each by itself: one that is wrong does not affect the others', async () => {
    const context = await DiskSite.open({ b: 'old' });
    const changes = ['a', 'b', 'c', 'e', 'd'].map((name) => context.change(name, file(name === 'e' ? '' : name)));
    const outcomes = await context.outcomes(changes, given([joined(0, 'a', 'b', 'X', ''), piece(4, 'd')]));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'done', 'stale', 'done', 'done']);
    expect(context.tree()).toEqual({ a: 'a', b: 'b', d: 'd', e: '' });
    expect([context.staged(), context.kept()]).toEqual([[], { 'b (*)': 'old' }]);
  });

  test('may be of changes on both sides of a step, which waits for those before it only', async () => {
    const context = await DiskSite.open({ d: { f: 'old' } });
    const changes = [
      context.change('d/f', file('1')),
      context.move('d', 'e'),
      context.change('e/g', file('2')),
      context.change('e/f', file('3'), { before: file('1') }),
    ];
    expect(await context.outcomes(changes, given([joined(0, '1', '2', '3')]))).toMatchObject([
      { kind: 'done' },
      { kind: 'done' },
      { kind: 'done' },
      { kind: 'done' },
    ]);
    expect(context.tree()).toEqual({ e: { f: '3', g: '2' } });
  });

  test.each([
    ['of another number', [joined(1, 'a', 'b')], 'stale stale', {}],
    ['in the middle of a content', [piece(0, 'x', false), joined(0, 'a', 'b')], 'stale stale', {}],
    ['of fewer changes', [joined(0, 'a')], 'done stale', { a: 'a' }],
    ['that are too long', [joined(0, 'aa', 'b')], 'stale done', { b: 'b' }],
  ])('%s', async (_, contents, expected, tree) => {
    const context = await DiskSite.open();
    const changes = ['a', 'b'].map((name) => context.change(name, file(name)));
    const outcomes = await context.outcomes(changes, given(contents));
    expect(outcomes.map(({ kind }) => kind).join(' ')).toBe(expected);
    expect([context.tree(), context.staged()]).toEqual([tree, []]);
  });

  test('leave nothing where the stream breaks, or nobody waits for the rest', async () => {
    const context = await DiskSite.open();
    const names = Array.from({ length: 40 }, (_, n) => `f${n}`);
    const changes = names.map((name) => context.change(name, file(name)));
    async function* broken() {
      yield joined(0, ...names.slice(0, 30));
      throw new Error('cut');
    }
    const outcomes: string[] = [];
    await expect(
      (async () => {
        for await (const { outcome } of context.apply(changes, broken())) outcomes.push(outcome.kind);
      })(),
    ).rejects.toThrow('cut');
    expect([outcomes.length, Object.keys(context.tree()).length, context.staged()]).toEqual([30, 30, []]);
    const more = names.map((name) => context.change(`g${name}`, file(name)));
    const wrongFirst = given([joined(0, 'wrong', ...names.slice(1))]);
    for await (const { n } of context.apply(more, wrongFirst)) {
      expect(n).toBe(0);
      break;
    }
    expect(context.staged()).toEqual([]);
  });

  test('give their memory back when they are written', async () => {
    const context = await DiskSite.open();
    let released = 0;
    const contents = { ...joined(0, 'a', 'b'), release: () => void released++ };
    const changes = ['a', 'b'].map((name) => context.change(name, file(name)));
    expect((await context.outcomes(changes, given([contents]))).map(({ kind }) => kind)).toEqual(['done', 'done']);
    expect(released).toBe(1);
  });
});

describe('a group', () => {
  const names = Array.from({ length: 300 }, (_, n) => `d/f${n}`);

  async function threeHundred() {
    const context = await DiskSite.open({ d: {} });
    return { context, changes: names.map((name) => context.change(name, file(name))) };
  }

  test('of 300 small files is published in parts while later contents are slow', async () => {
    const { context, changes } = await threeHundred();
    let most = 0;
    async function* slowly() {
      for (const [n, name] of names.entries()) {
        if (n % 7 === 0) await turn();
        if (n % 50 === 49) {
          // Waits until everything before is published, which must not depend on what comes after.
          while (fs.readdirSync(context.at('d')).length < n) await turn();
        }
        most = Math.max(most, context.staged().length);
        yield piece(n, name);
      }
    }
    const outcomes = await context.outcomes(changes, slowly());
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['done']));
    expect(fs.readdirSync(context.at('d'))).toHaveLength(300);
    expect([context.staged(), most <= 128]).toEqual([[], true]);
  });

  test('is received while the one before it is flushed, and no third one', async () => {
    const { context, changes } = await threeHundred();
    const waiting: (() => void)[] = [];
    const real = fs.fsync;
    let most = 0;
    vi.spyOn(fs, 'fsync').mockImplementation(((fd: number, done: () => void) => {
      most = Math.max(most, context.staged().length);
      if (fs.fstatSync(fd).isDirectory()) real(fd, done);
      else waiting.push(() => real(fd, done));
    }) as typeof fs.fsync);
    const working = context.outcomes(changes, stream(names));
    while (waiting.length < 256) await turn();
    expect(fs.readdirSync(context.at('d'))).toEqual([]);
    for (let n = 0; n < 300; n++) {
      while (waiting.length === 0) await turn();
      waiting.shift()!();
    }
    expect(new Set((await working).map(({ kind }) => kind))).toEqual(new Set(['done']));
    vi.restoreAllMocks();
    expect([most <= 257, context.staged()]).toEqual([true, []]);
  });

  test('of 300 small files that come at once is published', async () => {
    const { context, changes } = await threeHundred();
    expect(new Set((await context.outcomes(changes, stream(names))).map(({ kind }) => kind))).toEqual(
      new Set(['done']),
    );
    for (const name of names) expect(fs.readFileSync(context.at(name), 'utf8')).toBe(name);
    expect(context.staged()).toEqual([]);
  });

  test('is published before the step after it, which may depend on it', async () => {
    const context = await DiskSite.open({ d: { f: 'old' }, g: 'same' });
    const changes = [
      context.change('new', file('1')),
      context.move('g', 'd/g'),
      context.change('d/f', file('2')),
      context.change('d/g', null, { before: context.seen('g') }),
    ];
    expect(await context.kinds(changes, ['1', '2'])).toBe('done done done done');
    expect(context.tree()).toEqual({ new: '1', d: { f: '2' } });
  });

  test('flushes each content before its rename, and its directory before the outcome', async () => {
    const { context, change } = await oneFile();
    const order: string[] = [];
    const real = { fsync: fs.fsync, rename: fs.renameSync };
    vi.spyOn(fs, 'fsync').mockImplementation(((fd: number, done: () => void) => {
      order.push(fs.fstatSync(fd).isDirectory() ? 'flush directory' : 'flush content');
      real.fsync(fd, done);
    }) as typeof fs.fsync);
    vi.spyOn(fs, 'renameSync').mockImplementation((from, to) => {
      order.push('rename');
      real.rename(from, to);
    });
    for await (const { outcome } of context.apply([change], stream(['new']))) order.push(outcome.kind);
    vi.restoreAllMocks();
    expect(order).toEqual(['flush content', 'rename', 'flush directory', 'done']);
  });

  test.each<[it: string, is: 'f' | 'd' | 'g', steps: string[]]>([
    ['of a file', 'f', ['flush .', 'flush f', 'done']],
    ['of a directory', 'd', ['flush .', 'flush d', 'done']],
    ['of a file that is renamed', 'g', ['flush .', 'flush g', 'done']],
  ])('flushes another mode %s before the outcome', async (_, name, expected) => {
    const context = await DiskSite.open({ f: 'f', d: {} });
    const names = new Map(['.', 'f', 'd'].map((at) => [fs.statSync(context.at(at)).ino, at]));
    if (name === 'g') names.set(fs.statSync(context.at('f')).ino, 'g');
    const order: string[] = [];
    const real = fs.fsync;
    vi.spyOn(fs, 'fsync').mockImplementation(((fd: number, done: fs.NoParamCallback) => {
      order.push(`flush ${names.get(fs.fstatSync(fd).ino)}`);
      real(fd, done);
    }) as typeof fs.fsync);
    const moved = context.move('f', 'g');
    const { mtime } = context.seen('f') as FileEntry;
    const change = {
      f: context.change('f', file('f', { mode: 0o600, mtime }), { action: 'metadata' }),
      d: context.change('d', { type: 'dir', mode: 0o700 }, { action: 'metadata' }),
      g: { ...moved, after: file('f', { mode: 0o600, mtime }) },
    }[name];
    for await (const { outcome } of context.apply([change], stream([]))) order.push(outcome.kind);
    vi.restoreAllMocks();
    expect(order).toEqual(expected);
    expect(fs.statSync(context.at(name)).mode & 0o777).toBe(name === 'd' ? 0o700 : 0o600);
  });

  test('is a problem where another mode cannot be flushed, and none where the file is gone by then', async () => {
    const context = await DiskSite.open({ f: 'f', g: 'g' });
    const bad = fs.statSync(context.at('f')).ino;
    const real = fs.fsync;
    vi.spyOn(fs, 'fsync').mockImplementation(((fd: number, done: fs.NoParamCallback) => {
      fs.rmSync(context.at('g'), { force: true });
      if (fs.fstatSync(fd).ino === bad) done(Object.assign(new Error('EIO'), { code: 'EIO' }));
      else real(fd, done);
    }) as typeof fs.fsync);
    const with600 = (name: string) =>
      context.change(name, file(name, { mode: 0o600, mtime: (context.seen(name) as FileEntry).mtime }), {
        action: 'metadata',
      });
    const outcomes = await context.outcomes([with600('f'), with600('g')], stream([]));
    vi.restoreAllMocks();
    expect(outcomes).toMatchObject([{ kind: 'problem', code: 'io-error' }, { kind: 'done' }]);
  });

  test('is a problem for each file whose directory cannot be flushed', async () => {
    const context = await DiskSite.open({ a: {}, b: {} });
    const bad = fs.statSync(context.at('a')).ino;
    const real = fs.fsync;
    vi.spyOn(fs, 'fsync').mockImplementation(((fd: number, done: fs.NoParamCallback) => {
      if (fs.fstatSync(fd).ino === bad) done(Object.assign(new Error('EIO'), { code: 'EIO' }));
      else real(fd, done);
    }) as typeof fs.fsync);
    const changes = [context.change('a/f', file('1')), context.change('b/f', file('2')), context.change('a/d', dir())];
    const outcomes = await context.outcomes(changes, stream(['1', '2']));
    vi.restoreAllMocks();
    expect(outcomes.map(({ kind }) => kind)).toEqual(['problem', 'done', 'problem']);
  });

  test('is a problem for each file whose flush fails, and the old files stay', async () => {
    const context = await DiskSite.open({ a: 'old', b: 'old' });
    const changes = [context.change('a', file('new')), context.change('b', file('new'))];
    const real = fs.fsync;
    vi.spyOn(fs, 'fsync').mockImplementationOnce(((_fd: number, done: (error: Error) => void) => {
      done(Object.assign(new Error('EIO'), { code: 'EIO' }));
    }) as typeof fs.fsync);
    const outcomes = await context.outcomes(changes, stream(['new', 'new']));
    vi.restoreAllMocks();
    expect(fs.fsync).toBe(real);
    expect(outcomes).toMatchObject([{ kind: 'problem', code: 'io-error' }, { kind: 'done' }]);
    expect([context.tree(), context.staged()]).toEqual([{ a: 'old', b: 'new' }, []]);
  });
});

describe('a disk that is full', () => {
  test.each(['ENOSPC', 'EDQUOT'])(
    '%s where the old content is to be kept: what only later transfers want goes',
    async (code) => {
      const context = await DiskSite.open({ f: 'old' });
      const part = context.at(`.lockstep/staging/${'0'.repeat(64)}.part`);
      fs.writeFileSync(part, 'a beginning');
      vi.spyOn(fs, 'linkSync').mockImplementation(() => {
        throw Object.assign(new Error(code), { code });
      });
      const outcomes = await context.outcomes([context.change('f', file('new'))], stream(['new']));
      vi.restoreAllMocks();
      expect(outcomes).toMatchObject([{ kind: 'problem', code: 'no-space' }]);
      expect([context.tree(), context.staged()]).toEqual([{ f: 'old' }, []]);
    },
  );

  test('is a problem of the file that does not fit; smaller ones are written', async () => {
    const context = await DiskSite.open({ big: 'old' });
    const changes = [context.change('big', file('b'.repeat(1000))), context.change('small', file('s'))];
    const real = fs.writeSync;
    vi.spyOn(fs, 'writeSync').mockImplementation(((fd: number, data: Buffer, ...rest: number[]) => {
      if (data.length > 100) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      return (real as (...all: unknown[]) => number)(fd, data, ...rest);
    }) as typeof fs.writeSync);
    const outcomes = await context.outcomes(changes, stream(['b'.repeat(1000), 's']));
    vi.restoreAllMocks();
    expect(outcomes).toMatchObject([{ kind: 'problem', code: 'no-space' }, { kind: 'done' }]);
    expect([context.tree(), context.staged()]).toEqual([{ big: 'old', small: 's' }, []]);
  });

  test('in the middle of a write never leaves an incomplete file', async () => {
    const { context, change } = await oneFile();
    const real = fs.writeSync;
    let calls = 0;
    vi.spyOn(fs, 'writeSync').mockImplementation(((fd: number, data: Buffer, at?: number) => {
      if (++calls > 1) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      return real(fd, data, at ?? 0, 1);
    }) as typeof fs.writeSync);
    const outcomes = await context.outcomes([change], stream(['new']));
    vi.restoreAllMocks();
    expect(outcomes).toMatchObject([{ kind: 'problem', code: 'no-space' }]);
    expect([context.tree(), context.staged()]).toEqual([{ f: 'old' }, []]);
  });
});

describe('a name that the disk refuses', () => {
  test('is a problem, and the rest goes on', async () => {
    const context = await DiskSite.open();
    const changes = [context.change('x'.repeat(256), file('1')), context.change('f', file('2'))];
    const outcomes = await context.outcomes(changes, stream(['1', '2']));
    expect(outcomes).toMatchObject([{ kind: 'problem', code: 'bad-name' }, { kind: 'done' }]);
    expect([context.tree(), context.staged()]).toEqual([{ f: '2' }, []]);
  });

  test('a missing parent makes the change stale', async () => {
    const context = await DiskSite.open({ file: 'x' });
    const changes = [
      context.change('gone/f', file('1')),
      context.change('file/f', file('2')),
      context.change('gone/d', dir()),
    ];
    expect(await context.kinds(changes, ['1', '2'])).toBe('stale stale stale');
    expect([context.tree(), context.staged()]).toEqual([{ file: 'x' }, []]);
  });
});

describe('a stream that throws', () => {
  const dead = new Error('the line is dead');
  test.each([
    ['at once', 0, []],
    ['in the middle of a file', 2, [piece(2, 'c', false)]],
    ['between files', 2, []],
  ])('%s: what was complete is published, told and durable before the error', async (_, complete, more: Content[]) => {
    const context = await DiskSite.open({ d: {} });
    const names = ['d/a', 'd/b', 'd/cc', 'd/e'];
    const changes = [context.change('made', dir()), ...names.map((name) => context.change(name, file(name)))];
    async function* breaking() {
      for (let n = 0; n < complete; n++) yield piece(n, names[n]!);
      yield* more;
      throw dead;
    }
    const told: [number, string][] = [];
    const applying = async () => {
      for await (const { n, outcome } of context.apply(changes, breaking())) told.push([n, outcome.kind]);
    };
    await expect(applying()).rejects.toBe(dead);
    expect(told.sort()).toEqual(Array.from({ length: complete + 1 }, (_, n) => [n, 'done']));
    expect(fs.readdirSync(context.at('d')).sort()).toEqual(['a', 'b'].slice(0, complete));
    expect(context.staged()).toEqual([]);
    expect(descriptors(context)).toEqual([]);
  });

  test('while earlier contents are being published is handled', async () => {
    const context = await DiskSite.open();
    async function* breaking() {
      yield piece(0, 'a');
      await turn();
      throw dead;
    }
    const applying = context.kinds
      .call(context, [], [])
      .then(() => context.outcomes([context.change('a', file('a')), context.change('b', file('b'))], breaking()));
    await expect(applying).rejects.toBe(dead);
    expect(context.tree()).toEqual({ a: 'a' });
  });
});

describe('an apply', () => {
  test('that is abandoned leaves only complete files, and nothing staged or open', async () => {
    const context = await DiskSite.open();
    const names = Array.from({ length: 200 }, (_, n) => `f${n}`);
    let returned = false;
    async function* watched() {
      try {
        yield* stream(names);
      } finally {
        returned = true;
      }
    }
    for await (const _ of context.apply(
      names.map((name) => context.change(name, file(name))),
      watched(),
    ))
      break;
    expect([returned, context.staged(), descriptors(context)]).toEqual([true, [], []]);
    for (const name of fs.readdirSync(context.root))
      if (name !== '.lockstep') expect(fs.readFileSync(context.at(name), 'utf8')).toBe(name);
  });

  test('of nothing ends at once', async () => {
    const context = await DiskSite.open();
    expect([await context.outcomes([]), descriptors(context)]).toEqual([[], []]);
  });

  test('over many directories keeps few of them open', async () => {
    const context = await DiskSite.open(
      Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`d${n}`, { f: 'old' }])),
    );
    const changes = Array.from({ length: 150 }, (_, n) => context.change(`d${n}/f`, null));
    let most = 0;
    const outcomes: string[] = [];
    for await (const { n, outcome } of context.apply(changes)) {
      outcomes[n] = outcome.kind;
      most = Math.max(most, descriptors(context).length);
    }
    expect([new Set(outcomes), outcomes.length, most < 100]).toEqual([new Set(['done']), 150, true]);
    expect(descriptors(context)).toEqual([]);
  });

  test('and another one at the same time do not disturb each other', async () => {
    const context = await DiskSite.open();
    const names = (of: string) => Array.from({ length: 150 }, (_, n) => `${of}${n}`);
    const one = (of: string) =>
      context.kinds(
        names(of).map((name) => context.change(name, file(name))),
        names(of),
      );
    const kinds = await Promise.all([one('x'), one('y')]);
    expect(new Set(kinds.flatMap((line) => line.split(' ')))).toEqual(new Set(['done']));
    expect([fs.readdirSync(context.root).length, context.staged()]).toEqual([301, []]);
  });

  test('has one outcome for each change of a random mix', async () => {
    const context = await DiskSite.open({ a: '1', b: '2', c: '3', d: { e: '4' }, f: { '~$x': 'x' } });
    const changes = [
      context.change('n', dir()),
      context.change('n/m', dir()),
      context.move('a', 'n/m/a'),
      context.change('b', file('new')),
      context.change('c', file('bad')),
      context.change('nowhere/x', file('x')),
      context.change('d/e', null),
      context.change('d', file('instead')),
      context.change('f', null),
      context.change('b', file('new', { mode: 0o600 }), { before: file('new'), action: 'metadata' }),
    ];
    const outcomes = await context.outcomes(changes, stream(['new', 'BAD', 'x', 'instead']));
    expect(outcomes.map(({ kind }) => kind).join(' ')).toBe('done done done done stale stale done done kept done');
    expect(context.tree()).toEqual({ n: { m: { a: '1' } }, b: 'new', c: '3', d: 'instead', f: { '~$x': 'x' } });
    expect(context.kept()).toEqual({ 'b (*)': '2', 'd/e (*)': '4' });
    expect(context.seen(p('b'))).toEqual(file('new', { mode: 0o600 }));
  });
});

/** What this process has open in the root of `site`. */
function descriptors(context: DiskSite): string[] {
  const open: string[] = [];
  for (const fd of fs.readdirSync('/proc/self/fd')) {
    try {
      const target = fs.readlinkSync(`/proc/self/fd/${fd}`);
      if (target.startsWith(context.root) && !isOwn(context, target)) open.push(target);
    } catch {
      // closed since: the directory that was read
    }
  }
  // Each of the four own directories is opened from the root.
  return open.filter(
    (target, n) => target !== context.root || open.slice(0, n).filter((at) => at === target).length >= 4,
  );
}

/** The own directories and the watermarks are open as long as the root is. */
function isOwn(context: DiskSite, target: string): boolean {
  if (target === context.at('.lockstep/watermarks')) return true;
  return target.startsWith(context.at('.lockstep')) && fs.statSync(target).isDirectory();
}
