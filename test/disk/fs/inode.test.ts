// An open inode: what is set there, what is made durable, and that it is closed.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { holding, isSameInode, openReadable, setLinkTime, swapped } from '../../../src/disk/fs/inode.js';
import { microseconds } from '../../../src/disk/fs/signature.js';
import { makeRoot, put, removeRoot } from '../../support/trees.js';

let root: string;
beforeEach(() => {
  root = makeRoot('inode');
  put(root, { f: 'f', l: { link: 'f' }, d: {} });
  fs.chmodSync(at('f'), 0o644);
});
afterEach(() => removeRoot(root));

const at = (name: string) => path.join(root, name);
const mode = (name: string) => fs.lstatSync(at(name)).mode & 0o777;
const refuse = (call: 'openSync' | 'fsyncSync', code: string, isMeant: (absolute: unknown) => boolean = () => true) => {
  const real = fs[call] as (...args: unknown[]) => unknown;
  vi.spyOn(fs, call).mockImplementation(((...args: unknown[]) => {
    if (isMeant(args[0])) throw Object.assign(new Error(code), { code });
    return real(...args);
  }) as never);
};

test('two files are the same only with the same inode and device', () => {
  const one = { dev: 1, ino: 2 };
  const others = [one, { dev: 1, ino: 3 }, { dev: 2, ino: 2 }].map((other) => isSameInode(one, other));
  expect(others).toEqual([true, false, false]);
  expect(swapped('/f')).toMatchObject({ code: 'ESTALE' });
});

describe('the mode', () => {
  test('is set where it differs, and back', () => {
    const chmod = vi.spyOn(fs, 'chmodSync');
    holding(at('f'), (inode) => {
      inode.chmod(0o644);
      expect(chmod).not.toHaveBeenCalled();
      inode.chmod(0o600);
      expect([mode('f'), inode.now().mode & 0o777, inode.stats.mode & 0o777]).toEqual([0o600, 0o600, 0o644]);
      inode.chmod(0o600);
      expect(chmod).toHaveBeenCalledTimes(1);
      inode.chmod(0o644);
    });
    expect(mode('f')).toBe(0o644);
  });

  test('is that of the open file, whatever has its path by then', () => {
    holding(at('f'), (inode) => {
      fs.renameSync(at('f'), at('g'));
      put(root, { f: 'new' });
      inode.chmod(0o600);
    });
    expect([mode('f'), mode('g')]).toEqual([0o644, 0o600]);
  });
});

describe('the time', () => {
  test('is set where it differs', () => {
    const time = 1_700_000_000_000_000;
    holding(at('f'), (inode) => inode.setTime(time));
    expect(microseconds(fs.statSync(at('f')).mtimeMs)).toBe(time);
    const before = fs.statSync(at('f')).ctimeMs;
    holding(at('f'), (inode) => inode.setTime(time));
    expect(fs.statSync(at('f')).ctimeMs).toBe(before);
  });

  test('of a link is that of the link', () => {
    const time = 1_700_000_000_000_000;
    const before = fs.statSync(at('f')).mtimeMs;
    expect(microseconds(setLinkTime(at('l'), time).mtimeMs)).toBe(time);
    expect(microseconds(fs.lstatSync(at('l')).mtimeMs)).toBe(time);
    expect(fs.statSync(at('f')).mtimeMs).toBe(before);
    expect(() => setLinkTime(at('f'), time)).toThrow(expect.objectContaining({ code: 'ESTALE' }));
  });
});

describe.runIf(process.platform === 'linux')('a flush', () => {
  const isProc = (absolute: unknown) => String(absolute).startsWith('/proc/self/fd/');
  const flush = () => holding(at('f'), (inode) => inode.flush());

  test('reaches the open file, and closes what it opened', () => {
    const flushed: number[] = [];
    vi.spyOn(fs, 'fsyncSync').mockImplementation((fd) => void flushed.push(fs.fstatSync(fd).ino));
    const opened = vi.spyOn(fs, 'openSync');
    const closed = vi.spyOn(fs, 'closeSync');
    flush();
    expect(flushed).toEqual([fs.statSync(at('f')).ino]);
    const fds = (calls: unknown[]) => calls.map(Number).sort();
    expect(fds(closed.mock.calls.map(([fd]) => fd))).toEqual(fds(opened.mock.results.map(({ value }) => value)));
  });

  test('of what this user may not read is left to the system', () => {
    refuse('openSync', 'EACCES', isProc);
    expect(flush).not.toThrow();
  });

  test.each(['openSync', 'fsyncSync'] as const)('that fails is an error, and all is closed: %s', (call) => {
    refuse(call, 'EIO', call === 'openSync' ? isProc : () => true);
    const opened = vi.spyOn(fs, 'openSync');
    const closed = vi.spyOn(fs, 'closeSync');
    expect(flush).toThrow(expect.objectContaining({ code: 'EIO' }));
    expect(closed.mock.calls).toHaveLength(opened.mock.results.filter(({ type }) => type === 'return').length);
  });
});

describe('what is opened to be read', () => {
  test('is no link', () => {
    expect(() => openReadable(at('l'))).toThrow(expect.objectContaining({ code: 'ELOOP' }));
    const fd = openReadable(at('f'))!;
    expect(fs.readFileSync(fd, 'utf8')).toBe('f');
    fs.closeSync(fd);
  });

  test('is nothing where this user may not read it', () => {
    refuse('openSync', 'EACCES');
    expect(openReadable(at('f'))).toBeNull();
  });
});
