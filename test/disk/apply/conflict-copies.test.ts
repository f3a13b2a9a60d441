// Conflict copies of files with several names: made before the step, while other work runs, and only of what the step
// replaces.
import fs from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ApplyContext } from '../../../src/disk/apply/context.js';
import { isRacy, microseconds } from '../../../src/disk/fs/signature.js';
import { DiskSite, dir, file, p, turn } from '../../support/disk-site.js';

const MIB = 1 << 20;
const COPY = { conflictCopy: p('copy') };

/** A site where `f` has the content `content` and a second name. */
async function open(content: string | Buffer): Promise<DiskSite> {
  const site = await DiskSite.open({ f: content });
  fs.linkSync(site.at('f'), site.at('g'));
  // A large file that was scanned right after it was written counts as changed, however little time a busy machine had.
  while (isRacy(fs.statSync(site.at('f')), Date.now())) await turn();
  await scanned(site);
  return site;
}

async function scanned({ scanner }: DiskSite): Promise<void> {
  while ((await scanner.scan('everything')).unsettled > 0) await turn();
}

function contextOf(site: DiskSite): ApplyContext {
  const context = site.context();
  onTestFinished(() => context.parents.close());
  return context;
}

const stale = expect.objectContaining({ code: 'ESTALE' });

test('are made while other work runs', async () => {
  const site = await open(Buffer.alloc(32 * MIB, 'content'));
  let turns = 0;
  const count = () => {
    turns++;
    ticking = setImmediate(count);
  };
  let ticking = setImmediate(count);
  onTestFinished(() => clearImmediate(ticking));
  expect(await site.kinds([site.change('f', file('new'), COPY)], ['new'])).toBe('done');
  expect(turns).toBeGreaterThan(32);
  expect(fs.readFileSync(site.at('copy')).equals(fs.readFileSync(site.at('g')))).toBe(true);
  expect([site.staged(), site.openFiles()]).toEqual([[], []]);
});

test.each([
  ['an empty file', ''],
  ['a small one', 'old'],
])('have content, mode and time: %s', async (_, content) => {
  const site = await open(content);
  fs.chmodSync(site.at('f'), 0o640);
  await scanned(site);
  expect(await site.kinds([site.change('f', dir(), COPY)])).toBe('done');
  const [copy, other] = [fs.statSync(site.at('copy')), fs.statSync(site.at('g'))];
  expect([site.tree(), copy.mode, microseconds(copy.mtimeMs)]).toEqual([
    { f: {}, g: content, copy: content },
    other.mode,
    microseconds(other.mtimeMs),
  ]);
  expect(copy.ino).not.toBe(other.ino);
});

test.each<[string, (site: DiskSite) => void, string]>([
  ['whose name is taken', (site) => fs.writeFileSync(site.at('copy'), 'theirs'), 'stale'],
  [
    'of what is written to while it is copied',
    (site) => {
      const flush = fs.fsync;
      vi.spyOn(fs, 'fsync').mockImplementationOnce((fd, done) => {
        fs.appendFileSync(site.at('g'), ' and more');
        flush(fd, done);
      });
    },
    'stale',
  ],
  [
    'for which the disk has no room',
    () => {
      vi.spyOn(fs, 'fsync').mockImplementationOnce((_, done) =>
        done(Object.assign(new Error('full'), { code: 'ENOSPC' })),
      );
    },
    'problem',
  ],
])('that cannot be made leave nothing, and nothing is replaced: %s', async (_, spoil, outcome) => {
  const site = await open('old');
  onTestFinished(() => void vi.restoreAllMocks());
  const change = site.change('f', dir(), COPY);
  spoil(site);
  expect(await site.kinds([change])).toBe(outcome);
  vi.restoreAllMocks();
  expect([fs.readFileSync(site.at('f'), 'utf8'), site.staged(), site.openFiles()]).toEqual([
    fs.readFileSync(site.at('g'), 'utf8'),
    [],
    [],
  ]);
  expect(fs.readFileSync(site.at('f'), 'utf8')).toMatch(/^old/);
});

test.each<[string, Parameters<DiskSite['change']>, boolean]>([
  ['where nothing is to be left', ['f', dir()], true],
  ['of a file with one name', ['f', dir(), COPY], false],
  ['of something else', ['d', file('new'), COPY], true],
  ['of what is another file by now', ['f', dir(), { ...COPY, before: file('other') }], true],
  ['of what is gone', ['x', dir(), { ...COPY, before: file('old') }], true],
])('are not made %s', async (_, change, hasNames) => {
  const site = await open('old');
  fs.mkdirSync(site.at('d'));
  if (!hasNames) fs.unlinkSync(site.at('g'));
  await scanned(site);
  const context = contextOf(site);
  await context.copies.prepare(site.change(...change));
  expect(site.staged()).toEqual([]);
});

test('get their names only where they are of what is there now', async () => {
  const site = await open('old');
  const context = contextOf(site);
  const target = site.at('f');
  const place = () => context.copies.place(target, fs.lstatSync(target), site.at('copy'));
  expect(place).toThrow(stale);
  await context.copies.prepare(site.change('f', dir(), COPY));
  expect(site.staged()).toHaveLength(1);
  fs.appendFileSync(target, ' and more');
  expect(place).toThrow(stale);
  expect(fs.existsSync(site.at('copy'))).toBe(false);
  context.copies.drop();
  expect([site.staged(), site.openFiles()]).toEqual([[], []]);
});
