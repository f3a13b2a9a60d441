// npm run bench [-- S2 S4 …] [--runs N] [--where disk|tmpfs|DIRECTORY]: the figures of Lockstep and of its peers from the
// same run, medians of several. Only the ratios say something: the machine is shared, and every machine is another one.
import os from 'node:os';
import { parseArgs } from 'node:util';
import { Place } from './place.js';
import { rsyncVersion } from './rsync.js';
import { oneLargeFile } from './s2-one-large-file.js';
import { changedInside, insertedInFront } from './s4-changed-inside.js';
import { memory } from './s9-memory.js';
import type { Figure, Scenario, Target } from './scenario.js';

const SCENARIOS: readonly Scenario[] = [oneLargeFile, changedInside, insertedInFront, memory];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '3' }, where: { type: 'string', default: 'disk' } },
});
const asked = positionals.length === 0 ? SCENARIOS : positionals.map(scenarioOf);
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) stop(`--runs ${values.runs} is no number of runs.`);

const cpus = os.cpus();
console.log(`Node ${process.versions.node} on ${cpus.length} x ${cpus[0]?.model.trim()}, ${os.type()} ${os.release()}`);
console.log(`${runs} runs, medians, on ${values.where}; load ${os.loadavg()[0]?.toFixed(1)}`);
console.log(rsyncVersion() ?? 'rsync is missing: Lockstep is measured alone.');

for (const scenario of asked) {
  console.log(`\n${scenario.name}  ${scenario.what}`);
  const place = new Place(values.where);
  const all: Figure[][] = [];
  try {
    for (let run = 0; run < runs; run++) all.push(await scenario.run(place));
  } finally {
    place.close();
  }
  report(scenario, all);
}
process.exit();

function scenarioOf(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name.toLowerCase() === name.toLowerCase());
  return found ?? stop(`There is no ${name}; there are ${SCENARIOS.map((scenario) => scenario.name).join(', ')}.`);
}

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}

function report({ targets }: Scenario, all: readonly Figure[][]): void {
  const [first = []] = all;
  for (const [i, { program, measure, unit }] of first.entries()) {
    const values = all.map((figures) => figures[i]!.value);
    const spread = `${shown(Math.min(...values), unit)} – ${shown(Math.max(...values), unit)}`;
    console.log(
      `  ${program.padEnd(9)} ${measure.padEnd(9)} ${shown(median(values), unit).padStart(12)}   (${spread})`,
    );
  }
  for (const target of targets) console.log(`  ${verdict(target, all)}`);
}

/** Ratios are taken within a run, and their median is what counts. */
function verdict({ measure, peer, most }: Target, all: readonly Figure[][]): string {
  const of = (figures: readonly Figure[], program: Figure['program']) =>
    figures.find((figure) => figure.program === program && figure.measure === measure)?.value;
  const reached = all.map(
    (figures) => of(figures, 'lockstep')! / (peer === undefined ? 1 : (of(figures, peer) ?? NaN)),
  );
  const value = median(reached);
  if (Number.isNaN(value)) return `${measure}: ${peer} is missing`;
  const ratio =
    peer === undefined ? `${value.toFixed(1)} (at most ${most})` : `${value.toFixed(2)} x ${peer} (at most ${most})`;
  return `${measure}: ${ratio}  ${value <= most ? 'reached' : 'MISSED'}`;
}

function median(values: readonly number[]): number {
  return [...values].sort((x, y) => x - y)[values.length >> 1]!;
}

function shown(value: number, unit: Figure['unit']): string {
  if (unit === 'bytes') return `${Math.round(value).toLocaleString('en')} B`;
  return `${value.toFixed(unit === 'ms' ? 0 : 1)} ${unit}`;
}
