// What the session relies on in both forms of a replica: server-a cannot tell which one is remote.
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change, Outcome } from '../../../src/core/change.js';
import type { Entry, FileEntry } from '../../../src/core/entry.js';
import type { RelPath } from '../../../src/core/path.js';
import type { Content, Offer, Replica } from '../../../src/replica.js';
import { noise } from '../../support/delta.js';
import { dir, file, link, p, pieces, stream, turn } from '../../support/disk-site.js';
import { type ApplyContext, type Form, lookAround, lookUntil, openSite } from '../../support/replicas.js';
import { sized } from '../../support/sizes.js';
import { readTree } from '../../support/trees.js';

const forms: Form[] = ['near', 'far'];
const MIB = 1 << 20;

async function collect(contents: AsyncIterable<Content>): Promise<Map<number, Buffer | string>> {
  const found = new Map<number, Buffer | string>();
  for await (const content of contents) {
    if ('failed' in content) found.set(content.n, content.failed.kind);
    else if ('data' in content) {
      const before = (found.get(content.n) ?? Buffer.alloc(0)) as Buffer;
      found.set(content.n, Buffer.concat([before, content.data]));
    }
  }
  return found;
}

async function outcomes(replica: Replica, changes: readonly Change[], contents: AsyncIterable<Content> = stream([])) {
  const found: Outcome[] = [];
  for await (const { n, outcome } of replica.apply(changes, contents)) {
    expect(found[n]).toBeUndefined();
    found[n] = outcome;
  }
  expect(found.filter(() => true)).toHaveLength(changes.length);
  return found;
}

const created = (name: string, content: string | Buffer): Change => ({
  path: p(name),
  action: 'created',
  before: null,
  after: file(content),
});
const staged = ({ root }: ApplyContext) => fs.readdirSync(path.join(root, '.lockstep/staging'));

describe.each(forms)('a %s replica', (form) => {
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
    expect([seen.hash, seen.size]).toEqual([file('one').hash, 3]);
    const idle = await site.replica.scan('everything');
    expect([idle.whole, idle.entries]).toEqual([false, []]);
    fs.writeFileSync(path.join(site.root, 'd/g'), 'two');
    fs.rmSync(path.join(site.root, 'd/f'));
    await lookUntil(site.replica, (told) => told.get('d/g')?.type === 'file' && told.get('d/f') === null);
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
    await lookAround(site.replica);
    const before = hints;
    const hinted = new Promise<void>((resolve) => {
      wake = resolve;
    });
    fs.writeFileSync(path.join(site.root, 'f'), 'two');
    await hinted;
    expect(hints).toBeGreaterThan(before);
    await lookUntil(site.replica, (told) => (told.get('f') as FileEntry | undefined)?.hash === file('two').hash);
  });

  test('scans the requested paths, and reports them even where nothing differs', async () => {
    const site = await openSite(form, { f: 'one', 'strange "name"\n👋': 'x' });
    await lookAround(site.replica);
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
      { path: p('small'), file: file('small') },
      { path: p('missing'), file: file('x') },
      { path: p('large'), file: file(large) },
      { path: p('changed'), file: file('longer than it is now') },
      { path: p('empty'), file: file('') },
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
    const found = await collect(site.replica.read(names.map((name) => ({ path: p(name), file: file(name) }))));
    expect([...found.values()].map(String)).toEqual(names);
  });

  test('stays usable when a read is abandoned', async () => {
    const large = Buffer.alloc(20 * MIB, 'l');
    const site = await openSite(form, { large, small: 'small' });
    for (let n = 0; n < 6; n++) {
      for await (const content of site.replica.read([{ path: p('large'), file: file(large) }])) {
        expect(content.n).toBe(0);
        break;
      }
    }
    const found = await collect(site.replica.read([{ path: p('small'), file: file('small') }]));
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
    const seen = new Map((await lookAround(site.replica)).map(({ path: at, entry }) => [at as string, entry as Entry]));
    const from = (name: string) => seen.get(name) ?? null;
    const after = (
      name: string,
      entry: Entry | null,
      action: Change['action'],
      more: Partial<Change> = {},
    ): Change => ({ path: p(name), action, before: from(name), after: entry, ...more });
    const changes: Change[] = [
      after('made', dir(), 'created'),
      after('made/new', file('new', { mode: 0o640 }), 'created'),
      after('change', file('changed'), 'modified'),
      after('copy', file('changed'), 'modified', { conflictCopy: p('copy (conflict B)') }),
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
      { path: p('missing'), action: 'deleted', before: file('x'), after: null },
      created('nowhere/x', 'x'),
    ];
    const kinds = (await outcomes(site.replica, changes, stream(['new', 'changed', 'changed', 'x']))).map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual([...Array(9).fill('done'), 'stale', 'stale']);
    expect(readTree(site.root)).toEqual({
      made: { new: 'new', moved: 'old' },
      change: 'changed',
      copy: 'changed',
      'copy (conflict B)': 'old',
      point: { link: 'two' },
      meta: 'old',
    });
    const modes = ['made/new', 'meta'].map((name) => fs.statSync(path.join(site.root, name)).mode & 0o777);
    expect([modes, staged(site)]).toEqual([[0o640, 0o600], []]);
    expect(await lookAround(site.replica)).toEqual([]);
  });

  test('reports how many bytes were transferred', async () => {
    const site = await openSite(form);
    await lookAround(site.replica);
    expect(
      await outcomes(site.replica, [created('f', 'four'), { ...created('d', ''), after: dir() }], stream(['four'])),
    ).toEqual([
      { kind: 'done', sent: 4 },
      { kind: 'done', sent: 0 },
    ]);
  });

  test('runs two applies and a read at the same time', async () => {
    const site = await openSite(form, { there: 'x'.repeat(2 * MIB) });
    await lookAround(site.replica);
    const names = (of: string) => Array.from({ length: 200 }, (_, n) => `${of}${n}`);
    const one = (of: string) =>
      outcomes(
        site.replica,
        names(of).map((name) => created(name, name)),
        stream(names(of)),
      );
    const [x, y, read] = await Promise.all([
      one('x'),
      one('y'),
      collect(site.replica.read([{ path: p('there'), file: file('x'.repeat(2 * MIB)) }])),
    ]);
    expect(new Set([...x, ...y].map(({ kind }) => kind))).toEqual(new Set(['done']));
    expect([read.get(0)?.length, fs.readdirSync(site.root).length]).toEqual([2 * MIB, 402]);
  });

  test('receives 20 MiB in one file, while a small apply passes by', async () => {
    const site = await openSite(form);
    await lookAround(site.replica);
    const data = Buffer.alloc(20 * MIB, '0123456789abcdef!');
    let passed = false;
    async function* slowly() {
      for (const piece of pieces(0, data, 512 * 1024)) {
        yield piece;
        if (!piece.last && !passed) {
          passed = true;
          expect(await outcomes(site.replica, [created('small', 's')], stream(['s']))).toEqual([
            { kind: 'done', sent: 1 },
          ]);
          expect(readTree(site.root)).toEqual({ small: 's' });
        }
      }
    }
    expect(await outcomes(site.replica, [created('large', data)], slowly())).toEqual([
      { kind: 'done', sent: data.length },
    ]);
    expect(fs.readFileSync(path.join(site.root, 'large')).equals(data)).toBe(true);
  });

  test('reports outcomes before later contents arrive', async () => {
    const site = await openSite(form);
    await lookAround(site.replica);
    let first: (() => void) | null = null;
    const published = new Promise<void>((resolve) => {
      first = resolve;
    });
    async function* waiting() {
      yield* stream(['1']);
      await published;
      yield { n: 1, data: Buffer.from('2'), last: true };
    }
    // Applied on its own: if its outcome waited for the end, neither would ever arrive.
    const watch = setInterval(() => fs.existsSync(path.join(site.root, 'one')) && first?.(), 5);
    const found = await outcomes(site.replica, [created('one', '1'), created('two', '2')], waiting());
    clearInterval(watch);
    expect(found.map(({ kind }) => kind)).toEqual(['done', 'done']);
  });

  test('throws when the contents do, stays usable, and leaves no partial file in the tree', async () => {
    const site = await openSite(form, { second: 'old' });
    const entry = (await lookAround(site.replica))[0]!.entry;
    async function* breaking() {
      yield { n: 0, data: Buffer.from('first'), last: true };
      yield { n: 1, data: Buffer.from('sec'), last: false };
      await turn();
      throw new Error('the source is gone');
    }
    const changes = [
      created('first', 'first'),
      { path: p('second'), action: 'modified', before: entry, after: file('second') } as Change,
    ];
    await expect(outcomes(site.replica, changes, breaking())).rejects.toThrow();
    await lookUntil(site.replica, () => Object.keys(readTree(site.root)).length === 2);
    expect(readTree(site.root)).toEqual({ first: 'first', second: 'old' });
    const { entries } = await site.replica.scan('everything', [p('first'), p('second')]);
    const told = Object.fromEntries(entries.map(({ path: at, entry: e }) => [at, (e as FileEntry).hash]));
    expect(told).toEqual({ first: file('first').hash, second: file('old').hash });
    expect(await outcomes(site.replica, [created('third', '3')], stream(['3']))).toEqual([{ kind: 'done', sent: 1 }]);
  });

  test('offers the file that a content replaces, and copies what they have in common', async () => {
    const old = noise(3 * MIB, 1);
    const next = Buffer.concat([
      Buffer.from('in front'),
      old.subarray(0, 2 * MIB),
      noise(500, 2),
      old.subarray(2 * MIB),
    ]);
    const site = await openSite(form, { f: old });
    const source = await openSite(form, { f: next });
    const before = (await lookAround(site.replica))[0]!.entry;
    const change: Change = { path: p('f'), action: 'modified', before, after: file(next) };
    const offer = (await site.replica.offer(change))!;
    expect([offer.have, offer.base?.size]).toEqual([0, old.length]);
    const wanted = [{ path: p('f'), file: file(next), offer }];
    const [outcome] = await outcomes(site.replica, [change], source.replica.read(wanted));
    expect(outcome).toMatchObject({ kind: 'done' });
    expect((outcome as { sent: number }).sent).toBeLessThan(8 * 1024);
    expect(fs.readFileSync(path.join(site.root, 'f')).equals(next)).toBe(true);
    expect(await lookAround(site.replica)).toEqual([]);
  });

  test('offers nothing where that would save nothing', async () => {
    const site = await openSite(form, { small: 'small', large: noise(2 * MIB, 1) });
    const entries = await lookAround(site.replica);
    const before = (name: string) => entries.find(({ path: at }) => at === name)!.entry;
    const large = noise(2 * MIB, 2);
    for (const change of [
      created('new', large),
      { ...created('small', large), action: 'modified', before: before('small') } as Change,
      { ...created('large', 'small'), action: 'modified', before: before('large') } as Change,
      { path: p('large'), action: 'deleted', before: before('large'), after: null } as Change,
    ]) {
      expect(await site.replica.offer(change)).toBeNull();
    }
  });

  test('has no sums of a basis file that has changed', async () => {
    const site = await openSite(form, { f: noise(2 * MIB, 1) });
    const before = (await lookAround(site.replica))[0]!.entry;
    const offer = await site.replica.offer({ ...created('f', noise(2 * MIB, 2)), action: 'modified', before });
    fs.writeFileSync(path.join(site.root, 'f'), 'another');
    expect(await offer!.base!.sums(1024, [{ at: 0, bytes: 2 * MIB }])).toBeNull();
  });

  test('resumes a content whose stream was cut at any place', { timeout: 60_000 }, async () => {
    const data = noise(6 * MIB + 1, 1);
    const site = await openSite(form);
    const source = await openSite(form, { f: data });
    await lookAround(site.replica);
    async function* reading(offer: Offer | null, bytes: number) {
      const wanted = { path: p('f'), file: file(data), ...(offer === null ? {} : { offer }) };
      let left = bytes;
      for await (const piece of source.replica.read([wanted])) {
        left -= 'data' in piece ? piece.data.length : 0;
        if (left < 0) throw new Error('the line is dead');
        yield piece;
      }
    }
    /** The remote form learns of a cut by itself, a moment later. */
    const offered = async (change: Change): Promise<Offer | null> => {
      for (;;) {
        const offer = await site.replica.offer(change);
        if (offer !== null || staged(site).length === 0) return offer;
      }
    };
    let name = 0;
    const cuts = fc.array(fc.integer({ min: 0, max: 4 * MIB }), { maxLength: 4 });
    const property = fc.asyncProperty(cuts, async (bytes) => {
      const change = created(`f${name++}`, data);
      let have = 0;
      for (const most of bytes) {
        const offer = await offered(change);
        expect(offer?.have ?? 0).toBeGreaterThanOrEqual(have);
        have = offer?.have ?? 0;
        if (data.length - have <= most) continue;
        await expect(outcomes(site.replica, [change], reading(offer, most))).rejects.toThrow();
      }
      const offer = await offered(change);
      const [outcome] = await outcomes(site.replica, [change], reading(offer, data.length));
      expect(outcome).toEqual({ kind: 'done', sent: data.length - (offer?.have ?? 0) });
      expect(fs.readFileSync(path.join(site.root, change.path)).equals(data)).toBe(true);
      expect(staged(site)).toEqual([]);
    });
    await fc.assert(property, { numRuns: sized(6, 100) });
  });

  test('guards in the order of the calls, also where nobody waits for the answers', async () => {
    const site = await openSite(form, { f: 'one' });
    await site.replica.scan('everything');
    const writeBits = () => fs.statSync(path.join(site.root, 'f')).mode & 0o222;
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
    await lookAround(site.replica);
    for (let n = 0; n < 8; n++) fs.rmSync(path.join(site.root, `f${n}`));
    const halted = await site.replica.scan('everything');
    expect([halted.halt?.code, halted.entries]).toEqual(['root-emptied', []]);
    await site.replica.acceptDeletes();
    const gone = new Set<string>();
    await lookUntil(site.replica, (told) => {
      for (const [at, entry] of told) if (entry === null) gone.add(at);
      return gone.size === 8;
    });
  });
});

describe('a connection lost during an apply', () => {
  test.each([
    ['while contents arrive', false],
    ['while the next content is awaited', true],
  ])('%s: the apply throws, nothing half is visible, nothing staged takes a name', async (_, waits) => {
    const site = await openSite('far', { f: 'old' });
    const entry = (await lookAround(site.replica))[0]!.entry;
    const data = Buffer.alloc(8 * MIB, 'x');
    let sent = 0;
    async function* contents() {
      for (const piece of pieces(0, data, 256 * 1024)) {
        if (++sent === 8) {
          site.cut();
          if (waits) await new Promise<void>((resolve) => setImmediate(resolve));
        }
        yield piece;
      }
    }
    const changes: Change[] = [{ path: p('f'), action: 'modified', before: entry, after: file(data) }];
    await expect(outcomes(site.replica, changes, contents())).rejects.toMatchObject({ name: 'SyncError' });
    expect(readTree(site.root)).toEqual({ f: 'old' });
    await expect(site.replica.scan('everything')).rejects.toMatchObject({ code: 'closed' });
    await expect(collect(site.replica.read([{ path: p('f'), file: file('old') }]))).rejects.toMatchObject({
      name: 'SyncError',
    });
  });

  test('a read throws, too', async () => {
    const large = Buffer.alloc(20 * MIB, 'l');
    const site = await openSite('far', { large });
    const reading = (async () => {
      for await (const _ of site.replica.read([{ path: p('large'), file: file(large) }])) site.cut();
    })();
    await expect(reading).rejects.toMatchObject({ name: 'SyncError' });
  });
});
