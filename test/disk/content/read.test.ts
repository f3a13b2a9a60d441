import fs from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { readContents, readJoined } from '../../../src/disk/content/read.js';
import type { Content, JoinedContents, Wanted } from '../../../src/replica.js';
import { separate } from '../../../src/sync/peer/send-content.js';
import { DiskSite, file, p } from '../../support/disk-site.js';
import type { Tree } from '../../support/trees.js';

afterEach(() => vi.restoreAllMocks());

const wanted = (path: string, content: string | Buffer): Wanted => ({ path: p(path), file: file(content) });

/** Each content as text, or how it failed, read by itself; joined with others it has to be the same. */
async function contentsOf(root: string, all: readonly Wanted[]): Promise<string[]> {
  const found = await textsOf(readContents(root, all), all);
  expect(await textsOf(apart(readJoined(root, all)), all)).toEqual(found);
  return found;
}

async function* apart(contents: AsyncIterable<Content | JoinedContents>): AsyncGenerator<Content> {
  for await (const content of contents) {
    if ('joined' in content) yield* separate(content);
    else yield content;
  }
}

async function textsOf(contents: AsyncIterable<Content>, all: readonly Wanted[]): Promise<string[]> {
  const found: string[] = all.map(() => '');
  const ended = new Set<number>();
  let current = 0;
  for await (const content of contents) {
    expect(content.n).toBeGreaterThanOrEqual(current);
    expect(ended.has(content.n)).toBe(false);
    current = content.n;
    if ('failed' in content)
      found[content.n] = content.failed.kind === 'stale' ? '<stale>' : `<${content.failed.code}>`;
    else if ('data' in content) found[content.n] += content.data.toString('latin1');
    if ('failed' in content || content.last) ended.add(content.n);
  }
  expect(ended.size).toBe(all.length);
  return found;
}

/** Bytes of a piece. */
const PIECE_BYTES = 1 << 20;
const BIG = 'b'.repeat(PIECE_BYTES * 2 + 17);

describe('contents', () => {
  test.each<[string, Tree, Wanted, string]>([
    ['an empty file', { f: '' }, wanted('f', ''), ''],
    ['a small file', { d: { f: 'x' } }, wanted('d/f', 'x'), 'x'],
    ['a piece exactly', { f: 'x'.repeat(PIECE_BYTES) }, wanted('f', 'x'.repeat(PIECE_BYTES)), 'x'.repeat(PIECE_BYTES)],
    [
      'a byte more',
      { f: 'x'.repeat(PIECE_BYTES + 1) },
      wanted('f', 'x'.repeat(PIECE_BYTES + 1)),
      'x'.repeat(PIECE_BYTES + 1),
    ],
    ['a large file', { f: BIG }, wanted('f', BIG), BIG],
    ['other bytes of the same size: the hash will tell', { f: 'y' }, wanted('f', 'x'), 'y'],
    ['a file that grew, as a log does', { f: 'xy' }, wanted('f', 'x'), 'x'],
    ['a file that shrank', { f: '' }, wanted('f', 'x'), '<stale>'],
    ['a file that is gone', {}, wanted('f', 'x'), '<stale>'],
    ['a file whose directory is gone', {}, wanted('d/f', 'x'), '<stale>'],
    ['a file whose directory is a file', { d: 'x' }, wanted('d/f', 'x'), '<stale>'],
    ['a directory', { f: {} }, wanted('f', 'x'), '<stale>'],
    ['a link', { f: { link: 'g' }, g: 'x' }, wanted('f', 'x'), '<stale>'],
    ['a file behind a link', { d: { link: 'e' }, e: { f: 'x' } }, wanted('d/f', 'x'), '<stale>'],
    ['a link to outside', { f: { link: '/etc/hostname' } }, wanted('f', fs.readFileSync('/etc/hostname')), '<stale>'],
    ['a name that is too long', {}, wanted('x'.repeat(256), 'x'), '<unreadable>'],
  ])('%s', async (_, tree, want, expected) => {
    const context = await DiskSite.open(tree);
    expect(await contentsOf(context.root, [want])).toEqual([expected]);
  });

  test('come in order, each with its number, even if some fail', async () => {
    const names = Array.from({ length: 200 }, (_, n) => `f${n}`);
    const context = await DiskSite.open(Object.fromEntries(names.map((name) => [name, name])));
    fs.rmSync(context.at('f7'));
    fs.writeFileSync(context.at('f9'), 'longer');
    fs.writeFileSync(context.at('f8'), BIG);
    const all = names.map((name) => wanted(name, name === 'f8' ? BIG : name));
    const expected = names.map((name) => ({ f7: '<stale>', f8: BIG, f9: 'lo' })[name] ?? name);
    expect(await contentsOf(context.root, all)).toEqual(expected);
  });

  test('end as stale where a file shrinks while it is read', async () => {
    const context = await DiskSite.open({ f: BIG, g: 'x' });
    const found: string[] = [];
    for await (const content of readContents(context.root, [wanted('f', BIG), wanted('g', 'x')])) {
      found.push('data' in content ? `${content.n}:${content.data.length}` : 'stale');
      fs.truncateSync(context.at('f'), 10);
    }
    expect(found.at(-1)).toBe('1:1');
    expect(found).toContain('stale');
  });

  test.each([
    ['EACCES', '<unreadable>'],
    ['EIO', '<unreadable>'],
  ])('an %s is a problem of that file', async (code, expected) => {
    const context = await DiskSite.open({ f: 'x', g: 'y' });
    const real = fs.readSync;
    vi.spyOn(fs, 'readSync').mockImplementationOnce(() => {
      throw Object.assign(new Error(code), { code });
    });
    const both = [wanted('f', 'x'), wanted('g', 'y')];
    expect(await textsOf(readContents(context.root, both), both)).toEqual([expected, 'y']);
    expect(real).not.toBe(fs.readSync);
  });

  test('are whole where the system reads less than it is asked for, and stale where it reads nothing more', async () => {
    const context = await DiskSite.open({ f: 'abcdefgh' });
    const { readSync } = fs;
    let most = 3;
    vi.spyOn(fs, 'readSync').mockImplementation(((...args: Parameters<typeof readSync>) =>
      Math.min(readSync(...args), most)) as never);
    expect(await contentsOf(context.root, [wanted('f', 'abcdefgh')])).toEqual(['abcdefgh']);
    most = 0;
    expect(await contentsOf(context.root, [wanted('f', 'abcdefgh')])).toEqual(['<stale>']);
  });

  test('are joined where they are small: up to 64, or 256 KiB; what fails is between them', async () => {
    const small = Array.from({ length: 100 }, (_, n) => `s${n}`);
    const names = [...small, 'gone', 'last one', 'k1', 'k2', 'k3', 'alone', 'end'];
    const contents = new Map(names.map((name) => [name, name.startsWith('k') ? name.repeat(50 << 10) : name]));
    contents.set('alone', 'a'.repeat(300 << 10));
    const context = await DiskSite.open(Object.fromEntries(contents));
    fs.rmSync(context.at('gone'));
    const all = names.map((name) => wanted(name, contents.get(name)!));
    const found: string[] = [];
    for await (const content of readJoined(context.root, all)) {
      if ('joined' in content) found.push(`${content.n}+${content.sizes.length}`);
      else found.push('failed' in content ? `${content.n} ${content.failed.kind}` : `${content.n} alone`);
    }
    expect(found).toEqual(['0+64', '64+36', '100 stale', '101+3', '104 alone', '105 alone', '106 alone']);
    expect(await contentsOf(context.root, all)).toEqual(
      names.map((name) => (name === 'gone' ? '<stale>' : contents.get(name))),
    );
  });

  test('that the reader abandons leave no file open', async () => {
    const context = await DiskSite.open({ f: BIG });
    const openBelow = () =>
      fs
        .readdirSync('/proc/self/fd')
        .map((fd) => {
          try {
            return fs.readlinkSync(`/proc/self/fd/${fd}`);
          } catch {
            return '';
          }
        })
        .filter((target) => target.startsWith(context.root));
    const before = openBelow();
    for await (const _ of readContents(context.root, [wanted('f', BIG), wanted('f', BIG)])) break;
    expect(openBelow()).toEqual(before);
  });
});
