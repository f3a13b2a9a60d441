// When to call for a look: something was hinted that is more than an echo, or something in motion is due. An idle tree
// has no timer running, and nobody is called twice for one look.

import type { Entry } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import { digestSmall, SMALL_BYTES } from '../fs/digest.js';
import { isRacy, racyMs, type SeenFile, sameSignature } from '../fs/signature.js';
import { isLinkTo } from '../fs/symlink.js';
import { Pace } from '../fs/time-slice.js';
import type { Hints } from '../watch/hints.js';
import type { Ground } from './context.js';
import { highestUnsound, isKnownDir, standingAt } from './context.js';
import { isUnchanged } from './survey.js';

/** After its stamps have aged this much more than they must, a file is read again. */
const RACY_MARGIN_MS = 5;
const NEVER = Number.POSITIVE_INFINITY;

export class Alert {
  readonly #ground: Ground;
  readonly #hints: Hints;
  readonly #onHint: () => void;
  readonly #confirm: (path: RelPath, file: SeenFile) => void;
  /** Files to be read again because they were written so recently, and when; the soonest first. */
  readonly #rechecks = new Map<RelPath, number>();
  #called = false;
  #closed = false;

  /** @param confirm called with a file that is proven now to be what was seen of it. */
  constructor(ground: Ground, hints: Hints, onHint: () => void, confirm: (path: RelPath, file: SeenFile) => void) {
    this.#ground = ground;
    this.#hints = hints;
    this.#onHint = onHint;
    this.#confirm = confirm;
  }

  /** From now on, what is hinted is a reason for another look. */
  lookBegins(): void {
    this.#called = false;
  }

  /** To be told of everything that was seen: a file that is racy is read again by itself. */
  seen(path: RelPath, entry: Entry | null): void {
    if (entry?.type === 'file' && (entry as SeenFile).racy) this.#recheckLater(path, entry as SeenFile);
    else this.#rechecks.delete(path);
  }

  /** Looks briefly at what was hinted, and calls if that is worth a look. Not to overlap with a look. */
  async glance(): Promise<void> {
    if (this.#closed || this.#called) return;
    const { waiting, now, linked } = this.#ground;
    this.#takeRechecks(now());
    const isOwed = waiting.size < waiting.told || waiting.nextDue() <= now() || linked.size > 0;
    if (this.#hints.everything || isOwed || (await this.#isWorthALook())) this.#call();
    else this.setAlarm();
  }

  /** Sets the alarm for whatever is due next. */
  setAlarm(): void {
    const [recheck] = this.#rechecks.values();
    this.#hints.setAlarm(Math.min(this.#ground.waiting.nextDue(), recheck ?? NEVER));
  }

  close(): void {
    this.#closed = true;
    this.#hints.close();
  }

  async #isWorthALook(): Promise<boolean> {
    const pace = new Pace();
    const checked = new Map<string, boolean>();
    for (const [path, relist] of this.#hints.paths) {
      if (relist || path === '' || this.#isWorth(path, checked)) return true;
      if (!pace.isTired) continue;
      await pace.rest();
      checked.clear();
    }
    return false;
  }

  #isWorth(path: RelPath, checked: Map<string, boolean>): boolean {
    const glance = glanceAt(this.#ground, path, checked);
    if (glance.kind === 'sure') this.#confirm(path, glance.file);
    if (glance.kind === 'young') this.#recheckLater(path, this.#ground.snapshot.get(path) as SeenFile);
    if (glance.kind === 'same' || glance.kind === 'sure') this.#hints.paths.delete(path);
    return glance.kind === 'look';
  }

  #recheckLater(path: RelPath, file: SeenFile): void {
    const due = this.#ground.now() + racyMs(file) + RACY_MARGIN_MS;
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
export type Glance =
  | { readonly kind: 'same' | 'young' | 'waits' | 'look' }
  | { readonly kind: 'sure'; readonly file: SeenFile };

const SAME: Glance = { kind: 'same' };

const YOUNG: Glance = { kind: 'young' };

const WAITS: Glance = { kind: 'waits' };

const LOOK: Glance = { kind: 'look' };

/** @param checked directories found sound, kept between the glances of one moment. */
export function glanceAt(ground: Ground, path: RelPath | '', checked: Map<string, boolean>): Glance {
  const wait = path === '' ? null : ground.waiting.get(path);
  if (wait !== null) return wait.kind !== 'absent' && wait.due > ground.now() ? WAITS : LOOK;
  if (highestUnsound(ground, path, checked) !== path) return LOOK;
  const standing = standingAt(ground.absolute(path));
  if (standing instanceof Error) return LOOK;
  if (path === '') return standing !== null && isKnownDir(ground, '', standing) ? SAME : LOOK;
  const node = ground.snapshot.get(path);
  if (standing === null) return node === null && !ground.troubles.has(path) ? SAME : LOOK;
  if (ground.rules.ignores(path, standing.isDirectory())) return SAME;
  if (standing.isDirectory()) return isKnownDir(ground, path, standing) ? SAME : LOOK;
  if (isUnchanged(standing, node)) return SAME;
  if (standing.isSymbolicLink()) {
    return node?.type === 'symlink' && isLinkTo(ground.absolute(path), node.target) ? SAME : LOOK;
  }
  // Somebody uses a pipe or a socket that is known to be there.
  if (!standing.isFile() && ground.troubles.has(path)) return SAME;
  if (node?.type !== 'file' || !sameSignature(node as SeenFile, standing)) return LOOK;
  return glanceAtRacy(ground, path, node as SeenFile);
}

function glanceAtRacy(ground: Ground, path: RelPath, seen: SeenFile): Glance {
  const at = ground.now();
  if (isRacy(seen, at)) return YOUNG;
  if (seen.size > SMALL_BYTES) return LOOK;
  const digest = digestSmall(ground.absolute(path), at);
  const same = digest.kind === 'read' && digest.hash === seen.hash && sameSignature(digest.stats, seen);
  return same ? { kind: 'sure', file: { ...seen, racy: false } } : LOOK;
}
