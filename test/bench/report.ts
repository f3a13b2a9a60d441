// What a bench has found, as `--json` prints it: figures of every program and repetition, and whether the goals are met.
// Ratios are taken within a repetition, because the machine is another one a minute later, and their median counts.
import type { Machine } from './machine.js';
import type { ProgramName } from './programs/program.js';
import type { Figure, Goal, Scenario, Unit } from './scenario.js';
import { median } from './statistics.js';

/** The whole of a bench. */
export interface Report {
  /** Of this shape: 1. It grows by one when a reader of the older one would misunderstand the newer. */
  readonly format: 1;
  readonly machine: Machine;
  readonly options: Options;
  readonly programs: readonly ProgramReport[];
  readonly scenarios: readonly ScenarioReport[];
  /** What `growth` measured. */
  readonly growth: GrowthReport | null;
}

export interface Options {
  /** How often each program does each work. */
  readonly reps: number;
  /** `disk`, `tmpfs` or a directory. */
  readonly where: string;
  /** The part of the work that is done: 1, unless somebody only tries the bench. */
  readonly scale: number;
}

export interface ProgramReport {
  readonly name: ProgramName;
  /** Null: it is not installed and was left out. */
  readonly version: string | null;
  readonly flags: string;
  readonly durability: string;
}

export interface ScenarioReport {
  readonly name: string;
  readonly what: string;
  /** Whether the files were on a disk or in memory. */
  readonly where: 'disk' | 'memory';
  /** The load of the machine in the minute before. */
  readonly load: number;
  readonly rows: readonly Row[];
  readonly goals: readonly Verdict[];
  readonly failures: readonly Failure[];
}

/** One measure of one program. */
export interface Row {
  readonly program: ProgramName;
  readonly measure: string;
  readonly unit: Unit;
  /** One a repetition; null where it failed. */
  readonly values: readonly (number | null)[];
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Lockstep's figure as a multiple of this one; null where there is none, and for Lockstep itself. */
  readonly ratio: number | null;
}

export interface Verdict {
  readonly measure: string;
  /** The other figure, of which the bound is a multiple: a program, or another measure of Lockstep; null for an amount. */
  readonly of: string | null;
  readonly unit: Unit | 'times';
  readonly most: number | null;
  readonly least: number | null;
  /** What Lockstep reached; null where it or the other figure is missing. */
  readonly reached: number | null;
  readonly isMet: boolean | null;
}

export interface Failure {
  readonly program: ProgramName;
  readonly message: string;
}

export interface GrowthReport {
  readonly load: number;
  readonly where: 'disk' | 'memory';
  readonly files: readonly FilesRow[];
  readonly sizes: readonly SizeRow[];
}

/** A pair with so many files of 1 to 8 KiB. */
export interface FilesRow {
  readonly files: number;
  readonly firstMs: number;
  /** Of both servers for the first synchronisation, their start included. */
  readonly cpuSeconds: number;
  readonly peakMiB: readonly [a: number, b: number];
  readonly restartMs: number;
  /** After the restart. */
  readonly residentMiB: readonly [a: number, b: number];
  /** Of server-a, in the directory that it keeps its state in. */
  readonly stateBytes: number;
}

/** A file of so many MiB. */
export interface SizeRow {
  readonly mebibytes: number;
  readonly firstMs: number;
  readonly growthMiB: readonly [a: number, b: number];
}

/** What one program needed in each repetition; null where it failed. */
export type Measured = ReadonlyMap<ProgramName, readonly (readonly Figure[] | null)[]>;

/** @returns the rows and verdicts of a scenario. */
export function evaluate(
  { goals }: Pick<Scenario, 'goals'>,
  measured: Measured,
): Pick<ScenarioReport, 'rows' | 'goals'> {
  const rows = [...measured].flatMap(([program, repetitions]) => rowsOf(program, repetitions));
  const own = rows.filter(({ program }) => program === 'lockstep');
  const withRatios = rows.map((row) => {
    const same = own.find(({ measure }) => measure === row.measure);
    return row.program === 'lockstep' || same === undefined ? row : { ...row, ratio: ratioOf(same, row) };
  });
  return { rows: withRatios, goals: goals.map((goal) => verdictOf(goal, rows)) };
}

function rowsOf(program: ProgramName, repetitions: readonly (readonly Figure[] | null)[]): Row[] {
  const first = repetitions.find((figures) => figures !== null) ?? [];
  return first.map(({ measure, unit }) => {
    const values = repetitions.map((figures) => figures?.find((one) => one.measure === measure)?.value ?? null);
    const there = values.filter((value) => value !== null);
    const [min, max] = [Math.min(...there), Math.max(...there)];
    return { program, measure, unit, values, median: median(there), min, max, ratio: null };
  });
}

/** @returns the median of the ratios of two rows, repetition by repetition; null where no repetition has both. */
function ratioOf(row: Row, to: Row): number | null {
  const ratios = row.values.flatMap((value, i) => {
    const other = to.values[i] ?? null;
    return value === null || other === null || other === 0 ? [] : [value / other];
  });
  return ratios.length === 0 ? null : median(ratios);
}

function verdictOf(goal: Goal, rows: readonly Row[]): Verdict {
  const { measure, of } = goal;
  const [most, least] = [goal.most ?? null, goal.least ?? null];
  const find = (program: ProgramName, name: string) =>
    rows.find((row) => row.program === program && row.measure === name);
  const own = find('lockstep', measure);
  const other = of === undefined ? undefined : find(of.program, of.measure ?? measure);
  const reached = own === undefined ? null : of === undefined ? own.median : other ? ratioOf(own, other) : null;
  const isMet = reached === null ? null : most !== null ? reached <= most : reached >= least!;
  const named = of === undefined ? null : of.measure === undefined ? of.program : `its own ${of.measure}`;
  return { measure, of: named, unit: of === undefined ? (own?.unit ?? 'ms') : 'times', most, least, reached, isMet };
}
