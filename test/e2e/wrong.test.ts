// What people start wrongly, and what strangers send: one clear answer each, and everything else goes on.
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { end, PairOfPrograms, putWhole, refused } from '../support/programs.js';
import { full } from '../support/sizes.js';

let pair: PairOfPrograms;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
});
afterEach(() => pair.close());

describe('server-a with roots that cannot be a pair', () => {
  it.each([
    ['server-b’s lies inside', '', 'inner/root', "Server-b's directory lies inside that of server-a."],
    ['its own lies inside', 'inner/root', '', "Server-a's directory lies inside that of server-b."],
    [
      'server-b’s lies inside, through a link',
      '',
      '../link/root',
      "Server-b's directory lies inside that of server-a.",
    ],
  ])('%s: one line and exit 2, and nothing is touched', async (_, a, b, message) => {
    const root = pair.a;
    fs.mkdirSync(path.join(root, 'inner/root'), { recursive: true });
    fs.symlinkSync(path.join(root, 'inner'), path.join(pair.directory, 'link'));
    putWhole(root, 'x.txt', 'x');
    await pair.startB('--dir', path.join(root, b));
    await pair.startA('--dir', path.join(root, a));
    expect(await pair.serverA.ended).toBe(2);
    expect(pair.serverA.stderr).toContain(message);
    expect(pair.serverA.stderr.trim().split('\n')).toHaveLength(1);
    expect(fs.readdirSync(path.join(root, 'inner/root')).filter((name) => name !== '.lockstep')).toEqual([]);
  });

  it('the same directory, through a link: the second server is refused', async () => {
    await pair.startB();
    const link = path.join(pair.directory, 'link');
    fs.symlinkSync(pair.b, link);
    const ran = await refused('server-a', ['--dir', link, '--port', '0'], pair.env);
    expect(ran).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('already serves') });
  });

  it('dialling another server-a says so, once, and goes on', async () => {
    await pair.startA('--peer', '127.0.0.1:9');
    const { serverA: other, portA } = pair;
    pair.portA = 0;
    pair.portB = portA;
    await pair.startA('--dir', pair.b);
    const { reason } = await pair.serverA.wait('peer-lost');
    expect(reason).toMatch(/This is a server-a; .*--peer/);
    expect((await pair.client('list')).code).toBe(0);
    await end(other);
  });
});

const request = (method: string, id: unknown = 1) => `${JSON.stringify({ jsonrpc: '2.0', id, method })}\n`;

/** Sends bytes and gives all that comes back until the other end closes. */
async function said(port: number, bytes: string | Buffer): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(bytes);
  let all = '';
  socket.on('data', (chunk) => {
    all += chunk;
  });
  await once(socket, 'close');
  return all;
}

const JUNK: [what: string, bytes: string | Buffer][] = [
  ['a line that is too long', `{"jsonrpc":"2.0","id":1,"method":"list","params":{"x":"${'x'.repeat(70_000)}"}}\n`],
  ['no line at all', Buffer.alloc(3_000_000, 'x')],
  ['bytes of all kinds', Buffer.from(Array.from({ length: 4096 }, (_, n) => (n * 7) % 256))],
  ['another protocol', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['TLS', Buffer.from([0x16, 3, 1, 0, 80, 1, 0, 0, 76, 3, 3, ...Array(70).fill(1)])],
  ['no UTF-8', Buffer.from('{"jsonrpc":"2.0","id":1,"method":"\xff\xfe"}\n', 'latin1')],
  ['depth', `${'['.repeat(20_000)}\n`],
  ['a million keys', `{${Array.from({ length: 1_000_000 }, (_, n) => `"${n}":1`).join()}}\n`],
  ['a huge payload', '{"jsonrpc":"2.0","id":1,"method":"list","payload":1099511627776}\n'],
  ['a payload that is none', '{"jsonrpc":"2.0","id":1,"method":"list","payload":-1}\n'],
  ['an id that is none', '{"jsonrpc":"2.0","id":{"a":1},"method":"list"}\n'],
  ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"list"}]\n'],
  ['a number', '1e400\n'],
];

describe('strangers at real servers', () => {
  it('get one error reply and a closed connection, and nobody else notices', async () => {
    pair.asProcesses();
    await pair.start();
    const friend = net.connect(pair.portA, '127.0.0.1');
    await once(friend, 'connect');
    for (const port of [pair.portA, pair.portB]) {
      for (const [what, bytes] of JUNK) {
        const answer = await said(port, bytes);
        expect(answer.trim().split('\n'), what).toHaveLength(1);
        expect(JSON.parse(answer), what).toMatchObject({ id: null, error: { data: { code: expect.any(String) } } });
      }
    }
    const heard = once(friend, 'data');
    friend.write(request('list'));
    expect(JSON.parse(String((await heard)[0]))).toMatchObject({ id: 1, result: { entries: [] } });
    friend.destroy();
    expect([await pair.serverA.stop(), await pair.serverB.stop()]).toEqual([0, 0]);
    expect(pair.serverA.stderr + pair.serverB.stderr).toBe('');
  });

  it.runIf(full)('that ask very much at once do not keep others waiting', async () => {
    pair.asProcesses();
    for (let n = 0; n < 1500; n++) fs.writeFileSync(path.join(pair.a, `a file with a long name ${n}`), '');
    await pair.start();
    const greedy = net.connect(pair.portA, '127.0.0.1');
    greedy.on('error', () => {});
    greedy.pause();
    greedy.write(Array.from({ length: 5000 }, (_, n) => request(n % 2 ? 'list' : 'status', n)).join(''));
    const friend = net.connect(pair.portA, '127.0.0.1');
    for (let n = 0; n < 20; n++) {
      const heard = once(friend, 'data');
      friend.write(request('nothing', n));
      await heard;
    }
    // The greedy one is still far from its end: it has read nothing.
    expect(greedy.bytesRead).toBeLessThan(5000 * 100_000);
    greedy.destroy();
    friend.destroy();
  });
});
