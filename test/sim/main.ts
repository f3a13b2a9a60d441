// npm run test:sim -- --runs N --seed S: as many runs as asked for, from seed S on. The first that breaks a promise is made
// short and printed with its seed. With --editors: only seeds in which documents are open.
import { parseArgs } from 'node:util';
import { featuresOf, type Width } from './features.js';
import { type RunResult, run } from './run.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    all: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    plain: { type: 'boolean', default: false },
    early: { type: 'boolean', default: false },
    wide: { type: 'boolean', default: false },
    editors: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
  },
});

const width: Width = (['plain', 'early', 'wide'] as const).find((name) => values[name]) ?? 'all';
if (values.editors && width !== 'all') {
  console.error(
    '--editors: only runs with everything (without --plain, --early and --wide) have documents that are open.',
  );
  process.exit(2);
}
// Errors with causes and codes are made all the time here, and nobody reads their stacks: a sixth of the time.
if (!values.trace) Error.stackTraceLimit = 0;

/** Leaves out every step that the fault does not need. */
async function shrink(seed: number, { steps, fault }: RunResult): Promise<Set<number>> {
  const without = new Set<number>();
  for (let size = steps >> 1; size > 0; size >>= 1) {
    for (let from = 0; from < steps; from += size) {
      const attempt = new Set(without);
      for (let n = from; n < from + size; n++) attempt.add(n);
      if (attempt.size === without.size) continue;
      if (kindOf((await run({ seed, width, without: attempt })).fault) === kindOf(fault))
        for (const n of attempt) without.add(n);
    }
  }
  return without;
}

/** A shorter run must break the same promise, whatever the names in it. */
const kindOf = (fault: string | null): string => (fault ?? '').replace(/[xyz][^ ]*|\d+/g, '').slice(0, 24);

async function show(seed: number, result: RunResult): Promise<void> {
  console.log(`seed ${seed}: ${result.fault}`);
  const without = await shrink(seed, result);
  const short = await run({ seed, width, without, tracing: true });
  console.log(short.trace.join('\n'));
  console.log(`seed ${seed}, without steps ${JSON.stringify([...without].sort((x, y) => x - y))}: ${short.fault}`);
}

const first = Number(values.seed);
const wanted = Number(values.runs);
const since = performance.now();
let runs = 0;
let failures = 0;
let events = 0;
for (let seed = first; runs < wanted; seed++) {
  if (values.editors && !featuresOf(seed, width).editors) continue;
  runs++;
  const result = await run({ seed, width, tracing: values.trace });
  events += result.events;
  if (values.trace) console.log(result.trace.join('\n'));
  if (values.twice && (await run({ seed, width })).fingerprint !== result.fingerprint) {
    console.log(`seed ${seed}: two runs differ`);
    failures++;
  }
  if (result.fault === null) continue;
  failures++;
  if (values.all) console.log(`seed ${seed}: ${result.fault}`);
  else {
    await show(seed, result);
    break;
  }
}
const seconds = (performance.now() - since) / 1000;
const { user, system } = process.cpuUsage();
const perSecond = ((runs * 1e6) / (user + system)).toFixed(0);
console.log(
  `${runs} runs, ${failures} failed, ${(runs / seconds).toFixed(0)} runs/s, ${perSecond}/s of CPU, ${(events / runs).toFixed(0)} events each`,
);
process.exitCode = failures > 0 ? 1 : 0;
