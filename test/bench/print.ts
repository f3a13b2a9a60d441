// The report as people read it in a terminal.
import { tableLines } from '../../src/cli/render/table.js';
import type { FilesRow, GrowthReport, Report, ScenarioReport, SizeRow } from './report.js';
import { bound, outcome, shown, spread } from './shown.js';

/** @returns what was compared: the machine, the options, and every program. */
export function headLines({ machine, options, programs }: Report): string[] {
  const { node, system, cpu, cores, memoryGiB, commit, at } = machine;
  const columns = [{ title: 'program' }, { title: 'version' }, { title: 'flushes' }, { title: 'run as' }];
  return [
    `${at}${commit === null ? '' : `, commit ${commit}`}`,
    `${cores} x ${cpu}, ${memoryGiB} GiB, ${system}, Node ${node}`,
    `${options.reps} repetitions, medians, on ${options.where}`,
    ...(options.scale === 1 ? [] : [`Tried at ${options.scale} of its size: no goal can be judged by these figures.`]),
    '',
    ...tableLines(
      columns,
      programs.map(({ name, version, durability, flags }) => [
        name,
        version ?? 'not installed: left out',
        version === null ? '' : durability,
        version === null ? '' : flags,
      ]),
    ),
  ];
}

/** @returns the figures of one scenario and its verdicts. */
export function scenarioLines({ name, what, where, load, rows, goals, failures }: ScenarioReport): string[] {
  const columns = [
    { title: 'measure' },
    { title: 'program' },
    { title: 'median', align: 'right' },
    { title: 'min – max' },
    { title: 'lockstep is', align: 'right' },
  ] as const;
  const measures = [...new Set(rows.map(({ measure }) => measure))];
  const cells = measures.flatMap((measure) =>
    rows
      .filter((row) => row.measure === measure)
      .map((row) => [
        measure,
        row.program,
        shown(row.median, row.unit),
        spread(row),
        row.ratio === null ? '' : shown(row.ratio, 'times'),
      ]),
  );
  return [
    `${name}  ${what}`,
    `in ${where === 'memory' ? 'memory' : 'files of a disk'}, load ${load.toFixed(1)} before`,
    ...tableLines(columns, cells),
    ...failures.map(({ program, message }) => `${program} FAILED: ${message}`),
    ...goals.map((goal) => `goal: ${goal.measure} ${bound(goal)}: ${outcome(goal)}`),
  ];
}

export const FILES_TITLES = [
  'files',
  'first sync',
  'a file',
  'CPU of both',
  'peak a/b',
  'restart',
  'resident a/b',
  'state at a',
] as const;

export const SIZES_TITLES = ['file', 'first sync', 'MiB a second', 'growth a/b'] as const;

/** @returns the cells of a row of `growth`, in the order of `FILES_TITLES`. */
export function filesCells(row: FilesRow): string[] {
  return [
    row.files.toLocaleString('en'),
    shown(row.firstMs, 'ms'),
    `${((1_000 * row.firstMs) / row.files).toFixed(0)} µs`,
    `${row.cpuSeconds.toFixed(1)} s`,
    both(row.peakMiB),
    shown(row.restartMs, 'ms'),
    both(row.residentMiB),
    shown(row.stateBytes / 2 ** 20, 'MiB'),
  ];
}

/** @returns the cells of a row of `growth`, in the order of `SIZES_TITLES`. */
export function sizesCells({ mebibytes, firstMs, growthMiB }: SizeRow): string[] {
  const size = mebibytes >= 1024 ? `${mebibytes / 1024} GiB` : `${mebibytes} MiB`;
  return [size, shown(firstMs, 'ms'), ((1_000 * mebibytes) / firstMs).toFixed(0), both(growthMiB)];
}

const both = ([a, b]: readonly [number, number]): string => `${a.toFixed(0)}/${b.toFixed(0)} MiB`;

/** @returns how the cost grows with the work. */
export function growthLines({ files, sizes, load, where }: GrowthReport): string[] {
  const columns = (titles: readonly string[]) => titles.map((title) => ({ title, align: 'right' }) as const);
  return [
    `growth  in ${where === 'memory' ? 'memory' : 'files of a disk'}, load ${load.toFixed(1)} before`,
    ...tableLines(columns(FILES_TITLES), files.map(filesCells)),
    '',
    ...tableLines(columns(SIZES_TITLES), sizes.map(sizesCells)),
  ];
}
