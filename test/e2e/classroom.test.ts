// The classroom's three labs with the real programs: list, synchronise, lock by index.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PairOfPrograms, putWhole, run, textOf, treeOf, until } from '../support/programs.js';
import { full } from '../support/sizes.js';

interface Row {
  index: number;
  path: string;
  size: number;
  held: number;
  on: string;
  lock: { owner: string } | null;
}

let pair: PairOfPrograms;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
});
afterEach(() => pair.close());

const rows = async () => (await pair.json<{ entries: Row[] }>('list')).entries;
const rowOf = async (name: string) => (await rows()).find((row) => row.path === name)!;

describe('first contact', () => {
  test('lists both sides merged and sorted, and brings each file to the other side', async () => {
    putWhole(pair.a, 'b.txt', 'from a');
    putWhole(pair.b, 'a.jpg', 'from b');
    await pair.start();
    expect((await rows()).map(({ index, path: name, on }) => [index, name, on])).toEqual([
      [0, 'a.jpg', 'both'],
      [1, 'b.txt', 'both'],
    ]);
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
  });

  test.each([
    ['a', 100, 50],
    ['b', 50, 100],
    ['a', 50, 50],
  ] as const)('keeps the newest of two contents (%s), the other one goes to versions', async (winner, atA, atB) => {
    for (const [root, side, time] of [
      [pair.a, 'a', atA],
      [pair.b, 'b', atB],
    ] as const) {
      putWhole(root, 'both.txt', `content of ${side}`);
      fs.utimesSync(path.join(root, 'both.txt'), time, time);
    }
    await pair.start();
    expect(textOf(pair.a, 'both.txt')).toBe(`content of ${winner}`);
    expect(textOf(pair.b, 'both.txt')).toBe(`content of ${winner}`);
    const loser = winner === 'a' ? 'b' : 'a';
    const versions = path.join(pair[loser], '.lockstep', 'versions');
    expect(fs.readdirSync(versions).map((name) => textOf(versions, name))).toEqual([`content of ${loser}`]);
    const conflict = await pair.serverA.wait('conflict');
    expect(conflict).toMatchObject({ path: 'both.txt', kept: winner, copy: null });
  });
});

describe('in real time', () => {
  test('creations, changes, deletions, directories, links, modes and times follow in both directions', async () => {
    await pair.start();
    for (const [here, there] of [
      [pair.a, pair.b],
      [pair.b, pair.a],
    ] as const) {
      fs.mkdirSync(path.join(here, 'x/deep/er'), { recursive: true });
      fs.writeFileSync(path.join(here, 'x/deep/er/n.txt'), 'nested');
      await until(() => textOf(there, 'x/deep/er/n.txt') === 'nested');
      fs.writeFileSync(path.join(here, 'x/deep/er/n.txt'), 'changed');
      await until(() => textOf(there, 'x/deep/er/n.txt') === 'changed');
      fs.symlinkSync('deep', path.join(here, 'x/link'));
      await until(() => fs.existsSync(path.join(there, 'x/link')));
      fs.chmodSync(path.join(here, 'x/deep/er/n.txt'), 0o640);
      fs.utimesSync(path.join(here, 'x/deep/er/n.txt'), 1e9, 1e9 + 0.123456);
      await pair.flush();
      expect(treeOf(there)).toEqual(treeOf(here));
      fs.rmSync(path.join(here, 'x'), { recursive: true });
      await until(() => !fs.existsSync(path.join(there, 'x')));
    }
  });

  test('a renamed directory moves on the other side without its content crossing', async () => {
    for (let n = 0; n < 50; n++) putWhole(pair.b, `old/f${n}.txt`, `content ${n} `.repeat(100));
    await pair.start();
    const since = pair.serverA.said.length;
    fs.renameSync(path.join(pair.b, 'old'), path.join(pair.b, 'new'));
    await until(() => fs.existsSync(path.join(pair.a, 'new/f49.txt')));
    await pair.flush();
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
    const synced = pair.serverA.said.slice(since).filter(({ event }) => event === 'synced');
    expect(synced.filter(({ action }) => action === 'renamed')).toHaveLength(50);
    expect(synced.reduce((sum, { sent }) => sum + Number(sent), 0)).toBe(0);
  });

  test('.lockstepignore excludes, and what becomes ignored stays on both sides', async () => {
    putWhole(pair.a, 'keep.txt', 'kept');
    putWhole(pair.a, 'build/out.o', 'object');
    await pair.start();
    putWhole(pair.b, '.lockstepignore', 'build/\n*.tmp\n');
    await until(() => textOf(pair.a, '.lockstepignore') !== null);
    await pair.flush();
    fs.rmSync(path.join(pair.b, 'build'), { recursive: true });
    putWhole(pair.b, 'x.tmp', 'not carried');
    await pair.flush();
    expect(textOf(pair.a, 'build/out.o')).toBe('object');
    expect(textOf(pair.a, 'x.tmp')).toBe(null);
  });
});

describe('locks', () => {
  test('updates of B are held in order under a lock by index, and take effect one by one at the unlock', async () => {
    putWhole(pair.a, 'a.txt', 'first file');
    putWhole(pair.a, 'plan.txt', 'original');
    await pair.start();
    const locked = await pair.program('-lock', '-1');
    expect(locked).toMatchObject({ code: 0, stderr: '' });
    expect(locked.stdout).toContain('plan.txt');
    for (const [n, content] of ['one', 'two', 'three'].entries()) {
      putWhole(pair.b, 'plan.txt', content);
      await until(async () => (await rowOf('plan.txt')).held === n + 1);
    }
    putWhole(pair.b, 'free.txt', 'flows');
    await until(() => textOf(pair.a, 'free.txt') === 'flows');
    expect(textOf(pair.a, 'plan.txt')).toBe('original');
    expect(fs.readdirSync(path.join(pair.a, '.lockstep/held')).sort()).toHaveLength(3);

    const since = pair.serverA.said.length;
    expect((await pair.program('-unlock', '-2')).code).toBe(0);
    await until(() => textOf(pair.a, 'plan.txt') === 'three');
    await pair.flush();
    const applied = pair.serverA.said.slice(since).filter(({ event }) => event === 'applied');
    expect(applied.map(({ position, of }) => [position, of])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
    expect(fs.readdirSync(path.join(pair.a, '.lockstep/held'))).toEqual([]);
  });

  test('the owner is respected: another is refused with exit 3 and told by whom', async () => {
    putWhole(pair.a, 'plan.txt', 'original');
    await pair.start();
    expect((await pair.client('--as', 'anna', 'lock', 'plan.txt', '-m', 'new roof')).code).toBe(0);
    const refused = await pair.client('--as', 'ben', 'lock', 'plan.txt');
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('anna');
    expect(refused.stderr).toContain('new roof');
    expect((await pair.client('--as', 'ben', 'unlock', 'plan.txt')).code).toBe(3);
    expect((await pair.client('--as', 'anna', 'lock', 'plan.txt')).code).toBe(0);
    expect((await pair.client('--as', 'anna', 'unlock', 'plan.txt')).code).toBe(0);
    expect((await pair.client('--as', 'anna', 'unlock', 'plan.txt')).code).toBe(0);
  });

  test("the holder's changes flow while the lock is on", async () => {
    putWhole(pair.a, 'plan.txt', 'original');
    await pair.start();
    await pair.client('lock', 'plan.txt');
    putWhole(pair.a, 'plan.txt', "the holder's");
    await until(() => textOf(pair.b, 'plan.txt') === "the holder's");
    expect((await rowOf('plan.txt')).held).toBe(0);
  });

  test('where both changed, the holder keeps the name and the other content is kept beside it', async () => {
    putWhole(pair.a, 'plan.txt', 'original');
    await pair.start();
    await pair.client('lock', 'plan.txt');
    putWhole(pair.b, 'plan.txt', 'from b');
    await until(async () => (await rowOf('plan.txt')).held === 1);
    putWhole(pair.a, 'plan.txt', 'from the holder');
    fs.utimesSync(path.join(pair.a, 'plan.txt'), 1e9, 1e9);
    await pair.client('unlock', 'plan.txt');
    await pair.flush();
    expect(textOf(pair.a, 'plan.txt')).toBe('from the holder');
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
    const copy = Object.keys(treeOf(pair.a)).find((name) => name.startsWith('plan (conflict B '))!;
    expect(textOf(pair.a, copy)).toBe('from b');
  });

  test('a deletion of the locked file is held, and happens at the unlock', async () => {
    putWhole(pair.a, 'plan.txt', 'original');
    await pair.start();
    await pair.client('lock', 'plan.txt');
    fs.rmSync(path.join(pair.b, 'plan.txt'));
    await until(async () => (await rowOf('plan.txt')).held === 1);
    expect(textOf(pair.a, 'plan.txt')).toBe('original');
    await pair.client('unlock', 'plan.txt');
    await until(() => textOf(pair.a, 'plan.txt') === null);
    await pair.flush();
    expect(treeOf(pair.a)).toEqual({});
  });

  // In the short form of all tests SCENARIO 39 stands for it.
  test.runIf(full)('locks and held updates survive kill -9 of server-a, in their order', async () => {
    pair.asProcesses();
    putWhole(pair.a, 'plan.txt', 'original');
    await pair.start();
    await pair.client('--as', 'anna', 'lock', 'plan.txt');
    for (let n = 1; n <= 3; n++) {
      putWhole(pair.b, 'plan.txt', `update ${n}`);
      await until(async () => (await rowOf('plan.txt')).held === n);
    }
    await pair.serverA.crash();
    putWhole(pair.b, 'plan.txt', 'update 4');
    await pair.startA();
    await until(async () => (await rowOf('plan.txt'))?.held === 4);
    expect((await rowOf('plan.txt')).lock?.owner).toBe('anna');
    expect(textOf(pair.a, 'plan.txt')).toBe('original');
    await pair.client('--as', 'anna', 'unlock', 'plan.txt');
    await until(() => textOf(pair.a, 'plan.txt') === 'update 4');
    await pair.flush();
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
  });
});

describe('the programs', () => {
  test('start in any order; without B, A answers and says once that B is away', async () => {
    pair.asProcesses();
    putWhole(pair.a, 'a.txt', 'here');
    await pair.startB();
    await pair.serverB.crash();
    await pair.startA();
    await pair.serverA.wait('peer-lost');
    await pair.serverA.wait('scan-finished');
    expect((await rows()).map(({ path: name, on }) => [name, on])).toEqual([['a.txt', 'a']]);
    expect((await pair.client('lock', 'a.txt')).code).toBe(0);
    expect((await pair.client('unlock', 'a.txt')).code).toBe(0);
    putWhole(pair.b, 'b.txt', 'there');
    await pair.startB();
    await pair.serverA.wait('in-sync');
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
    expect(pair.serverA.said.filter(({ event }) => event === 'peer-lost')).toHaveLength(1);
  });

  test('end with 0 at SIGTERM, and nothing is left in staging', async () => {
    pair.asProcesses();
    putWhole(pair.a, 'a.txt', 'here');
    await pair.start();
    expect(await pair.serverA.stop()).toBe(0);
    expect(await pair.serverB.stop()).toBe(0);
    expect(fs.readdirSync(path.join(pair.b, '.lockstep/staging'))).toEqual([]);
  });

  test('refuse a second server on the directory and a port in use, in words and with exit 2', async () => {
    await pair.start();
    const second = await run('server-b', ['--dir', pair.b, '--port', '0'], pair.env);
    expect(second).toMatchObject({ code: 2, stdout: '' });
    expect(second.stderr).toContain('already serves');
    const other = path.join(pair.directory, 'c');
    fs.mkdirSync(other);
    const inUse = await run('server-b', ['--dir', other, '--port', String(pair.portB)], pair.env);
    expect(inUse.code).toBe(2);
    expect(inUse.stderr).toMatch(/in use/);
    expect(inUse.stderr).not.toMatch(/^ {4}at /m);
  });

  test('answer the one-liner of docs/protocol.md, and survive garbage', async () => {
    pair.asProcesses();
    putWhole(pair.a, 'a.txt', 'here');
    await pair.start();
    expect(await ask(pair.portA, '{"jsonrpc":"2.0","id":1,"method":"list"}\n')).toMatchObject({
      id: 1,
      result: { entries: [{ index: 0, path: 'a.txt' }] },
    });
    for (const port of [pair.portA, pair.portB]) {
      expect(await ask(port, 'GET / HTTP/1.1\r\n\r\n')).toMatchObject({ error: { code: -32700 } });
      expect(await ask(port, `${'x'.repeat(70_000)}\n`)).toMatchObject({ error: {} });
    }
    expect((await rows()).map((row) => row.path)).toEqual(['a.txt']);
  });

  test('the shell takes the classroom’s words', async () => {
    putWhole(pair.a, 'a.txt', 'here');
    await pair.start();
    const server = ['--server', `127.0.0.1:${pair.portA}`];
    const shell = await run(
      'client',
      [...server, 'shell'],
      pair.env,
      'server\nserver lock 0\nserver\nserver unlock 0\n',
    );
    expect(shell.code).toBe(0);
    expect(shell.stdout).toContain('a.txt');
    expect(shell.stdout).toContain('locked by');
  });

  test.runIf(full)('list stays quick while a large file goes through', async () => {
    pair.asProcesses();
    await pair.start();
    const since = pair.serverA.said.length;
    putWhole(pair.a, 'large.bin', Buffer.alloc(full ? 1 << 30 : 48 << 20, 7));
    const arrived = () =>
      pair.serverA.said.slice(since).some(({ event, path: name }) => event === 'synced' && name === 'large.bin');
    const took: number[] = [];
    while (!arrived()) {
      const begun = performance.now();
      await ask(pair.portA, '{"jsonrpc":"2.0","id":1,"method":"list"}\n');
      took.push(performance.now() - begun);
    }
    took.sort((x, y) => x - y);
    // The short form shares the processors with the tests beside it.
    expect(took[Math.floor(took.length / 2)]).toBeLessThan(full ? 50 : 300);
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
  });
});

/** Sends `text`, closes the sending half as `nc` does, and returns the first line of the answer. */
function ask(port: number, text: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let answer = '';
    socket.setEncoding('utf8').on('data', (part) => {
      answer += part;
    });
    const finish = () => {
      try {
        resolve(JSON.parse(answer.split('\n')[0] as string));
      } catch (error) {
        reject(error);
      }
    };
    socket.on('error', reject).on('close', finish);
    socket.on('end', () => socket.end());
    socket.end(text);
  });
}
