// When to call for a look: something was hinted that is more than an echo, or something in motion is due. An idle tree
// has no timer running, and nobody is called twice for one look.

import type { Entry } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import { digestSmall, SMALL_BYTES } from '../fs/digest.js';
import { type FileSignature, isRacy, racyMs, sameSignature } from '../fs/signature.js';
import { isLinkTo } from '../fs/symlink.js';
import { TimeSlice } from '../fs/time-slice.js';
import type { Hints } from '../watch/hints.js';
import type { ScanContext } from './context.js';
import { highestUnsound, isKnownDir, standingAt } from './context.js';
import { isUnchanged } from './survey.js';

/** After its stamps have aged this much more than they must, a file is read again. */
const RACY_MARGIN_MS = 5;
const NEVER = Number.POSITIVE_INFINITY;

export class ScanTrigger {
  readonly #context: ScanContext;
  readonly #hints: Hints;
  readonly #onHint: () => void;
  readonly #confirm: (path: RelPath, file: FileSignature) => void;
  /** Files to be read again because they were written so recently, and when; the soonest first. */
  readonly #rechecks = new Map<RelPath, number>();
  #called = false;
  #closed = false;

  /** @param confirm called with a file that is proven now to be what was seen of it. */
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

  /** From now on, what is hinted is a reason for another look. */
  scanBegins(): void {
    this.#called = false;
  }

  /** To be told of everything that was seen: a file that is racy is read again by itself. */
  seen(path: RelPath, entry: Entry | null): void {
    if (entry?.type === 'file' && (entry as FileSignature).racy) this.#recheckLater(path, entry as FileSignature);
    else this.#rechecks.delete(path);
  }

  /** Looks briefly at what was hinted, and calls if that is worth a look. Not to overlap with a look. */
  async quickCheck(): Promise<void> {
    if (this.#closed || this.#called) return;
    const { unsettled, now, linked } = this.#context;
    this.#takeRechecks(now());
    const isOwed = unsettled.size < unsettled.told || unsettled.nextDue() <= now() || linked.size > 0;
    if (this.#hints.everything || isOwed || (await this.#isWorthAScan())) this.#call();
    else this.setAlarm();
  }

  /** Sets the alarm for whatever is due next. */
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
    return quickCheck.kind === 'look';
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
 * `same`: no change. `sure`: no change, and `file` is proven now to be what was seen. `young`: no change yet, but written
 * so recently that it has to be read again later. `waits`: in motion, and not due. `look`: to be looked at.
 */
type QuickCheck =
  | { readonly kind: 'same' | 'young' | 'waits' | 'look' }
  | { readonly kind: 'sure'; readonly file: FileSignature };

const SAME: QuickCheck = { kind: 'same' };

const YOUNG: QuickCheck = { kind: 'young' };

const WAITS: QuickCheck = { kind: 'waits' };

const SCAN: QuickCheck = { kind: 'look' };

/** @param checked directories found sound, kept between the glances of one moment. */
function quickCheckAt(context: ScanContext, path: RelPath | '', checked: Map<string, boolean>): QuickCheck {
  const wait = path === '' ? null : context.unsettled.get(path);
  if (wait !== null) return wait.kind !== 'absent' && wait.due > context.now() ? WAITS : SCAN;
  if (highestUnsound(context, path, checked) !== path) return SCAN;
  const standing = standingAt(context.absolute(path));
  if (standing instanceof Error) return SCAN;
  if (path === '') return standing !== null && isKnownDir(context, '', standing) ? SAME : SCAN;
  const node = context.snapshot.get(path);
  if (standing === null) return node === null && !context.problems.has(path) ? SAME : SCAN;
  if (context.rules.ignores(path, standing.isDirectory())) return SAME;
  if (standing.isDirectory()) return isKnownDir(context, path, standing) ? SAME : SCAN;
  if (isUnchanged(standing, node)) return SAME;
  if (standing.isSymbolicLink()) {
    return node?.type === 'symlink' && isLinkTo(context.absolute(path), node.target) ? SAME : SCAN;
  }
  // Somebody uses a pipe or a socket that is known to be there.
  if (!standing.isFile() && context.problems.has(path)) return SAME;
  if (node?.type !== 'file' || !sameSignature(node as FileSignature, standing)) return SCAN;
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
