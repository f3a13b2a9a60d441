// SCENARIO 22: damage by a crash is distinguished from edits.
import type { Stats } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { RelPath } from '../../../src/core/path.js';
import { Snapshot } from '../../../src/core/snapshot.js';
import { type FileSignature, fileSignature } from '../../../src/disk/fs/signature.js';
import { Damage } from '../../../src/disk/scan/crash-damage.js';
import type { Crash } from '../../../src/disk/state/occupant.js';

const path = 'f' as RelPath;
const BOOTED = 5_000;

const stats = (size: number, mtimeMs: number, ctimeMs = mtimeMs): Stats =>
  ({ size, mtimeMs, ctimeMs, ino: 7, mode: 0o100644 }) as Stats;
const seen = (size: number, mtimeMs: number): FileSignature => fileSignature(stats(size, mtimeMs), 'before', mtimeMs);

const ofServer: Crash = { ofMachine: false };
const ofMachine: Crash = { ofMachine: true };

// biome-ignore format: a row is a line
const rows: [it: string, crash: Crash | null, before: FileSignature | null, now: Stats, damaged: boolean][] = [
  ['empty, of the same time', ofServer, seen(100, 1_000.1234567), stats(0, 1_000.123), true],
  ['short, of the same time', ofServer, seen(100, 1_000), stats(99, 1_000), true],
  ['short, of the same time, after a proper end', null, seen(100, 1_000), stats(99, 1_000), false],
  ['empty, of a later time', ofServer, seen(100, 1_000), stats(0, 1_001), false],
  ['short, of a later time', ofMachine, seen(100, 1_000), stats(99, 1_001), false],
  ['empty, touched before the machine came up', ofMachine, seen(100, 1_000), stats(0, 1_001), true],
  ['empty, touched after the machine came up', ofMachine, seen(100, 1_000), stats(0, 6_000), false],
  ['empty, its time set back by hand', ofMachine, seen(100, 1_000), stats(0, 900, 6_000), false],
  ['empty as ever', ofMachine, seen(0, 1_000), stats(0, 1_000), false],
  ['longer', ofMachine, seen(100, 1_000), stats(101, 1_000), false],
  ['never seen, empty, from before', ofMachine, null, stats(0, 1_000), true],
  ['never seen, empty, only the server crashed', ofServer, null, stats(0, 1_000), false],
  ['never seen, with content', ofMachine, null, stats(5, 1_000), false],
];

describe('SCENARIO 22: a file is damage', () => {
  test.each(rows)('%s', (_, crash, before, now, damaged) => {
    const damage = new Damage(crash, BOOTED);
    const snapshot = new Snapshot();
    damage.judge(path, before, now, 'after');
    snapshot.put(path, fileSignature(now, 'after', 0));
    expect(damage.remaining(snapshot)).toEqual(damaged ? [path] : []);
  });

  test('until it is restored or written by somebody, also over a restart', () => {
    const damage = new Damage(ofServer, BOOTED);
    const remembered = new Map<string, string | null>();
    damage.onChange = (at, hash) => void remembered.set(at, hash);
    damage.judge(path, seen(100, 1_000), stats(0, 1_000), 'after');
    expect(remembered.get(path)).toBe('after');
    const snapshot = new Snapshot();
    snapshot.put(path, seen(100, 1_000));
    expect(damage.remaining(snapshot)).toEqual([]);
    expect(remembered.get(path)).toBe(null);
    const later = new Damage(null);
    later.load(path, 'after');
    snapshot.put(path, fileSignature(stats(0, 1_000), 'after', 0));
    expect(later.remaining(snapshot)).toEqual([path]);
  });
});
