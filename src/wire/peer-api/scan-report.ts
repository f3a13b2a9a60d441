// A scan report on its way from server-b to server-a: its lists stream ahead as notifications, each of any length, and the rest
// is the result. A scan that is cut short is no scan: what is missing from it would pass for deleted.
import { type Problem, type SideHaltCode, SyncError } from '../../core/errors.js';
import { MAX_PATH_BYTES, type RelPath } from '../../core/path.js';
import type { ScanResult } from '../../replica.js';
import { withAdvice } from '../frame/advice-text.js';
import { Budget, ITEM_BYTES } from '../frame/budget.js';
import { MAX_RULES_BYTES, MAX_SIDE_BYTES } from '../frame/limits.js';
import { bad, encodeList, fail, object, parseList, relPath, shortText, wholeNumber } from './list.js';
import { entryOf, hashOf, messageOf, problemCodeOf } from './messages.js';

const MAX_RULE_CHARS = 4096;

type ScanEntry = ScanResult['entries'][number];
type ArrivingFile = NonNullable<ScanResult['arriving']>[number];

const HALTS: Readonly<Record<SideHaltCode, true>> = {
  'root-missing': true,
  'root-replaced': true,
  'root-emptied': true,
  'mass-deletion': true,
};

/** A directory of the scanned tree and the digest of what is directly in it. The root is `''`. */
export interface DirectoryDigest {
  readonly path: RelPath | '';
  readonly digest: string;
}

/** A scan report as it is sent. */
export interface SentReport extends ScanResult {
  /** Instead of `entries`: whether the tree is the one that the caller knows. */
  readonly same?: boolean;
  /** Instead of `entries`: every directory, parents before children. */
  readonly directories?: readonly DirectoryDigest[];
}

const LISTS = ['entries', 'directories', 'unknown', 'damaged', 'problems', 'rules', 'moving', 'arriving'] as const;

/** @returns the notifications to send before the result, each with its payload. */
export function* scanReportParts(report: SentReport): Generator<{ method: string; payload: Buffer }> {
  for (const method of LISTS) for (const { payload } of encodeList(report[method] ?? [])) yield { method, payload };
}

/** @returns the result of a scan: the fields that are not in {@link scanReportParts}, and the number of items. */
export function scanReportResult(report: SentReport): object {
  const { whole, same, unsettled } = report;
  const items = LISTS.reduce((sum, list) => sum + (report[list]?.length ?? 0), 0);
  const halt = report.halt && { code: report.halt.code, message: withAdvice(report.halt) };
  return { whole, ...(same && { same }), unsettled, halt, items };
}

/** @returns the budget of one scan, or of several that belong to one request. */
export const scanBudget = (bytes = MAX_SIDE_BYTES): Budget => new Budget(bytes, sideTooLarge);

/** @returns the error for a side that reports more than is stored. */
export const sideTooLarge = (): SyncError =>
  new SyncError('too-large', `Side b reports more than ${MAX_SIDE_BYTES / 2 ** 20} MiB of names and entries.`, {
    hint: 'Synchronise a smaller directory, or ignore a part of it.',
  });

/** Assembles a scan report. */
export class ScanReportReader {
  readonly #entries: ScanEntry[] = [];
  /** The directories that were told instead of entries. */
  readonly directories: DirectoryDigest[] = [];
  /** Whether the tree is the one that the caller knows; entries and directories are empty then. */
  same = false;
  readonly #unknown: RelPath[] = [];
  readonly #damaged: RelPath[] = [];
  readonly #problems: Problem[] = [];
  readonly #rules: string[] = [];
  readonly #moving: RelPath[] = [];
  readonly #arriving: ArrivingFile[] = [];
  readonly #budget: Budget;
  readonly #rulesBudget = new Budget(MAX_RULES_BYTES, () => bad('its list of ignore rules is too long'));
  #items = 0;

  constructor(budget: Budget = scanBudget()) {
    this.#budget = budget;
  }

  /**
   * Receives one notification of the call.
   * @throws SyncError `bad-message`.
   */
  take(method: string, payload: Buffer | null): void {
    this.#budget.take(ITEM_BYTES + (payload?.length ?? 0));
    if (method === 'rules') this.#rulesBudget.take(payload?.length ?? 0);
    if (method === 'entries') this.#add(this.#entries, parseList(payload, scanEntryOf));
    else if (method === 'directories') this.#add(this.directories, parseList(payload, directoryOf));
    else if (method === 'unknown') this.#add(this.#unknown, parseList(payload, relPath));
    else if (method === 'damaged') this.#add(this.#damaged, parseList(payload, relPath));
    else if (method === 'problems') this.#add(this.#problems, parseList(payload, problemOf));
    else if (method === 'rules') this.#add(this.#rules, parseList(payload, ruleOf));
    else if (method === 'moving') this.#add(this.#moving, parseList(payload, relPath));
    else if (method === 'arriving') this.#add(this.#arriving, parseList(payload, arrivingOf));
    else throw bad('a part of a scan report is unknown');
  }

  /**
   * @param result the answer to the call.
   * @throws SyncError `bad-message`, also where a part is missing.
   */
  finish(result: unknown): ScanResult {
    const { whole: isWhole, same = false, unsettled, halt, items } = object(result, 'a report');
    if (typeof same !== 'boolean') throw bad('a report does not say whether the tree is the same');
    this.same = same;
    if (typeof isWhole !== 'boolean') throw bad('a report does not say whether it is whole');
    if (items !== this.#items) throw bad('a part of a report is missing');
    return {
      entries: this.#entries,
      whole: isWhole,
      unknown: this.#unknown,
      damaged: this.#damaged,
      problems: this.#problems,
      rules: this.#rules,
      unsettled: wholeNumber(unsettled, 'the number of unsettled paths', 0),
      moving: this.#moving,
      arriving: this.#arriving,
      halt: halt === null ? null : haltOf(halt),
    };
  }

  #add<T>(list: T[], more: readonly T[]): void {
    this.#items += more.length;
    this.#budget.take(more.length * ITEM_BYTES);
    for (const item of more) list.push(item);
  }
}

/** @returns the payloads of a list of directories, of which `''` is the root. */
export const encodeDirectories = (paths: readonly (RelPath | '')[]): Iterable<{ readonly payload: Buffer }> =>
  encodeList(paths);

/** @throws SyncError `bad-message`. */
export const parseDirectories = (payload: Buffer | null): (RelPath | '')[] =>
  parseList(payload, (path) => (path === '' ? '' : relPath(path)));

/** @throws SyncError `bad-message`. */
export const parseScanEntries = (payload: Buffer | null): ScanEntry[] => parseList(payload, scanEntryOf);

function directoryOf(value: unknown): DirectoryDigest {
  const { path, digest } = object(value, 'a directory');
  return { path: path === '' ? '' : relPath(path), digest: hashOf(digest) };
}

function scanEntryOf(value: unknown): ScanEntry {
  const { path, entry } = object(value, 'an entry of a scan report');
  return { path: relPath(path), entry: entry === null ? null : entryOf(entry) };
}

/** The path of a problem may be the escaped form of an invalid name: text for people, not for the disk. */
function problemOf(value: unknown): Problem {
  const { path, code, message } = object(value, 'a problem');
  return {
    path: shortText(path, 'a path', 6 * MAX_PATH_BYTES),
    code: problemCodeOf(code),
    message: messageOf(message),
  };
}

function arrivingOf(value: unknown): ArrivingFile {
  const { path, size } = object(value, 'a file that is being written');
  return { path: relPath(path), size: wholeNumber(size, 'the size of a file that is being written', 0) };
}

const ruleOf = (value: unknown): string => shortText(value, 'an ignore rule', MAX_RULE_CHARS);

function haltOf(value: unknown): NonNullable<ScanResult['halt']> {
  const { code, message } = object(value, 'a halt');
  if (typeof code !== 'string' || !Object.hasOwn(HALTS, code)) return fail('a halt is unknown');
  return { code: code as SideHaltCode, message: messageOf(message) };
}
