// Decides when to call for a scan: a hinted path differs from the snapshot (is not just the event of an own write), or
// an unsettled path is due. An idle tree has no running timer, and there is one call for each scan at most.

import type { Entry } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import { digestSmall, SMALL_BYTES } from '../fs/digest.js';
import { type FileSignature, isRacy, racyMs, sameSignature } from '../fs/signature.js';
import { isLinkTo } from '../fs/symlink.js';
import { TimeSlice } from '../fs/time-slice.js';
import type { Hints } from '../watch/hints.js';
import type { ScanContext } from './context.js';
import { highestUnsound, isKnownDir, lstatAt } from './context.js';
import { isUnchanged } from './survey.js';

/** Milliseconds added to the time after which a racy file is read again. */
const RACY_MARGIN_MS = 5;
const NEVER = Number.POSITIVE_INFINITY;

/** Calls `onHint` when a scan of one root is worth while. */
export class ScanTrigger {
  readonly #context: ScanContext;
  readonly #hints: Hints;
  readonly #onHint: () => void;
  readonly #confirm: (path: RelPath, file: FileSignature) => void;
  /** Racy files → the time to read each again; the soonest first. */
  readonly #rechecks = new Map<RelPath, number>();
  #called = false;
  #closed = false;

  /** @param confirm called with a file whose content is now proven to be the one in the snapshot. */
  constructor(
    context: ScanContext,
    hints: Hints,
    onHint: () => void,
    confirm: (path: RelPath, file: FileSignature) => void,
  ) {
    this.#context = context;
    this.#hints = hints;
    this.#onHint = onHint;
    this.#confirm = confirm;
  }

  /** To be called when a scan begins: later hints call for another one. */
  scanBegins(): void {
    this.#called = false;
  }

  /** To be called for each change of the snapshot: a racy file is scheduled to be read again. */
  seen(path: RelPath, entry: Entry | null): void {
    if (entry?.type === 'file' && (entry as FileSignature).racy) this.#recheckLater(path, entry as FileSignature);
    else this.#rechecks.delete(path);
  }

  /**
   * Compares the hinted paths with the snapshot and calls if one of them needs a scan. Must not overlap with a scan.
   */
  async quickCheck(): Promise<void> {
    if (this.#closed || this.#called) return;
    const { unsettled, now, linked } = this.#context;
    this.#takeRechecks(now());
    const isOwed = unsettled.size < unsettled.reported || unsettled.nextDue() <= now() || linked.size > 0;
    if (this.#hints.everything || isOwed || (await this.#isWorthAScan())) this.#call();
    else this.setAlarm();
  }

  /** Sets the alarm to the time when the next path is due. */
  setAlarm(): void {
    const [recheck] = this.#rechecks.values();
    this.#hints.setAlarm(Math.min(this.#context.unsettled.nextDue(), recheck ?? NEVER));
  }

  close(): void {
    this.#closed = true;
    this.#hints.close();
  }

  async #isWorthAScan(): Promise<boolean> {
    const slice = new TimeSlice();
    const checked = new Map<string, boolean>();
    for (const [path, relist] of this.#hints.paths) {
      if (relist || path === '' || this.#isWorth(path, checked)) return true;
      if (!slice.isTired) continue;
      await slice.rest();
      checked.clear();
    }
    return false;
  }

  #isWorth(path: RelPath, checked: Map<string, boolean>): boolean {
    const quickCheck = quickCheckAt(this.#context, path, checked);
    if (quickCheck.kind === 'sure') this.#confirm(path, quickCheck.file);
    if (quickCheck.kind === 'young') this.#recheckLater(path, this.#context.snapshot.get(path) as FileSignature);
    if (quickCheck.kind === 'same' || quickCheck.kind === 'sure') this.#hints.paths.delete(path);
    return quickCheck.kind === 'scan';
  }

  #recheckLater(path: RelPath, file: FileSignature): void {
    const due = this.#context.now() + racyMs(file) + RACY_MARGIN_MS;
    this.#rechecks.delete(path);
    this.#rechecks.set(path, due);
    this.#hints.alarmBy(due);
  }

  #takeRechecks(now: number): void {
    for (const [path, due] of this.#rechecks) {
      if (due > now) return;
      this.#rechecks.delete(path);
      this.#hints.include(path);
    }
  }

  #call(): void {
    if (this.#called || this.#closed) return;
    this.#called = true;
    this.#onHint();
  }
}

/**
 * `same`: no change. `sure`: no change, and the content of `file` is now proven. `young`: no change, but still racy, so
 * it has to be read again later. `waits`: unsettled, not due yet. `scan`: has to be scanned.
 */
type QuickCheck =
  | { readonly kind: 'same' | 'young' | 'waits' | 'scan' }
  | { readonly kind: 'sure'; readonly file: FileSignature };

const SAME: QuickCheck = { kind: 'same' };

const YOUNG: QuickCheck = { kind: 'young' };

const WAITS: QuickCheck = { kind: 'waits' };

const SCAN: QuickCheck = { kind: 'scan' };

/** @param checked results for directories above, shared by the checks of one time slice. */
function quickCheckAt(context: ScanContext, path: RelPath | '', checked: Map<string, boolean>): QuickCheck {
  const wait = path === '' ? null : context.unsettled.get(path);
  if (wait !== null) return wait.kind !== 'absent' && wait.due > context.now() ? WAITS : SCAN;
  if (highestUnsound(context, path, checked) !== path) return SCAN;
  const lstat = lstatAt(context.absolute(path));
  if (lstat instanceof Error) return SCAN;
  if (path === '') return lstat !== null && isKnownDir(context, '', lstat) ? SAME : SCAN;
  const node = context.snapshot.get(path);
  if (lstat === null) return node === null && !context.problems.has(path) ? SAME : SCAN;
  if (context.rules.ignores(path, lstat.isDirectory())) return SAME;
  if (lstat.isDirectory()) return isKnownDir(context, path, lstat) ? SAME : SCAN;
  if (isUnchanged(lstat, node)) return SAME;
  if (lstat.isSymbolicLink()) {
    return node?.type === 'symlink' && isLinkTo(context.absolute(path), node.target) ? SAME : SCAN;
  }
  // A known pipe or socket: its events come from its use.
  if (!lstat.isFile() && context.problems.has(path)) return SAME;
  if (node?.type !== 'file' || !sameSignature(node as FileSignature, lstat)) return SCAN;
  return quickCheckRacy(context, path, node as FileSignature);
}

function quickCheckRacy(context: ScanContext, path: RelPath, seen: FileSignature): QuickCheck {
  const at = context.now();
  if (isRacy(seen, at)) return YOUNG;
  if (seen.size > SMALL_BYTES) return SCAN;
  const digest = digestSmall(context.absolute(path), at);
  const same = digest.kind === 'read' && digest.hash === seen.hash && sameSignature(digest.stats, seen);
  return same ? { kind: 'sure', file: { ...seen, racy: false } } : SCAN;
}
