// Ways out of the root, with the programs: what is asked for over the wire, and links in either root. SCENARIO 30. What
// lies outside stands as it was, and nothing of it is to be seen inside.
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LocalReplica } from '../../src/disk/local-replica.js';
import { openRoot } from '../../src/disk/state/root.js';
import { openStateDirectory } from '../../src/disk/state/state-directory.js';
import { silent } from '../../src/log.js';
import { ReplicaServer } from '../../src/sync/peer/replica-server.js';
import { PROTOCOL_VERSION } from '../../src/wire/client-api/methods.js';
import { serveRpc } from '../../src/wire/rpc/responder.js';
import { listen } from '../../src/wire/socket/tcp.js';
import { link, p } from '../support/disk-site.js';
import { PairOfPrograms, putWhole, textOf, treeOf, until } from '../support/programs.js';

const OUTSIDE = ['../outside/secret.txt', 'd/../../outside/secret.txt', '..\\outside\\secret.txt', '/etc/passwd'];
const FORBIDDEN = [...OUTSIDE, '.lockstep/identity.json', '.lockstep\\identity.json', 'a\0b', '', '.', 'd//f'];

let pair: PairOfPrograms;
let outside: string;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
  outside = path.join(pair.directory, 'outside');
  putWhole(outside, 'secret.txt', 'nobody else’s');
});
afterEach(async () => {
  expect(treeOf(outside)).toMatchObject({ 'secret.txt': expect.anything() });
  expect(Object.keys(treeOf(outside))).toEqual(['secret.txt']);
  expect(textOf(outside, 'secret.txt')).toBe('nobody else’s');
  await pair.close();
});

interface Answer {
  readonly result?: { readonly targets?: readonly { readonly changed: boolean; readonly error?: { code: string } }[] };
  readonly error?: { readonly code: number; readonly data?: { readonly code: string } };
}

/** Says `lines`, and gives the answer to the request with the id `last`, or null where the connection is closed first. */
async function ask(port: number, ...lines: (object | Buffer)[]): Promise<Answer | null> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  for (const line of lines) {
    socket.write(Buffer.isBuffer(line) ? line : `${JSON.stringify({ jsonrpc: '2.0', ...line })}\n`);
  }
  let answers: (Answer & { id?: unknown })[] = [];
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
    // A payload, such as that of what is open, stands before the next message.
    const messages = text.split('\n').flatMap((line) => /\{"jsonrpc".*\}$/.exec(line) ?? []);
    answers = messages.map((message) => JSON.parse(message));
    if (answers.some(({ id }) => id === 'last')) socket.destroy();
  });
  socket.on('error', () => {});
  await once(socket, 'close');
  return answers.find(({ id }) => id === 'last') ?? null;
}

describe('SCENARIO 30: paths that leave the root', () => {
  test('are refused by server-a, whatever is asked, and the next request is answered', async () => {
    await pair.start();
    const hello = { id: 1, method: 'hello', params: { protocol: PROTOCOL_VERSION } };
    for (const name of ['d/f', ...FORBIDDEN]) {
      const target = { path: name };
      const requests: [string, object][] = [
        ['lock', { targets: [target], owner: 'eve' }],
        ['unlock', { targets: [target], owner: 'eve' }],
        ['versions', { target }],
        ['restore', { target, owner: 'eve' }],
        ['resolve', { target, owner: 'eve', keep: 'a' }],
      ];
      for (const [method, params] of requests) {
        const answer = await ask(pair.portA, hello, { id: 'last', method, params });
        const failed = answer?.error?.data ?? answer?.result?.targets?.[0]?.error;
        // A path that may be, of a file that is not there, shows that the question itself is right.
        const code = name !== 'd/f' ? 'bad-p' : method === 'lock' ? 'not-found' : '';
        expect([name, method, failed?.code ?? '']).toEqual([name, method, expect.stringContaining(code)]);
      }
    }
    expect(await pair.json('locks')).toEqual({ locks: [] });
  });

  test('are refused by server-b, whoever says that he is server-a', async () => {
    await pair.startB();
    const hello = {
      id: 1,
      method: 'hello',
      params: { protocol: PROTOCOL_VERSION, role: 'peer', root: 'f'.repeat(32), lane: false },
    };
    const file = { type: 'file', size: 1, hash: '0'.repeat(64), mode: 420, mtime: 0 };
    for (const name of ['d/f', ...FORBIDDEN]) {
      const payload = Buffer.from(JSON.stringify([{ path: name, file }]));
      const wanted = { method: 'wanted', params: { id: 'last' }, payload: payload.length };
      const read = await ask(pair.portB, hello, { id: 'last', method: 'read', params: { count: 1 } }, wanted, payload);
      // A path that may be shows that the question itself is right.
      const isAnswered = name === 'd/f';
      expect([name, read?.result !== undefined], JSON.stringify(read)).toEqual([name, isAnswered]);
      const versions = await ask(pair.portB, hello, { id: 'last', method: 'versions', params: { path: name } });
      expect([name, versions?.result !== undefined]).toEqual([name, isAnswered]);
    }
    await pair.startA();
    await pair.serverA.wait('in-sync');
  });
});

/** A server-b whose root is `root`, and which says that there are these links in it, too. */
async function lyingServerB(root: string, links: Readonly<Record<string, string>>) {
  const opened = openRoot(root);
  const state = openStateDirectory(opened.path);
  const replica = new LocalReplica({ root: opened, state, ignore: [], log: silent });
  const scan = replica.scan.bind(replica);
  vi.spyOn(replica, 'scan').mockImplementation(async (...asked) => {
    const truth = await scan(...asked);
    for (const [at, target] of Object.entries(links)) replica.scanner.snapshot.put(p(at), link(target));
    return truth;
  });
  const server = new ReplicaServer({ replica, rootId: state.id, version: '0', log: silent });
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    onConnection: (connection) => void serveRpc(connection, server.methods(connection)),
  });
  const close = async () => {
    await listener.close();
    await replica.close();
    state.release();
  };
  return { port: listener.port, close };
}

describe('SCENARIO 30: links', () => {
  test('that are absolute or leave the root are problems and stay where they are', async () => {
    await pair.start();
    fs.symlinkSync('../outside/secret.txt', path.join(pair.a, 'up'));
    fs.symlinkSync(outside, path.join(pair.b, 'absolute'));
    fs.symlinkSync('inside.txt', path.join(pair.a, 'good'));
    putWhole(pair.a, 'inside.txt', 'x');
    for (const name of ['up', 'absolute']) {
      await pair.serverA.wait(({ event, path: at, code }) => event === 'problem' && at === name && code === 'bad-link');
    }
    await until(() => fs.lstatSync(path.join(pair.b, 'good'), { throwIfNoEntry: false })?.isSymbolicLink());
    await pair.flush();
    expect(Object.keys(treeOf(pair.b))).toEqual(['absolute', 'good', 'inside.txt']);
    expect(Object.keys(treeOf(pair.a))).toEqual(['good', 'inside.txt', 'up']);
  });

  test.each(['a', 'b'] as const)('that lead out through another link stay on side %s', async (side) => {
    const there = side === 'a' ? 'b' : 'a';
    putWhole(pair[side], 'k/m/f.txt', 'x');
    fs.symlinkSync('..', path.join(pair[side], 'k/m/p'));
    fs.symlinkSync('k/m/p/../..', path.join(pair[side], 'comp'));
    fs.symlinkSync('k/m/p/m/f.txt', path.join(pair[side], 'good'));
    await pair.start();
    await pair.flush();
    expect(Object.keys(treeOf(pair[there])).sort()).toEqual(['good', 'k', 'k/m', 'k/m/f.txt', 'k/m/p']);
    const { problems } = await pair.json<{ problems: object[] }>('status');
    expect(problems).toEqual([expect.objectContaining({ path: 'comp', code: 'bad-link' })]);
  });

  test('that a lying server-b tells of are not made', async () => {
    const lies = { l2: '/etc', 'd/l3': '../../outside', comp: 'k/m/p/../..', 'k/m/p': '..', good: 'd/f.txt' };
    putWhole(pair.b, 'd/f.txt', 'x');
    putWhole(pair.b, 'k/m/f.txt', 'x');
    const liar = await lyingServerB(pair.b, lies);
    pair.portB = liar.port;
    await pair.startA();
    const refused = ['l2', 'd/l3', 'k/m/p'];
    for (const name of refused) {
      await pair.serverA.wait(({ event, path: at, code }) => event === 'problem' && at === name && code === 'bad-link');
    }
    await until(() => fs.lstatSync(path.join(pair.a, 'good'), { throwIfNoEntry: false })?.isSymbolicLink());
    for (const name of refused)
      expect(fs.lstatSync(path.join(pair.a, name), { throwIfNoEntry: false })).toBeUndefined();
    await liar.close();
  });

  test.each(['a', 'b'] as const)('in the place of a directory of side %s are not written through', async (side) => {
    const there = side === 'a' ? 'b' : 'a';
    putWhole(pair.a, 'd/f.txt', 'old');
    await pair.start();
    await pair.flush();
    await pair.json('pause');
    fs.rmSync(path.join(pair[side], 'd'), { recursive: true });
    fs.symlinkSync('../outside', path.join(pair[side], 'd'));
    putWhole(pair[there], 'd/f.txt', 'new content');
    putWhole(pair[there], 'd/secret.txt', 'overwritten?');
    await pair.json('resume');
    await until(() => pair.serverA.said.some(({ event, path: at }) => event === 'problem' && at === 'd'));
    putWhole(pair[there], 'other.txt', 'goes on');
    await until(() => textOf(pair[side], 'other.txt') === 'goes on');
    expect(textOf(pair[there], 'd/f.txt')).toBe('new content');
  });
});
