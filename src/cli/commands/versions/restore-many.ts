// Puts many files back: those that were deleted since a time, or all as they were before one. The versions are chosen
// from the list of all, and each is named by where it lies, because the numbers change while files are put back.
import { SyncError } from '../../../core/errors.js';
import { comparePaths, type RelPath } from '../../../core/path.js';
import { countText, sizeText } from '../../../core/size-text.js';
import type { Acted } from '../../../wire/client-api/methods.js';
import type { VersionRow } from '../../../wire/client-api/version-rows.js';
import type { CommandContext } from '../../context.js';
import { EXIT_OK, exitCodeOf } from '../../exit-codes.js';
import { parseMoment } from '../../moment.js';
import { minuteText } from '../../render/time.js';
import { shownName } from '../../render/width.js';
import { reportError, usageError } from '../../report-error.js';
import { eachRecent, pathTest } from '../../target/versions-of.js';

export interface ManyFlags {
  readonly deletedSince?: string;
  readonly before?: string;
  readonly dryRun?: boolean;
}

/** How many files are put back at one time. */
const RESTORED_AT_ONCE = 8;
/** Deletions with pauses no longer than this between them are one: of a large directory they take minutes. */
const TOGETHER_MS = 60_000;

/** @returns the exit code: that of the first file that could not be put back. */
export async function restoreMany(
  context: CommandContext,
  text: string | undefined,
  flags: ManyFlags,
): Promise<number> {
  const { deletedSince, before } = flags;
  if (deletedSince !== undefined && before !== undefined)
    throw usageError('--deleted-since and --before say different things.', 'Give one of both.');
  const isMeant = await pathTest(context, text);
  const rows =
    before === undefined
      ? await newest(context, isMeant, parseMoment(deletedSince!, '--deleted-since'))
      : await asBefore(context, isMeant, parseMoment(before, '--before'));
  if (rows.length === 0) throw nothing(text, before === undefined);
  return restoreRows(context, rows, flags);
}

/** @returns the newest deletion of each file that was deleted since `since` and is not there. */
async function newest(
  context: CommandContext,
  isMeant: (path: string) => boolean,
  since: Date | undefined,
): Promise<VersionRow[]> {
  const found = new Map<string, VersionRow>();
  const { away } = await eachRecent(context, isMeant, { since, deleted: true }, (row) => {
    if (!found.has(row.path)) found.set(row.path, row);
  });
  sayAway(context, away);
  return [...found.values()];
}

/**
 * What a file was at a time is what was put aside first after it. A content that was written later shows that the file
 * was not there: nothing is put back then, and nothing is deleted either.
 */
async function asBefore(
  context: CommandContext,
  isMeant: (path: string) => boolean,
  time: Date,
): Promise<VersionRow[]> {
  const found = new Map<string, VersionRow>();
  const { away } = await eachRecent(context, isMeant, { since: time }, (row) => {
    if (wasThere(row)) found.set(row.path, row);
  });
  sayAway(context, away);
  return [...found.values()].filter(({ mtime }) => Date.parse(mtime) <= time.getTime());
}

/** @returns whether the content stood at its path for both; what a lock kept back never did. */
const wasThere = ({ reason }: VersionRow): boolean => reason !== 'held' && reason !== 'discarded';

/**
 * @param error what is thrown where `path` is no directory that is gone.
 * @returns the files below the directory `path` that went with it.
 */
export async function deletedTogether(context: CommandContext, path: string, error: SyncError): Promise<VersionRow[]> {
  const { entries } = await (await context.api()).list();
  if (entries.some((entry) => entry.path === path)) throw error;
  const rows = await newest(context, (one) => one.startsWith(`${path}/`), undefined);
  if (rows.length === 0) throw error;
  const since = `client restore "${shownName(path)}" --deleted-since 30d`;
  if (entries.some((entry) => entry.path.startsWith(`${path}/`)))
    throw new SyncError('not-found', `"${shownName(path)}" is a directory that is there.`, {
      hint: `To put back what was deleted in it: ${since}`,
    });
  const end = rows.findIndex((row, n) => n > 0 && timeOf(rows[n - 1]!) - timeOf(row) > TOGETHER_MS);
  if (end < 0) return rows;
  if (!context.json) context.err(`${countText(rows.length - end, 'file')} in it went earlier: ${since}\n`);
  return rows.slice(0, end);
}

const timeOf = ({ replaced }: VersionRow): number => Date.parse(replaced);

/** Puts `found` back, or shows them, one answer for each, by their paths. @returns the exit code. */
export async function restoreRows(
  context: CommandContext,
  found: readonly VersionRow[],
  { dryRun = false }: ManyFlags,
): Promise<number> {
  const rows = found.toSorted((x, y) => comparePaths(x.path as RelPath, y.path as RelPath));
  if (dryRun) {
    for (const row of rows) say(context, { ...row, changed: false, dryRun }, dryText(row));
    if (!context.json) context.out(`${countText(rows.length, 'file')} would be put back.\n`);
    return EXIT_OK;
  }
  const api = await context.api();
  let code: number = EXIT_OK;
  let changed = 0;
  const restored = (row: VersionRow): Promise<Acted | SyncError> =>
    api.restore({ path: row.path }, { side: row.side, where: row.where }).catch((error: unknown) => {
      if (!(error instanceof SyncError) || endsAll(error)) throw error;
      return error;
    });
  for await (const [row, result] of inOrder(rows, restored)) {
    if (result instanceof SyncError) {
      if (code === EXIT_OK) code = exitCodeOf(result);
      reportError(context, result, { path: row.path, changed: false });
    } else {
      if (result.changed) changed++;
      say(context, result, restoredText(result));
    }
  }
  if (!context.json && rows.length > 1) context.out(`${countText(changed, 'file')} put back.\n`);
  return code;
}

/** What one file has is no reason to leave the others; a server that is gone is. */
const endsAll = ({ code }: SyncError): boolean => code === 'closed' || code === 'unreachable' || code === 'halted';

/** Acts on some rows at a time. @returns each row with its result, in the order of the rows. */
async function* inOrder<T>(
  rows: readonly VersionRow[],
  act: (row: VersionRow) => Promise<T>,
): AsyncGenerator<[VersionRow, T]> {
  const begun: { readonly row: VersionRow; readonly result: Promise<T> }[] = [];
  for (const row of rows) {
    const result = act(row);
    result.catch(() => {}); // it is thrown when its turn comes
    begun.push({ row, result });
    if (begun.length < RESTORED_AT_ONCE) continue;
    const first = begun.shift()!;
    yield [first.row, await first.result];
  }
  for (const { row, result } of begun) yield [row, await result];
}

function say(context: CommandContext, acted: Acted, text: string): void {
  context.out(context.json ? `${JSON.stringify(acted)}\n` : `${text}\n`);
}

const dryText = ({ path, reason, replaced, size }: VersionRow): string =>
  `${shownName(path)}  ${sizeText(size)}, ${shownName(reason)} ${minuteText(replaced)}`;

function restoredText({ path, changed, created, replaced }: Acted): string {
  const which = `put aside ${minuteText(String(replaced))}`;
  if (!changed) return `${shownName(path)} has that content (${which}) already.`;
  return `Restored ${shownName(path)} (${which})${created === true ? '' : '; what was there is among the versions now'}.`;
}

function sayAway(context: CommandContext, away: readonly string[]): void {
  if (context.json) return;
  for (const side of away) context.err(`Side ${side} is away: what it keeps is not put back.\n`);
}

function nothing(text: string | undefined, deleted: boolean): SyncError {
  const of = text === undefined ? '' : ` of "${shownName(text)}"`;
  const what = deleted ? 'was deleted in that time and is not there now' : 'is kept from that time';
  return new SyncError('not-found', `Nothing${of} ${what}.`, {
    hint: 'See what there is with: client versions --since 30d',
  });
}
