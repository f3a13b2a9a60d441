// npm run bench [-- S1 S4 … growth]: the figures of Lockstep and of every other program that is installed, from the same
// run. Only the ratios say something: the machine is shared, and every machine is another one.
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { withFigures } from './document.js';
import { type Limits, measureGrowth, NO_LIMITS } from './growth.js';
import { thisMachine } from './machine.js';
import { removePlaces } from './place.js';
import { growthLines, headLines, scenarioLines } from './print.js';
import { endAll } from './processes.js';
import { PROGRAMS, programOf } from './programs/all.js';
import type { Options, Report, ScenarioReport } from './report.js';
import { runScenario } from './run.js';
import type { Scenario } from './scenario.js';
import { SCENARIOS } from './scenarios/all.js';

const DOCUMENT = 'docs/performance.md';
const GROWTH = 'growth';
const USAGE = `npm run bench [-- NAME … OPTIONS]

NAME  one of ${SCENARIOS.map(({ name }) => name).join(', ')}; all of them by default.
      ${GROWTH}: how the cost of Lockstep grows, with more files and with a larger file.

--reps N          how often each program does each work (3)
--where WHERE     disk, tmpfs (memory) or a directory (disk)
--json            prints one JSON object (the interface Report in test/bench/report.ts)
--write           puts the figures into ${DOCUMENT}, as soon as there are some: the table is that of this run
--without NAME    leaves a program out; can be given again
--max-files N     growth: up to so many files (${NO_LIMITS.maxFiles})
--max-size SIZE   growth: up to a file of this size, such as 64M or 4G (${NO_LIMITS.maxMebibytes / 1024}G)
--scale PART      does a part of the work, such as 0.01: to try the bench itself; no goal can be judged then`;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
process.on('exit', () => {
  endAll();
  removePlaces();
});

const asked = parse();
const isText = !asked.isJson;
const say = (text: string) => void process.stderr.write(`${text}\n`);
const print = (lines: readonly string[]) => isText && console.log(lines.join('\n'));

const machine = thisMachine();
const used = new Set(asked.scenarios.flatMap(({ programs }) => programs));
const programs = PROGRAMS.filter(({ name }) => used.has(name) && !asked.without.includes(name));
const head: Report = {
  format: 1,
  machine,
  options: asked.options,
  programs: programs.map(({ name, version, flags, durability }) => ({ name, version: version(), flags, durability })),
  scenarios: [],
  growth: null,
};
const isThere = (name: string) => head.programs.some((one) => one.name === name && one.version !== null);
print(headLines(head));

const scenarios: ScenarioReport[] = [];
for (const scenario of asked.scenarios) {
  const taking = scenario.programs.map(programOf).filter((one) => isThere(one.name));
  const report = await runScenario(scenario, taking, asked.options, say);
  scenarios.push(report);
  print(['', ...scenarioLines(report)]);
  write({ ...head, scenarios });
}
const growth = asked.withGrowth ? await measureGrowth(asked.options, asked.limits, say) : null;
const report: Report = { ...head, scenarios, growth };
if (growth !== null) print(['', ...growthLines(growth)]);
write(report);
if (asked.isJson) console.log(JSON.stringify(report, null, 1));
const isFailed = scenarios.some(({ failures }) => failures.some(({ program }) => program.startsWith('lockstep')));
process.exit(isFailed ? 1 : 0);

/** What is broken off leaves the figures that it has. */
function write(found: Report): void {
  if (asked.isWritten) fs.writeFileSync(DOCUMENT, withFigures(fs.readFileSync(DOCUMENT, 'utf8'), found));
}

interface Asked {
  readonly scenarios: readonly Scenario[];
  readonly withGrowth: boolean;
  readonly options: Options;
  readonly limits: Limits;
  readonly without: readonly string[];
  readonly isJson: boolean;
  readonly isWritten: boolean;
}

function parse(): Asked {
  const { values, positionals } = words();
  if (values.help) {
    console.log(USAGE);
    process.exit();
  }
  const withGrowth = positionals.includes(GROWTH);
  const names = positionals.filter((name) => name !== GROWTH);
  const isAll = names.length === 0 && !withGrowth;
  if (values.write && values.scale !== '1') stop('Figures of a part of the work are not written: leave out --scale.');
  for (const name of values.without)
    if (!PROGRAMS.some((one) => one.name === name)) stop(`There is no program ${name}.`);
  return {
    scenarios: isAll ? SCENARIOS : names.map(scenarioOf),
    withGrowth,
    options: { reps: whole('reps', values.reps), where: values.where, scale: part(values.scale) },
    limits: { maxFiles: whole('max-files', values['max-files']), maxMebibytes: mebibytes(values['max-size']) },
    without: values.without,
    isJson: values.json,
    isWritten: values.write,
  };
}

function words() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        reps: { type: 'string', default: '3' },
        where: { type: 'string', default: 'disk' },
        scale: { type: 'string', default: '1' },
        'max-files': { type: 'string', default: String(NO_LIMITS.maxFiles) },
        'max-size': { type: 'string', default: `${NO_LIMITS.maxMebibytes}M` },
        without: { type: 'string', multiple: true, default: [] },
        json: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return stop((error as Error).message);
  }
}

function scenarioOf(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name.toLowerCase() === name.toLowerCase());
  return found ?? stop(`There is no ${name}; there are ${SCENARIOS.map((scenario) => scenario.name).join(', ')}.`);
}

function whole(option: string, text: string): number {
  const number = Number(text);
  return Number.isInteger(number) && number >= 1
    ? number
    : stop(`--${option} ${text}: it takes a whole number from 1 on.`);
}

function part(text: string): number {
  const number = Number(text);
  return number > 0 && number <= 1 ? number : stop(`--scale ${text}: it takes a number above 0 and up to 1.`);
}

function mebibytes(text: string): number {
  const [, count, unit] = /^(\d+)([MG])$/.exec(text) ?? stop(`--max-size ${text}: it takes a size such as 64M or 4G.`);
  return Number(count) * (unit === 'G' ? 1024 : 1);
}

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}
