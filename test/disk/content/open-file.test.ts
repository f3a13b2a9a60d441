// A file held open for a reader: one version, whatever becomes of its name, and never a mixture of two.
import fs from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import type { FileEntry } from '../../../src/core/entry.js';
import type { SyncError } from '../../../src/core/errors.js';
import { OpenContent } from '../../../src/disk/content/open-file.js';
import { whileChanging } from '../../support/changing.js';
import { DiskSite, file, p } from '../../support/disk-site.js';
import { put, type Tree } from '../../support/trees.js';

const PIECE = 256 << 10;
const LARGE = Buffer.alloc(2 * PIECE + 5, 'large ');

const open = (site: DiskSite, name = 'f') => OpenContent.open(site.root, site.scanner, p(name));
const codeOf = (act: Promise<unknown>) =>
  act.then(
    () => 'done',
    (error: SyncError) => error.code,
  );

async function read(opened: OpenContent | null, from = 0, keep = false): Promise<{ text: string; pieces: number[] }> {
  const parts: Buffer[] = [];
  const pieces: number[] = [];
  for await (const { data, release } of opened!.pieces(from)) {
    parts.push(Buffer.from(data));
    pieces.push(data.length);
    if (!keep) release();
  }
  return { text: Buffer.concat(parts).toString(), pieces };
}

/** How many files and directories this process has open in a root: others may be closed meanwhile. */
const openFiles = ({ root }: DiskSite) =>
  fs.readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(root);
    } catch {
      return false; // the directory that was read
    }
  }).length;

describe('what cannot be opened', () => {
  test.each([
    ['ENOENT', 'null'],
    ['ENOTDIR', 'null'],
    ['ELOOP', 'null'],
    ['ENXIO', 'null'],
    ['EISDIR', 'null'],
    ['EACCES', 'failed'],
    ['EIO', 'failed'],
  ])('is nothing, or a failure: %s', async (code, expected) => {
    const site = await DiskSite.open({ f: 'f' });
    const { openSync } = fs;
    vi.spyOn(fs, 'openSync').mockImplementation((...args) => {
      if (String(args[0]).endsWith('/f')) throw Object.assign(new Error(code), { code });
      return openSync(...args);
    });
    const opened = open(site).then(String, (error: SyncError) => error.code);
    expect(await opened).toBe(expected);
    expect(site.openFiles()).toEqual([]);
  });
});

describe('a file that was not scanned', () => {
  test('is read again where it was written meanwhile, and is busy where that never ends', async () => {
    const site = await DiskSite.open();
    put(site.root, { f: LARGE });
    let turns = 0;
    const twice = () => {
      if (turns++ < 2) fs.appendFileSync(site.at('f'), '.');
    };
    const opened = await whileChanging(twice, () => open(site));
    expect((await read(opened)).text).toBe(`${LARGE}..`);
    opened!.close();
    const always = () => fs.appendFileSync(site.at('f'), '.');
    expect(await whileChanging(always, () => codeOf(open(site)))).toBe('busy');
  });
});

describe('a scanned file', () => {
  test('is opened as it was scanned, and read from any byte on', async () => {
    const site = await DiskSite.open({ f: LARGE });
    const opened = await open(site);
    expect(opened!.file).toEqual(site.seen('f'));
    expect(await read(opened)).toEqual({ text: LARGE.toString(), pieces: [PIECE, PIECE, 5] });
    expect(await read(opened, PIECE + 1)).toEqual({ text: LARGE.subarray(PIECE + 1).toString(), pieces: [PIECE, 4] });
    expect(await read(opened, LARGE.length)).toEqual({ text: '', pieces: [] });
    expect(await read(opened, 0, true)).toMatchObject({ text: LARGE.toString() });
    opened!.close();
  });

  test.each([1, PIECE, 2 * PIECE])('of %i bytes that is written to before it is read is busy', async (bytes) => {
    const site = await DiskSite.open({ f: LARGE.subarray(0, bytes) });
    const opened = await open(site);
    fs.writeFileSync(site.at('f'), Buffer.alloc(bytes, 'other'));
    expect(await codeOf(read(opened))).toBe('busy');
    opened!.close();
  });

  test('that is empty has no bytes', async () => {
    const opened = await open(await DiskSite.open({ f: '' }));
    expect([opened!.file.size, (await read(opened)).pieces]).toEqual([0, []]);
    opened!.close();
  });

  test('reuses released memory, and no other', async () => {
    const opened = await open(await DiskSite.open({ f: LARGE }));
    const buffers = new Set<ArrayBufferLike>();
    for await (const { data, release } of opened!.pieces(0)) {
      buffers.add(data.buffer);
      release();
    }
    expect(buffers.size).toBe(1);
    const kept = new Set<ArrayBufferLike>();
    for await (const { data } of opened!.pieces(0)) kept.add(data.buffer);
    expect(kept.size).toBe(3);
    opened!.close();
  });

  test.each<[it: string, act: (site: DiskSite) => void]>([
    ['removed', (site) => fs.rmSync(site.at('f'))],
    [
      'replaced',
      (site) => {
        put(site.root, { g: 'other' });
        fs.renameSync(site.at('g'), site.at('f'));
      },
    ],
  ])('%s meanwhile is read to its end', async (_, act) => {
    const site = await DiskSite.open({ f: LARGE });
    const opened = await open(site);
    act(site);
    expect((await read(opened)).text).toBe(LARGE.toString());
    opened!.close();
  });

  test('whose time was set meanwhile is read to its end', async () => {
    const site = await DiskSite.open({ f: LARGE });
    const opened = await open(site);
    fs.utimesSync(site.at('f'), 5, 5);
    expect((await read(opened)).text).toBe(LARGE.toString());
    opened!.close();
  });

  test.each<[it: string, act: (path: string) => void]>([
    [
      'written into',
      (path) =>
        fs.writeFileSync(
          path,
          LARGE.map((byte) => byte ^ 1),
        ),
    ],
    ['cut', (path) => fs.truncateSync(path, 10)],
    ['cut within the last piece', (path) => fs.truncateSync(path, LARGE.length - 1)],
    ['longer', (path) => fs.appendFileSync(path, 'x')],
  ])('%s meanwhile is refused, at the latest at its end', async (_, act) => {
    const site = await DiskSite.open({ f: LARGE });
    const opened = await open(site);
    let bytes = 0;
    const reading = async () => {
      for await (const { data } of opened!.pieces(0)) {
        if (bytes === 0) act(site.at('f'));
        bytes += data.length;
      }
    };
    const outcome = await codeOf(reading());
    // Appended data does not change what was scanned.
    if (outcome === 'done') expect(fs.readFileSync(site.at('f')).subarray(0, LARGE.length).equals(LARGE)).toBe(true);
    else expect([outcome, bytes < LARGE.length]).toEqual(['busy', true]);
    opened!.close();
  });
});

describe('a file that was not scanned', () => {
  test('is hashed first', async () => {
    const site = await DiskSite.open({});
    put(site.root, { f: LARGE });
    fs.chmodSync(site.at('f'), 0o640);
    fs.utimesSync(site.at('f'), 1_700_000_000, 1_700_000_000);
    const opened = await open(site);
    expect(opened!.file).toEqual({ ...file(LARGE), mode: 0o640, mtime: 1_700_000_000_000_000 } satisfies FileEntry);
    expect((await read(opened)).text).toBe(LARGE.toString());
    opened!.close();
  });

  test('or has changed since is hashed as well', async () => {
    const site = await DiskSite.open({ f: 'old' });
    put(site.root, { f: 'newer' });
    const opened = await open(site);
    expect([opened!.file.hash, opened!.file.size]).toEqual([file('newer').hash, 5]);
    opened!.close();
  });
});

describe('what is no file is not opened', () => {
  test.each<[it: string, tree: Tree, name: string]>([
    ['nothing', {}, 'f'],
    ['a directory', { f: {} }, 'f'],
    ['a link to a file', { g: 'x', f: { link: 'g' } }, 'f'],
    ['what lies below a file', { f: 'x' }, 'f/g'],
    ['what lies below a link', { d: { g: 'x' }, f: { link: 'd' } }, 'f/g'],
    ['what lies below nothing', {}, 'd/f'],
  ])('%s', async (_, tree, name) => {
    const site = await DiskSite.open(tree);
    const before = openFiles(site);
    expect(await open(site, name)).toBe(null);
    expect(openFiles(site)).toBe(before);
  });
});

test('the descriptor is open until close', async () => {
  const site = await DiskSite.open({ f: 'x' });
  const before = openFiles(site);
  const opened = await open(site);
  expect(openFiles(site)).toBe(before + 1);
  opened!.close();
  expect(openFiles(site)).toBe(before);
});

test('a root that is gone is said to be', async () => {
  const site = await DiskSite.open({ f: 'x' });
  const before = openFiles(site);
  fs.renameSync(site.root, `${site.root}-away`);
  const refused: unknown = await open(site).catch((error: unknown) => error);
  fs.renameSync(`${site.root}-away`, site.root);
  expect(refused).toMatchObject({
    code: 'failed',
    message: '"f" cannot be read: the directory of side a cannot be opened: it is gone.',
    advice: ['See: ', { do: 'status' }],
  });
  expect(openFiles(site)).toBe(before);
});
