// What the session relies on in all forms of a replica: server-a cannot tell which one is remote, and the simulation of the
// whole engine runs on the third.
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import type { Entry, FileEntry } from '../../../src/core/entry.js';
import type { RelPath } from '../../../src/core/path.js';
import { dir, link, p, pieces, stream, turn } from '../../support/disk-site.js';
import { type Form, lookAround, lookUntil, mebibyteIn, openSite, type Site } from '../../support/replicas.js';
import { sized } from '../../support/sizes.js';
import { collect, outcomes } from './told.js';

const forms: Form[] = ['near', 'far', 'simulated'];

const created = (site: Site, name: string, content: string | Buffer): Change => ({
  path: p(name),
  action: 'created',
  before: null,
  after: site.file(content),
});

describe.each(forms)('a %s replica', (form) => {
  const MIB = mebibyteIn(form);

  test('reports everything first, then differences', async () => {
    const site = await openSite(form, { d: { f: 'one' }, l: { link: 'd/f' } });
    const first = await site.replica.scan('hinted');
    expect([first.whole, first.halt, first.rules]).toEqual([true, null, []]);
    expect(first.entries.map(({ path: at, entry }) => [at, entry?.type]).sort()).toEqual([
      ['d', 'dir'],
      ['d/f', 'file'],
      ['l', 'symlink'],
    ]);
    const seen = first.entries.find(({ path: at }) => at === 'd/f')!.entry as FileEntry;
    expect([seen.hash, seen.size]).toEqual([site.file('one').hash, 3]);
    const idle = await site.replica.scan('everything');
    expect([idle.whole, idle.entries]).toEqual([false, []]);
    site.write('d/g', 'two');
    site.remove('d/f');
    await lookUntil(site, (told) => told.get('d/g')?.type === 'file' && told.get('d/f') === null);
  });

  test('reports thousands of entries, parents before children', { timeout: 30_000 }, async () => {
    const files = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`file number ${n} with a name`, `${n}`]));
    const site = await openSite(
      form,
      Object.fromEntries(Array.from({ length: sized(20, 60) }, (_, n) => [`d${n}`, files])),
    );
    const scan = await site.replica.scan('everything');
    expect(scan.entries).toHaveLength(sized(20, 60) * 101);
    const seen = new Set<string>();
    for (const { path: at } of scan.entries) {
      const parent = path.dirname(at);
      expect(parent === '.' || seen.has(parent)).toBe(true);
      seen.add(at);
    }
  });

  test('hints after an edit, and only then', async () => {
    const site = await openSite(form, { f: 'one' });
    let hints = 0;
    let wake: () => void = () => {};
    site.replica.onHint(() => {
      hints++;
      wake();
    });
    await lookAround(site);
    const before = hints;
    const hinted = new Promise<void>((resolve) => {
      wake = resolve;
    });
    site.write('f', 'two');
    await hinted;
    expect(hints).toBeGreaterThan(before);
    await lookUntil(site, (told) => (told.get('f') as FileEntry | undefined)?.hash === site.file('two').hash);
  });

  test('scans the requested paths, and reports them even where nothing differs', async () => {
    const site = await openSite(form, { f: 'one', 'strange "name"\n👋': 'x' });
    await lookAround(site);
    const asked = ['f', 'gone', 'strange "name"\n👋'].map(p);
    const { entries, whole } = await site.replica.scan('hinted', asked);
    expect(whole).toBe(false);
    expect(new Map(entries.map(({ path: at, entry }) => [at, entry?.type ?? null]))).toEqual(
      new Map<RelPath, string | null>([
        [p('f'), 'file'],
        [p('gone'), null],
        [p('strange "name"\n👋'), 'file'],
      ]),
    );
  });

  test('reads what it is asked for, in order: small, large, empty, missing and changed files', async () => {
    const large = Buffer.alloc(3 * MIB + 5, 'large ');
    const site = await openSite(form, { small: 'small', large, empty: '', changed: 'short' });
    const wanted = [
      { path: p('small'), file: site.file('small') },
      { path: p('missing'), file: site.file('x') },
      { path: p('large'), file: site.file(large) },
      { path: p('changed'), file: site.file('longer than it is now') },
      { path: p('empty'), file: site.file('') },
    ];
    const found = await collect(site.replica.read(wanted));
    expect([...found.keys()]).toEqual([0, 1, 2, 3, 4]);
    expect([found.get(0)?.toString(), found.get(1), found.get(3), found.get(4)?.toString()]).toEqual([
      'small',
      'stale',
      'stale',
      '',
    ]);
    expect((found.get(2) as Buffer).equals(large)).toBe(true);
    expect(await collect(site.replica.read([]))).toEqual(new Map());
  });

  test('reads many small files', async () => {
    const names = Array.from({ length: sized(800, 3_000) }, (_, n) => `f${n}`);
    const site = await openSite(form, Object.fromEntries(names.map((name) => [name, name])));
    const found = await collect(site.replica.read(names.map((name) => ({ path: p(name), file: site.file(name) }))));
    expect([...found.values()].map(String)).toEqual(names);
  });

  test('stays usable when a read is abandoned', async () => {
    const large = Buffer.alloc(sized(6, 20) * MIB, 'l');
    const site = await openSite(form, { large, small: 'small' });
    for (let n = 0; n < 6; n++) {
      for await (const content of site.replica.read([{ path: p('large'), file: site.file(large) }])) {
        expect(content.n).toBe(0);
        break;
      }
    }
    const found = await collect(site.replica.read([{ path: p('small'), file: site.file('small') }]));
    expect(found.get(0)?.toString()).toBe('small');
    expect((await site.replica.scan('everything')).halt).toBeNull();
  });

  test('carries out changes of every kind, in their order', async () => {
    const site = await openSite(form, {
      change: 'old',
      remove: 'old',
      move: 'old',
      meta: 'old',
      point: { link: 'one' },
      gone: {},
      copy: 'old',
    });
    const seen = new Map((await lookAround(site)).map(({ path: at, entry }) => [at as string, entry as Entry]));
    const from = (name: string) => seen.get(name) ?? null;
    const after = (
      name: string,
      entry: Entry | null,
      action: Change['action'],
      more: Partial<Change> = {},
    ): Change => ({ path: p(name), action, before: from(name), after: entry, ...more });
    const changes: Change[] = [
      after('made', dir(), 'created'),
      after('made/new', site.file('new', { mode: 0o640 }), 'created'),
      after('change', site.file('changed'), 'modified'),
      after('copy', site.file('changed'), 'modified', { conflictCopy: p('copy (conflict B)') }),
      {
        path: p('made/moved'),
        action: 'renamed',
        before: null,
        after: from('move'),
        from: { path: p('move'), entry: from('move')! },
      },
      after('remove', null, 'deleted'),
      after('gone', null, 'deleted'),
      after('point', link('two'), 'modified'),
      after('meta', { ...(from('meta') as FileEntry), mode: 0o600 }, 'metadata'),
      { path: p('missing'), action: 'deleted', before: site.file('x'), after: null },
      created(site, 'nowhere/x', 'x'),
    ];
    const kinds = (await outcomes(site.replica, changes, stream(['new', 'changed', 'changed', 'x']))).map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual([...Array(9).fill('done'), 'stale', 'stale']);
    expect(site.tree()).toEqual({
      made: { new: 'new', moved: 'old' },
      change: 'changed',
      copy: 'changed',
      'copy (conflict B)': 'old',
      point: { link: 'two' },
      meta: 'old',
    });
    const modes = ['made/new', 'meta'].map((name) => site.modeOf(name));
    expect(modes).toEqual([0o640, 0o600]);
    expect(await lookAround(site)).toEqual([]);
  });

  test('reports how many bytes were transferred', async () => {
    const site = await openSite(form);
    await lookAround(site);
    expect(
      await outcomes(
        site.replica,
        [created(site, 'f', 'four'), { ...created(site, 'd', ''), after: dir() }],
        stream(['four']),
      ),
    ).toEqual([
      { kind: 'done', sent: 4 },
      { kind: 'done', sent: 0 },
    ]);
  });

  test('runs two applies and a read at the same time', async () => {
    const site = await openSite(form, { there: 'x'.repeat(2 * MIB) });
    await lookAround(site);
    const names = (of: string) => Array.from({ length: 200 }, (_, n) => `${of}${n}`);
    const one = (of: string) =>
      outcomes(
        site.replica,
        names(of).map((name) => created(site, name, name)),
        stream(names(of)),
      );
    const [x, y, read] = await Promise.all([
      one('x'),
      one('y'),
      collect(site.replica.read([{ path: p('there'), file: site.file('x'.repeat(2 * MIB)) }])),
    ]);
    expect(new Set([...x, ...y].map(({ kind }) => kind))).toEqual(new Set(['done']));
    expect([read.get(0)?.length, Object.keys(site.tree()).length]).toEqual([2 * MIB, 401]);
  });

  test('receives a large file, while a small apply passes by', async () => {
    const site = await openSite(form);
    await lookAround(site);
    const data = Buffer.alloc(sized(6, 20) * MIB, '0123456789abcdef!');
    let passed = false;
    async function* slowly() {
      for (const piece of pieces(0, data, 512 * 1024)) {
        yield piece;
        if (!piece.last && !passed) {
          passed = true;
          expect(await outcomes(site.replica, [created(site, 'small', 's')], stream(['s']))).toEqual([
            { kind: 'done', sent: 1 },
          ]);
          expect(site.tree()).toEqual({ small: 's' });
        }
      }
    }
    expect(await outcomes(site.replica, [created(site, 'large', data)], slowly())).toEqual([
      { kind: 'done', sent: data.length },
    ]);
    expect(Buffer.from(site.tree().large as string).equals(data)).toBe(true);
  });

  test('throws when the contents do, stays usable, and leaves no partial file in the tree', async () => {
    const site = await openSite(form, { second: 'old' });
    const entry = (await lookAround(site))[0]!.entry;
    async function* breaking() {
      yield { n: 0, data: Buffer.from('first'), last: true };
      yield { n: 1, data: Buffer.from('sec'), last: false };
      await turn();
      throw new Error('the source is gone');
    }
    const changes = [
      created(site, 'first', 'first'),
      { path: p('second'), action: 'modified', before: entry, after: site.file('second') } as Change,
    ];
    await expect(outcomes(site.replica, changes, breaking())).rejects.toThrow();
    await lookUntil(site, () => Object.keys(site.tree()).length === 2);
    expect(site.tree()).toEqual({ first: 'first', second: 'old' });
    const { entries } = await site.replica.scan('everything', [p('first'), p('second')]);
    const told = Object.fromEntries(entries.map(({ path: at, entry: e }) => [at, (e as FileEntry).hash]));
    expect(told).toEqual({ first: site.file('first').hash, second: site.file('old').hash });
    expect(await outcomes(site.replica, [created(site, 'third', '3')], stream(['3']))).toEqual([
      { kind: 'done', sent: 1 },
    ]);
  });

  test('guards in the order of the calls, also where nobody waits for the answers', async () => {
    const site = await openSite(form, { f: 'one' });
    await site.replica.scan('everything');
    const writeBits = () => site.modeOf('f') & 0o222;
    const before = writeBits();
    await Promise.all([site.replica.guard!([p('f')], true), site.replica.guard!([], false)]);
    expect(writeBits()).toBe(before);
    await Promise.all([site.replica.guard!([], false), site.replica.guard!([p('f')], true)]);
    expect(writeBits()).toBe(0);
  });

  test('applies nothing without changes', async () => {
    const site = await openSite(form);
    expect(await outcomes(site.replica, [])).toEqual([]);
  });

  test('halts when most files are gone, until a person accepts it', async () => {
    const site = await openSite(form, Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`f${n}`, 'x'])));
    await lookAround(site);
    for (let n = 0; n < 8; n++) site.remove(`f${n}`);
    const halted = await site.replica.scan('everything');
    expect([halted.halt?.code, halted.entries]).toEqual(['root-emptied', []]);
    await site.replica.acceptDeletes();
    const gone = new Set<string>();
    await lookUntil(site, (told) => {
      for (const [at, entry] of told) if (entry === null) gone.add(at);
      return gone.size === 8;
    });
  });
});
