// "Two people, one drawing" of the README: what they type, run with the real programs, and what came of it.
import fs from 'node:fs';
import path from 'node:path';
import { type PairOfPrograms, putWhole, run, until } from './programs.js';

/** One thing that somebody types; a client's line begins with `npx client`. */
interface Typed {
  readonly who: 'anna' | 'bert';
  readonly line: string;
  /** What it does where it is no client's line: the text that it prints. */
  readonly act?: (pair: PairOfPrograms) => string;
  /** What has to have happened before the next line. */
  readonly until?: (pair: PairOfPrograms) => Promise<unknown>;
}

const FILE = 'roof.dwg';
const held = (count: number) => (pair: PairOfPrograms) =>
  until(async () => (await pair.json<{ held: unknown[] }>('held')).held.length === count);

const LINES: readonly Typed[] = [
  { who: 'anna', line: 'npx client lock roof.dwg -m "new roof"' },
  {
    who: 'bert',
    line: 'echo "a window more" > directory_b/roof.dwg',
    act: (pair) => {
      putWhole(pair.b, FILE, 'a window more\n');
      return '';
    },
    until: held(1),
  },
  { who: 'bert', line: 'npx client list' },
  { who: 'bert', line: 'npx client held roof.dwg' },
  { who: 'bert', line: 'npx client lock roof.dwg' },
  { who: 'bert', line: 'npx client locks' },
  { who: 'anna', line: 'npx client unlock roof.dwg', until: (pair) => pair.flush() },
  {
    who: 'anna',
    line: 'cat directory_a/roof.dwg',
    act: (pair) => fs.readFileSync(path.join(pair.a, FILE), 'utf8'),
  },
  { who: 'anna', line: 'npx client versions roof.dwg' },
  { who: 'bert', line: 'npx client lock roof.dwg' },
  { who: 'anna', line: 'npx client lock roof.dwg --steal' },
  { who: 'bert', line: 'npx client unlock roof.dwg' },
];

/** @param pair in sync, with the drawing on both sides. @returns all that was typed and said, times made the same always. */
export async function walkThrough(pair: PairOfPrograms): Promise<string> {
  let text = '';
  for (const { who, line, act, until: wait } of LINES) {
    text += `${who}$ ${line}\n`;
    text += act === undefined ? await answerTo(pair, who, line) : act(pair);
    await wait?.(pair);
  }
  return text.replace(/[ \t]+$/gm, '');
}

async function answerTo(pair: PairOfPrograms, who: string, line: string): Promise<string> {
  const words = line.match(/"[^"]*"|\S+/g)!.map((word) => word.replaceAll('"', ''));
  const env = { ...pair.env, LOCKSTEP_USER: who, LOCKSTEP_SERVER: `127.0.0.1:${pair.portA}`, TZ: 'UTC' };
  const { stdout, stderr } = await run('client', words.slice(2), env);
  return timeless(`${stderr}${stdout}`);
}

/** Every moment becomes one and the same, of the same length. */
const timeless = (text: string): string =>
  text
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '2026-11-21T14:03:22.118Z')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, '2026-11-21 14:03')
    .replace(/\d{4}-\d\d-\d\d \d\d-\d\d-\d\d/g, '2026-11-21 14-03-22');
