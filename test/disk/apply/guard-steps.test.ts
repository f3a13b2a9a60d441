// The guard alone: what it asks the tree, what it does when a file changes between two of its steps, and its limits.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import type { Entry } from '../../../src/core/entry.js';
import type { RelPath } from '../../../src/core/path.js';
import type { Snapshot } from '../../../src/core/snapshot.js';
import { Guard } from '../../../src/disk/apply/guard.js';
import { GuardRecords } from '../../../src/disk/apply/guard-records.js';
import { fileSignature } from '../../../src/disk/fs/signature.js';
import { SealedFile } from '../../../src/disk/state/sealed-file.js';
import { silent } from '../../../src/log.js';
import type { ScanResult } from '../../../src/replica.js';
import { dir, file, link, p } from '../../support/disk-site.js';
import { makeRoot, put, removeRoot } from '../../support/trees.js';

let root: string;
let guard: Guard;
/** What the tree knows, and what it was told. */
let known: Map<RelPath, Entry>;
let told: string[];

const at = (name: string) => path.join(root, name);
const mode = (name: string) => (fs.statSync(at(name)).mode & 0o777).toString(8);
const stats = (name: string) => fs.lstatSync(at(name));
const stored = () => path.join(root, 'guarded.json');
const recorded = (): string[] => JSON.parse(fs.readFileSync(stored(), 'utf8')).modes.map(([name]: string[]) => name);

beforeEach(() => {
  root = makeRoot('guard-steps');
  put(root, { f: 'f', x: 'x', d: { g: 'g' } });
  known = new Map();
  told = [];
  const tree = {
    snapshot: { get: (path: RelPath) => known.get(path) ?? null } as unknown as Snapshot,
    wrote: (path: RelPath) => void told.push(`wrote ${path}`),
    markDirty: (paths: Iterable<RelPath>) => void told.push(`dirty ${[...paths].join()}`),
  };
  guard = new Guard(root, new GuardRecords(new SealedFile(stored()), null), tree, silent);
});
afterEach(() => removeRoot(root));

const scanned = (more: Partial<ScanResult>): void =>
  guard.scanned({ entries: [], whole: false, halt: null, unknown: [], ...more } as unknown as ScanResult);
const applied = (change: Partial<Change> & { path: RelPath }): void =>
  guard.applied([{ action: 'modified', before: null, after: null, ...change }]);

/** Calls `act` once, after the first look at `name`. */
function afterLookAt(name: string, act: () => void): void {
  const real = fs.lstatSync;
  let isDone = false;
  vi.spyOn(fs, 'lstatSync').mockImplementation(((absolute: string, ...more: []) => {
    const found = real(absolute, ...more);
    if (!isDone && absolute.endsWith(`/${name}`)) {
      isDone = true;
      act();
    }
    return found;
  }) as typeof fs.lstatSync);
}

/** Calls `act` once, when the records have just been saved. */
function afterSave(act: () => void): void {
  const real = fs.renameSync;
  vi.spyOn(fs, 'renameSync').mockImplementationOnce((from, to) => {
    real(from, to);
    act();
  });
}

function swap(): void {
  fs.renameSync(at('f'), at('f0'));
  fs.writeFileSync(at('f'), 'new');
}

describe('the tree', () => {
  test.each<[it: string, entry: () => Entry | null, told: string]>([
    ['is told what was written where it knows the file as it is', () => signature('f'), 'wrote f'],
    ['scans a file again that it knows as it was', () => ({ ...signature('f'), size: 7 }), 'dirty f'],
    ['scans a file again that it does not know', () => null, 'dirty f'],
    ['scans a file again where it knows a directory', () => dir(), 'dirty f'],
  ])('%s', (_, entry, expected) => {
    const before = entry();
    if (before !== null) known.set(p('f'), before);
    guard.set([p('f')], true);
    expect(told).toEqual([expected]);
  });
});

const signature = (name: string) => fileSignature(stats(name) as never, '0'.repeat(64), Date.now());

describe('the mode that is reported', () => {
  const as = (name: string, more: object) => Object.assign(stats(name), more);
  const MODE = 0o100000;

  test.each<[it: string, path: string, more: object, mode: number]>([
    ['of the guarded file is the one before', 'f', {}, 0o644],
    ['of the guarded file that got another mode is that one', 'f', { mode: MODE | 0o600 }, 0o600],
    ['of the file under another name is the one before', 'moved', {}, 0o644],
    ['of the file under another name and with another mode is that one', 'moved', { mode: MODE | 0o600 }, 0o600],
    ['of another file that got its inode number is its own', 'moved', { birthtimeMs: 1 }, 0o444],
  ])('%s', (_, name, more, expected) => {
    guard.set([p('f')], true);
    expect(guard.reported(p(name), as('f', more))).toBe(expected);
  });
});

describe('only regular files are guarded', () => {
  test('and not what has a path to guard', () => {
    fs.symlinkSync('f', at('l'));
    guard.set([p('d'), p('l'), p('missing')], true);
    expect([mode('d'), mode('f'), fs.existsSync(stored())]).toEqual(['755', '644', false]);
  });

  test('a file that comes to a path to guard is guarded, also as the first one', () => {
    guard.set([p('new')], true);
    fs.writeFileSync(at('new'), 'new');
    applied({ path: p('new'), after: file('new') });
    expect([mode('new'), recorded()]).toEqual(['444', ['new']]);
  });
});

describe('between two steps', () => {
  test.each([
    ['is replaced', swap, { f: '644', f0: '644' }],
    ['gets another mode', () => fs.chmodSync(at('f'), 0o600), { f: '600' }],
    ['is removed', () => fs.renameSync(at('f'), at('f0')), { f0: '644' }],
  ])('a file that %s once its mode is recorded keeps its bits', (_, act, modes) => {
    afterSave(act);
    guard.set([p('f')], true);
    expect(Object.fromEntries(Object.keys(modes).map((name) => [name, mode(name)]))).toEqual(modes);
  });

  test('a file that is replaced before its bits are restored keeps its record until it is found', () => {
    guard.set([p('f')], true);
    const { ino } = stats('f');
    afterLookAt('f', swap);
    guard.set([p('f')], false);
    expect([mode('f'), mode('f0'), recorded()]).toEqual(['644', '444', ['f']]);
    scanned({ entries: [{ path: p('f0'), entry: { ...file('f'), ino } as Entry }] });
    expect(mode('f0')).toBe('644');
  });

  test('a file that got its bits back and is then removed has no record any more', () => {
    guard.set([p('f')], true);
    fs.chmodSync(at('f'), 0o644);
    afterLookAt('f', () => fs.rmSync(at('f')));
    guard.set([p('f')], false);
    expect(recorded()).toEqual([]);
  });
});

describe('the end of one guard', () => {
  test('leaves the others as they are, also with a mode that somebody set', () => {
    guard.set([p('f'), p('d/g')], true);
    fs.chmodSync(at('f'), 0o600);
    guard.set([p('d/g')], false);
    expect([mode('f'), mode('d/g'), recorded()]).toEqual(['600', '644', ['f']]);
  });
});

describe('after a change', () => {
  test.each<[it: string, after: Entry | null]>([
    ['that deletes it', null],
    ['that puts a link in its place', link('x')],
    ['that puts a directory in its place', dir()],
  ])('%s a file has no record', (_, after) => {
    guard.set([p('f'), p('d/g')], true);
    fs.rmSync(at('f'));
    applied({ path: p('f'), after });
    expect(recorded()).toEqual(['d/g']);
  });

  test('a file that was moved and made read-only stays so', () => {
    guard.set([p('f')], true);
    fs.renameSync(at('f'), at('f2'));
    applied({ path: p('f2'), after: file('f', { mode: 0o444 }), from: { path: p('f'), entry: file('f') } });
    expect([mode('f2'), recorded()]).toEqual(['444', []]);
  });

  test('a copy of a guarded file, at a path to guard, has the mode before', () => {
    guard.set([p('f'), p('copy')], true);
    fs.renameSync(at('f'), at('old'));
    fs.copyFileSync(at('old'), at('copy'));
    fs.writeFileSync(at('f'), 'new');
    applied({ path: p('f'), after: file('new'), conflictCopy: p('copy') });
    expect([mode('f'), mode('copy'), recorded().sort()]).toEqual(['444', '444', ['copy', 'f']]);
    guard.clear();
    expect([mode('f'), mode('copy'), recorded()]).toEqual(['644', '644', []]);
  });

  test('bits that could not be restored before are restored under the new name', () => {
    guard.set([p('f')], true);
    const broken = vi.spyOn(fs, 'chmodSync').mockImplementation(() => {
      throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    });
    guard.set([p('f')], false);
    expect([mode('f'), recorded()]).toEqual(['444', ['f']]);
    broken.mockRestore();
    fs.mkdirSync(at('e'));
    fs.renameSync(at('f'), at('e/f'));
    applied({ path: p('e'), after: dir(), from: { path: p('f'), entry: dir() } });
    expect(recorded()).toEqual(['e']);
    applied({ path: p('e/f'), after: link('x'), from: { path: p('e'), entry: link('x') } });
    expect([mode('e/f'), recorded()]).toEqual(['644', []]);
  });
});

describe('after a scan', () => {
  beforeEach(() => guard.set([p('d/g')], true));

  test.each<[it: string, act: () => void, more: Partial<ScanResult>, isLeft: boolean]>([
    ['of everything', () => fs.rmSync(at('d/g')), { whole: true }, false],
    ['that found no loss', () => fs.rmSync(at('d/g')), {}, true],
    ['that found a loss', () => fs.rmSync(at('d/g')), { entries: losses() }, false],
    ['whose root is doubtful', () => fs.rmSync(at('d/g')), { whole: true, halt: {} as never }, true],
    ['that found a file for its directory', fileForDirectory, { whole: true }, false],
    ['that found it still there', () => {}, { whole: true }, true],
    ['that does not know yet that it is gone', tooEarly, { whole: true }, true],
    ['when it cannot be told whether it is there', unreadable, { whole: true }, true],
  ])('%s the record of what is gone goes, or stays', (_, act, more, isLeft) => {
    act();
    scanned(more);
    expect(recorded()).toEqual(isLeft ? ['d/g'] : []);
  });

  function losses(): ScanResult['entries'] {
    return [
      { path: p('y'), entry: file('y') },
      { path: p('z'), entry: null },
    ];
  }
  function fileForDirectory(): void {
    fs.rmSync(at('d'), { recursive: true });
    fs.writeFileSync(at('d'), 'x');
  }
  function tooEarly(): void {
    fs.rmSync(at('d/g'));
    known.set(p('d/g'), file('g'));
  }
  function unreadable(): void {
    fs.rmSync(at('d/g'));
    const real = fs.lstatSync;
    vi.spyOn(fs, 'lstatSync').mockImplementation(((absolute: string, ...more: []) => {
      if (absolute.endsWith('/g')) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
      return real(absolute, ...more);
    }) as typeof fs.lstatSync);
  }

  test('another file with the inode number of a guarded one keeps its mode', () => {
    const { ino } = stats('d/g');
    fs.rmSync(at('d/g'));
    fs.chmodSync(at('x'), 0o444);
    scanned({ entries: [{ path: p('x'), entry: { ...file('x'), ino } as Entry }] });
    expect(mode('x')).toBe('444');
  });
});

describe('paths to guard', () => {
  const MOST = (64 << 20) - 64;
  // The system would read the whole name before it refuses it.
  beforeEach(() => {
    vi.spyOn(fs, 'lstatSync').mockImplementation((() => {
      throw Object.assign(new Error('ENAMETOOLONG'), { code: 'ENAMETOOLONG' });
    }) as typeof fs.lstatSync);
  });

  test('take 64 MiB of memory at most', () => {
    guard.set([p('x'.repeat(MOST))], true);
    guard.clear();
    expect(() => guard.set([p('x'.repeat(MOST + 1))], true)).toThrow(expect.objectContaining({ code: 'too-large' }));
    guard.set([p('x'.repeat(MOST))], true);
    expect(() => guard.set([p('f')], true)).toThrow(expect.objectContaining({ code: 'too-large' }));
  });

  test('count once, however often they are named', () => {
    const half = p('x'.repeat(MOST >> 1));
    guard.set([half, half, half], true);
    guard.set([p('y'), p('z'.repeat(1_000))], false);
    guard.set([p('y'.repeat(MOST - half.length - 64))], true);
    expect(() => guard.set([p('f')], true)).toThrow(expect.objectContaining({ code: 'too-large' }));
  });
});
