// The tables of docs/performance.md, between markers, so that one command makes them anew.
import { FILES_TITLES, filesCells, SIZES_TITLES, sizesCells } from './print.js';
import type { Report, Row, ScenarioReport, Verdict } from './report.js';
import { SCENARIOS } from './scenarios/all.js';
import { bound, outcome, shown, spread } from './shown.js';

/** Above this load the machine was doing something else, too. */
const BUSY_LOAD = 1;

/**
 * @param text the document.
 * @param report the whole of S1 to S9, or what `growth` measured, or both.
 * @returns the document with the figures of the report.
 */
export function withFigures(text: string, report: Report): string {
  let written = text;
  if (report.scenarios.length > 0) written = between(written, 'table', [...headOf(report), '', ...tableOf(report)]);
  if (report.growth !== null) written = between(written, 'growth', growthOf(report));
  return written;
}

/** @returns the text with these lines between the markers of this name. */
function between(text: string, name: string, lines: readonly string[]): string {
  const [begin, end] = [`<!-- bench: ${name} -->\n`, `<!-- bench: end of ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The document has no markers "${begin.trim()}" and "${end}".`);
  return `${text.slice(0, from + begin.length)}\n${lines.join('\n')}\n\n${text.slice(to)}`;
}

function headOf(report: Report): string[] {
  const rows = report.programs.map(({ name, version, flags, durability }) =>
    version === null ? [name, 'not installed: left out', '', ''] : [name, version, durability, flags],
  );
  return [
    ...circumstances(report, report.scenarios),
    '',
    ...markdown(['program', 'version', 'flushes', 'run as'], rows),
  ];
}

/** When and on what it was measured, and whether the machine did something else meanwhile. */
function circumstances(
  { machine, options }: Report,
  parts: readonly { readonly load: number; readonly where: string }[],
): string[] {
  const { at, commit, cores, cpu, memoryGiB, system, node } = machine;
  const loads = parts.map(({ load }) => load);
  // The programs themselves are the load of the minute before, but for the first.
  const isBusy = loads[0]! > BUSY_LOAD;
  const once = options.reps === 1 ? 'once' : `${options.reps} times, medians`;
  return [
    `Measured on ${at.slice(0, 10)}${commit === null ? '' : ` at commit ${commit}`}, ${once}, on ${cores} x ${cpu}, ` +
      `${memoryGiB} GiB, ${system}, Node ${node}, ${parts.every(({ where }) => where === 'memory') ? 'in memory' : 'in memory where a row does not say "disk"'}; ` +
      `load of the machine before: ${loads[0]!.toFixed(1)}.` +
      (isBusy
        ? ' **The machine was busy with other work: a quiet one is several times quicker, and only ratios say something.**'
        : ''),
  ];
}

function tableOf({ scenarios }: Report): string[] {
  const rows = scenarios.flatMap((scenario) => {
    const measures = [...new Set(scenario.rows.map(({ measure }) => measure))];
    return measures.map((measure, n) => rowOf(scenario, measure, n === 0));
  });
  const met = scenarios.flatMap(({ goals }) => goals);
  const count = (is: boolean | null) => met.filter(({ isMet }) => isMet === is).length;
  const unmeasured = count(null) === 0 ? '' : `, ${count(null)} not measured`;
  const left = SCENARIOS.filter(({ name }) => !scenarios.some((one) => one.name === name)).map(({ name }) => name);
  return [
    ...markdown(['work', 'measure', 'Lockstep', 'others (Lockstep is so many times theirs)', 'goal: reached'], rows),
    '',
    `Goals: ${count(true)} met, ${count(false)} not met${unmeasured}.` +
      (left.length === 0 ? '' : ` Not measured in this run: ${left.join(', ')}.`),
    ...scenarios.flatMap(({ name, failures }) =>
      failures.map(({ program, message }) => `\n${program} failed in ${name}: ${message.replaceAll('\n', ' ')}`),
    ),
  ];
}

/** @param isFirst of its scenario: the others do not repeat what the work is. */
function rowOf({ name, what, where, rows, goals }: ScenarioReport, measure: string, isFirst: boolean): string[] {
  const of = rows.filter((row) => row.measure === measure);
  const own = of.find(({ program }) => program === 'lockstep');
  const others = of.filter((row) => row !== own && !Number.isNaN(row.median));
  return [
    `**${name}**${isFirst ? ` ${what}` : ''}${isFirst && where === 'disk' ? ' (on a disk)' : ''}`,
    measure,
    own === undefined ? '-' : withSpread(own),
    others.map((row) => `${row.program} ${shown(row.median, row.unit)}${times(row)}`).join('; '),
    goals
      .filter((goal) => goal.measure === measure)
      .map(goalText)
      .join('; '),
  ];
}

const times = ({ ratio }: Row): string => (ratio === null ? '' : ` (${shown(ratio, 'times')})`);

function withSpread(row: Row): string {
  const range = spread(row);
  return shown(row.median, row.unit) + (range === '' ? '' : ` (${range})`);
}

function goalText(goal: Verdict): string {
  const text = `${bound(goal)}: ${outcome(goal)}`;
  return goal.isMet === false ? `**${text}**` : text;
}

function growthOf(report: Report): string[] {
  const { files, sizes } = report.growth!;
  return [
    ...circumstances(report, [report.growth!]),
    '',
    ...markdown(FILES_TITLES, files.map(filesCells)),
    '',
    ...markdown(SIZES_TITLES, sizes.map(sizesCells)),
  ];
}

function markdown(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(titles), `|${'---|'.repeat(titles.length)}`, ...rows.map(line)];
}
