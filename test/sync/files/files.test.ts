// Uploads, downloads, renames and deletions through both servers and the typed client: what is refused before any
// content is sent, what arrives whole, what happens on the other side, and that nothing is left behind.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Client } from '../../../src/client/client.js';
import type { SyncError } from '../../../src/core/errors.js';
import { BothServers } from '../../support/both-servers.js';
import { CutWire } from '../../support/cut-wire.js';
import { putWhole, textOf, treeOf, until } from '../../support/programs.js';

let servers: BothServers;
let ann: Client;
let bob: Client;
let local: string;
beforeEach(async () => {
  servers = new BothServers();
  local = path.join(servers.directory, 'local');
  fs.mkdirSync(local);
  await servers.start();
  await servers.said('in-sync');
  const server = `127.0.0.1:${servers.port}`;
  ann = await Client.connect({ server, user: 'ann' });
  bob = await Client.connect({ server, user: 'bob' });
});
afterEach(async () => {
  ann.close();
  bob.close();
  await servers.close();
});

const here = (name: string) => path.join(local, name);
const write = (name: string, content: string | Buffer) => fs.writeFileSync(here(name), content);
const staged = () => [servers.a, servers.b].flatMap((root) => fs.readdirSync(path.join(root, '.lockstep/staging')));
const codeOf = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'done',
    (error: SyncError) => error.code,
  );

describe('a file', () => {
  test('is uploaded, downloaded, renamed and deleted, on both sides', async () => {
    write('plan.txt', 'the plan');
    fs.chmodSync(here('plan.txt'), 0o640);
    fs.utimesSync(here('plan.txt'), 1_700_000_000, 1_700_000_000);
    const uploaded = await ann.upload(here('plan.txt'), 'docs/deep/plan.txt');
    expect(uploaded).toMatchObject({ path: 'docs/deep/plan.txt', changed: true, created: true, size: 8 });
    await ann.flush();
    expect(treeOf(servers.b)).toEqual(treeOf(servers.a));
    await ann.download('docs/deep/plan.txt', here('out.txt'));
    const { mode, mtimeMs } = fs.statSync(here('out.txt'));
    expect([textOf(local, 'out.txt'), mode & 0o777, mtimeMs]).toEqual(['the plan', 0o640, 1_700_000_000_000]);

    expect(await ann.rename('docs', 'texts/old')).toMatchObject({ path: 'docs', to: 'texts/old', changed: true });
    await ann.flush();
    const moved = servers.events.find((said) => said.event === 'synced' && said.action === 'renamed');
    expect(moved).toMatchObject({ path: 'texts/old/deep/plan.txt', was: 'docs/deep/plan.txt', sent: 0 });
    expect(Object.keys(treeOf(servers.b))).toEqual(['texts', 'texts/old', 'texts/old/deep', 'texts/old/deep/plan.txt']);

    expect(await ann.remove(['texts'])).toMatchObject([{ changed: false, error: { code: 'usage' } }]);
    const removed = await ann.remove(['texts'], { recursive: true });
    expect(removed).toEqual([{ path: 'texts', changed: true, type: 'dir', files: 1, kept: false }]);
    await ann.flush();
    expect([treeOf(servers.a), treeOf(servers.b)]).toEqual([{}, {}]);
    const { versions } = await ann.versions('texts/old/deep/plan.txt');
    expect(versions).toMatchObject([{ reason: 'deleted' }, { reason: 'deleted' }]);
    expect(staged()).toEqual([]);
  });

  test('of any size is transferred, empty and large', async () => {
    for (const [name, content] of [
      ['empty', Buffer.alloc(0)],
      ['piece', Buffer.alloc(256 * 1024, 1)],
      ['large', Buffer.alloc(9_000_001, 'lockstep')],
    ] as const) {
      write(name, content);
      const seen: number[] = [];
      await ann.upload(here(name), name, { onProgress: ({ bytes }) => seen.push(bytes) });
      expect(seen.at(-1)).toBe(content.length);
      const parts: Buffer[] = [];
      for await (const part of ann.read(name)) parts.push(part);
      expect(Buffer.concat(parts).equals(content)).toBe(true);
      await ann.download({ path: name }, here(`${name}.out`));
      expect(fs.readFileSync(here(`${name}.out`)).equals(content)).toBe(true);
    }
  });

  test('is replaced with --overwrite, and the earlier content becomes a version', async () => {
    await ann.upload(streamOf('one'), 'x', { size: 3 });
    expect(await codeOf(ann.upload(streamOf('two'), 'x', { size: 3 }))).toBe('exists');
    expect(await ann.upload(streamOf('one'), 'x', { size: 3, overwrite: true })).toMatchObject({ changed: false });
    const replaced = await ann.upload(streamOf('two'), 'x', { size: 3, overwrite: true });
    expect(replaced).toMatchObject({ changed: true, created: false });
    await ann.upload(streamOf('three'), 'y', { size: 5 });
    expect(await codeOf(ann.rename('y', 'x'))).toBe('exists');
    expect(await ann.rename('y', 'x', { overwrite: true })).toMatchObject({ changed: true, replaced: true });
    await ann.flush();
    expect([textOf(servers.a, 'x'), textOf(servers.b, 'x'), textOf(servers.a, 'y')]).toEqual(['three', 'three', null]);
    expect((await ann.versions('x')).versions.length).toBeGreaterThanOrEqual(2);
  });

  test('is refused where it is not allowed, and nothing is changed', async () => {
    write('new', 'new');
    putWhole(servers.a, '.lockstepignore', 'ignored*\n');
    for (const name of ['there', 'dir/x', 'locked', 'ignored']) putWhole(servers.a, name, name);
    fs.symlinkSync('there', path.join(servers.a, 'link'));
    await ann.flush();
    await bob.lock(['locked', 'dir/x']);
    const before = treeOf(servers.a);
    const over = { overwrite: true };
    const refusals: [string, string, () => Promise<unknown>][] = [
      ['upload over a file', 'exists', () => ann.upload(here('new'), 'there')],
      ['upload over a directory', 'exists', () => ann.upload(here('new'), 'dir', over)],
      ['upload into a directory', 'locked', () => ann.upload(here('new'), 'dir', { name: 'x', ...over })],
      ['upload below a file', 'exists', () => ann.upload(here('new'), 'there/below')],
      ['upload over what is locked', 'locked', () => ann.upload(here('new'), 'locked', over)],
      ['upload of what is ignored', 'failed', () => ann.upload(here('new'), 'ignored2')],
      ['upload into our own', 'bad-params', () => ann.upload(here('new'), '.lockstep/archive.log')],
      ['upload to elsewhere', 'bad-params', () => ann.upload(here('new'), 'a/../../b')],
      ['upload of nothing', 'not-found', () => ann.upload(here('nothing'), 'n')],
      ['upload of a directory', 'usage', () => ann.upload(local, 'n')],
      ['a stream that is longer', 'failed', () => ann.upload(streamOf('four'), 'n', { size: 3 })],
      ['a stream that is shorter', 'failed', () => ann.upload(streamOf('two'), 'n', { size: 4 })],
      ['download of nothing', 'not-found', () => ann.download('zzz', here('zzz'))],
      ['download of a directory', 'usage', () => ann.download('dir', here('dir'))],
      ['download of a link', 'failed', () => ann.download('link', here('link'))],
      ['download of what is ignored', 'failed', () => ann.download('ignored', here('ignored'))],
      ['download over a file', 'exists', () => ann.download('there', here('new'))],
      ['rename over a file', 'exists', () => bob.rename('there', 'locked')],
      ['rename of what is locked', 'locked', () => ann.rename('locked', 'mine')],
      ['rename over what is locked', 'locked', () => ann.rename('there', 'locked', over)],
      ['rename over a directory', 'exists', () => bob.rename('there', 'dir', over)],
      ['rename of a directory over a file', 'exists', () => bob.rename('dir', 'there', over)],
      ['rename of a directory into itself', 'usage', () => bob.rename('dir', 'dir/sub')],
      ['rename of a directory with what is locked', 'locked', () => ann.rename('dir', 'other')],
      ['rename of nothing', 'not-found', () => ann.rename('zzz', 'y')],
    ];
    for (const [what, code, act] of refusals) expect([what, await codeOf(act())]).toEqual([what, code]);
    const deleted = await ann.remove(['locked', 'dir', 'zzz', 'there/'], { recursive: true }).catch((e) => e.code);
    expect(deleted).toBe('bad-params');
    expect(await ann.remove(['locked', 'dir', 'zzz'], { recursive: true })).toMatchObject([
      { error: { code: 'locked' } },
      { error: { code: 'locked' } },
      { error: { code: 'not-found' } },
    ]);
    expect(treeOf(servers.a)).toEqual(before);
    expect([staged(), fs.readdirSync(local).sort()]).toEqual([[], ['new']]);
  });
});

test('many files are put back at once into a directory that is gone, on a disk that flushes slowly', async () => {
  const names = ['one', 'two', 'three', 'four'];
  for (const name of names) write(name, name);
  for (const name of names) await ann.upload(here(name), `gone/deep/${name}`);
  await ann.flush();
  await ann.remove(['gone'], { recursive: true });
  await ann.flush();
  const fsync = fs.fsync;
  const slow = vi
    .spyOn(fs, 'fsync')
    .mockImplementation(((fd: number, done: fs.NoParamCallback) =>
      setTimeout(fsync, 60, fd, done)) as unknown as typeof fs.fsync);
  try {
    const restored = await Promise.all(
      names.map((name) => codeOf(ann.restore({ path: `gone/deep/${name}` }, { at: 1 }))),
    );
    expect(restored).toEqual(names.map(() => 'done'));
  } finally {
    slow.mockRestore();
  }
  await ann.flush();
  expect(treeOf(servers.b)).toEqual(treeOf(servers.a));
  expect(fs.readdirSync(path.join(servers.a, 'gone/deep')).toSorted()).toEqual(names.toSorted());
});

describe('what only side b has', () => {
  test('is downloaded, renamed and deleted there', async () => {
    await ann.pause();
    putWhole(servers.b, 'b1', 'only b');
    putWhole(servers.b, 'b2', 'gone soon');
    putWhole(servers.b, 'b3', 'replaced');
    await until(async () => (await ann.list()).entries.filter(({ on }) => on === 'b').length === 3);
    await ann.download('b1', here('b1'));
    expect(textOf(local, 'b1')).toBe('only b');
    expect(await codeOf(ann.upload(here('b1'), 'b2'))).toBe('exists');
    expect(await ann.rename('b1', 'new/b1')).toMatchObject({ changed: true });
    expect(await ann.remove(['b2'])).toMatchObject([{ changed: true }]);
    await ann.upload(here('b1'), 'b3', { overwrite: true });
    await ann.resume();
    await ann.flush();
    expect(treeOf(servers.a)).toEqual(treeOf(servers.b));
    expect(Object.keys(treeOf(servers.a))).toEqual(['b3', 'new', 'new/b1']);
    expect((await ann.versions('b3')).versions).toMatchObject([{ side: 'b' }]);
  });

  test('cannot be downloaded while server-b is disconnected; what side a has can', async () => {
    await ann.pause();
    putWhole(servers.a, 'a', 'a');
    putWhole(servers.b, 'b', 'b');
    await until(async () => (await ann.list()).entries.length === 2);
    await servers.stopB();
    await until(async () => (await ann.status()).state === 'peer-lost' || !(await ann.status()).peer.connected);
    const words = (act: Promise<unknown>) => act.then(String, (error: SyncError) => error.message);
    expect(await words(ann.download('b', here('b')))).toMatch(/only on side b, and server-b is away/);
    expect(await words(ann.rename('b', 'c'))).toMatch(/only on side b, and server-b is away/);
    await ann.download('a', here('a'));
    await ann.upload(here('a'), 'new/a2');
    expect(await ann.rename('a', 'a3')).toMatchObject({ changed: true });
    expect(await ann.remove(['a3'])).toMatchObject([{ changed: true }]);
    expect(Object.keys(treeOf(servers.a))).toEqual(['new', 'new/a2']);
  });
});

test('the holder of a lock on side b writes both sides at once', async () => {
  putWhole(servers.a, 'f', 'one');
  await ann.flush();
  await bob.lock(['f'], { side: 'b' });
  await bob.upload(streamOf('two'), 'f', { size: 3, overwrite: true });
  expect([textOf(servers.a, 'f'), textOf(servers.b, 'f')]).toEqual(['two', 'two']);
  await bob.remove(['f']);
  expect([textOf(servers.a, 'f'), textOf(servers.b, 'f')]).toEqual([null, null]);
});

test.each(['a', 'b'] as const)('a lock on side %s goes along with its file, and so does what is held', async (side) => {
  putWhole(servers.a, 'docs/f', 'one');
  await ann.flush();
  await bob.lock(['docs/f'], { side });
  putWhole(side === 'a' ? servers.b : servers.a, 'docs/f', 'held');
  await until(async () => (await ann.list()).entries[0]?.held === 1);
  expect(await bob.rename('docs', 'texts')).toMatchObject({ changed: true });
  expect((await ann.locks()).locks).toMatchObject([{ path: 'texts/f', owner: 'bob', side, held: 1 }]);
  await ann.flush();
  const files = () => [textOf(servers.a, 'texts/f'), textOf(servers.b, 'texts/f')];
  expect(files()).toEqual(side === 'a' ? ['one', 'held'] : ['held', 'one']);
  await bob.rename('texts/f', 'new/deep/g');
  expect(await bob.unlock(['new/deep/g'])).toMatchObject([{ path: 'new/deep/g', held: 1 }]);
  await ann.flush();
  expect(Object.keys(treeOf(servers.a))).toEqual(['new', 'new/deep', 'new/deep/g', 'texts']);
  expect([textOf(servers.a, 'new/deep/g'), textOf(servers.b, 'new/deep/g')]).toEqual(['held', 'held']);
});

test('of two renames of one file one succeeds, and the other gets not-found', async () => {
  putWhole(servers.a, 'f', 'one');
  await ann.flush();
  const codes = await Promise.all([codeOf(ann.rename('f', 'g')), codeOf(bob.rename('f', 'h'))]);
  expect(codes.sort()).toEqual(['done', 'not-found']);
});

test('a download is not affected when the file is replaced, renamed and deleted', async () => {
  const old = Buffer.alloc(8 << 20, 'old ');
  write('old', old);
  write('new', Buffer.alloc(1 << 20, 'new '));
  await ann.upload(here('old'), 'f');
  const parts: Buffer[] = [];
  for await (const part of ann.read('f')) {
    if (parts.length === 0) {
      await bob.upload(here('new'), 'f', { overwrite: true });
      await bob.rename('f', 'g');
      await bob.remove(['g']);
    }
    parts.push(part);
  }
  expect(Buffer.concat(parts).equals(old)).toBe(true);
});

/** Downloads `f` over a connection that is cut after so many bytes. @returns what is reported as kept. */
async function cutDownload(bytes: number): Promise<{ partial: string; bytes: number }> {
  const wire = await CutWire.open(() => servers.port);
  const client = await Client.connect({ server: `127.0.0.1:${wire.port}`, user: 'ann' });
  const held = wire.holdAfter(bytes);
  const cut = client.download('f', here('out')).catch((error: SyncError) => error);
  await held;
  wire.cut();
  const error = (await cut) as SyncError;
  expect(error.code).toBe('closed');
  return error.facts as { partial: string; bytes: number };
}

test('an interrupted download resumes; if the file changed, it starts again', async () => {
  const one = Buffer.alloc(8 << 20, 'one ');
  await ann.upload([one], 'f', { size: one.length });
  const kept = await cutDownload(5 << 20);
  expect(kept.bytes).toBeGreaterThan(1 << 20);
  expect(fs.statSync(kept.partial).size).toBe(kept.bytes);
  expect(fs.existsSync(here('out'))).toBe(false);
  expect(await ann.download('f', here('out'))).toMatchObject({ resumed: kept.bytes, size: one.length });
  expect(fs.readFileSync(here('out')).equals(one)).toBe(true);
  expect(fs.readdirSync(local)).toEqual(['out']);

  fs.rmSync(here('out'));
  await cutDownload(5 << 20);
  const two = Buffer.alloc(9 << 20, 'two ');
  await ann.upload([two], 'f', { size: two.length, overwrite: true });
  expect(await ann.download('f', here('out'))).toMatchObject({ resumed: 0, size: two.length });
  expect(fs.readFileSync(here('out')).equals(two)).toBe(true);
  expect(fs.readdirSync(local)).toEqual(['out']);
});

test('a download over an equal file can leave it alone; over another one it is refused', async () => {
  await ann.upload([Buffer.from('same')], 'f', { size: 4 });
  fs.writeFileSync(here('out'), 'same');
  const before = fs.statSync(here('out')).ino;
  expect(await ann.download('f', here('out'), { unlessSame: true })).toMatchObject({
    path: 'f',
    size: 4,
    changed: false,
  });
  expect(fs.statSync(here('out')).ino).toBe(before);
  for (const other of ['sama', 'same and more', 'sam', '']) {
    fs.writeFileSync(here('out'), other);
    expect(await codeOf(ann.download('f', here('out'), { unlessSame: true }))).toBe('exists');
    expect(fs.readFileSync(here('out'), 'utf8')).toBe(other);
  }
  const over = await ann.download('f', here('out'), { unlessSame: true, overwrite: true });
  expect([over.changed, fs.readFileSync(here('out'), 'utf8')]).toEqual([true, 'same']);
  expect(await ann.download('f', here('new'), { unlessSame: true })).toMatchObject({ changed: true });
});

test('a wrong partial file beside a destination costs a transfer, never a file', async () => {
  const one = Buffer.alloc(2 << 20, 'one ');
  const { hash } = (await ann.upload([one], 'f', { size: one.length })) as unknown as { hash: string };
  fs.writeFileSync(here(`out.${hash}.part`), Buffer.alloc(1 << 20, 'lie '));
  await ann.download('f', here('out'));
  expect(fs.readFileSync(here('out')).equals(one)).toBe(true);
  expect(fs.readdirSync(local)).toEqual(['out']);
});

test('a file that is being written is never read as a mix of two versions', async () => {
  const size = 8 << 20;
  fs.writeFileSync(path.join(servers.a, 'f'), Buffer.alloc(size, 1));
  let read = 0;
  const torn = (async () => {
    for await (const part of ann.read('f')) {
      if (read === 0) fs.writeFileSync(path.join(servers.a, 'f'), Buffer.alloc(size, 2), { flag: 'r+' });
      read += part.length;
    }
  })();
  expect(await codeOf(torn)).toBe('busy');
  expect(await codeOf(ann.download('f', here('f')))).toBe('done');
  expect(fs.readFileSync(here('f')).equals(Buffer.alloc(size, 2))).toBe(true);
});

test('a file whose time alone is set while it is read is the version that it was', async () => {
  const content = Buffer.alloc(8 << 20, 1);
  putWhole(servers.a, 'f', content.toString('latin1'));
  let bytes = 0;
  for await (const part of ann.read('f')) {
    if (bytes === 0) fs.utimesSync(path.join(servers.a, 'f'), 1, 1);
    bytes += part.length;
  }
  expect(bytes).toBe(content.length);
});

test('an abandoned upload leaves nothing behind', async () => {
  const giveUp = new AbortController();
  async function* endless() {
    yield Buffer.alloc(1 << 20);
    giveUp.abort();
    yield Buffer.alloc(1 << 20);
  }
  expect(await codeOf(ann.upload(endless(), 'f', { size: 1 << 30, signal: giveUp.signal }))).toBe('interrupted');
  await until(() => staged().length === 0);
  expect(treeOf(servers.a)).toEqual({});
  expect((await ann.list()).entries).toEqual([]);
});

async function* streamOf(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}
