// What the checks of `lockstep doctor` say of what they are given: file systems, room, watches, ports, versions, clocks.
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { clockFindings } from '../../../src/cli/doctor/clocks.js';
import { fileSystemFindings, spaceFinding } from '../../../src/cli/doctor/file-system.js';
import type { Finding } from '../../../src/cli/doctor/finding.js';
import { watchFindings } from '../../../src/cli/doctor/inotify.js';
import { isCaseBlind, type Mount, mountOf, mountsBelow, readMounts } from '../../../src/cli/doctor/mounts.js';
import { placesOf } from '../../../src/cli/doctor/places.js';
import { portFinding } from '../../../src/cli/doctor/port.js';
import { configFindings, secretFindings } from '../../../src/cli/doctor/secrets.js';
import { walkTree } from '../../../src/cli/doctor/tree.js';
import { nodeFinding, versionFindings } from '../../../src/cli/doctor/versions.js';

/** In the directory of the run, which is removed at its end. */
const temporaryDirectory = () => fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-doctor-')));

type Room = ReturnType<NonNullable<Parameters<typeof spaceFinding>[2]>>;
type Watching = NonNullable<Parameters<typeof watchFindings>[1]>;

const texts = (findings: readonly Finding[]) => findings.map(({ level, message }) => `${level} ${message}`);

describe('the file system', () => {
  const dir = temporaryDirectory();
  const on = (type: string, isReadOnly = false): Mount[] => [{ at: '/', type, isReadOnly }];

  it.each<[type: string, level: Finding['level'], words: RegExp]>([
    ['ext4', 'ok', /is on ext4\.$/],
    ['btrfs', 'ok', /is on btrfs\.$/],
    ['nfs4', 'warn', /over a network/],
    ['cifs', 'warn', /over a network/],
    ['fuse.sshfs', 'warn', /over a network/],
    ['9p', 'warn', /shared with another system/],
    ['vboxsf', 'warn', /shared with another system/],
    ['vfat', 'warn', /no hard links/],
    ['exfat', 'warn', /no hard links/],
    ['fuse.encfs', 'warn', /served by a program/],
    ['fuseblk', 'ok', /is on fuseblk/],
    ['tmpfs', 'warn', /in memory/],
  ])('%s', (type, level, words) => {
    const [found] = fileSystemFindings(dir, on(type));
    expect(found).toMatchObject({ level, check: 'file-system', message: expect.stringMatching(words) });
    expect(found!.hint === '').toBe(level === 'ok');
  });

  it('that is read-only is wrong, whatever it is', () => {
    expect(fileSystemFindings(dir, on('ext4', true))[0]).toMatchObject({
      level: 'wrong',
      hint: 'Mount it with write access: mount -o remount,rw /',
    });
  });

  it('that the system does not name is none to complain of', () => {
    expect(texts(fileSystemFindings(dir, []))).toEqual([`ok The file system of "${dir}" is not known here.`]);
  });

  it('below the root is left out', () => {
    const below = { at: path.join(dir, 'usb'), type: 'vfat', isReadOnly: false };
    expect(texts(fileSystemFindings(dir, [...on('ext4'), below]))[1]).toContain(`mounted at "${below.at}"`);
  });

  it('has names that differ only in case', () => {
    fs.writeFileSync(path.join(dir, 'Plan.txt'), '');
    expect(isCaseBlind(dir)).toBe(process.platform !== 'linux');
  });
});

describe('mounts', () => {
  const text = [
    '22 1 0:21 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
    '30 22 0:30 / /mnt/with\\040blank rw - nfs4 nas:/art rw,vers=4.2',
    '31 30 8:1 / /mnt/with\\040blank/usb ro,nosuid - vfat /dev/sdb1 rw',
    '32 22 8:2 / /srv rw - xfs /dev/sdc1 ro',
    '33 22 8:3 / /srv rw - btrfs /dev/sdd1 rw',
    'nonsense',
  ].join('\n');
  const file = path.join(temporaryDirectory(), 'mountinfo');
  fs.writeFileSync(file, text);
  const mounts = readMounts(file);

  it('are none where the system does not tell', () => expect(readMounts('/nowhere')).toEqual([]));

  it.each([
    ['/home/anna', '/', 'ext4', false],
    ['/mnt/with blank/a', '/mnt/with blank', 'nfs4', false],
    ['/mnt/with blank/usb', '/mnt/with blank/usb', 'vfat', true],
    ['/srv/x', '/srv', 'btrfs', false],
    ['/srvx', '/', 'ext4', false],
  ])('%s is on the one that is nearest, the latest', (directory, at, type, isReadOnly) => {
    expect(mountOf(mounts, directory)).toEqual({ at, type, isReadOnly });
  });

  it('are found below a directory', () => {
    expect(mountsBelow(mounts, '/mnt/with blank')).toEqual(['/mnt/with blank/usb']);
    expect(mountsBelow(mounts, '/home')).toEqual([]);
  });
});

describe('room', () => {
  const GB = 1 << 30;
  const room = (bytes: number, inodes = 1e6): (() => Room) => {
    return () => ({ bsize: 4096, bavail: bytes / 4096, blocks: (100 * GB) / 4096, files: 1e6, ffree: inodes });
  };
  it.each<[string, () => Room, Finding['level'], string]>([
    ['enough', room(50 * GB), 'ok', '50.00 GB are free in "/x".'],
    ['little', room(GB / 2), 'warn', 'Only 512.00 MB are free in "/x".'],
    ['none', room(4096), 'wrong', 'Only 4.00 KB are free in "/x".'],
    ['few inodes', room(50 * GB, 5_000), 'warn', 'Only 5000 of 1000000 inodes are free in "/x".'],
    ['no inodes', room(50 * GB, 0), 'wrong', 'Only 0 inodes are free in "/x".'],
    ['no number of inodes', () => ({ ...room(50 * GB)(), files: 0, ffree: 0 }), 'ok', '50.00 GB are free in "/x".'],
  ])('%s', (_, statfs, level, message) => {
    const found = spaceFinding('/x', 'lockstep versions --prune', statfs);
    expect([found.level, found.message]).toEqual([level, message]);
    expect(found.hint.includes('lockstep versions --prune')).toBe(level !== 'ok');
  });
});

describe('watches', () => {
  const limits: Watching = { maxWatches: 8192, maxInstances: 128, usedWatches: 192, usedInstances: 10 };
  it.each<[string, number, Watching | null, string[]]>([
    ['where there is no inotify', 9_000, null, []],
    ['enough', 1, limits, ['ok 1 directory to watch; 8000 of 8192 inotify watches are free.']],
    ['all', 8_000, limits, ['ok 8000 directories to watch; 8000 of 8192 inotify watches are free.']],
    ['one too few', 8_001, limits, ['warn 8001 directories to watch, and 8000 of 8192']],
    ['no instance left', 1, { ...limits, usedInstances: 127 }, ['ok 1 directory', 'warn 127 of 128 inotify instances']],
  ])('%s', (_, needed, watching, expected) => {
    const found = texts(watchFindings(needed, watching));
    expect(found).toHaveLength(expected.length);
    for (const [n, text] of expected.entries()) expect(found[n]).toContain(text);
  });

  it('advise a number that is enough', () => {
    const [found] = watchFindings(700_000, limits);
    expect(found!.hint).toContain('sudo sysctl fs.inotify.max_user_watches=2097152');
  });
});

describe('a port', () => {
  const wanted = { by: 'server-a', otherwise: 'Choose another one with --port.' };

  it('that is free', async () => {
    const port = await new Promise<number>((resolve) => {
      const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as net.AddressInfo;
        server.close(() => resolve(port));
      });
    });
    expect(await portFinding({ ...wanted, port, isNeeded: true })).toMatchObject({ level: 'ok' });
  });

  it.each([
    [true, 'wrong'],
    [false, 'warn'],
  ])('that is taken names who has it (needed: %s)', async (isNeeded, level) => {
    const server = net.createServer();
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const found = await portFinding({ ...wanted, port, isNeeded });
    expect(found).toMatchObject({ level, hint: wanted.otherwise });
    const who = process.platform === 'linux' ? ` by process ${process.pid} (` : '';
    expect(found.message).toContain(`Port ${port}, which server-a uses, is taken${who}`);
  });
});

describe('versions', () => {
  it.each([
    ['18.20.0', 'wrong'],
    ['20.18.3', 'wrong'],
    ['20.19.0', 'ok'],
    ['24.1.0', 'ok'],
  ])('of Node: %s', (node, level) => expect(nodeFinding(node).level).toBe(level));

  const of = (a: string, b: string | null) => ({ servers: { a: { version: a }, b: { version: b, aheadMs: 0 } } });
  it.each<[string, Parameters<typeof versionFindings>[0], string[]]>([
    ['the same', of('1.0.0', '1.0.0'), []],
    ['server-b is away', { servers: { a: { version: '1.0.0' }, b: null } }, []],
    ['another a', of('0.9.0', '1.0.0'), ['warn This program is of version 1.0.0, server-a "0.9.0".']],
    ['another b', of('1.0.0', '0.9.0'), ['warn This program is of version 1.0.0, server-b "0.9.0".']],
    ['an old b', of('1.0.0', null), ['warn This program is of version 1.0.0, server-b an earlier one.']],
    ['an old a', {}, ['warn Server-a is of an earlier version than this program, 1.0.0.']],
  ])('of the servers: %s', (_, status, expected) => {
    expect(texts(versionFindings(status, '1.0.0'))).toEqual(expected);
  });
});

describe('clocks', () => {
  it.each<[aheadMs: number | null, string[]]>([
    [null, []],
    [-40, ['ok The clocks of the two sides agree (to 0.0 s).']],
    [5_300, ['warn The clock of side a is 5.3 s behind that of side b']],
    [-61_000, ['wrong The clock of side b is 61.0 s behind that of side a']],
  ])('side b is %s ms ahead', (aheadMs, expected) => {
    const found = texts(clockFindings({ servers: { a: { version: '1' }, b: { version: '1', aheadMs } } }));
    expect(found.map((text, n) => text.slice(0, expected[n]!.length))).toEqual(expected);
  });
});

describe('secrets', () => {
  const env = () => ({ XDG_CONFIG_HOME: temporaryDirectory() });
  const put = (file: string, content: string, mode: number) => {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    fs.writeFileSync(file, content);
    fs.chmodSync(file, mode);
  };
  const digits = `${'ab'.repeat(32)}\n`;

  it.each<[string, string, number, Finding['level'], RegExp]>([
    ['one of its own', digits, 0o600, 'ok', /is yours alone/],
    ['one that others read', digits, 0o640, 'wrong', /others than its owner may use it \(mode 0640\)/],
    ['one that is none', 'abc', 0o600, 'wrong', /is not 64 hexadecimal digits/],
  ])('%s', (_, content, mode, level, words) => {
    const file = path.join(temporaryDirectory(), 'secret');
    put(file, content, mode);
    const [found] = secretFindings({ ...env(), LOCKSTEP_A_SECRET_FILE: file });
    expect(found).toMatchObject({ level, message: expect.stringMatching(words) });
  });

  it('and the usual directory of keys', () => {
    const home = env();
    const keys = path.join(home.XDG_CONFIG_HOME, 'lockstep', 'keys');
    expect(secretFindings(home)).toEqual([]);
    put(path.join(keys, 'anna.key'), `anna:user:${digits}`, 0o600);
    expect(texts(secretFindings(home))).toEqual([`ok 1 key in "${keys}".`]);
    fs.chmodSync(path.join(keys, 'anna.key'), 0o644);
    expect(secretFindings(home)[0]).toMatchObject({ level: 'wrong', hint: expect.stringContaining('chmod 600') });
    fs.chmodSync(keys, 0o777);
    expect(texts(secretFindings(home))).toEqual([`wrong Others can add keys to "${keys}" (mode 0777).`]);
  });

  it('and the file of pairs, which names commands', () => {
    const home = env();
    const file = path.join(home.XDG_CONFIG_HOME, 'lockstep', 'config.toml');
    expect(configFindings(home)).toEqual([]);
    put(file, '[pairs.x]\ndir = "/a"\nother = "/b"\n', 0o600);
    expect(texts(configFindings(home))).toEqual([`ok 1 pair in ${file}.`]);
    put(file, '[pairs.x]\ndir = \n', 0o600);
    expect(texts(configFindings(home))[0]).toContain(`wrong ${file}, line 2: `);
    fs.chmodSync(file, 0o666);
    expect(configFindings(home)[0]).toMatchObject({
      level: 'wrong',
      hint: `Make it yours alone with: chmod 600 ${file}`,
    });
  });
});

describe('a tree', () => {
  it('is counted as it is watched, and what is odd in it is noted', () => {
    const root = temporaryDirectory();
    const put = (name: string) => {
      fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      fs.writeFileSync(path.join(root, name), '');
    };
    for (const name of ['a.txt', 'deep/er/b.odt', 'deep/er/.~lock.b.odt#', 'build/x', '.lockstep/y']) put(name);
    fs.writeFileSync(path.join(root, '.lockstepignore'), 'build/\n');
    fs.symlinkSync(path.join(root, 'deep'), path.join(root, 'link'));
    const now = Date.now();
    fs.utimesSync(path.join(root, 'a.txt'), 0, now / 1000 + 3600);
    expect(walkTree(root, [], now)).toEqual({
      directories: 3,
      files: 3,
      future: { count: 1, example: path.join(root, 'a.txt') },
      unreadable: { count: 0, example: '' },
      withOwnerFiles: ['deep/er'],
      isWhole: true,
    });
    expect(walkTree(root, ['deep'], now).directories).toBe(1);
  });
});

describe('the directories that are looked at', () => {
  const home = { XDG_CONFIG_HOME: temporaryDirectory() };
  const file = path.join(home.XDG_CONFIG_HOME, 'lockstep', 'config.toml');
  const root = temporaryDirectory();
  fs.mkdirSync(path.join(root, '.lockstep'));
  fs.mkdirSync(path.join(root, 'deep'));
  fs.writeFileSync(path.join(root, '.lockstep', 'identity.json'), '{}');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `[pairs.art]\ndir = "${root}"\nother = "office:art"\n[pairs.two]\ndir = "/x"\nother = "/y"\n`);
  const asked = (cwd: string, pair?: string, ...directories: string[]) => placesOf({ directories, pair, cwd }, home);
  const shown = ({ directories, elsewhere, pairs }: ReturnType<typeof asked>) => [
    directories,
    elsewhere,
    pairs.map(([name]) => name),
  ];

  it.each<[string, ReturnType<typeof asked>, unknown[]]>([
    ['those that are named', asked('/w', undefined, 'n', '/m'), [['/w/n', '/m'], [], []]],
    ['those of the pair that one is in', asked(path.join(root, 'deep')), [[root], ['office:art'], ['art']]],
    ['those of a pair', asked('/w', 'two'), [['/x', '/y'], [], ['two']]],
    ['those of all pairs', asked('/w'), [[root, '/x', '/y'], ['office:art'], ['art', 'two']]],
  ])('%s', (_, places, expected) => expect(shown(places)).toEqual(expected));

  it('cannot be named twice, nor by a pair that there is not', () => {
    expect(() => asked('/w', 'two', 'x')).toThrow('both say where to look');
    expect(() => asked('/w', 'no')).toThrow('There is no pair no.');
  });
});
