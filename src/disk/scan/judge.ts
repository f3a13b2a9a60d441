// The second step of a scan: decides which differences of the survey are accepted now and which have to settle first.
// Content is read here.
// Invariants: a finding is a content that the file, or the beginning of one that changes all the time, had at one moment,
// or an absence that has lasted. Every other path is in `unsettled` or has a problem, and keeps its last reported state.
import type { Entry } from '../../core/entry.js';
import { joinPath, nameOf, parentOf, type RelPath } from '../../core/path.js';
import { type Node, walkNode } from '../../core/snapshot.js';
import { type Digest, digestSmall, SMALL_BYTES } from '../fs/digest.js';
import type { DigestQueue } from '../fs/digest-queue.js';
import { LinkTargets } from '../fs/link-target.js';
import { type FileSignature, fileSignature, type StatSignature, sameSignature } from '../fs/signature.js';
import { readLink } from '../fs/symlink.js';
import { TimeSlice } from '../fs/time-slice.js';
import { lstatAt, type ScanContext } from './context.js';
import { describe } from './enter.js';
import { ABSENCE_MS, MAX_RETRY_MS, OVERDUE_MS, readableAt } from './settle-times.js';
import type { Survey } from './survey.js';
import type { Wait } from './unsettled.js';

/** What a scan accepts, parents before children; null: deleted, with everything below. */
export type Findings = Map<RelPath, Entry | null>;

/** Decides about the differences of one survey. */
export class Judge {
  readonly #context: ScanContext;
  readonly #targets: LinkTargets;
  readonly #survey: Survey;
  readonly #digests: DigestQueue;
  /**
   * Whether absences are accepted at once: a person has confirmed them, or nothing was reported yet. A file that
   * vanished before the start must not be in the first report, or the first contact takes it for shared, and then for
   * deleted.
   */
  readonly #isGone: boolean;
  readonly #findings: Findings = new Map();
  readonly #slice = new TimeSlice();
  /** Inode → absent file. A file that appears under the same inode was moved: both ends are reported together. */
  readonly #missing = new Map<number, Wait>();

  constructor(context: ScanContext, survey: Survey, digests: DigestQueue, isGone: boolean) {
    this.#context = context;
    this.#targets = new LinkTargets(context.root.path);
    this.#survey = survey;
    this.#digests = digests;
    this.#isGone = isGone;
  }

  async findings(): Promise<Findings> {
    for (const path of this.#survey.absent) this.#foundAbsent(path);
    for (const [, wait] of this.#context.unsettled.all('absent')) if (wait.ino !== 0) this.#missing.set(wait.ino, wait);
    // The survey finds a new directory after its children; sorting puts it before them.
    for (const path of [...this.#survey.dirs.keys()].sort()) this.#findings.set(path, this.#survey.dirs.get(path)!);
    for (const path of this.#survey.unreadable) this.#carryOver(path);
    for (const [path, stats] of this.#survey.changed) {
      // Frees memory early: there may be very many paths.
      this.#survey.changed.delete(path);
      this.#judge(path, stats);
      if (this.#slice.isTired) await this.#slice.rest();
    }
    this.#judgeAbsences();
    return this.#findings;
  }

  #foundAbsent(path: RelPath): void {
    const { snapshot, directories, unsettled, now } = this.#context;
    const node = snapshot.get(path);
    if (node === null) return;
    // If the directory comes back, changes made in it meanwhile were not seen: it has to be read again.
    if (node.type === 'dir') directories.doubt(path);
    if (this.#isGone || this.#survey.hasLeft(path)) this.#findings.set(path, null);
    else unsettled.miss(path, now(), node.type === 'file' ? (node as FileSignature).ino : 0, filesIn(node));
  }

  /** Keeps the known content of a directory that was moved and cannot be read. */
  #carryOver(path: RelPath): void {
    const former = this.#survey.former.get(path);
    const node = former === undefined ? null : this.#context.snapshot.get(former);
    if (node?.type !== 'dir') return;
    for (const [below, each] of walkNode('', node)) {
      this.#findings.set(joinPath(path, below), each.type === 'dir' ? { type: 'dir', mode: each.mode } : each);
    }
  }

  #judge(path: RelPath, stats: StatSignature): void {
    if (stats.kind === 'file') this.#judgeFile(path, stats);
    else if (stats.kind === 'symlink') this.#judgeLink(path, stats);
    else
      this.#cannot(path, 'unsupported-type', `${path} is a ${stats.kind}; only files, directories and links travel.`);
  }

  #judgeLink(path: RelPath, stats: StatSignature): void {
    const link = readLink(path, this.#context.absolute(path), stats, this.#targets);
    if (link === null) this.#survey.again.add(path);
    else if ('fault' in link) this.#cannot(path, 'bad-link', link.fault);
    else this.#found(path, link);
  }

  #cannot(path: RelPath, code: 'unsupported-type' | 'bad-link' | 'unreadable', message: string): void {
    this.#context.unsettled.release(path);
    this.#context.problems.add(path, code, message);
  }

  #judgeFile(path: RelPath, stats: StatSignature): void {
    const moved = this.#seenBeforeMove(path, stats);
    if (moved !== null) {
      this.#found(path, moved);
      return;
    }
    const { unsettled, now } = this.#context;
    const wait = unsettled.get(path);
    const overdue = wait !== null && wait.kind !== 'absent' && now() - wait.since >= OVERDUE_MS;
    const due = overdue ? 0 : this.#readableAt(path, stats);
    if (due > now()) unsettled.hold(path, 'moving', { ...heldAs(stats), now: now(), due });
    else if (stats.size <= SMALL_BYTES) {
      // It may have been large a moment ago.
      this.#digests.take(path);
      this.#accept(path, stats, digestSmall(this.#context.absolute(path), now()));
    } else this.#readLarge(path, stats, overdue);
  }

  /** @returns the file at `path`, already read, if its directory was moved here and it is unchanged. */
  #seenBeforeMove(path: RelPath, stats: StatSignature): FileSignature | null {
    if (this.#survey.former.size === 0) return null;
    const former = this.#survey.former.get(parentOf(path) as RelPath);
    const seen = former === undefined ? null : this.#context.snapshot.get(joinPath(former, nameOf(path)));
    if (seen?.type !== 'file' || (seen as FileSignature).racy !== false) return null;
    return sameSignature(seen as FileSignature, stats) ? (seen as FileSignature) : null;
  }

  #readableAt(path: RelPath, stats: StatSignature): number {
    const { snapshot, unsettled, now } = this.#context;
    const node = snapshot.get(path);
    const emptied = stats.size === 0 && (node?.type !== 'file' || node.size > 0);
    const quiet = readableAt(stats, emptied, now());
    const movedFrom = node === null ? this.#missing.get(stats.ino) : undefined;
    return movedFrom === undefined ? quiet : Math.max(quiet, unsettled.goneAt(movedFrom));
  }

  #readLarge(path: RelPath, stats: StatSignature, isOverdue: boolean): void {
    const digest = this.#digests.take(path);
    if (digest !== null && isAbout(digest, stats, this.#context.now())) {
      this.#accept(path, stats, digest);
      return;
    }
    const { unsettled, now } = this.#context;
    this.#digests.start(path, this.#context.absolute(path), isOverdue);
    unsettled.hold(path, 'reading', { ...heldAs(stats), now: now(), due: Number.POSITIVE_INFINITY });
  }

  #accept(path: RelPath, stats: StatSignature, digest: Digest): void {
    if (digest.kind === 'failed') {
      this.#cannot(path, 'unreadable', `${path} cannot be read: ${describe(digest.error)}.`);
    } else if (digest.kind === 'moving' || digest.stats.ino !== stats.ino) {
      this.#context.unsettled.retry(path, this.#context.now(), heldAs(stats));
    } else {
      const before = this.#context.snapshot.get(path);
      const seen = before?.type === 'file' ? (before as FileSignature) : null;
      this.#context.damage.judge(path, seen, digest.stats, digest.hash);
      this.#found(path, this.#fileOf(path, digest));
      if (digest.kind === 'beginning') this.#survey.again.add(path);
    }
  }

  /**
   * The disk may round the modification time that was set. The time that was asked for is reported until the one on
   * disk changes.
   */
  #fileOf(path: RelPath, { stats, hash, at }: Digest & { kind: 'read' | 'beginning' }): FileSignature {
    const before = this.#context.snapshot.get(path) as Node | FileSignature | null;
    if (before?.type !== 'file' || !('ino' in before) || before.hash !== hash || before.mtimeMs !== stats.mtimeMs) {
      return fileSignature(stats, hash, at, { mode: this.#context.reported(path, stats) });
    }
    const mode = sameSignature(before, stats) ? before.mode : this.#context.reported(path, stats);
    return fileSignature(stats, hash, at, { mtime: before.mtime, mode });
  }

  #found(path: RelPath, entry: Entry): void {
    this.#context.unsettled.release(path);
    this.#context.problems.clear(path);
    this.#findings.set(path, entry);
  }

  #judgeAbsences(): void {
    const { unsettled, now } = this.#context;
    const arriving = new Set(unsettled.all('files').map(([, wait]) => wait.ino));
    const arrived = new Set<number>();
    for (const entry of this.#findings.values()) if (entry !== null && 'ino' in entry) arrived.add(entry.ino as number);
    for (const [path, wait] of unsettled.all('absent')) {
      if (this.#findings.has(path)) continue;
      const due = Math.max(unsettled.goneAt(wait), wait.due);
      if (now() < due && !arrived.has(wait.ino)) unsettled.postpone(path, due);
      else this.#judgeAbsence(path, wait, wait.ino !== 0 && arriving.has(wait.ino));
    }
  }

  /** @param moves whether the same file is about to be reported under another name. */
  #judgeAbsence(path: RelPath, wait: Wait, moves: boolean): void {
    const { unsettled, now } = this.#context;
    const lstat = lstatAt(this.#context.absolute(path));
    if (lstat === null && !moves) {
      this.#findings.set(path, null);
      return;
    }
    if (lstat !== null && !(lstat instanceof Error)) this.#survey.again.add(path);
    unsettled.postpone(path, now() + Math.min(Math.max(now() - wait.since, ABSENCE_MS), MAX_RETRY_MS));
  }
}

function isAbout(digest: Digest, stats: StatSignature, now: number): boolean {
  if (digest.kind === 'beginning') return digest.stats.size <= stats.size && now - digest.at < OVERDUE_MS;
  return digest.kind !== 'read' || sameSignature(digest.stats, stats);
}

const heldAs = ({ ino, size }: StatSignature): { readonly ino: number; readonly size: number } => ({ ino, size });

function filesIn(node: Node): number {
  if (node.type !== 'dir') return 1;
  let files = 0;
  for (const child of node.children.values()) files += filesIn(child);
  return files;
}
