import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { HeldFiles } from '../../../src/disk/apply/held-files.js';
import { Staging } from '../../../src/disk/staging/staging.js';
import type { Content } from '../../../src/replica.js';
import { DiskSite, file, own, p, stream } from '../../support/disk-site.js';

async function open() {
  const context = await DiskSite.open();
  const staging = new Staging(own(context.at('.lockstep/staging')));
  const held = new HeldFiles(own(context.at('.lockstep/held')), staging, context.versions);
  const save = (of: string, id: number, content: string) => held.save(p(of), id, file(content), stream([content]));
  return { context, held, save };
}

async function contentOf(contents: AsyncIterable<Content>): Promise<string> {
  const data: Buffer[] = [];
  for await (const piece of contents) {
    if ('failed' in piece) return `failed: ${piece.failed.kind}`;
    if ('data' in piece) data.push(piece.data);
  }
  return Buffer.concat(data).toString();
}

describe('a held content', () => {
  test.each([
    ['plan.dwg', 'plan (held 7).dwg'],
    ['plan', 'plan (held 7)'],
    ['.profile', '.profile (held 7)'],
    ['docs/deep/plan.tar.gz', 'docs/deep/plan.tar (held 7).gz'],
    ['a "b"\nc.txt', 'a "b"\nc (held 7).txt'],
  ])('of %j is found as %j', async (of, expected) => {
    const { context, save } = await open();
    expect(await save(of, 7, 'new')).toBe(expected);
    expect(context.kept('held')).toEqual({ [expected]: 'new' });
    expect(context.staged()).toEqual([]);
  });

  test.each(['', 'x', 'm'.repeat(3 << 20)])('is read back', async (content) => {
    const { held, save } = await open();
    const name = await save('a/b', 1, content);
    expect(await contentOf(held.read(name!, file(content)))).toBe(content);
  });

  test('is durable with all directories above it', async () => {
    const { context, save } = await open();
    const { fsyncSync } = fs;
    const flushed: string[] = [];
    vi.spyOn(fs, 'fsyncSync').mockImplementation((fd) => {
      if (fs.fstatSync(fd).isDirectory()) flushed.push(fs.readlinkSync(`/proc/self/fd/${fd}`));
      fsyncSync(fd);
    });
    await save('a/b/f', 1, 'x');
    const held = context.at('.lockstep/held');
    expect(flushed.slice(-3)).toEqual([`${held}/a/b`, `${held}/a`, held]);
  });

  test('of a long name has a name that fits, with its extension', async () => {
    const { save } = await open();
    const name = await save(`d/${'é'.repeat(120)}.jpeg`, 123456, 'x');
    expect(Buffer.byteLength(path.basename(name!))).toBeLessThanOrEqual(255);
    expect(name).toMatch(/\(held 123456\)\.jpeg$/);
  });

  test('is known to be altered where it has other bytes or another size, and only then', async () => {
    const { context, held, save } = await open();
    const name = (await save('d/f.txt', 1, 'mine'))!;
    const at = path.join(context.root, '.lockstep', 'held', name);
    const isAltered = () => held.isAltered(name, file('mine'));
    expect(await isAltered()).toBe(false);
    fs.writeFileSync(at, 'your');
    expect(await isAltered()).toBe(true);
    fs.writeFileSync(at, 'mine and more');
    expect(await isAltered()).toBe(true);
    fs.rmSync(at);
    expect(await isAltered()).toBe(false);
    fs.symlinkSync('/etc/hostname', at);
    expect(await isAltered()).toBe(false);
  });

  test('of a path too long for two prefixes is kept at the top', async () => {
    const { context, held, save } = await open();
    const deep = Array.from({ length: 40 }, () => 'd'.repeat(100)).join('/');
    const name = await save(`${deep}/f.txt`, 1, 'x');
    expect(name).toBe('f (held 1).txt');
    held.remove(name!);
    expect(context.kept('held')).toEqual({});
  });

  test('never replaces another one, even if the numbers start again', async () => {
    const { context, save } = await open();
    expect([await save('a.txt', 3, 'old'), await save('a.txt', 3, 'new')]).toEqual([
      'a (held 3).txt',
      'a (held 4).txt',
    ]);
    expect(context.kept('held')).toEqual({ 'a (held 3).txt': 'old', 'a (held 4).txt': 'new' });
  });

  test('and one of a file with the name of a held content are kept apart', async () => {
    const { context, save } = await open();
    await save('d', 1, 'one');
    expect(await save('d (held 1)/f', 2, 'two')).toBe('f (held 2)');
    expect(context.kept('held')).toEqual({ 'd (held 1)': 'one', 'f (held 2)': 'two' });
  });

  test('does not collide with staged contents of a simultaneous apply', async () => {
    const { context, held } = await open();
    const other = context.staging.begin(file('other'));
    expect(await held.save(p('f'), 1, file('mine'), stream(['mine']))).toBe('f (held 1)');
    other.discard();
    expect(context.staged()).toEqual([]);
  });
});

describe('what cannot be held', () => {
  const failed = { n: 0, failed: { kind: 'stale' } } as const;
  test.each<[string, Content[]]>([
    ['another content', [{ n: 0, data: Buffer.from('other'), last: true }]],
    ['another content of the same length', [{ n: 0, data: Buffer.from('nex'), last: true }]],
    ['too short a content', [{ n: 0, data: Buffer.from('ne'), last: true }]],
    ['a content without an end', [{ n: 0, data: Buffer.from('new'), last: false }]],
    ['nothing at all', []],
    ['what fails at once', [failed]],
    ['what fails midway', [{ n: 0, data: Buffer.from('ne'), last: false }, failed]],
  ])('%s leaves nothing', async (_, contents) => {
    const { context, held } = await open();
    async function* given() {
      yield* contents;
    }
    expect(await held.save(p('d/f'), 1, file('new'), given())).toBeNull();
    expect([context.kept('held'), context.staged()]).toEqual([{}, []]);
  });

  test('a source that throws leaves nothing', async () => {
    const { context, held } = await open();
    async function* given(): AsyncGenerator<Content> {
      yield { n: 0, data: Buffer.from('ne'), last: false };
      throw new Error('the line is dead');
    }
    await expect(held.save(p('f'), 1, file('new'), given())).rejects.toThrow(
      'An update of f cannot be held: the line is dead; it is tried again.',
    );
    expect([context.kept('held'), context.staged()]).toEqual([{}, []]);
  });

  test('a full disk is an error with a message', async () => {
    const { context, held } = await open();
    const write = vi.spyOn(fs, 'openSync').mockImplementation(() => {
      throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    });
    const saving = held.save(p('f'), 1, file('new'), stream(['new']));
    await expect(saving).rejects.toMatchObject({
      code: 'failed',
      message: 'An update of f cannot be held: the disk is full; free some space, it is tried again.',
    });
    write.mockRestore();
    expect(context.kept('held')).toEqual({});
  });
});

describe('afterwards', () => {
  test('what people deleted is not there, and what cannot be looked for may be', async () => {
    const { context, held, save } = await open();
    const name = (await save('a/f', 1, 'x'))!;
    expect(held.has(name)).toBe(true);
    fs.rmSync(context.at(`.lockstep/held/${name}`));
    expect([held.has(name), held.has('x'.repeat(300))]).toEqual([false, true]);
  });

  test('the content of an applied update is removed, with directories that become empty', async () => {
    const { context, held, save } = await open();
    const [one, two] = [await save('a/b/one', 1, 'x'), await save('a/two', 2, 'y')];
    held.remove(one!);
    expect(fs.readdirSync(context.at('.lockstep/held/a'))).toEqual(['two (held 2)']);
    held.remove(two!);
    held.remove(two!);
    expect(fs.readdirSync(context.at('.lockstep/held'))).toEqual([]);
    expect(context.kept()).toEqual({});
  });

  test('the content of a discarded update moves to the versions of its file, once', async () => {
    const { context, held, save } = await open();
    const name = await save('a/plan.dwg', 1, 'x');
    held.moveToVersions(p('a/plan.dwg'), name!);
    held.moveToVersions(p('a/plan.dwg'), name!);
    expect([context.kept('held'), context.kept()]).toEqual([{}, { 'a/plan (*).dwg': 'x' }]);
  });

  test('contents without an update move to versions/, others stay', async () => {
    const { context, held, save } = await open();
    const known = await save('a/one.txt', 1, 'x');
    await save('a/two.txt', 2, 'y');
    held.recover(new Set([known!]));
    expect(context.kept('held')).toEqual({ 'a/one (held 1).txt': 'x' });
    expect(context.kept()).toEqual({ 'a/two (*).txt': 'y' });
  });

  test('a content that a person removed is stale', async () => {
    const { held } = await open();
    expect(await contentOf(held.read('gone', file('x')))).toBe('failed: stale');
  });
});
