// npm run test:mutants -- --room core|disk|sync|wire|client|cli [--n 100] [--seed S] [--file PART …] [--jobs 2] [--json] [--list]
// [--unseen] [--also DIR] [--no-types]: how many small faults, put into the code of a room at random places, its own tests find.
import os from 'node:os';
import { parseArgs } from 'node:util';
import { Checker } from './checker.js';
import { isEquivalent, outdated } from './equivalent.js';
import { type Mutation, shown } from './mutation.js';
import { Room } from './room.js';
import { Runner } from './runner.js';

const ROOMS = ['core', 'disk', 'sync', 'wire', 'client', 'cli'];

const { values } = parseArgs({
  options: {
    room: { type: 'string' },
    n: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    file: { type: 'string', multiple: true, default: [''] },
    jobs: { type: 'string', default: String(Math.min(os.availableParallelism(), 2)) },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    also: { type: 'string', multiple: true, default: [] },
    unseen: { type: 'boolean', default: false },
    'no-types': { type: 'boolean', default: false },
  },
});

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}

function whole(name: 'n' | 'seed' | 'jobs'): number {
  const value = Number(values[name]);
  return Number.isInteger(value) && value >= 0 ? value : stop(`--${name} ${values[name]} is no whole number.`);
}

if (!ROOMS.includes(values.room ?? '')) stop(`--room is one of ${ROOMS.join(', ')}.`);
const [n, seed, jobs] = [whole('n'), whole('seed'), Math.max(whole('jobs'), 1)];
const checkout = process.cwd();
const room = new Room(checkout, values.room!, values.also);
const everywhere = room.mutations();
const mutations = everywhere.filter(({ file }) => values.file.some((part) => file.includes(part)));

if (values.list) {
  for (const mutation of mutations) console.log(errorText(mutation));
  console.log(`${mutations.length} places`);
  await written();
  process.exit();
}

type Verdict = 'killed' | 'hangs' | 'survived' | 'unseen';

interface Result {
  readonly mutation: Mutation;
  readonly verdict: Verdict;
  /** Which test failed first. */
  readonly by: string | null;
}

const since = performance.now();
const made = everywhere.map((mutation) => ({
  file: mutation.file,
  place: shown(mutation, room.textOf(mutation.file)),
}));
for (const { file, source, mutated } of outdated(`src/${room.name}/`, made))
  say(`equivalent.ts: no mutant of ${file} is as it says: ${source} → ${mutated}`);
say(`${room.name}: ${mutations.length} places, seed ${seed}; which test comes through which part …`);
const marking = new Runner(
  { checkout, bail: false, isolate: true, setup: [room.setup], testTimeout: 60_000 },
  room.env,
);
const fault = await room.learn(marking);
if (fault !== null) stop(`The tests of ${room.name} fail without any mutant: ${fault}`);
say(`${room.tests.length} test files took ${(room.allMs / 1000).toFixed(1)} s`);

if (values.unseen) {
  const unseen = mutations.filter((mutation) => room.testsOf(mutation).length === 0);
  for (const mutation of unseen) console.log(errorText(mutation));
  console.log(`${unseen.length} of ${mutations.length} places, to which no test of ${room.name} comes`);
  await written();
  process.exit();
}

const checker = values['no-types'] ? null : new Checker(checkout);
const queue = shuffled(mutations);
const results: Result[] = [];
const counts = { invalid: 0, equivalent: 0 };
let taken = 0;

// What is stopped says what it has found.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => queue.splice(0));
await Promise.all(Array.from({ length: jobs }, work));
report();
await written();
process.exit();

/** What was printed into a pipe is there. */
function written(): Promise<void> {
  return new Promise((resolve) => process.stdout.write('', () => resolve()));
}

async function work(): Promise<void> {
  const runner = new Runner({ checkout, bail: true, isolate: false, setup: [], testTimeout: room.testTimeout });
  for (let mutation = next(); mutation !== null; mutation = next()) {
    const result = await judge(mutation, runner);
    results.push(result);
    if (!values.json) tell(result);
  }
  runner.close();
}

/** The next place of the sample that compiles and that nobody has found to change nothing. */
function next(): Mutation | null {
  while (taken < n) {
    const mutation = queue.pop();
    if (mutation === undefined) return null;
    const text = room.textOf(mutation.file);
    if (isEquivalent(mutation.file, shown(mutation, text))) counts.equivalent++;
    else if (checker?.passes(mutation.file, room.mutated(mutation)) === false) counts.invalid++;
    else {
      taken++;
      return mutation;
    }
  }
  return null;
}

async function judge(mutation: Mutation, runner: Runner): Promise<Result> {
  const tests = room.testsOf(mutation);
  if (tests.length === 0) return { mutation, verdict: 'unseen', by: null };
  const outcome = await runner.run({ texts: { [mutation.file]: room.mutated(mutation) }, tests }, room.limitMs(tests));
  if (outcome === 'hangs') return { mutation, verdict: 'hangs', by: null };
  return { mutation, verdict: outcome.failed === null ? 'survived' : 'killed', by: outcome.failed };
}

/** Always the same order for a seed: mulberry32, Fisher and Yates. */
function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items];
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

function errorText(mutation: Mutation): string {
  const { line, original, mutated, source } = shown(mutation, room.textOf(mutation.file));
  return `${mutation.file}:${line}  ${mutation.operator}: ${original} → ${mutated}\n      ${source}`;
}

/** Survivors at once, and how far it is: in a terminal always, in a log now and then. */
function tell({ mutation, verdict }: Result): void {
  const isAlive = verdict === 'survived' || verdict === 'unseen';
  if (isAlive) console.log(`${verdict === 'unseen' ? 'UNSEEN  ' : 'SURVIVED'}  ${errorText(mutation)}`);
  if (process.stderr.isTTY) process.stderr.write(`\r${results.length} of ${n} `);
  else if (results.length % 10 === 0) say(`${results.length} of ${n}, ${killed().length} of them killed`);
}

function killed(): Result[] {
  return results.filter(({ verdict }) => verdict === 'killed' || verdict === 'hangs');
}

function report(): void {
  const dead = killed().length;
  const seconds = (performance.now() - since) / 1000;
  const score = { room: room.name, seed, n: results.length, killed: dead, ...counts, seconds: Math.round(seconds) };
  if (values.json) {
    const survivors = results.filter(({ verdict }) => verdict === 'survived' || verdict === 'unseen');
    console.log(JSON.stringify({ ...score, survivors: survivors.map(asRow) }, null, 2));
    return;
  }
  const hanging = results.filter(({ verdict }) => verdict === 'hangs').length;
  console.log(
    `${room.name}: killed ${dead} of ${results.length} (${((100 * dead) / results.length).toFixed(1)} %), ${hanging} of them by the time limit; ` +
      `${counts.invalid} did not compile, ${counts.equivalent} known to change nothing; seed ${seed}, ${seconds.toFixed(0)} s`,
  );
}

function asRow({ mutation, verdict }: Result): object {
  const { file, operator } = mutation;
  return { file, verdict, operator, ...shown(mutation, room.textOf(file)) };
}

function say(message: string): void {
  if (!values.json) console.error(message);
}
