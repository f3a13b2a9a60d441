// What the forms of a replica on a disk have beyond the contract: outcomes at once, what can be taken from a basis file,
// and what a cut leaves.
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import type { Offer, OpenDocuments } from '../../../src/replica.js';
import { noise } from '../../support/delta.js';
import { file, p, pieces, stream } from '../../support/disk-site.js';
import { type DiskForm, type DiskSite, lookAround, openDiskSite } from '../../support/replicas.js';
import { sized } from '../../support/sizes.js';
import { readTree } from '../../support/trees.js';
import { collect, outcomes } from './told.js';

const forms: DiskForm[] = ['near', 'far'];
const MIB = 1 << 20;

const created = (name: string, content: string | Buffer): Change => ({
  path: p(name),
  action: 'created',
  before: null,
  after: file(content),
});
const staged = ({ root }: DiskSite) => fs.readdirSync(path.join(root, '.lockstep/staging'));

describe.each(forms)('a %s replica', (form) => {
  test('tells which documents are open, and shows the locks of the other side', async () => {
    const ownerFile = 'Ann,ann,pc,01.12.2026 00:30,file:///p;';
    const site = await openDiskSite(form, { 'x.odt': '', '.~lock.x.odt#': ownerFile, 'y.odt': '' });
    await lookAround(site);
    const open = await new Promise<OpenDocuments>((resolve) => site.replica.onOpened?.(resolve));
    expect(open.account).toContain('@');
    expect(open.documents).toEqual([{ path: 'x.odt', app: 'LibreOffice', owner: 'Ann', account: 'ann@pc' }]);
    const holder = { user: 'bob', host: 'pc', since: 1 };
    const locks = ['x.odt', 'y.odt', 'gone.odt'].map((at) => ({ path: p(at), holder }));
    await site.replica.showLocks?.(locks, true);
    expect(fs.readFileSync(path.join(site.root, '.~lock.y.odt#'), 'utf8')).toContain('bob');
    expect(fs.readFileSync(path.join(site.root, '.~lock.x.odt#'), 'utf8')).toBe(ownerFile);
    await site.replica.showLocks?.([], true);
    expect(Object.keys(readTree(site.root)).sort()).toEqual(['.~lock.x.odt#', 'x.odt', 'y.odt']);
  });

  test('reports outcomes before later contents arrive', async () => {
    const site = await openDiskSite(form);
    await lookAround(site);
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

  test('offers the file that a content replaces, and copies what they have in common', async () => {
    const old = noise(3 * MIB, 1);
    const next = Buffer.concat([
      Buffer.from('in front'),
      old.subarray(0, 2 * MIB),
      noise(500, 2),
      old.subarray(2 * MIB),
    ]);
    const site = await openDiskSite(form, { f: old });
    const source = await openDiskSite(form, { f: next });
    const before = (await lookAround(site))[0]!.entry;
    const change: Change = { path: p('f'), action: 'modified', before, after: file(next) };
    const offer = (await site.replica.offer(change))!;
    expect([offer.have, offer.base?.size]).toEqual([0, old.length]);
    const wanted = [{ path: p('f'), file: file(next), offer }];
    const [outcome] = await outcomes(site.replica, [change], source.replica.read(wanted));
    expect(outcome).toMatchObject({ kind: 'done' });
    expect((outcome as { sent: number }).sent).toBeLessThan(8 * 1024);
    expect(fs.readFileSync(path.join(site.root, 'f')).equals(next)).toBe(true);
    expect(await lookAround(site)).toEqual([]);
  });

  test('offers nothing where that would save nothing', async () => {
    const site = await openDiskSite(form, { small: 'small', large: noise(2 * MIB, 1) });
    const entries = await lookAround(site);
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
    const site = await openDiskSite(form, { f: noise(2 * MIB, 1) });
    const before = (await lookAround(site))[0]!.entry;
    const offer = await site.replica.offer({ ...created('f', noise(2 * MIB, 2)), action: 'modified', before });
    fs.writeFileSync(path.join(site.root, 'f'), 'another');
    expect(await offer!.base!.sums(1024, [{ at: 0, bytes: 2 * MIB }])).toBeNull();
  });

  test('resumes a content whose stream was cut at any place', { timeout: 60_000 }, async () => {
    const data = noise(6 * MIB + 1, 1);
    const site = await openDiskSite(form);
    const source = await openDiskSite(form, { f: data });
    await lookAround(site);
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
    await fc.assert(property, { numRuns: sized(3, 100) });
  });
});

describe('a connection lost during an apply', () => {
  test.each([
    ['while contents arrive', false],
    ['while the next content is awaited', true],
  ])('%s: the apply throws, nothing half is visible, nothing staged takes a name', async (_, waits) => {
    const site = await openDiskSite('far', { f: 'old' });
    const entry = (await lookAround(site))[0]!.entry;
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
    const site = await openDiskSite('far', { large });
    const reading = (async () => {
      for await (const _ of site.replica.read([{ path: p('large'), file: file(large) }])) site.cut();
    })();
    await expect(reading).rejects.toMatchObject({ name: 'SyncError' });
  });
});
