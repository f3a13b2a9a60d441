// A server that means harm, and a client that asks it: every command ends, with an exit code and nothing on the terminal
// that drives it, whatever comes.
import { afterEach, describe, expect, it } from 'vitest';
import { Client } from '../../src/client/client.js';
import { type Heard, type HostileLine, HostileServer } from '../support/hostile.js';
import { Nonsense, seed } from '../support/nonsense.js';
import { sized } from '../support/sizes.js';
import { makeRoot, removeRoot } from '../support/trees.js';
import { run } from './fake-context.js';

let server: HostileServer | null = null;
const roots: string[] = [];
afterEach(async () => {
  await server?.close();
  for (const root of roots.splice(0)) removeRoot(root);
});

/** Starts a server and @returns its address. */
async function serving(onHeard: (heard: Heard, line: HostileLine) => unknown): Promise<string> {
  server = new HostileServer(onHeard);
  return `127.0.0.1:${await server.listen()}`;
}
const hello = ({ id }: Heard) => ({ id, result: { protocol: 1, server: 'a', version: 'test' } });

/** Runs a line of the client against it. */
async function ask(address: string, line: readonly string[]) {
  const clients: Client[] = [];
  const connect = async () => {
    const client = await Client.connect({ server: address, user: 'ann', timeoutMs: 20_000 });
    clients.push(client);
    return client;
  };
  const ran = await run(['--server', address, ...line], { connect });
  for (const client of clients) client.close();
  return ran;
}

// biome-ignore lint/complexity/useRegexLiterals: a literal may not have control characters
const DRIVES = new RegExp(
  '[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff]',
);
const CODES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 130];

/** Every command that asks a server; DIR is a directory of this machine. */
const LINES = [
  ['list'],
  ['locks'],
  ['held'],
  ['conflicts'],
  ['status'],
  ['--json', 'status'],
  ['lock', 'f'],
  ['lock', '--wait', 'f'],
  ['unlock', 'f'],
  ['versions', 'f'],
  ['restore', 'f'],
  ['resolve', 'f', '--keep', 'a'],
  ['download', 'f', 'DIR'],
  ['rename', 'f', 'g'],
  ['rm', 'f'],
  ['flush'],
  ['rescan'],
  ['pause'],
  ['resume'],
  ['watch'],
  ['--json', 'list'],
];

describe('a hostile server', () => {
  const rows: [what: string, answer: (heard: Heard, line: HostileLine) => unknown][] = [
    ['nothing, and hangs up', (_heard, line) => line.socket.destroy()],
    ['null', ({ id }, line) => line.send({ id, result: null })],
    ['a number', ({ id }, line) => line.send({ id, result: 7 })],
    ['an empty object', ({ id }, line) => line.send({ id, result: {} })],
    [
      'lists of nothing',
      ({ id }, line) =>
        line.send({
          id,
          result: {
            entries: [null],
            locks: [null],
            held: [null],
            versions: [null],
            conflicts: [null],
            targets: [null],
            notices: [null],
          },
        }),
    ],
    ['a line that has no end', (_heard, line) => line.raw(Buffer.alloc(40 << 20, 'x'))],
    ['what is no JSON', (_heard, line) => line.raw('hello\n')],
    [
      'a payload that is too large',
      (_heard, line) => line.raw('{"jsonrpc":"2.0","method":"content","params":{},"payload":1048577}\n'),
    ],
    [
      'an error of no known code',
      ({ id }, line) =>
        line.send({ id, error: { code: 1, message: '\u001b[2J', data: { code: '\u009b', hint: '\u202e' } } }),
    ],
    ['an error for nobody', (_heard, line) => line.send({ id: null, error: { code: 1, message: 'no', data: {} } })],
    [
      'a question',
      async ({ id }, line) => [await line.send({ id: 1, method: 'list' }), await line.send({ id, result: {} })],
    ],
  ];
  /** These cost 40 MiB each. */
  const costly = ['a line that has no end'];
  it.each(rows)('answers %s', async (what, answer) => {
    const address = await serving((heard, line) =>
      heard.method === 'hello' ? line.send(hello(heard)) : answer(heard, line),
    );
    for (const line of sized(
      LINES.filter((_, n) => n % (costly.includes(what) ? 10 : 3) === 0),
      LINES,
    )) {
      const root = makeRoot();
      roots.push(root);
      const { code, out, err } = await ask(
        address,
        line.map((word) => (word === 'DIR' ? root : word)),
      );
      expect(CODES).toContain(code);
      expect(DRIVES.exec(out + err)?.[0]).toBeUndefined();
      expect(out + err).not.toMatch(/\n +at /);
    }
  });

  it(`answers nonsense (LOCKSTEP_TEST_SEED=${seed})`, { timeout: sized(60_000, 1_800_000) }, async () => {
    const nonsense = new Nonsense(seed);
    const address = await serving(async (heard, line) => {
      if (heard.method === 'hello') return void line.send(hello(heard));
      for (let n = 0; n < 3; n++) {
        const { message, payload } = nonsense.message(['entries', 'waiting', 'event', 'file', 'content', 'ready']);
        const { id: _id, params, method } = message as { id?: unknown; params?: object; method: string };
        await line.send({ method, params: { ...params, id: heard.id } }, payload);
      }
      await line.send({ id: heard.id, result: nonsense.answer() });
    });
    for (let n = 0; n < sized(15, 4_000); n++) {
      const root = makeRoot();
      const line = LINES[n % LINES.length]!;
      const { code, out, err } = await ask(
        address,
        line.map((word) => (word === 'DIR' ? root : word)),
      );
      removeRoot(root);
      expect(CODES, `${line.join(' ')}: ${out}${err}`).toContain(code);
      expect(DRIVES.exec(out + err)?.[0], line.join(' ')).toBeUndefined();
      expect(out + err).not.toMatch(/\n +at /);
    }
  });
});
