// The folder guarantees: only a scan decides what is in the tree, by names, stats and content that it read itself.
// Watch events are hints where to scan. One scan runs at a time:
//
//   halt if the root is gone, was replaced or is suddenly empty                           safety
//   survey: lstat the hinted paths, or all → changed, dirs, absent                        survey, enter, walk
//   judge: of the changed, read what has settled; of the absent, accept what has lasted   judge, settle-times
//     everything else stays in `unsettled`, with an alarm for the time when it is due     unsettled, trigger
//   halt if the findings remove too many files                                            safety
//   commit the findings to the snapshot, except paths that were written meanwhile         commit
//   report what differs from the last report                                              diff, report
//
// Invariants: `snapshot` is what was last accepted; a scan that fails or halts does not change it, and the next scan
// covers everything.

import type { Stats } from 'node:fs';
import type { DirEntry, Entry, LinkEntry } from '../../core/entry.js';
import { joinPath, pathFault, type RelPath } from '../../core/path.js';
import { Snapshot } from '../../core/snapshot.js';
import { type Logger, silent } from '../../log.js';
import type { ScanResult, ScanScope } from '../../replica.js';
import { DigestQueue } from '../fs/digest-queue.js';
import { type FileSignature, modeOf } from '../fs/signature.js';
import { WatchedDirectories } from '../watch/directories.js';
import { Hints } from '../watch/hints.js';
import type { Watcher } from '../watch/watcher.js';
import { commit, Overwritten } from './commit.js';
import type { ScannerOptions } from './context.js';
import { type LstatResult, type ScanContext, statsAt } from './context.js';
import { Damage } from './crash-damage.js';
import { adoptRules, readRules } from './ignore-file.js';
import { IGNORE_FILE, IgnoreRules } from './ignore-rules.js';
import { type Findings, Judge } from './judge.js';
import { moveKnown, noteOwn } from './own-writes.js';
import { Problems } from './problems.js';
import { Reporter } from './report.js';
import { type Halt, lossHalt, rootHalt } from './safety.js';
import { Survey } from './survey.js';
import { ScanTrigger } from './trigger.js';
import { Unsettled } from './unsettled.js';
import { verifyUnchanged } from './verify.js';
import { watcherFor } from './watch-events.js';

/** Scans one root and keeps the snapshot of what it last saw. */
export class Scanner {
  /** What was last seen; its files are `FileSignature`. */
  readonly snapshot: Snapshot;
  /** Called for every change of the snapshot, to store it; null: removed, with everything below. */
  onSeen: (path: RelPath, entry: FileSignature | LinkEntry | DirEntry | null) => void = () => {};

  readonly #ignore: readonly string[];
  readonly #log: Logger;
  readonly #context: ScanContext;
  readonly #watcher: Watcher;
  readonly #hints: Hints;
  readonly #trigger: ScanTrigger;
  readonly #digests: DigestQueue;
  readonly #reporter: Reporter;
  readonly #overwritten = new Overwritten();
  #rulesHash: string | null | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #deletesAccepted = false;
  /** Whether the last scan found an empty root: what the next one does not find has been gone since then. */
  #wasEmptied = false;

  constructor(options: ScannerOptions) {
    const now = options.now ?? Date.now;
    this.#ignore = options.ignore;
    this.#log = options.log ?? silent;
    this.snapshot = options.known ?? new Snapshot();
    this.#hints = new Hints(now, () => this.#inTurn(() => this.#trigger.quickCheck()));
    this.#digests = new DigestQueue(now, (path) => {
      this.#context.unsettled.postpone(path, now());
      this.#hints.add(path);
    });
    const absolute = (path: RelPath | '') => (path === '' ? options.root.path : `${options.root.path}/${path}`);
    this.#watcher = watcherFor(options, () => this.#context, this.#hints, this.#log);
    this.#context = {
      root: options.root,
      snapshot: this.snapshot,
      directories: new WatchedDirectories(this.#watcher, absolute),
      unsettled: new Unsettled(),
      problems: new Problems(),
      damage: options.damage ?? new Damage(),
      rules: new IgnoreRules([]),
      linked: new Set(),
      ownerFiles: options.ownerFiles ?? null,
      now,
      absolute,
      reported: options.reported ?? ((_path, stats) => modeOf(stats)),
    };
    this.#reporter = new Reporter(this.#context);
    this.#trigger = new ScanTrigger(this.#context, this.#hints, options.onHint, (path, file) =>
      this.#confirm(path, file),
    );
  }

  /**
   * Scans the tree. Overlapping calls run one after the other. The first scan covers everything, whatever its scope.
   * @returns what differs from the previous result, or a halt.
   * @throws SyncError `failed` where the root cannot be read. No difference is lost: the next scan reports it.
   */
  scan(scope: ScanScope): Promise<ScanResult> {
    return this.#inTurn(() => this.#scanOnce(scope));
  }

  /** Makes the next scan cover `paths`; does not call for one. */
  markDirty(paths: Iterable<RelPath>): void {
    for (const path of paths) this.#hints.include(path);
  }

  /**
   * @param seen what is there, where the caller knows it; otherwise lstat is asked.
   * @returns whether `name` in `dir` is left out of synchronisation: it is ignored, makes no valid path, or is of a
   *   type that is not synchronised.
   */
  ignores(dir: RelPath | '', name: string, seen: Entry | null = null): boolean {
    const path = joinPath(dir, name);
    if (name.includes('\ufffd') || pathFault(path) !== null) return true;
    const isDir = seen === null ? (statsAt(this.#context.absolute(path))?.isDirectory() ?? false) : seen.type === 'dir';
    return this.#context.rules.ignores(path, isDir) || this.#context.problems.has(path);
  }

  /** Makes the next scan cover everything and accept its deletions, however many. */
  acceptDeletes(): void {
    this.#deletesAccepted = true;
    this.#hints.requireAll();
  }

  /**
   * To be called after each write of this server, so that its watch events are no change.
   * @param reported the entry that the pair agreed on; it is reported until the signature on disk changes.
   * @param stats what lstat says of it now.
   * @param published whether it is a verified content that only just got its name.
   */
  wrote(path: RelPath, reported: Entry | null, stats: Stats | null, published = false): void {
    this.#overwritten.add(path);
    const own = { stats, published };
    const entry = noteOwn(this.#context, path, reported, own, (dir) => this.#hints.add(dir, true));
    if (this.#context.unsettled.size < this.#context.unsettled.reported) this.#hints.add(path);
    this.#seen(path, entry);
    if (entry?.type === 'file' && stats !== null && stats.nlink > 1) this.#changedLinked(path, stats);
    if (path !== IGNORE_FILE) return;
    this.#rulesHash = undefined;
    this.#hints.addAll();
  }

  #changedLinked(path: RelPath, { ino }: Stats): void {
    this.#context.linked.add(ino);
    this.#hints.add(path);
  }

  /** To be called after this server moved the directory `from` to `to` (`absolute`): its known content moves along. */
  moved(from: RelPath, to: RelPath, absolute: string): void {
    for (const { path, entry, stats } of moveKnown(this.#context, from, to, absolute)) this.wrote(path, entry, stats);
  }

  /**
   * @param absolute where to look; the caller makes sure that no link leads there.
   * @param lstat what lstat says, where the caller knows it already.
   * @returns whether `path` is still `entry`, by its signature or, where that proves nothing, by its content.
   */
  matches(path: RelPath, entry: Entry | null, absolute: string, lstat?: LstatResult): boolean {
    return verifyUnchanged(this.#context, path, entry, absolute, lstat);
  }

  /** Waits for a running scan, then stops watching. */
  async close(): Promise<void> {
    this.#trigger.close();
    await this.#digests.close();
    await this.#turn;
    this.#trigger.close();
    await this.#watcher.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const { directories } = this.#context;
    const look = (): Promise<T> => {
      directories.beginLook();
      return work().finally(() => directories.endLook());
    };
    const result = this.#turn.then(look);
    this.#turn = result.then(() => {}).catch(() => {}); // drops the result, which may be a whole tree
    return result;
  }

  async #scanOnce(scope: ScanScope): Promise<ScanResult> {
    this.#trigger.scanBegins();
    const accepted = this.#deletesAccepted;
    this.#deletesAccepted = false;
    this.#overwritten.clear();
    const halt = rootHalt(this.#context, accepted);
    if (halt !== null) return this.#halted(halt);
    await this.#refreshRules();
    const { everything, paths } = this.#hints.take();
    try {
      return await this.#scanRoot(everything || scope === 'everything' || !this.#reporter.hasReported, paths, accepted);
    } catch (error) {
      this.#hints.requireAll();
      throw error;
    } finally {
      this.#context.directories.endScan();
    }
  }

  async #scanRoot(everything: boolean, paths: Map<RelPath | '', boolean>, accepted: boolean): Promise<ScanResult> {
    const survey = new Survey(this.#context);
    await (everything ? survey.all() : survey.at(this.#withDue(paths)));
    const isGone = accepted || this.#wasEmptied || !this.#reporter.hasReported;
    const findings = await new Judge(this.#context, survey, this.#digests, isGone).findings();
    if (this.#rulesDiffer(findings)) {
      await this.#refreshRules();
      return this.#scanRoot(true, new Map(), accepted);
    }
    const halt = this.#haltBefore(findings, survey, accepted);
    if (halt !== null) return this.#halted(halt);
    await this.#commit(findings, survey);
    this.#wasEmptied = false;
    this.#trigger.setAlarm();
    return this.#reporter.report(survey.again);
  }

  /** Missing files may mean that the root itself is being removed, so the root is checked once more. */
  #haltBefore(findings: Findings, survey: Survey, accepted: boolean): Halt | null {
    const loss = accepted ? null : lossHalt(this.#context, findings, (path) => survey.hasLeft(path));
    const takesAway = loss !== null || [...findings.values()].includes(null);
    return accepted || !takesAway ? null : (rootHalt(this.#context, false) ?? loss);
  }

  #withDue(paths: Map<RelPath | '', boolean>): Map<RelPath | '', boolean> {
    for (const path of this.#context.unsettled.dueFiles(this.#context.now()))
      if (!paths.has(path)) paths.set(path, false);
    return paths;
  }

  async #commit(findings: Findings, survey: Survey): Promise<void> {
    await commit(findings, {
      context: this.#context,
      differences: this.#reporter.differences,
      overwritten: this.#overwritten,
      onSeen: (path, entry) => this.#seen(path, entry),
      again: (path) => survey.again.add(path),
    });
    for (const path of survey.again) this.#hints.add(path);
  }

  #seen(path: RelPath, entry: Entry | null): void {
    this.#trigger.seen(path, entry);
    this.onSeen(path, entry as FileSignature | LinkEntry | DirEntry | null);
  }

  /** A second reading, late enough to be certain, found the content of the first one. */
  #confirm(path: RelPath, file: FileSignature): void {
    this.snapshot.put(path, file);
    this.#seen(path, file);
  }

  /** The lines of the ignore file as they are now, comments and empty ones included. @throws SyncError `failed`. */
  ignoreFile(): readonly string[] {
    return readRules(this.#context).lines;
  }

  /** Reads the ignore file again where it may have changed since it was last read: then this scan covers everything. */
  async #refreshRules(): Promise<void> {
    if (this.#rulesHash !== undefined) return;
    const { lines, hash } = readRules(this.#context);
    this.#rulesHash = hash;
    await adoptRules(this.#context, [...this.#ignore, ...lines], (path) => {
      this.#reporter.differences.forget(path);
      this.#seen(path, null);
    });
  }

  #rulesDiffer(findings: Findings): boolean {
    const found = findings.get(IGNORE_FILE);
    if (found === undefined || (found?.type === 'file' ? found.hash : null) === this.#rulesHash) return false;
    this.#rulesHash = undefined;
    return true;
  }

  #halted(halt: Halt): ScanResult {
    this.#wasEmptied ||= halt.code === 'root-emptied';
    // The watches went with the root; none would report that it came back.
    if (halt.code === 'root-missing' || halt.code === 'root-replaced') this.#context.directories.drop('');
    this.#hints.requireAll();
    this.#hints.setAlarm(Number.POSITIVE_INFINITY);
    return this.#reporter.halted(halt);
  }
}
