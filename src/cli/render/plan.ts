// What would be transferred, for people: every change in a row, and all of them in one sentence.

import { type SideNames, UNNAMED } from '../../core/side-name.js';
import { countText, sizeText } from '../../core/size-text.js';
import type { PlanPreview, PlanRow, WaitRow } from '../../wire/client-api/plan.js';
import { wayText } from './event.js';
import { tableLines } from './table.js';
import { shownName } from './width.js';

const WHY: Readonly<Record<PlanRow['why'], string>> = {
  changed: '',
  newer: 'newer',
  conflict: 'both changed',
};

/** @returns the changes as a table, then the summary. */
export function planText(preview: PlanPreview, window?: number, names: SideNames = UNNAMED): string {
  const rows = preview.plan.map((row) => [
    wayText(row.from, names),
    row.action,
    row.was === undefined ? shownName(row.path) : `${shownName(row.was)} → ${shownName(row.path)}`,
    row.bytes === 0 ? '' : sizeText(row.bytes),
    WHY[row.why],
  ]);
  const columns = [
    { title: 'way' },
    { title: 'action' },
    { title: 'name', widest: 60 },
    { title: 'size', align: 'right' as const },
    { title: 'why' },
  ];
  const table = rows.length === 0 ? [] : tableLines(columns, rows, window);
  return `${[...table, ...waitLines(preview), planSummary(preview, names)].join('\n')}\n`;
}

/** The paths that are left out, and why. */
function waitLines({ waiting, waits = [] }: PlanPreview): string[] {
  if (waits.length === 0) return [];
  const more = waiting > waits.length ? [`  and ${waiting - waits.length} more`] : [];
  return ['Waiting:', ...waits.map((row) => `  ${shownName(row.path)}: ${waitText(row)}`), ...more];
}

function waitText({ why, owner }: WaitRow): string {
  if (why === 'unsettled') return 'is still being written or read';
  if (why === 'out-of-reach') return 'cannot be read, or is ignored, on one side';
  return owner === undefined ? 'its held updates are being applied' : `until ${shownName(owner)} unlocks it`;
}

/**
 * @returns one sentence, such as `412 files a → b, 3 b → a, 3 decided by time.` A file is counted once; directories and
 * links are not files.
 */
export function planSummary({ plan, waiting, firstContact }: PlanPreview, names: SideNames = UNNAMED): string {
  const count = (test: (row: PlanRow) => boolean) => plan.filter(test).length;
  const isCarried = ({ type, action, why }: PlanRow) => type === 'file' && action !== 'deleted' && why === 'changed';
  const isDeleted = ({ action }: PlanRow) => action === 'deleted';
  const parts = [
    ways(
      count((row) => isCarried(row) && row.to === 'b'),
      count((row) => isCarried(row) && row.to === 'a'),
      names,
    ),
    some(
      count(({ why }) => why === 'newer'),
      'decided by time',
    ),
    some(new Set(plan.filter(({ why }) => why === 'conflict').map(({ path }) => path)).size, 'changed on both sides'),
    some(
      count((row) => isDeleted(row) && row.to === 'b'),
      `deleted on ${names.b}`,
    ),
    some(
      count((row) => isDeleted(row) && row.to === 'a'),
      `deleted on ${names.a}`,
    ),
    some(
      count(({ type, action }) => type !== 'file' && action !== 'deleted'),
      'directories and links',
    ),
    some(waiting, 'waiting'),
  ].filter((part) => part !== '');
  const text = parts.length === 0 ? 'Nothing to transfer' : parts.join(', ');
  return `${firstContact ? 'First contact: ' : ''}${firstContact ? lowered(text) : text}.`;
}

/** `412 files a → b, 3 b → a`: the word stands once. */
function ways(toB: number, toA: number, { a, b }: SideNames): string {
  const ab = toB === 0 ? '' : `${countText(toB, 'file')} ${a} → ${b}`;
  const ba = toA === 0 ? '' : `${toB === 0 ? countText(toA, 'file') : toA} ${b} → ${a}`;
  return [ab, ba].filter((part) => part !== '').join(', ');
}

const some = (n: number, what: string): string => (n === 0 ? '' : `${n} ${what}`);

const lowered = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
