// A server-b that means harm: whatever it sends, server-a closes that connection, answers its clients, and has nothing in
// its directory that was not sent whole.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  asServerB,
  type Heard,
  type HostileLine,
  HostileServer,
  manyEntries,
  scanReportResult,
} from '../support/hostile.js';
import { end, PairOfPrograms, putWhole, type ServerProcess, treeOf, until } from '../support/programs.js';
import { full } from '../support/sizes.js';

type Behaviour = (heard: Heard, line: HostileLine) => unknown;

let pair: PairOfPrograms;
let server: HostileServer;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
  putWhole(pair.a, 'own.txt', 'mine');
});
afterEach(async () => {
  if (pair.serverA !== undefined) await end(pair.serverA);
  await server.close();
  await pair.close().catch(() => {});
});

/** Starts server-a with a server-b that answers so, and @returns the connections on which it has done its harm. */
async function meet(otherwise: Readonly<Record<string, Behaviour>>): Promise<Set<HostileLine>> {
  const harmed = new Set<HostileLine>();
  const noted = Object.entries(otherwise).map(([method, behave]): [string, Behaviour] => [
    method,
    (heard, line) => {
      harmed.add(line);
      return behave(heard, line);
    },
  ]);
  server = new HostileServer(asServerB({ ...telling, ...Object.fromEntries(noted) }));
  pair.portB = await server.listen();
  await pair.startA();
  // Who asks for a list sees what has been scanned.
  await pair.serverA.wait('scan-finished');
  return harmed;
}

const FILE = { type: 'file', size: 10, mtime: 1_790_000_000_000_000, mode: 0o644, hash: 'a'.repeat(64) };
const json = (...items: unknown[]) => Buffer.from(JSON.stringify(items));
/** Tells of one file, whose content will be asked for. */
const telling: Record<string, Behaviour> = {
  look: async (heard, line) => {
    await line.send({ method: 'entries', params: { id: heard.id } }, json({ path: 'f', entry: FILE }));
    await line.send(scanReportResult(heard, 1));
  },
};

/** A scan that has this list in it. */
const scan =
  (payload: Buffer, method = 'entries'): Behaviour =>
  async (heard, line) => {
    await line.send({ method, params: { id: heard.id } }, payload);
    await line.send(scanReportResult(heard, 1));
  };
const entry = (fields: object) => scan(json({ path: 'g', entry: { ...FILE, ...fields } }));
const raw =
  (bytes: string | Buffer): Behaviour =>
  (_heard, line) =>
    line.raw(bytes);
const answer =
  (result: unknown): Behaviour =>
  ({ id }, line) =>
    line.send({ id, result });

const scans: [what: string, behave: Behaviour][] = [
  ['nothing for an answer', answer(null)],
  ['a word for an answer', answer('whole')],
  ['an answer with parts missing', (heard, line) => line.send(scanReportResult(heard, 7))],
  [
    'a halt that is none',
    ({ id }, line) => line.send({ id, result: { whole: true, unsettled: 0, items: 0, halt: { code: 'x' } } }),
  ],
  ['a path that leads out', scan(json({ path: '../f', entry: FILE }))],
  ['a path that is absolute', scan(json({ path: '/etc/passwd', entry: FILE }))],
  ['a path of our own', scan(json({ path: '.lockstep/locks.log', entry: FILE }))],
  ['a path with backslashes that leads out', scan(json({ path: '..\\f', entry: FILE }))],
  ['a path with a NUL', scan(json({ path: 'f\0', entry: FILE }))],
  ['a list that is none', scan(Buffer.from('{}'))],
  ['a list that is no JSON', scan(Buffer.from('[{'))],
  ['a list that is no text', scan(Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]))],
  ['a list that is too deep', scan(Buffer.from('['.repeat(99) + ']'.repeat(99)))],
  ['a list of no known kind', scan(json('f'), 'everything')],
  ['an entry of no known type', entry({ type: 'device' })],
  ['a size below nothing', entry({ size: -1 })],
  ['a size beyond numbers', entry({ size: 1e300 })],
  ['bits that are none of a file', entry({ mode: 0o4755 })],
  ['a hash that is a path', entry({ hash: '../../../../etc/passwd' })],
  ['a problem of no known code', scan(json({ path: 'f', code: '\u001b[2J', message: '' }), 'problems')],
  ['rules without end', scan(json(...Array.from({ length: 250 }, () => '*'.repeat(4_096))), 'rules')],
  ['a line that has no end', raw('x'.repeat(70_000))],
  ['what is no JSON', raw('hello\n')],
  ['what is no text', raw(Buffer.from([0xff, 0xfe, 0x0a]))],
  ['a payload that is too large', raw('{"jsonrpc":"2.0","method":"entries","params":{},"payload":1048577}\n')],
  ['an error without words', raw('{"jsonrpc":"2.0","id":1,"error":{}}\n')],
];

const piece = (heard: Heard, fields: object) => ({
  method: 'content',
  params: { id: heard.id, n: 0, last: false, ...fields },
});
const TEN = Buffer.alloc(10, 'x');

const contents: [what: string, behave: Behaviour][] = [
  [
    'more than it announced',
    async (h, line) => [await line.send(piece(h, {}), TEN), await line.send(piece(h, {}), TEN)],
  ],
  ['much more than it announced at once', (h, line) => line.send(piece(h, {}), Buffer.alloc(1 << 20))],
  [
    'pieces without end',
    async (h, line) => {
      while (!line.isOver) await line.send(piece(h, {}), TEN);
    },
  ],
  [
    'pieces of nothing without end',
    async (h, line) => {
      while (!line.isOver) await line.send(piece(h, {}), Buffer.alloc(0));
    },
  ],
  [
    'failures without end',
    async (h, line) => {
      while (!line.isOver) await line.send({ method: 'failed', params: { id: h.id, n: 0, failed: { kind: 'stale' } } });
    },
  ],
  ['a content that was not asked for', (h, line) => line.send(piece(h, { n: 1 }), TEN)],
  ['a content of no number', (h, line) => line.send(piece(h, { n: -1 }), TEN)],
  ['a piece without its bytes', (h, line) => line.send(piece(h, { last: true }))],
  [
    'a piece of a file that is larger',
    (h, line) => line.send({ method: 'copy', params: { id: h.id, n: 0, at: 0, bytes: 1e15, last: true } }),
  ],
  [
    'a beginning that is larger',
    (h, line) => line.send({ method: 'have', params: { id: h.id, n: 0, bytes: 1e15, last: true } }),
  ],
  [
    'sums of a base that nobody has',
    (h, line) => line.send({ method: 'sums', params: { id: h.id, n: 0, blockBytes: 4096 } }, json([[0, 10]])),
  ],
  [
    'half of it, and hangs up',
    async (h, line) => {
      await line.send(piece(h, {}), TEN.subarray(5));
      line.socket.destroy();
    },
  ],
];

/** Seconds each, and in the short form another without end stands for them. */
const LONG = new Set(['pieces of nothing without end', 'failures without end']);

const untouched = () => expect(Object.keys(treeOf(pair.a))).toEqual(['own.txt']);
const staged = () => fs.readdirSync(path.join(pair.a, '.lockstep', 'staging'));

describe('a hostile server-b', () => {
  it.each(scans)('tells %s', async (_what, behave) => {
    const harmed = await meet({ look: behave });
    await until(() => [...harmed].some(({ isOver }) => isOver));
    expect((await pair.client('list')).stdout).toContain('own.txt');
    untouched();
  });

  it.each(contents.filter(([what]) => full || !LONG.has(what)))('sends %s', async (_what, behave) => {
    const harmed = await meet({ read: behave });
    await until(() => [...harmed].some(({ isOver }) => isOver));
    expect((await pair.client('list')).stdout).toContain('own.txt');
    untouched();
    await until(() => staged().length === 0);
  });

  it('sends another content than it announced, and nothing of it gets a name', async () => {
    const harmed = await meet({
      read: async (heard, line) => {
        await line.send(piece(heard, { last: true }), TEN);
        await line.send({ id: heard.id, result: {} });
      },
    });
    await until(
      () =>
        harmed.size > 0 && [...harmed].some(({ heard }) => heard.filter(({ method }) => method === 'read').length > 1),
    );
    untouched();
    await until(() => staged().length === 0);
  });

  it('never answers hello, and server-a stops all the same', async () => {
    const lines = await meet({ hello: () => {} });
    await until(() => lines.size > 0);
    expect(await pair.serverA.stop()).toBe(0);
  });

  it('asks server-a for something, and is told that it answers nothing', async () => {
    const lines = await meet({
      look: (_heard, line) => line.send({ id: 77, method: 'read', params: { count: 1 } }),
    });
    const line = await until(() => [...lines][0]);
    expect((await line.hear(({ id }) => id === 77)).error?.data.code).toBe('unknown-method');
  });

  it.runIf(full)('tells without end: server-a takes no more memory than it may', { timeout: 300_000 }, async () => {
    let finish = () => {};
    const isSent = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let sent = 0;
    await meet({
      look: async (heard, line) => {
        for (let n = 0; !line.isOver && sent < 3e9; ) {
          const { payload, count } = manyEntries(n);
          n += count;
          sent += payload.length;
          await line.send({ method: 'entries', params: { id: heard.id } }, payload);
        }
        if (sent >= 3e9) finish();
      },
    });
    await isSent;
    const status = fs.readFileSync(`/proc/${(pair.serverA as ServerProcess).pid}/status`, 'utf8');
    expect(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024).toBeLessThan(1_000);
    expect((await pair.client('list')).stdout).toContain('own.txt');
  });
});
