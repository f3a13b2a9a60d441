// What is said where no server answers: what to start depends on where somebody is.
import { expect, test } from 'vitest';
import { PLAIN_NAMES } from '../../src/cli/program-name.js';
import { reportError } from '../../src/cli/report-error.js';
import { unreachable } from '../../src/client/server-address.js';

const art = (): string | null => 'art';
const none = (): string | null => null;
const PAIR = 'Start the pair of this directory with: lockstep up art';
const SERVERS = 'Start it with "server-a"';

function saidOf(port: number, pairHere: (() => string | null) | null): string {
  const said: string[] = [];
  const names = pairHere === null ? PLAIN_NAMES : { ...PLAIN_NAMES, pairHere };
  const sink = { names, json: false, out: () => {}, err: (text: string) => void said.push(text) };
  reportError(sink, unreachable({ host: '127.0.0.1', port }, new Error('refused')));
  return said.join('');
}

test.each<[it: string, port: number, pairHere: (() => string | null) | null, hint: string]>([
  ['in a directory of a remembered pair, that pair', 8080, art, PAIR],
  ['elsewhere, the servers', 8080, none, SERVERS],
  ['without pairs, the servers', 8080, null, SERVERS],
  ['where another server was named, the servers', 8081, art, SERVERS],
])('%s', (_, port, pairHere, hint) => {
  expect(saidOf(port, pairHere)).toContain(hint);
});
