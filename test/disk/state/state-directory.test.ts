import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openStateDirectory, type StateDirectory } from '../../../src/disk/state/state-directory.js';
import { compiled, run } from '../../support/compiled.js';
import { until } from '../../support/sayings.js';
import { sized } from '../../support/sizes.js';
import { makeRoot, put, removeRoot } from '../../support/trees.js';

let root: string;
const opened: StateDirectory[] = [];
beforeEach(() => {
  root = makeRoot('state');
});
afterEach(() => {
  for (const state of opened.splice(0)) state.release();
  removeRoot(root);
});

function open(): StateDirectory {
  const state = openStateDirectory(root);
  opened.push(state);
  return state;
}

function reopen(): StateDirectory {
  for (const state of opened.splice(0)) state.release();
  return open();
}

const own = (...names: string[]) => path.join(root, '.lockstep', ...names);
const occupant = () => JSON.parse(fs.readFileSync(own('server.json'), 'utf8'));

describe('the state directory', () => {
  test('is not left behind by a server that could not start, unless it was there before', () => {
    const first = openStateDirectory(root);
    first.discard();
    first.release();
    expect(fs.readdirSync(root)).toEqual([]);
    open();
    const again = reopen();
    again.discard();
    opened.pop()!.release();
    expect(fs.readdirSync(root)).toEqual(['.lockstep']);
    expect(fs.existsSync(own('server.json'))).toBe(false);
  });

  test('is all that Lockstep creates in a root', () => {
    const state = open();
    expect(fs.readdirSync(root)).toEqual(['.lockstep']);
    expect(fs.readdirSync(state.path).sort()).toEqual([
      'README.txt',
      'held',
      'identity.json',
      'log',
      'server.json',
      'staging',
      'versions',
      'watermarks',
    ]);
    expect(fs.readFileSync(own('README.txt'), 'utf8')).toMatch(/belongs to Lockstep/);
    expect(fs.statSync(state.path).mode & 0o777).toBe(0o700);
    expect([state.staging.path, state.held.path, state.versions.path]).toEqual([
      own('staging'),
      own('held'),
      own('versions'),
    ]);
  });

  test('has no trace of a server that ended', () => {
    open();
    reopen().release();
    expect(fs.readdirSync(own()).sort()).toEqual([
      'README.txt',
      'held',
      'identity.json',
      'log',
      'staging',
      'versions',
      'watermarks',
    ]);
  });

  test('keeps its identity, and each root has its own', () => {
    const { id } = open();
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(reopen().id).toBe(id);
    const other = makeRoot('state');
    onTestFinished(() => removeRoot(other));
    const second = openStateDirectory(other);
    second.release();
    expect(second.id).not.toBe(id);
  });

  test.each([
    ['empty', ''],
    ['torn', '{"format":1,"id":"01'],
    ['of a later version', '{"format":2,"id":"01234567-89ab-cdef-0123-456789abcdef"}'],
    ['with an id that is none', '{"format":1,"id":"../../etc/passwd"}'],
    ['null', 'null'],
  ])('sets an identity aside that is %s, and is another root from then on', (_, content) => {
    const { id } = open();
    fs.writeFileSync(own('identity.json'), content);
    const again = reopen().id;
    expect(again).not.toBe(id);
    const aside = fs.readdirSync(own()).filter((name) => name.startsWith('identity.json.damaged-'));
    expect(aside.map((name) => fs.readFileSync(own(name), 'utf8'))).toEqual([content]);
    expect(reopen().id).toBe(again);
  });

  test('takes another id when it is renewed, and keeps it', () => {
    const state = open();
    const { id } = state;
    expect(state.isNew).toBe(true);
    state.renew();
    expect(state.id).not.toBe(id);
    const again = reopen();
    expect([again.id, again.isNew]).toEqual([state.id, false]);
  });

  test('deleted as a whole, makes the root another one', () => {
    const { id } = open();
    for (const state of opened.splice(0)) state.release();
    fs.rmSync(own(), { recursive: true });
    expect(open().id).not.toBe(id);
  });

  test('deletes what was staged, and nothing else', () => {
    open();
    put(own(), { staging: { '1-1': 'half', deeper: { x: 'y' } }, held: { a: 'kept' }, versions: { b: 'kept' } });
    fs.writeFileSync(own('README.txt'), 'noted by hand');
    reopen();
    expect(fs.readdirSync(own('staging'))).toEqual([]);
    expect([fs.readFileSync(own('held', 'a'), 'utf8'), fs.readFileSync(own('versions', 'b'), 'utf8')]).toEqual([
      'kept',
      'kept',
    ]);
    expect(fs.readFileSync(own('README.txt'), 'utf8')).toBe('noted by hand');
  });

  test.each(['.lockstep', '.lockstep/staging', '.lockstep/held', '.lockstep/versions', '.lockstep/log'])(
    'replaces a link at %s, and touches nothing behind it',
    (name) => {
      const outside = makeRoot('outside');
      onTestFinished(() => removeRoot(outside));
      put(outside, { staging: { keep: 'me' }, keep: 'me' });
      fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      fs.symlinkSync(outside, path.join(root, name));
      open();
      expect(fs.lstatSync(path.join(root, name)).isDirectory()).toBe(true);
      expect(fs.readdirSync(outside).sort()).toEqual(['keep', 'staging']);
      expect(fs.readdirSync(path.join(outside, 'staging'))).toEqual(['keep']);
    },
  );

  test('is refused with a message where it cannot be made', () => {
    fs.writeFileSync(path.join(root, '.lockstep'), 'a file');
    expect(() => open()).toThrow(/cannot be written/);
  });

  test('is given up where it cannot be opened, so that the next try finds no server', () => {
    vi.spyOn(fs, 'readdirSync').mockImplementationOnce(() => {
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    });
    expect(() => open()).toThrow(/cannot be written/);
    expect(fs.existsSync(own('server.json'))).toBe(false);
    open();
  });
});

describe('one server for each root', () => {
  let code: string;
  beforeAll(() => {
    code = compiled(['disk/state/state-directory']);
  });
  afterAll(() => removeRoot(code));
  const server = `
    import { openStateDirectory } from './disk/state/state-directory.js';
    try {
      openStateDirectory(process.argv[2]);
      console.log('open');
      setInterval(() => {}, 1000);
    } catch (error) {
      console.log(error.code + ' ' + error.message);
      setInterval(() => {}, 1000);
    }
  `;

  test('refuses a second, in this process and in another', async () => {
    open();
    expect(() => openStateDirectory(root)).toThrow(new RegExp(`process ${process.pid}\\) already serves`));
    const line = await run(code, server, [root]).said(() => true);
    expect(line).toBe(`usage Another server (process ${process.pid}) already serves ${root}.`);
    expect(fs.readdirSync(own()).filter((name) => name.startsWith('server.json'))).toEqual(['server.json']);
  });

  test('is not taken over from a process that runs, which hears nothing of it', async () => {
    const hearing = ['SIGHUP', 'SIGUSR2'].map((signal) => `process.on('${signal}', console.log);`).join('\n');
    const child = run(code, hearing + server, [root]);
    await child.said((line) => line === 'open');
    expect(() => open()).toThrow(/already serves/);
    // Signals are heard in the order of their numbers: what was sent before is heard before.
    child.process.kill('SIGUSR2');
    await child.said((line) => line.startsWith('SIGUSR2'));
    expect(child.lines).toHaveLength(2);
  });

  test('is taken over from a process that was killed', async () => {
    const child = run(code, server, [root]);
    expect(await child.said(() => true)).toBe('open');
    expect(() => open()).toThrow(/already serves/);
    await child.kill();
    open();
    expect(occupant().pid).toBe(process.pid);
  });

  test('tells how the server before ended', () => {
    expect(open().crash).toBeNull();
    expect(reopen().crash).toBeNull();
    const before = occupant();
    const leave = (more: object) => {
      for (const state of opened.splice(0)) state.release();
      fs.writeFileSync(own('server.json'), JSON.stringify({ ...before, started: '1', ...more }));
      return open().crash;
    };
    expect(leave({})).toEqual({ ofMachine: false });
    expect(leave({ boot: 'another' })).toEqual({ ofMachine: true });
    expect(leave({ boot: undefined })).toEqual({ ofMachine: true });
  });

  test.runIf(process.platform === 'linux')('is taken over from a zombie process', async () => {
    // The child ends only when its parent is a program that never waits for one: a shell might still reap it.
    const parent = spawn('sh', ['-c', 'read line <&3 & echo $!; exec sleep 1000'], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    });
    onTestFinished(() => void parent.kill());
    const pid = Number(
      await new Promise<string>((resolve) => parent.stdout!.once('data', (data) => resolve(`${data}`))),
    );
    await until(() => fs.readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n');
    (parent.stdio[3] as Writable).end();
    await until(() => / Z /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8')));
    const started = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[19];
    fs.mkdirSync(own());
    fs.writeFileSync(own('server.json'), JSON.stringify({ pid, host: os.hostname(), started }));
    expect(() => open()).not.toThrow();
  });

  test('is taken over where another process has the id of the dead one', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    onTestFinished(() => void other.kill('SIGKILL'));
    reopen().release();
    fs.writeFileSync(own('server.json'), JSON.stringify({ pid: other.pid, host: os.hostname(), started: '12' }));
    open();
    expect(occupant().pid).toBe(process.pid);
  });

  test.each(['1', ''])('is taken over from a process that is gone, and began at %j', (started) => {
    reopen().release();
    fs.writeFileSync(own('server.json'), JSON.stringify({ pid: 2 ** 22 + 1, host: os.hostname(), started }));
    open();
    expect(occupant().pid).toBe(process.pid);
  });

  test('is taken over from an earlier process with the same id', () => {
    reopen().release();
    fs.writeFileSync(own('server.json'), JSON.stringify({ pid: process.pid, host: os.hostname(), started: '12' }));
    open();
    expect(occupant().started).not.toBe('12');
  });

  test('is not taken over from another machine', () => {
    reopen().release();
    fs.writeFileSync(own('server.json'), JSON.stringify({ pid: 1, host: 'elsewhere', started: '1' }));
    expect(() => open()).toThrow(/process 1 on elsewhere/);
  });

  test.each(['', '{"pid":', '{"pid":"x"}', 'null', '[]'])(
    'takes no notice of a claim that says nothing: %j',
    (content) => {
      reopen().release();
      fs.writeFileSync(own('server.json'), content);
      open();
      expect(occupant().pid).toBe(process.pid);
    },
  );

  /** As on a file system without hard links. */
  const withoutLinks = `
    import fs from 'node:fs';
    fs.linkSync = () => { throw Object.assign(new Error('EPERM'), { code: 'EPERM' }); };
  `;

  test.each([['host'], ['started'], ['pid']])('is not given up for a server with another %s', (field) => {
    const state = openStateDirectory(root);
    const other = JSON.stringify({ ...occupant(), [field]: field === 'pid' ? 1 : 'other' });
    fs.writeFileSync(own('server.json'), other);
    state.release();
    expect(fs.readFileSync(own('server.json'), 'utf8')).toBe(other);
  });

  test('has one server also without hard links, and is released', async () => {
    vi.spyOn(fs, 'linkSync').mockImplementation(() => {
      throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    });
    const state = open();
    expect(() => openStateDirectory(root)).toThrow(/already serves/);
    expect(occupant().pid).toBe(process.pid);
    state.release();
    expect(fs.existsSync(own('server.json'))).toBe(false);
  });

  test('without hard links, tries again where its claim was removed, and fails where the disk refuses it', async () => {
    vi.spyOn(fs, 'linkSync').mockImplementation(() => {
      throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    });
    const { writeFileSync } = fs;
    let times = 0;
    vi.spyOn(fs, 'writeFileSync').mockImplementation((...args) => {
      writeFileSync(...args);
      if (!String(args[0]).endsWith('server.json')) return;
      if (times++ === 0) fs.unlinkSync(String(args[0]));
      if (times > 2) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    });
    const state = open();
    expect([occupant().pid, times]).toEqual([process.pid, 2]);
    state.release();
    expect(() => openStateDirectory(root)).toThrow(/the disk is full/);
  });

  test.each([
    ['', ''],
    [', without hard links', withoutLinks],
  ])('exactly one of many that start at once over a dead one gets it%s', async (_, before) => {
    reopen().release();
    for (let round = 0; round < sized(1, 10); round++) {
      fs.writeFileSync(own('server.json'), JSON.stringify({ pid: 2 ** 22 + 1, host: os.hostname(), started: '1' }));
      const children = Array.from({ length: 6 }, () => run(code, before + server, [root]));
      const lines = await Promise.all(children.map((child) => child.said(() => true)));
      expect(lines.filter((line) => line === 'open')).toHaveLength(1);
      expect(lines.filter((line) => line.startsWith('usage'))).toHaveLength(5);
      await Promise.all(children.map((child) => child.kill()));
    }
  });
});

test.runIf(process.platform === 'linux')('a state directory that is released has no file open', () => {
  const state = openStateDirectory(root);
  const open = () =>
    fs.readdirSync('/proc/self/fd').filter((fd) => {
      try {
        const target = fs.readlinkSync(`/proc/self/fd/${fd}`);
        return target.startsWith(`${root}/`) && fs.statSync(`/proc/self/fd/${fd}`).isFile();
      } catch {
        return false; // the directory that was read here is closed by now
      }
    });
  expect(open()).not.toEqual([]);
  state.release();
  expect(open()).toEqual([]);
});
