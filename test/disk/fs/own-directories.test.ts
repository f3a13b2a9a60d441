// SCENARIO 42: somebody removes one of Lockstep's own directories, or replaces it. It is made again and that is
// reported, at its next use or soon; nothing outside the root is changed.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HeldFiles } from '../../../src/disk/apply/held-files.js';
import { OwnDirectory, OwnDirectoryError } from '../../../src/disk/fs/own-directory.js';
import { LocalReplica } from '../../../src/disk/local-replica.js';
import { Staging } from '../../../src/disk/staging/staging.js';
import { openRoot } from '../../../src/disk/state/root.js';
import { openStateDirectory, type StateDirectory } from '../../../src/disk/state/state-directory.js';
import { type Logger, silent } from '../../../src/log.js';
import { file, p, stream } from '../../support/disk-site.js';
import { makeRoot, put, removeRoot } from '../../support/trees.js';

let root: string;
let outside: string;
let away: string;
let state: StateDirectory;
let replica: LocalReplica;
let warnings: string[];

beforeEach(async () => {
  root = makeRoot('own');
  outside = makeRoot('outside');
  away = makeRoot('away');
  put(outside, { precious: 'yes', staging: { keep: 'me' }, held: {}, versions: {}, d: {} });
  put(root, { f: 'old', d: { g: 'old' } });
  start();
  await replica.scan('everything');
});
afterEach(async () => {
  await stop();
  removeRoot(root);
  removeRoot(outside);
  removeRoot(away);
});

function start(): void {
  warnings = [];
  const log: Logger = { ...silent, warn: (message) => void warnings.push(message) };
  const opened = openRoot(root);
  state = openStateDirectory(opened.path, log);
  replica = new LocalReplica({ root: opened, state, ignore: [], log });
}

async function stop(): Promise<void> {
  await replica.close();
  state.release();
}

const own = (name: string) => path.join(root, '.lockstep', name);

/** Replaces the content of `name` in the root. @returns the outcome. */
async function replace(name: string, content: string): Promise<string> {
  const before = replica.scanner.snapshot.get(p(name));
  const change = { path: p(name), action: 'modified' as const, before, after: file(content) };
  for await (const { outcome } of replica.apply([change], stream([content]))) {
    return outcome.kind === 'problem' ? `${outcome.code}: ${outcome.message}` : outcome.kind;
  }
  return 'nothing';
}

const hold = () => {
  const held = new HeldFiles(state.held, new Staging(state.staging), replica.versions);
  return held.save(p('d/g'), 1, file('new'), stream(['new']));
};

const HOWS: readonly (readonly [string, (at: string) => void])[] = [
  ['removed', (at) => fs.rmSync(at, { recursive: true })],
  ['a plain file', (at) => replaceBy(at, () => fs.writeFileSync(at, 'mine'))],
  ['a link to outside', (at) => replaceBy(at, () => fs.symlinkSync(path.join(outside, path.basename(at)), at))],
  ['a link to nowhere', (at) => replaceBy(at, () => fs.symlinkSync('/nowhere', at))],
  ['moved away and another one', (at) => replaceBy(at, () => fs.mkdirSync(at, 0o700))],
];

function replaceBy(at: string, by: () => void): void {
  fs.renameSync(at, path.join(away, path.basename(at)));
  by();
}

const cells = ['staging', 'versions', 'held'].flatMap((name) =>
  HOWS.map(([how, damage]) => [name, how, damage] as const),
);

function expectSound(name: string): void {
  expect(fs.lstatSync(own(name)).isDirectory()).toBe(true);
  expect(fs.statSync(own(name)).mode & 0o077).toBe(0);
  const tree = fs.readdirSync(outside, { recursive: true, encoding: 'utf8' }).sort();
  expect(tree).toEqual(['d', 'held', 'precious', 'staging', 'staging/keep', 'versions']);
}

describe.each(cells)('%s %s', (name, how, damage) => {
  const isSaid = how !== 'moved away and another one';

  test('while the server runs: its next use makes it again and reports that', async () => {
    damage(own(name));
    expect(await replace('f', 'new')).toBe('done');
    expect(await replace('d/g', 'newer')).toBe('done');
    expect(await hold()).toBe('d/g (held 1)');
    expectSound(name);
    if (isSaid) expect(warnings).toContainEqual(expect.stringContaining(own(name)));
    const scan = await replica.scan('hinted');
    if (isSaid) expect(scan.problems.map((problem) => problem.path)).toContain(`.lockstep/${name}`);
    expect(scan.halt).toBeNull();
  });

  test('while the server runs and does not use it: it is made again all the same', async () => {
    damage(own(name));
    await state.keep(() => true);
    expectSound(name);
    if (isSaid) expect(warnings).toContainEqual(expect.stringContaining(own(name)));
  });

  test('before the start', async () => {
    await stop();
    damage(own(name));
    start();
    await replica.scan('everything');
    expect(await replace('f', 'new')).toBe('done');
    expectSound(name);
    if (isSaid) expect(warnings).toContainEqual(expect.stringContaining(own(name)));
  });
});

describe('all of .lockstep', () => {
  test.each([
    ['removed', (at: string) => fs.rmSync(at, { recursive: true })],
    ['a link to outside', (at: string) => replaceBy(at, () => fs.symlinkSync(outside, at))],
  ])('%s while it runs is made again from memory, under the same id', async (_, damage) => {
    const { id } = state;
    damage(own(''));
    const scan = await replica.scan('everything');
    expect(scan.halt).toBeNull();
    expect(scan.problems.map((problem) => problem.path)).toEqual(
      expect.arrayContaining(
        ['staging', 'held', 'versions', 'server.json', 'identity.json', 'watermarks', 'seen.log'].map(
          (name) => `.lockstep/${name}`,
        ),
      ),
    );
    expect(await replace('f', 'new')).toBe('done');
    expect(fs.readdirSync(outside).sort()).toEqual(['d', 'held', 'precious', 'staging', 'versions']);
    expect(() => openStateDirectory(root)).toThrow(/already serves/);
    await stop();
    start();
    expect([state.id, warnings, replica.lostMemory]).toEqual([id, [], false]);
    expect(replica.scanner.snapshot.files).toBe(2);
  });

  test('removed with the files of the root: it is another root, and nothing is made in it', async () => {
    for (const name of fs.readdirSync(root)) fs.rmSync(path.join(root, name), { recursive: true });
    put(root, { other: 'project' });
    const scan = await replica.scan('everything');
    expect(scan.halt?.code).toBe('root-replaced');
    expect(fs.readdirSync(root)).toEqual(['other']);
  });

  test('replaced by a file: a problem, until the file is gone', async () => {
    replaceBy(own(''), () => fs.writeFileSync(own(''), 'mine'));
    await replica.scan('everything');
    expect((await replica.scan('everything')).problems).toContainEqual(
      expect.objectContaining({
        message: expect.stringMatching(/own directory .*something else stands where .*\.lockstep is to be/),
      }),
    );
    fs.rmSync(own(''));
    await replica.scan('everything');
    expect(await replace('f', 'new')).toBe('done');
    const { problems } = await replica.scan('everything');
    expect(problems.filter(({ code }) => code !== 'state-damaged')).toEqual([]);
  });
});

describe('a state file', () => {
  const names = ['seen.log', 'versions.log', 'identity.json', 'watermarks', 'server.json', 'README.txt'];

  test.each(names)('%s that is removed or emptied while the server runs is written again', async (name) => {
    for (const damage of [() => fs.rmSync(own(name)), () => fs.truncateSync(own(name), 0)]) {
      if (name === 'README.txt' && fs.existsSync(own(name))) fs.rmSync(own(name));
      else damage();
      await state.keep(() => true);
      expect(fs.statSync(own(name)).size).toBeGreaterThan(0);
      if (name !== 'README.txt') {
        expect(warnings).toEqual([expect.stringContaining(own(name))]);
        expect((await replica.scan('hinted')).problems).toContainEqual(
          expect.objectContaining({ path: `.lockstep/${name}`, code: 'state-damaged' }),
        );
      }
      warnings.length = 0;
    }
    await stop();
    start();
    expect([warnings, replica.lostMemory]).toEqual([[], false]);
  });
});

describe('a directory that may not be written in', () => {
  const reported: string[] = [];
  const opened = () => {
    reported.length = 0;
    const one = new OwnDirectory(root, 'mine', {
      note: (name, code, text) => void reported.push(`${name} ${code} ${text}`),
    });
    one.ensure();
    fs.mkdirSync(path.join(root, 'mine/below'));
    return one;
  };
  const refuse = (times: number) => {
    const { accessSync } = fs;
    let left = times;
    vi.spyOn(fs, 'accessSync').mockImplementation((...args) => {
      if (left-- > 0) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
      accessSync(...args);
    });
  };
  const mode = (name: string) => fs.statSync(path.join(root, name)).mode & 0o777;

  test.each([
    ['', 'x', 'mine', 'mine/below'],
    ['below', 'below/x', 'mine/below', 'mine'],
  ])('%s is made writable again where it was not, and that is reported', (below, name, changed, other) => {
    const one = opened();
    for (const directory of ['mine', 'mine/below']) fs.chmodSync(path.join(root, directory), 0o555);
    refuse(1);
    let calls = 0;
    const used = one.use(name, (absolute) => {
      if (calls++ === 0) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
      return path.basename(absolute);
    });
    expect([used, calls, mode(changed) & 0o200, mode(other) & 0o200]).toEqual(['x', 2, 0o200, 0]);
    const words = below === '' ? 'was made' : `has ${below}, which was made`;
    expect(reported).toEqual([expect.stringMatching(new RegExp(`${words} read-only`))]);
    fs.chmodSync(path.join(root, 'mine'), 0o755);
    one.close();
  });

  test('is told where it is writable after all, or stays as it is', () => {
    const one = opened();
    const refused = () => {
      throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
    };
    expect(() => one.use('x', refused)).toThrow(expect.objectContaining({ code: 'EACCES' }));
    refuse(2);
    expect(() => one.use('x', refused)).toThrow(OwnDirectoryError);
    expect(reported).toEqual([]);
    one.close();
  });

  test('is made writable before it is used', () => {
    const one = opened();
    fs.chmodSync(path.join(root, 'mine'), 0o555);
    refuse(2);
    one.ensure();
    expect([mode('mine') & 0o200, reported.length]).toEqual([0o200, 1]);
    one.close();
  });
});
