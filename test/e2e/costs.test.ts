// What work costs in numbers that do not depend on the machine: messages and bytes between the servers, calls of the file
// system, bytes of state. The bounds are a little above what it costs now, so that a change which makes it dearer is
// noticed; docs/performance.md has the same table. What becomes cheaper gets a lower bound.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Client } from '../../src/client/client.js';
import { BothServers } from '../support/both-servers.js';
import { countCalls } from '../support/counted-calls.js';
import { CountedWire } from '../support/counted-wire.js';

const FILES = 200;
const BYTES = 4096;

/**
 * What is counted, what it was when the bound was set, and the bound. Both sides are counted together. How many files one
 * message has, and how often a state file is written anew, hang a little on the speed of the machine: the bounds leave room
 * for that, not for another step.
 */
const COSTS = {
  'first sync: messages a file': [0.09, 0.2],
  'first sync: bytes a file besides its content': [459, 560],
  'first sync: file system calls a file': [24, 28],
  'first sync: bytes of state a file, at side a': [489, 800],
  'restart, nothing changed: messages in all': [5, 12],
  'restart, nothing changed: bytes a file': [4.4, 8],
  'restart, nothing changed: file system calls a file': [4.9, 6],
} as const;

let both: BothServers;
let wire: CountedWire;
beforeEach(async () => {
  both = new BothServers();
  wire = await CountedWire.open(() => both.portB);
});
afterEach(() => both.close());

test('a first sync and a restart cost no more than they did', async () => {
  await start();
  const beside = await makeTree();
  const calls = countCalls();
  wire.reset();
  fs.renameSync(beside, path.join(both.a, 'tree'));
  await flush();
  const first = { messages: wire.messages, bytes: wire.bytes, calls: sum(calls) };
  expect(fs.readdirSync(path.join(both.b, 'tree'))).toHaveLength(FILES);
  await both.stop();
  const state = ['archive.log', 'seen.log'].map((name) => fs.statSync(path.join(both.a, '.lockstep', name)).size);
  calls.clear();
  wire.reset();
  await start();
  const found: Record<keyof typeof COSTS, number> = {
    'first sync: messages a file': first.messages / FILES,
    'first sync: bytes a file besides its content': first.bytes / FILES - BYTES,
    'first sync: file system calls a file': first.calls / FILES,
    'first sync: bytes of state a file, at side a': (state[0]! + state[1]!) / FILES,
    'restart, nothing changed: messages in all': wire.messages,
    'restart, nothing changed: bytes a file': wire.bytes / FILES,
    'restart, nothing changed: file system calls a file': sum(calls) / FILES,
  };
  for (const [what, value] of Object.entries(found)) {
    const [, most] = COSTS[what as keyof typeof COSTS];
    expect.soft(value, `${what}; by name: ${JSON.stringify([...calls])}`).toBeLessThanOrEqual(most);
    // A count of nothing would be below every bound.
    expect.soft(value, what).toBeGreaterThan(most / 4);
  }
});

test('docs/performance.md has these costs', () => {
  const text = fs.readFileSync(path.join(import.meta.dirname, '../../docs/performance.md'), 'utf8');
  for (const [what, [now, most]] of Object.entries(COSTS)) expect(text).toContain(`| ${what} | ${now} | ${most} |`);
});

async function start(): Promise<void> {
  await both.start({ peer: { host: '127.0.0.1', port: wire.port } });
  await both.said('in-sync');
}

/** @returns a directory beside the roots with files of one size and different contents, last written long ago. */
async function makeTree(): Promise<string> {
  const beside = path.join(both.directory, 'beside');
  fs.mkdirSync(beside);
  for (let n = 0; n < FILES; n++) {
    const file = path.join(beside, `file${n}`);
    fs.writeFileSync(file, Buffer.alloc(BYTES, `content ${n};`));
    fs.utimesSync(file, 1_700_000_000, 1_700_000_000.5);
  }
  // What was written in the moment before it is scanned is read twice.
  const { ctimeMs } = fs.statSync(path.join(beside, `file${FILES - 1}`));
  await vi.waitUntil(() => Date.now() - ctimeMs > 50);
  return beside;
}

async function flush(): Promise<void> {
  const client = await Client.connect({ server: `127.0.0.1:${both.port}`, user: 'costs' });
  await client.flush({ timeoutMs: 60_000 });
  client.close();
}

function sum(calls: ReadonlyMap<string, number>): number {
  return [...calls.values()].reduce((x, y) => x + y, 0);
}
