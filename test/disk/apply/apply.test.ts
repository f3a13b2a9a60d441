// What an apply promises beyond single steps: contents that come slowly, wrongly or not at all; one outcome for each
// change; nothing staged left behind; and the outcomes of what was done, whatever happens to the rest.
import fs from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import type { Outcome } from '../../../src/core/change.js';
import type { Content } from '../../../src/replica.js';
import { DiskSite, dir, file, p, pieces, stream, turn } from '../../support/disk-site.js';

const piece = (n: number, data: string, last = true): Content => ({ n, data: Buffer.from(data), last });

async function* given(contents: readonly Content[]): AsyncGenerator<Content> {
  yield* contents;
}

/** One file `f` with `old` in it, to become `new`. */
async function oneFile() {
  const site = await DiskSite.open({ f: 'old' });
  return { site, change: site.change('f', file('new')) };
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
    const { site, change } = await oneFile();
    expect(await site.outcomes([change], given(contents))).toEqual([expected]);
    const done = expected.kind === 'done';
    expect(site.tree()).toEqual({ f: done ? 'new' : 'old' });
    expect(site.kept()).toEqual(done ? { 'f (*)': 'old' } : {});
    expect(site.staged()).toEqual([]);
  });

  test('that is bad does not harm the ones after it', async () => {
    const site = await DiskSite.open();
    const changes = ['a', 'b', 'c', 'd'].map((name) => site.change(name, file(name)));
    const contents = [piece(0, 'a'), piece(1, 'X'), { n: 2, failed: { kind: 'stale' } } as const, piece(3, 'd')];
    const outcomes = await site.outcomes(changes, given(contents));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'stale', 'stale', 'done']);
    expect(site.tree()).toEqual({ a: 'a', d: 'd' });
    expect(site.staged()).toEqual([]);
  });

  test('of 9 MiB in pieces of odd sizes arrives whole', async () => {
    const site = await DiskSite.open();
    const data = Buffer.alloc(9 << 20, 'all work and no play ');
    expect(await site.outcomes([site.change('f', file(data))], given([...pieces(0, data, 700_001)]))).toEqual([
      { kind: 'done', sent: data.length },
    ]);
    expect(fs.readFileSync(site.at('f')).equals(data)).toBe(true);
  });
});

describe('a group', () => {
  const names = Array.from({ length: 300 }, (_, n) => `d/f${n}`);

  async function threeHundred() {
    const site = await DiskSite.open({ d: {} });
    return { site, changes: names.map((name) => site.change(name, file(name))) };
  }

  test('of 300 small files whose contents come slowly: what is here is published while the rest is awaited', async () => {
    const { site, changes } = await threeHundred();
    let most = 0;
    async function* slowly() {
      for (const [n, name] of names.entries()) {
        if (n % 7 === 0) await turn();
        if (n % 50 === 49) {
          // Waits until all before it has its name: it must not wait for what comes after it.
          while (fs.readdirSync(site.at('d')).length < n) await turn();
        }
        most = Math.max(most, site.staged().length);
        yield piece(n, name);
      }
    }
    const outcomes = await site.outcomes(changes, slowly());
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['done']));
    expect(fs.readdirSync(site.at('d'))).toHaveLength(300);
    expect([site.staged(), most <= 128]).toEqual([[], true]);
  });

  test('of 300 small files at once', async () => {
    const { site, changes } = await threeHundred();
    expect(new Set((await site.outcomes(changes, stream(names))).map(({ kind }) => kind))).toEqual(new Set(['done']));
    for (const name of names) expect(fs.readFileSync(site.at(name), 'utf8')).toBe(name);
    expect(site.staged()).toEqual([]);
  });

  test('is published before the step after it, which may depend on it', async () => {
    const site = await DiskSite.open({ d: { f: 'old' }, g: 'same' });
    const changes = [
      site.change('new', file('1')),
      site.move('g', 'd/g'),
      site.change('d/f', file('2')),
      site.change('d/g', null, { before: site.seen('g') }),
    ];
    expect(await site.kinds(changes, ['1', '2'])).toBe('done done done done');
    expect(site.tree()).toEqual({ new: '1', d: { f: '2' } });
  });

  test('flushes each content before it gets its name, and its directory before it is done', async () => {
    const { site, change } = await oneFile();
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
    for await (const { outcome } of site.apply([change], stream(['new']))) order.push(outcome.kind);
    vi.restoreAllMocks();
    expect(order).toEqual(['flush content', 'rename', 'flush directory', 'done']);
  });

  test('whose directory cannot be flushed is a problem each, and others go on', async () => {
    const site = await DiskSite.open({ a: {}, b: {} });
    const bad = fs.statSync(site.at('a')).ino;
    const real = fs.fsync;
    vi.spyOn(fs, 'fsync').mockImplementation(((fd: number, done: fs.NoParamCallback) => {
      if (fs.fstatSync(fd).ino === bad) done(Object.assign(new Error('EIO'), { code: 'EIO' }));
      else real(fd, done);
    }) as typeof fs.fsync);
    const changes = [site.change('a/f', file('1')), site.change('b/f', file('2')), site.change('a/d', dir())];
    const outcomes = await site.outcomes(changes, stream(['1', '2']));
    vi.restoreAllMocks();
    expect(outcomes.map(({ kind }) => kind)).toEqual(['problem', 'done', 'problem']);
  });

  test('whose flush fails is a problem each, and the old files are there', async () => {
    const site = await DiskSite.open({ a: 'old', b: 'old' });
    const changes = [site.change('a', file('new')), site.change('b', file('new'))];
    const real = fs.fsync;
    vi.spyOn(fs, 'fsync').mockImplementationOnce(((_fd: number, done: (error: Error) => void) => {
      done(Object.assign(new Error('EIO'), { code: 'EIO' }));
    }) as typeof fs.fsync);
    const outcomes = await site.outcomes(changes, stream(['new', 'new']));
    vi.restoreAllMocks();
    expect(fs.fsync).toBe(real);
    expect(outcomes).toMatchObject([{ kind: 'problem', code: 'io-error' }, { kind: 'done' }]);
    expect([site.tree(), site.staged()]).toEqual([{ a: 'old', b: 'new' }, []]);
  });
});

describe('a disk that is full', () => {
  test.each(['ENOSPC', 'EDQUOT'])(
    '%s where the old content is to be kept: what only later transfers want goes',
    async (code) => {
      const site = await DiskSite.open({ f: 'old' });
      const part = site.at(`.lockstep/staging/${'0'.repeat(64)}.part`);
      fs.writeFileSync(part, 'a beginning');
      vi.spyOn(fs, 'linkSync').mockImplementation(() => {
        throw Object.assign(new Error(code), { code });
      });
      const outcomes = await site.outcomes([site.change('f', file('new'))], stream(['new']));
      vi.restoreAllMocks();
      expect(outcomes).toMatchObject([{ kind: 'problem', code: 'no-space' }]);
      expect([site.tree(), site.staged()]).toEqual([{ f: 'old' }, []]);
    },
  );

  test('is a problem of the file that does not fit; smaller ones go on', async () => {
    const site = await DiskSite.open({ big: 'old' });
    const changes = [site.change('big', file('b'.repeat(1000))), site.change('small', file('s'))];
    const real = fs.writeSync;
    vi.spyOn(fs, 'writeSync').mockImplementation(((fd: number, data: Buffer, ...rest: number[]) => {
      if (data.length > 100) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      return (real as (...all: unknown[]) => number)(fd, data, ...rest);
    }) as typeof fs.writeSync);
    const outcomes = await site.outcomes(changes, stream(['b'.repeat(1000), 's']));
    vi.restoreAllMocks();
    expect(outcomes).toMatchObject([{ kind: 'problem', code: 'no-space' }, { kind: 'done' }]);
    expect([site.tree(), site.staged()]).toEqual([{ big: 'old', small: 's' }, []]);
  });

  test('after half a write never makes a half file', async () => {
    const { site, change } = await oneFile();
    const real = fs.writeSync;
    let calls = 0;
    vi.spyOn(fs, 'writeSync').mockImplementation(((fd: number, data: Buffer, at?: number) => {
      if (++calls > 1) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      return real(fd, data, at ?? 0, 1);
    }) as typeof fs.writeSync);
    const outcomes = await site.outcomes([change], stream(['new']));
    vi.restoreAllMocks();
    expect(outcomes).toMatchObject([{ kind: 'problem', code: 'no-space' }]);
    expect([site.tree(), site.staged()]).toEqual([{ f: 'old' }, []]);
  });
});

describe('a name the disk does not take', () => {
  test('is a problem, and the rest goes on', async () => {
    const site = await DiskSite.open();
    const changes = [site.change('x'.repeat(256), file('1')), site.change('f', file('2'))];
    const outcomes = await site.outcomes(changes, stream(['1', '2']));
    expect(outcomes).toMatchObject([{ kind: 'problem', code: 'bad-name' }, { kind: 'done' }]);
    expect([site.tree(), site.staged()]).toEqual([{ f: '2' }, []]);
  });

  test('a parent that is not there makes it stale', async () => {
    const site = await DiskSite.open({ file: 'x' });
    const changes = [site.change('gone/f', file('1')), site.change('file/f', file('2')), site.change('gone/d', dir())];
    expect(await site.kinds(changes, ['1', '2'])).toBe('stale stale stale');
    expect([site.tree(), site.staged()]).toEqual([{ file: 'x' }, []]);
  });
});

describe('a stream that throws', () => {
  const dead = new Error('the line is dead');
  test.each([
    ['at once', 0, []],
    ['in the middle of a file', 2, [piece(2, 'c', false)]],
    ['between files', 2, []],
  ])('%s: what was complete is published, told and durable before the error', async (_, complete, more: Content[]) => {
    const site = await DiskSite.open({ d: {} });
    const names = ['d/a', 'd/b', 'd/cc', 'd/e'];
    const changes = [site.change('made', dir()), ...names.map((name) => site.change(name, file(name)))];
    async function* breaking() {
      for (let n = 0; n < complete; n++) yield piece(n, names[n]!);
      yield* more;
      throw dead;
    }
    const told: [number, string][] = [];
    const applying = async () => {
      for await (const { n, outcome } of site.apply(changes, breaking())) told.push([n, outcome.kind]);
    };
    await expect(applying()).rejects.toBe(dead);
    expect(told.sort()).toEqual(Array.from({ length: complete + 1 }, (_, n) => [n, 'done']));
    expect(fs.readdirSync(site.at('d')).sort()).toEqual(['a', 'b'].slice(0, complete));
    expect(site.staged()).toEqual([]);
    expect(descriptors(site)).toEqual([]);
  });

  test('while what came before is being published is not unhandled', async () => {
    const site = await DiskSite.open();
    async function* breaking() {
      yield piece(0, 'a');
      await turn();
      throw dead;
    }
    const applying = site.kinds
      .call(site, [], [])
      .then(() => site.outcomes([site.change('a', file('a')), site.change('b', file('b'))], breaking()));
    await expect(applying).rejects.toBe(dead);
    expect(site.tree()).toEqual({ a: 'a' });
  });
});

describe('an apply', () => {
  test('that is abandoned leaves whole files only, and nothing staged or open', async () => {
    const site = await DiskSite.open();
    const names = Array.from({ length: 200 }, (_, n) => `f${n}`);
    let returned = false;
    async function* watched() {
      try {
        yield* stream(names);
      } finally {
        returned = true;
      }
    }
    for await (const _ of site.apply(
      names.map((name) => site.change(name, file(name))),
      watched(),
    ))
      break;
    expect([returned, site.staged(), descriptors(site)]).toEqual([true, [], []]);
    for (const name of fs.readdirSync(site.root))
      if (name !== '.lockstep') expect(fs.readFileSync(site.at(name), 'utf8')).toBe(name);
  });

  test('of nothing ends at once', async () => {
    const site = await DiskSite.open();
    expect([await site.outcomes([]), descriptors(site)]).toEqual([[], []]);
  });

  test('over many directories keeps few of them open', async () => {
    const site = await DiskSite.open(
      Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`d${n}`, { f: 'old' }])),
    );
    const changes = Array.from({ length: 150 }, (_, n) => site.change(`d${n}/f`, null));
    let most = 0;
    const outcomes: string[] = [];
    for await (const { n, outcome } of site.apply(changes)) {
      outcomes[n] = outcome.kind;
      most = Math.max(most, descriptors(site).length);
    }
    expect([new Set(outcomes), outcomes.length, most < 100]).toEqual([new Set(['done']), 150, true]);
    expect(descriptors(site)).toEqual([]);
  });

  test('two at a time keep out of each other’s way', async () => {
    const site = await DiskSite.open();
    const names = (of: string) => Array.from({ length: 150 }, (_, n) => `${of}${n}`);
    const one = (of: string) =>
      site.kinds(
        names(of).map((name) => site.change(name, file(name))),
        names(of),
      );
    const kinds = await Promise.all([one('x'), one('y')]);
    expect(new Set(kinds.flatMap((line) => line.split(' ')))).toEqual(new Set(['done']));
    expect([fs.readdirSync(site.root).length, site.staged()]).toEqual([301, []]);
  });

  test('has one outcome for each of a random mix, in every case', async () => {
    const site = await DiskSite.open({ a: '1', b: '2', c: '3', d: { e: '4' }, f: { '~$x': 'x' } });
    const changes = [
      site.change('n', dir()),
      site.change('n/m', dir()),
      site.move('a', 'n/m/a'),
      site.change('b', file('new')),
      site.change('c', file('bad')),
      site.change('nowhere/x', file('x')),
      site.change('d/e', null),
      site.change('d', file('instead')),
      site.change('f', null),
      site.change('b', file('new', { mode: 0o600 }), { before: file('new'), action: 'metadata' }),
    ];
    const outcomes = await site.outcomes(changes, stream(['new', 'BAD', 'x', 'instead']));
    expect(outcomes.map(({ kind }) => kind).join(' ')).toBe('done done done done stale stale done done kept done');
    expect(site.tree()).toEqual({ n: { m: { a: '1' } }, b: 'new', c: '3', d: 'instead', f: { '~$x': 'x' } });
    expect(site.kept()).toEqual({ 'b (*)': '2', 'd/e (*)': '4' });
    expect(site.seen(p('b'))).toEqual(file('new', { mode: 0o600 }));
  });
});

/** What this process has open in the root of `site`. */
function descriptors(site: DiskSite): string[] {
  const open: string[] = [];
  for (const fd of fs.readdirSync('/proc/self/fd')) {
    try {
      const target = fs.readlinkSync(`/proc/self/fd/${fd}`);
      if (target.startsWith(site.root) && !isOwn(site, target)) open.push(target);
    } catch {
      // closed since: the directory that was read
    }
  }
  // Each of our own three directories is reached from the root.
  return open.filter((target, n) => target !== site.root || open.slice(0, n).filter((at) => at === target).length >= 3);
}

/** Our own directories, and what is known of our state files, are open as long as the root is. */
function isOwn(site: DiskSite, target: string): boolean {
  if (target === site.at('.lockstep/watermarks')) return true;
  return target.startsWith(site.at('.lockstep')) && fs.statSync(target).isDirectory();
}
