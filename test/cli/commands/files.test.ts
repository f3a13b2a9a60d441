// The four commands about whole files, against a server that is an object: how words become a request, and what is said.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { UploadOptions } from '../../../src/client/upload.js';
import { SyncError } from '../../../src/core/errors.js';
import { closedError } from '../../../src/wire/frame/errors.js';
import { fakeApi, memory, run } from '../fake-context.js';

async function ran(args: readonly string[], paths = ['a.txt', 'docs/b.txt']) {
  const calls: unknown[] = [];
  const done = await run([...args], { api: fakeApi(paths, calls), shown: memory(paths) });
  return { ...done, calls };
}

const plain = { overwrite: false };

describe('where an upload goes', () => {
  it.each([
    [['/tmp/x.png'], 'x.png', plain],
    [['x.png', 'docs/'], 'docs/x.png', plain],
    [['x.png', './'], 'x.png', plain],
    [['x.png', '.'], 'x.png', plain],
    [['x.png', 'docs'], 'docs', { name: 'x.png', ...plain }],
    [['x.png', './y.png', '--overwrite'], 'y.png', { name: 'x.png', overwrite: true }],
  ])('upload %j: %s', async (words, path, options) => {
    const { code, calls } = await ran(['upload', ...words]);
    expect(code).toBe(0);
    expect(calls).toEqual([['upload', words[0], path, options]]);
  });

  it('says what became of it', async () => {
    expect((await ran(['upload', 'x.png', 'docs/'])).out).toBe('Uploaded x.png as docs/x.png (3 B).\n');
    expect((await ran(['upload', 'a.txt', '--overwrite'])).out).toMatch(/what was there before is among the versions/);
    expect(await ran(['upload', 'a.txt'])).toMatchObject({
      code: 5,
      err: '"a.txt" exists already. Add --overwrite.\n',
    });
    expect(await ran(['upload', '..'])).toMatchObject({ code: 2 });
    expect(await ran(['upload', ''])).toMatchObject({ code: 2, err: expect.stringMatching(/^The name .* is empty\./) });
    expect(await ran(['upload', 'x', ''])).toMatchObject({ code: 2, err: expect.stringContaining('it is empty') });
    expect(await ran(['upload', 'x', '../y'])).toMatchObject({ code: 2 });
    const { out } = await ran(['--json', 'upload', 'x']);
    expect(JSON.parse(out)).toMatchObject({ path: 'x', changed: true, created: true });
  });
});

describe('download', () => {
  it('goes into the present directory unless told otherwise', async () => {
    expect((await ran(['download', '1'])).calls).toEqual([['download', { path: 'docs/b.txt' }, '.', plain]]);
    const { calls, out } = await ran(['download', 'a.txt', 'here.txt', '--overwrite']);
    expect(calls).toEqual([['download', { path: 'a.txt' }, 'here.txt', { overwrite: true }]]);
    expect(out).toBe('Downloaded a.txt to here.txt (3 B).\n');
  });

  it('goes to no empty name', async () => {
    const { code, err, calls } = await ran(['download', 'a.txt', '']);
    expect({ code, calls }).toEqual({ code: 2, calls: [] });
    expect(err).toMatch(/^The destination of the download is empty\. /);
  });

  it('never takes another file for a number whose file is gone', async () => {
    const shown = memory(['gone.txt', 'a.txt']);
    const { code, err } = await run(['download', '0'], { api: fakeApi(['a.txt']), shown });
    expect(code).toBe(4);
    expect(err).toMatch(/^Number 0 was "gone\.txt" .* and that file is gone\./);
  });

  it('does not say so of a file that is there, where this machine lacks the directory', async () => {
    const message = 'There is no directory "/nowhere" on this machine.';
    const api = { ...fakeApi(['a.txt']), download: () => Promise.reject(new SyncError('not-found', message)) };
    const { code, err } = await run(['download', '0', '/nowhere/x'], { api, shown: memory(['a.txt']) });
    expect({ code, err }).toEqual({ code: 4, err: `${message}\n` });
  });
});

describe('several files', () => {
  const local = mkdtempSync(path.join(tmpdir(), 'transfers-'));
  const at = (...names: string[]) => path.join(local, ...names);
  mkdirSync(at('tree', 'empty'), { recursive: true });
  mkdirSync(at('tree', '.lockstep'));
  mkdirSync(at('other'));
  for (const name of ['one.txt', 'two.txt', 'other/one.txt', 'tree/x', 'tree/.lockstep/archive.log'])
    writeFileSync(at(name), name);
  symlinkSync('x', at('tree', 'link'));
  afterAll(() => rmSync(local, { recursive: true }));
  const sent = (calls: readonly unknown[]) => calls.map((call) => (call as unknown[]).slice(1, 3));
  const ask = (words: readonly string[], given: object = {}, paths = ['a.txt', 'docs/b.txt', 'docs/sub/c.txt']) => {
    const calls: unknown[] = [];
    return run(words, { api: fakeApi(paths, calls), ...given }).then((done) => ({ ...done, calls }));
  };

  it('go up into a directory of the pair, and all that can be done is done', async () => {
    const words = [at('one.txt'), at('nosuch.txt'), at('two.txt'), 'docs/'];
    const { code, calls } = await ask(['upload', ...words]);
    expect({ code, sent: sent(calls) }).toEqual({
      code: 0, // the server of this test takes every name
      sent: [
        [at('one.txt'), 'docs/one.txt'],
        [at('nosuch.txt'), 'docs/nosuch.txt'],
        [at('two.txt'), 'docs/two.txt'],
      ],
    });
  });

  it('end with the code of the first failure, and one object for each', async () => {
    const words = ['--json', 'upload', at('other'), at('one.txt'), 'docs/'];
    const { code, out, calls } = await ask(words, {}, ['docs/one.txt']);
    expect({ code, sent: sent(calls) }).toEqual({ code: 2, sent: [[at('one.txt'), 'docs/one.txt']] });
    const objects = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { path: string; changed: boolean; error: { code: string } });
    expect(objects.map(({ path: name, changed, error }) => [name, changed, error.code])).toEqual([
      ['docs/other', false, 'usage'],
      ['docs/one.txt', false, 'exists'],
    ]);
  });

  it.each([
    ['two local files', ['upload', at('one.txt'), at('two.txt')]],
    ['three files', ['upload', 'a', 'b', 'c']],
    ['two directories', ['upload', '-r', at('tree'), at('other')]],
    ['stdin without a name', ['upload', '-']],
    ['stdin into a directory', ['upload', '-', 'docs/']],
    ['three targets', ['download', 'a.txt', 'docs/b.txt', at('nosuch')]],
    ['two numbers', ['download', '0', '1']],
    ['a glob to one name', ['download', 'docs/**', at('nosuch')]],
    ['two to stdout', ['download', 'a.txt', 'docs/b.txt', '-']],
    ['JSON and a content', ['--json', 'download', 'a.txt', '-']],
  ])('need to say where they go: %s', async (_, words) => {
    const { code, calls } = await ask(words);
    expect({ code, moved: calls.filter((call) => (call as string[])[0] !== 'list') }).toEqual({ code: 2, moved: [] });
  });

  it('sends one under the name that another local file has', async () => {
    const { code, calls } = await ask(['upload', at('one.txt'), at('other', 'one.txt').slice(1)]);
    expect({ code, sent: sent(calls) }).toEqual({ code: 0, sent: [[at('one.txt'), at('other', 'one.txt').slice(1)]] });
  });

  it('never replace each other', async () => {
    const up = await ask(['upload', '--overwrite', at('one.txt'), at('other', 'one.txt'), 'd/']);
    expect({ code: up.code, sent: sent(up.calls) }).toEqual({ code: 5, sent: [[at('one.txt'), 'd/one.txt']] });
    const down = await ask(['download', '--overwrite', 'x/n', 'y/n', `${local}/`], {}, ['x/n', 'y/n']);
    expect({ code: down.code, count: down.calls.length }).toEqual({ code: 5, count: 1 });
  });

  it('sends a directory with --recursive, without links and what is Lockstep’s own', async () => {
    const { code, calls, out, err } = await ask(['upload', '-r', at('tree'), 'd/']);
    expect({ code, sent: sent(calls) }).toEqual({ code: 1, sent: [[at('tree', 'x'), 'd/tree/x']] });
    expect(out).toContain('empty is an empty directory');
    expect(err).toMatch(/link" is a link, so it was not uploaded/);
  });

  it('sends what comes on stdin', async () => {
    const parts: string[] = [];
    const api = {
      ...fakeApi([]),
      upload: async (source: unknown, name: string, options?: UploadOptions) => {
        for await (const part of source as AsyncIterable<Buffer>) parts.push(part.toString());
        return { path: name, changed: true, created: true, size: options?.size, hash: '' };
      },
    };
    const { code, out } = await run(['upload', '-', 'in/x'], { api, stdin: 'some words' });
    expect({ code, out, parts }).toEqual({ code: 0, out: 'Uploaded stdin as in/x (10 B).\n', parts: ['some words'] });
  });

  it('come down into a directory, each under its own path with --recursive', async () => {
    const several = await ask(['download', 'a.txt', 'docs/b.txt', `${local}/`]);
    expect(several.code).toBe(0);
    expect(sent(several.calls)).toEqual([
      [{ path: 'a.txt' }, `${local}/`],
      [{ path: 'docs/b.txt' }, `${local}/`],
    ]);
    const { code, calls } = await ask(['download', '-r', 'docs', at('copy')]);
    expect({ code, sent: sent(calls.slice(1)) }).toEqual({
      code: 0,
      sent: [
        [{ path: 'docs/b.txt' }, at('copy', 'b.txt')],
        [{ path: 'docs/sub/c.txt' }, at('copy', 'sub', 'c.txt')],
      ],
    });
  });

  it('does not believe a server’s paths', async () => {
    const { code, calls } = await ask(['download', '-r', 'docs', at('copy')], {}, ['docs/../../x']);
    expect({ code, moved: calls.filter((call) => (call as string[])[0] === 'download') }).toEqual({
      code: 2,
      moved: [],
    });
  });

  it('writes one to stdout as it is, and its controls escaped on a terminal', async () => {
    expect(await ask(['download', 'a.txt', '-'])).toMatchObject({ code: 0, out: 'content' });
    const api = {
      ...fakeApi(['a.txt']),
      async *read() {
        yield Buffer.from('a\u001b[2Jb');
      },
    };
    expect((await run(['download', 'a.txt', '-'], { api, terminal: true })).out).toBe('a\\u001b[2Jb');
    expect((await run(['download', 'a.txt', '-'], { api })).out).toBe('a\u001b[2Jb');
  });

  it('are not tried when the server is gone', async () => {
    let asked = 0;
    const connect = () => {
      asked++;
      return Promise.reject(new SyncError('unreachable', 'Cannot reach it.'));
    };
    const { code, err } = await run(['upload', 'x', 'y', 'z', 'd/'], { connect });
    expect({ code, asked }).toEqual({ code: 6, asked: 1 });
    expect(err).toMatch(/^Cannot reach it\..*\n2 more transfers were not tried\./);
  });
});

describe('a transfer that is cut', () => {
  const failing = (error: SyncError, sent = 0) => ({
    ...fakeApi(['a.txt']),
    upload: async (_source: unknown, _path: string, options?: UploadOptions) => {
      options?.onProgress?.({ bytes: sent, size: 9 });
      throw error;
    },
    download: () => Promise.reject(error),
  });
  const closed = closedError('127.0.0.1:8080', null);
  const interrupted = new SyncError('interrupted', 'Upload was interrupted.');
  const kept = { facts: { partial: 'a.txt.part', bytes: 2048 } };

  it.each<[what: string, words: string[], error: SyncError, sent: number, code: number, said: RegExp]>([
    ['by Ctrl-C', ['upload', 'x'], interrupted, 3, 130, /^The upload of x was .* Nothing was uploaded\. .* again\.$/],
    ['by Ctrl-C at its end', ['upload', 'x'], interrupted, 9, 130, /^The upload .* check with "client list"\./],
    [
      'by the end of server-a',
      ['upload', 'x'],
      closed,
      3,
      6,
      /Nothing was uploaded\. .*server-a still runs, .* again\.$/,
    ],
    [
      'by Ctrl-C',
      ['download', 'a.txt'],
      new SyncError('interrupted', 'Download was interrupted.', kept),
      0,
      130,
      /^Download was interrupted\. 2\.\d+ KB are kept as a\.txt\.part; the same command goes on from there\.$/,
    ],
    [
      'by the end of server-a',
      ['download', 'a.txt'],
      new SyncError(closed.code, closed.message, { hint: closed.hint, ...kept }),
      0,
      6,
      /ended\. Check that server-a still runs, then try again: 2.* KB are kept as .* goes on from there\.$/,
    ],
    ['with nothing there', ['download', 'a.txt'], closed, 0, 6, /ended\. Check that server-a .* try again\.$/],
  ])('%s: %j', async (_, words, error, sent, exit, said) => {
    const { code, err } = await run(words, { api: failing(error, sent) });
    expect(code).toBe(exit);
    expect(err.trim()).toMatch(said);
  });
});

describe('rename', () => {
  it.each([
    [['1', 'c.txt'], { path: 'docs/b.txt' }, 'c.txt'],
    [['a.txt', 'docs/'], { path: 'a.txt' }, 'docs/a.txt'],
    [['docs/b.txt', '.'], { path: 'docs/b.txt' }, 'b.txt'],
    [['docs/', 'texts'], { path: 'docs' }, 'texts'],
  ])('rename %j', async (words, target, to) => {
    const { calls } = await ran(['mv', ...words], ['a.txt', 'docs/b.txt', 'docs']);
    expect(calls.filter((call) => (call as string[])[0] === 'rename')).toEqual([['rename', target, to, plain]]);
  });

  it('says what became of it', async () => {
    expect((await ran(['rename', 'a.txt', 'c.txt'])).out).toBe('Renamed a.txt to c.txt.\n');
    expect((await ran(['rename', 'a.txt', 'docs/b.txt', '--overwrite'])).out).toMatch(/among the versions now/);
    expect((await ran(['rename', 'a.txt', 'docs/b.txt'])).code).toBe(5);
    expect((await ran(['rename', 'zzz', 'y'])).code).toBe(4);
    expect((await ran(['rename', 'a.txt', '/etc/passwd'])).code).toBe(2);
  });
});

describe('delete', () => {
  it('does all it can, in order, and ends with the first failure', async () => {
    const { code, out, err, calls } = await ran(['rm', '0', 'zzz', 'docs/*', '-r']);
    expect(code).toBe(4);
    expect(out).toMatch(/^Deleted a\.txt; .*\nDeleted docs\/b\.txt; .*\n$/);
    expect(err).toBe('There is no file zzz.\n');
    const targets = [{ path: 'a.txt' }, { path: 'zzz' }, { path: 'docs/b.txt' }];
    expect(calls.at(-1)).toEqual(['remove', targets, { recursive: true }]);
  });
});
