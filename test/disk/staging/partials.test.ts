// Parts of transfers that were cut: what is kept of them, and what is gone on from.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { FileEntry } from '../../../src/core/entry.js';
import { dropPartials, Partials, release, tidyPartials } from '../../../src/disk/staging/partials.js';
import { StagedFile } from '../../../src/disk/staging/staged-file.js';
import { own, p, turn } from '../../support/disk-site.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const MIB = 1 << 20;

let root: string;
beforeEach(() => {
  root = makeRoot('staging');
});
afterEach(() => removeRoot(root));

const large = (digit: string): FileEntry => ({
  type: 'file',
  size: 100 * MIB,
  mtime: 1,
  mode: 0o644,
  hash: digit.repeat(64),
});

test('a part is deleted when another content is received for its path', () => {
  const partials = new Partials(own(root));
  const parts = () => fs.readdirSync(root).map((name) => name.slice(0, 1));
  const receive = (digit: string, of: string) => {
    const name = partials.take(large(digit), p(of))!;
    fs.writeFileSync(path.join(root, name), '');
    fs.truncateSync(path.join(root, name), 5 * MIB);
    release(own(root), name);
  };
  receive('1', 'x');
  // The same content once more: its part is gone on from.
  receive('1', 'x');
  receive('2', 'y');
  expect(parts()).toEqual(['1', '2']);
  receive('3', 'x');
  expect(parts()).toEqual(['2', '3']);
});

test.each<[it: string, isPart: boolean, written: number]>([
  ['that is no part', false, 0],
  ['to which something was written already', true, 3],
])('nothing is gone on from in a staged file %s', async (_, isPart, written) => {
  const name = 'staged';
  if (isPart) fs.writeFileSync(path.join(root, name), '012345');
  const staged = new StagedFile(own(root), name, { ...large('1'), size: 6 }, isPart);
  if (written > 0) await staged.write(Buffer.alloc(written), false);
  await expect(staged.resume(3, false)).rejects.toMatchObject({ code: 'ENOENT' });
  staged.discard();
});

test('a transfer goes on from a single byte', async () => {
  const name = 'staged';
  fs.writeFileSync(path.join(root, name), '0123');
  const content = Buffer.from('0ab');
  const hash = createHash('sha256').update(content).digest('hex');
  const staged = new StagedFile(own(root), name, { ...large('1'), size: 3, hash }, true);
  await staged.resume(1, false);
  await staged.write(content.subarray(1), true);
  expect(staged.isSound()).toBe(true);
  staged.discard();
});

test('a part that is left for a later transfer is closed', async () => {
  const staged = new StagedFile(own(root), 'staged', large('1'), true);
  await staged.write(Buffer.alloc(5 * MIB, 1), false);
  expect(staged.stats().size).toBe(5 * MIB);
  staged.leave();
  expect(fs.statSync(path.join(root, 'staged')).size).toBe(5 * MIB);
  expect(() => staged.stats()).toThrow();
});

test('of all parts that are deleted the one that is being received stays', () => {
  const directory = own(root);
  const name = new Partials(directory).take(large('1'), p('x'))!;
  for (const part of [name, `${'2'.repeat(64)}.part`]) fs.writeFileSync(path.join(root, part), 'x');
  dropPartials(directory);
  expect(fs.readdirSync(root)).toEqual([name]);
  release(directory, name);
  dropPartials(directory);
  expect(fs.readdirSync(root)).toEqual([]);
});

const nameOf = (digit: string) => `${digit.repeat(64)}.part`;

/** A part of this size, as old as the time says, in milliseconds since 1970. */
function part(digit: string, bytes: number, mtimeMs = Date.now()): string {
  const absolute = path.join(root, nameOf(digit));
  fs.writeFileSync(absolute, '');
  fs.truncateSync(absolute, bytes);
  fs.utimesSync(absolute, mtimeMs / 1000, mtimeMs / 1000);
  return absolute;
}

test.each<[it: string, make: () => void, size: number, length: number]>([
  ['in whole MiB', () => part('1', 6 * MIB - 1), 100 * MIB, 5 * MIB],
  ['all of it where it is complete', () => part('1', 5 * MIB + 1), 5 * MIB + 1, 5 * MIB + 1],
  ['not at all where it is longer than the content', () => part('1', 5 * MIB + 1), 5 * MIB, 0],
  ['not at all for a small content', () => part('1', 2 * MIB), 4 * MIB - 1, 0],
  ['for a content that is just large enough', () => part('1', 2 * MIB), 4 * MIB, 2 * MIB],
  ['not at all where it has a second name', () => fs.linkSync(part('1', 5 * MIB), path.join(root, 'g')), 100 * MIB, 0],
  ['not at all where a directory stands', () => fs.mkdirSync(path.join(root, nameOf('1'))), 100 * MIB, 0],
  ['not at all where nothing stands', () => {}, 100 * MIB, 0],
])('a part counts %s', (_, make, size, length) => {
  make();
  const partials = new Partials(own(root));
  const content = { ...large('1'), size };
  expect(partials.lengthOf(content)).toBe(length);
  const taken = partials.take(content, p('x'));
  expect(taken).toBe(size < 4 * MIB ? null : nameOf('1'));
  if (taken !== null) expect([partials.lengthOf(content), partials.take(content, p('y'))]).toEqual([0, null]);
  if (taken !== null) release(own(root), taken);
});

test('before a part is used the others are tidied, and it stays, however old', () => {
  part('1', 5 * MIB, 1_000);
  part('2', 5 * MIB, 1_000);
  part('3', MIB - 1);
  part('4', MIB);
  const partials = new Partials(own(root));
  const taken = partials.take(large('1'), p('x'))!;
  expect(fs.readdirSync(root)).toEqual([nameOf('1'), nameOf('4')]);
  release(own(root), taken);
});

test('what is no part stays when parts are deleted', () => {
  fs.writeFileSync(path.join(root, '1-1'), 'x');
  part('1', MIB);
  dropPartials(own(root));
  expect(fs.readdirSync(root)).toEqual(['1-1']);
});

test('a part is kept for two days', () => {
  const now = 1_800_000_000_000;
  part('1', MIB, now - 172_800_000);
  part('2', MIB, now - 172_801_000);
  tidyPartials(own(root), now);
  expect(fs.readdirSync(root)).toEqual([nameOf('1')]);
});

test('of more than 16 parts the latest stay', () => {
  const digits = [...'0123456789abcdef'];
  for (const [n, digit] of digits.entries()) part(digit, MIB, 1_800_000_000_000 - n * 1000);
  tidyPartials(own(root), 1_800_000_000_000, null, () => 1e12);
  expect(fs.readdirSync(root)).toHaveLength(16);
  fs.renameSync(part('0', MIB, 1_799_999_000_000), path.join(root, `${'01'.repeat(32)}.part`));
  part('0', MIB, 1_800_000_000_000);
  tidyPartials(own(root), 1_800_000_000_000, null, () => 1e12);
  expect(fs.readdirSync(root)).toEqual(digits.map(nameOf));
});

test.runIf(process.platform === 'linux')('a part that is cut keeps its time and is closed, down to one MiB', () => {
  const absolute = part('1', 5 * MIB, 1_799_999_999_000);
  // A fifth of the free space and of the part itself.
  tidyPartials(own(root), 1_800_000_000_000, null, () => 0);
  const { size, atimeMs, mtimeMs } = fs.statSync(absolute);
  expect([size, atimeMs, mtimeMs]).toEqual([MIB, 1_799_999_999_000, 1_799_999_999_000]);
  const open = fs.readdirSync('/proc/self/fd').filter((fd) => {
    const stats = fs.statSync(`/proc/self/fd/${fd}`, { throwIfNoEntry: false });
    return stats?.ino === fs.statSync(absolute).ino && stats.isFile();
  });
  expect(open).toEqual([]);
  part('1', 5 * MIB - 5, 1_799_999_999_000);
  tidyPartials(own(root), 1_800_000_000_000, null, () => 0);
  expect(fs.readdirSync(root)).toEqual([]);
});

test('SCENARIO 40: a part that is swapped for a link is not cut where that leads', () => {
  const outside = makeRoot('outside');
  const theirs = path.join(outside, 'theirs');
  fs.writeFileSync(theirs, Buffer.alloc(5 * MIB));
  const absolute = part('1', 5 * MIB);
  const real = fs.openSync;
  vi.spyOn(fs, 'openSync').mockImplementation((at, ...more) => {
    if (String(at).endsWith('.part')) {
      fs.rmSync(absolute);
      fs.symlinkSync(theirs, absolute);
    }
    return real(at, ...more);
  });
  expect(() => tidyPartials(own(root), Date.now(), null, () => 0)).toThrow(expect.objectContaining({ code: 'ELOOP' }));
  expect(fs.statSync(theirs).size).toBe(5 * MIB);
  removeRoot(outside);
});

test.each<[it: string, stand: (absolute: string, theirs: string) => () => void]>([
  [
    'another file with two names',
    (absolute, theirs) => {
      fs.linkSync(theirs, absolute);
      return () => {};
    },
  ],
  [
    'a pipe that somebody reads',
    (absolute) => {
      execFileSync('mkfifo', [absolute]);
      const reader = fs.openSync(absolute, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
      return () => fs.closeSync(reader);
    },
  ],
])('SCENARIO 40: a part that is swapped for %s is not cut, and that is no error', (_, stand) => {
  const outside = makeRoot('outside');
  const theirs = path.join(outside, 'theirs');
  fs.writeFileSync(theirs, Buffer.alloc(5 * MIB));
  const absolute = part('1', 5 * MIB);
  const real = fs.openSync;
  let end = () => {};
  vi.spyOn(fs, 'openSync').mockImplementation((at, flags, mode) => {
    if (String(at).endsWith('.part') && flags !== (fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)) {
      fs.rmSync(absolute);
      end = stand(absolute, theirs);
    }
    return real(at, flags, mode);
  });
  const before = fs.statSync(theirs).mtimeMs;
  tidyPartials(own(root), Date.now(), null, () => 0);
  vi.restoreAllMocks();
  end();
  expect([fs.statSync(theirs).size, fs.statSync(theirs).mtimeMs]).toEqual([5 * MIB, before]);
  removeRoot(outside);
});

test('a part that is left has the mode and the time of now, whatever was to become of it, and the others are tidied', async () => {
  const staged = new StagedFile(own(root), nameOf('1'), { ...large('1'), mode: 0o444 }, true);
  await staged.write(Buffer.alloc(5 * MIB, 1), false);
  await staged.flush();
  part('2', 5 * MIB, 1_000);
  const before = Date.now();
  staged.leave();
  const { mode, mtimeMs } = fs.statSync(path.join(root, nameOf('1')));
  expect([mode & 0o777, mtimeMs >= before - 1_000]).toEqual([0o600, true]);
  expect(fs.readdirSync(root)).toEqual([nameOf('1')]);
});

test('what has taken the name of a part is deleted when that is left', async () => {
  const staged = new StagedFile(own(root), nameOf('1'), large('1'), true);
  await staged.write(Buffer.alloc(5 * MIB, 1), false);
  fs.renameSync(path.join(root, nameOf('1')), path.join(root, 'moved'));
  part('1', 5 * MIB);
  staged.leave();
  expect(fs.readdirSync(root)).toEqual(['moved']);
});

test('a staged file that is no part is a new file', () => {
  fs.writeFileSync(path.join(root, 'staged'), 'x');
  expect(() => new StagedFile(own(root), 'staged', large('1'))).toThrow(expect.objectContaining({ code: 'EEXIST' }));
});

test('a part with a second name is not written to', async () => {
  fs.writeFileSync(path.join(root, 'theirs'), '0123');
  fs.linkSync(path.join(root, 'theirs'), path.join(root, nameOf('1')));
  const staged = new StagedFile(own(root), nameOf('1'), large('1'), true);
  await staged.write(Buffer.from('ab'), false);
  expect(fs.readFileSync(path.join(root, 'theirs'), 'utf8')).toBe('0123');
  staged.discard();
});

test.each<[it: string, size: number, more: string | null, isSound: boolean]>([
  ['with its length and hash is', 3, null, true],
  ['with its hash, but shorter than announced, is not', 4, null, false],
  ['after which more came is not', 3, 'd', false],
])('a content %s sound', async (_, size, more, isSound) => {
  const hash = createHash('sha256').update('abc').digest('hex');
  const staged = new StagedFile(own(root), 'staged', { ...large('1'), size, hash });
  await staged.write(Buffer.from('abc'), true);
  if (more !== null) await staged.write(Buffer.from(more), true);
  expect([staged.isSound(), staged.bytes]).toEqual([isSound, more === null ? 3 : size + 1]);
  staged.discard();
});

describe('a large content that comes', () => {
  /** A staged file that is written in pieces of 8 MiB, and its flushes, which last until they are ended. */
  function open() {
    const flushes: ((error: NodeJS.ErrnoException | null) => void)[] = [];
    vi.spyOn(fs, 'fdatasync').mockImplementation((_, done) => void flushes.push(done as (typeof flushes)[number]));
    onTestFinished(() => void vi.restoreAllMocks());
    const staged = new StagedFile(own(root), 'staged', large('1'));
    onTestFinished(() => staged.discard());
    const piece = Buffer.alloc(8 * MIB);
    /** Writes `n` pieces. @returns how many flushes have begun. */
    const write = async (n: number) => {
      for (let i = 0; i < n; i++) await staged.write(piece, false);
      return flushes.length;
    };
    return { staged, flushes, write };
  }

  test('is flushed in steps of 16 MiB, one at a time', async () => {
    const { flushes, write } = open();
    expect([await write(1), await write(1), await write(2)]).toEqual([0, 1, 1]);
    flushes[0]!(null);
    await turn();
    expect(await write(1)).toBe(2);
    flushes[1]!(null);
    await turn();
    expect([await write(1), await write(1)]).toEqual([2, 3]);
    flushes[2]!(null);
  });

  test('is not flushed in steps any more after one has failed, and is no good', async () => {
    const { staged, flushes, write } = open();
    expect(await write(2)).toBe(1);
    flushes[0]!(Object.assign(new Error('EIO'), { code: 'EIO' }));
    await turn();
    expect(await write(4)).toBe(1);
    await expect(staged.flush()).rejects.toThrow('EIO');
  });
});
