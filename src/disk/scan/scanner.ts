// Looking at one tree. Events only say where to look; what is there is decided by names, stats and content that are read
// here. One look at a time, in steps: survey (what differs), judge (what is believed), guard (whether that can be), commit.
// Invariants: `snapshot` is what was last believed; a look that fails or halts changes nothing of it, and the next one
// looks at everything; whatever is in motion is in `waiting`, and an alarm is set for it.

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
import { type ScanContext, type Standing, statsAt } from './context.js';
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

/** One tree, and what was last seen of it. */
export class Scanner {
  /** What was last seen; the files in it are SeenFile. */
  readonly snapshot: Snapshot;
  /** Called for every change of the snapshot, to remember it; null: gone with all below. */
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
   * Looks at the tree; overlapping calls wait for each other. The first look is whole whatever its scope.
   * @throws SyncError `failed` where the root cannot be read; nothing is lost, and the next look tells it.
   */
  scan(scope: ScanScope): Promise<ScanResult> {
    return this.#inTurn(() => this.#scanOnce(scope));
  }

  /** Has the next look, whenever it comes, look at `paths` in any case. */
  markDirty(paths: Iterable<RelPath>): void {
    for (const path of paths) this.#hints.include(path);
  }

  /**
   * @returns whether `name`, which stands in `dir` (as `seen` just now, or it is looked at), is left out of
   *   synchronisation: it is ignored, or makes no path, or is something that does not travel.
   */
  ignores(dir: RelPath | '', name: string, seen: Entry | null = null): boolean {
    const path = joinPath(dir, name);
    if (name.includes('\ufffd') || pathFault(path) !== null) return true;
    const isDir = seen === null ? (statsAt(this.#context.absolute(path))?.isDirectory() ?? false) : seen.type === 'dir';
    return this.#context.rules.ignores(path, isDir) || this.#context.problems.has(path);
  }

  /** Lets the next look tell of deletions, however many. */
  acceptDeletes(): void {
    this.#deletesAccepted = true;
    this.#hints.requireAll();
  }

  /**
   * To be called after our own write, so that its echo is no change.
   * @param reported the entry that the pair agreed on; it goes on being reported until the disk's signature changes.
   * @param stats what lstat says of it now.
   */
  wrote(path: RelPath, reported: Entry | null, stats: Stats | null): void {
    this.#overwritten.add(path);
    const entry = noteOwn(this.#context, path, reported, stats, (dir) => this.#hints.add(dir, true));
    if (this.#context.unsettled.size < this.#context.unsettled.told) this.#hints.add(path);
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

  /** To be called after we moved the directory `from` to `to`, where `absolute` leads: what it holds is known there, too. */
  moved(from: RelPath, to: RelPath, absolute: string): void {
    for (const { path, entry, stats } of moveKnown(this.#context, from, to, absolute)) this.wrote(path, entry, stats);
  }

  /**
   * Whether what stands at `path` is still `entry`, by its signature or, where that proves nothing, by its content.
   * @param absolute where to look, and `standing` what is known of it already; no link leads there, the caller sees to it.
   */
  matches(path: RelPath, entry: Entry | null, absolute: string, standing?: Standing): boolean {
    return verifyUnchanged(this.#context, path, entry, absolute, standing);
  }

  /** Stops watching; a look under way ends first. */
  async close(): Promise<void> {
    this.#trigger.close();
    await this.#digests.close();
    await this.#turn;
    this.#trigger.close();
    await this.#watcher.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.then(() => {}).catch(() => {}); // without what it came to, which may be a whole tree
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
    const isGone = accepted || !this.#reporter.hasReported;
    const findings = await new Judge(this.#context, survey, this.#digests, isGone).findings();
    if (this.#rulesDiffer(findings)) {
      await this.#refreshRules();
      return this.#scanRoot(true, new Map(), accepted);
    }
    const halt = this.#haltBefore(findings, survey, accepted);
    if (halt !== null) return this.#halted(halt);
    await this.#commit(findings, survey);
    this.#trigger.setAlarm();
    return this.#reporter.tell(survey.again);
  }

  /** What was missing may have been the beginning of the root's own end, so that is looked at once more. */
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

  /** A second reading found what the first one did, late enough to be sure. */
  #confirm(path: RelPath, file: FileSignature): void {
    this.snapshot.put(path, file);
    this.#seen(path, file);
  }

  /** Reads the rules where they are not known to be those in the file. */
  async #refreshRules(): Promise<void> {
    if (this.#rulesHash !== undefined) return;
    const { lines, hash } = readRules(this.#context);
    this.#rulesHash = hash;
    await adoptRules(this.#context, [...this.#ignore, ...lines], (path) => {
      this.#reporter.differences.forget(path);
      this.#seen(path, null);
    });
    this.#hints.requireAll();
  }

  #rulesDiffer(findings: Findings): boolean {
    const found = findings.get(IGNORE_FILE);
    if (found === undefined || (found?.type === 'file' ? found.hash : null) === this.#rulesHash) return false;
    this.#rulesHash = undefined;
    return true;
  }

  #halted(halt: Halt): ScanResult {
    // A root that is gone takes its watches with it, and says nothing when it comes back.
    if (halt.code === 'root-missing' || halt.code === 'root-replaced') this.#context.directories.drop('');
    this.#hints.requireAll();
    this.#hints.setAlarm(Number.POSITIVE_INFINITY);
    return this.#reporter.halted(halt);
  }
}
