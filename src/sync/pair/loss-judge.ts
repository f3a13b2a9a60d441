// Decides after each scan of a side whether it lacks too much of what both sides shared, whatever the side itself
// reports. Accepted losses are recorded, so that each scan is judged only for what is new.
import {
  isLost,
  type Loss,
  type LossCode,
  type LossTrees,
  lossAt,
  lossCode,
  MAX_LOST_FILES,
  wholeLoss,
} from '../../core/loss.js';
import { otherSide, type RelPath, type Side, someAtOrAbove } from '../../core/path.js';
import type { Snapshot } from '../../core/snapshot.js';
import type { ScanResult } from '../../replica.js';
import type { ArchiveMeta } from './archive-meta.js';
import { lossHalt } from './halt-text.js';
import type { KnownLosses } from './known-losses.js';
import type { KnownPair } from './side-state.js';
import { lossOn, type Verdicts } from './verdicts.js';

/** The part of a scan that is judged. */
export type ScannedEntries = Pick<ScanResult, 'entries' | 'whole'>;

/** What is known of the side that is judged. */
interface Judged {
  /** Whether a person has just confirmed everything that is missing. */
  readonly accepted: boolean;
  /**
   * Whether the root is an older state of itself: it has not deleted what it never had, so its losses are not accepted.
   */
  readonly isOlder: boolean;
  /** Its directory; empty where that is not known. */
  readonly dir: string;
}

/** Judges the losses of both sides. */
export class LossJudge {
  readonly #pair: KnownPair;
  readonly #verdicts: Verdicts;
  readonly #known: KnownLosses;
  readonly #meta: Pick<ArchiveMeta, 'get' | 'put'>;
  /** The snapshot of a side, if it belongs to the root of the archive and has been scanned; otherwise null. */
  readonly #seen: (side: Side) => Snapshot | null;

  constructor(
    pair: KnownPair,
    verdicts: Verdicts,
    known: KnownLosses,
    meta: Pick<ArchiveMeta, 'get' | 'put'>,
    seen: (side: Side) => Snapshot | null,
  ) {
    this.#pair = pair;
    this.#verdicts = verdicts;
    this.#known = known;
    this.#meta = meta;
    this.#seen = seen;
  }

  /**
   * Judges what `side` lacks after a scan of it was folded in.
   * @param scan the scan; null to compare everything that was shared.
   * @param now milliseconds since 1970.
   */
  judge(side: Side, scan: ScannedEntries | null, { accepted, isOlder, dir }: Judged, now: number): void {
    const here = this.#seen(side);
    if (here === null) return;
    const loss = this.#lossOn(side, here, scan);
    const isEmpty = here.files === 0;
    const code = accepted ? null : (lossCode(loss, isEmpty) ?? this.#stillReported(side, loss, isEmpty));
    if (code !== null) {
      this.#verdicts.add(lossOn(side), lossHalt(code, side, dir, loss), this.#doubtOn(side), now);
      if (this.#verdicts.reported(lossOn(side)) !== null) this.reported(side);
      return;
    }
    // What is missing can still be among the paths that are not settled.
    const isOver = accepted || this.#pair.side(side).unsettled === 0;
    if (!isOver && this.#isReported(side)) this.#verdicts.delete(lossOn(side));
    else if (isOlder && !accepted) this.#forget(side);
    else this.#accept(side, loss);
  }

  /** It was reported that too much is missing on `side`: that holds until nothing is, also after a restart. */
  reported(side: Side): void {
    const sides = this.#meta.get('lossReported') ?? '';
    if (!sides.includes(side)) this.#meta.put('lossReported', `${sides}${side}`);
  }

  /** Nothing is missing on `side` any more, or what is was confirmed. */
  #forget(side: Side): void {
    this.#verdicts.delete(lossOn(side));
    this.#meta.put('lossReported', this.#meta.get('lossReported')?.replace(side, '') || null);
  }

  /**
   * @returns the code of the halt that has been reported, as long as anything is missing: what is left of a loss must not
   *   take effect because a part of it came back, or was deleted on the other side too.
   */
  #stillReported(side: Side, { files }: Loss, isEmpty: boolean): LossCode | null {
    if (files === 0 || !this.#isReported(side)) return null;
    return isEmpty ? 'root-emptied' : 'mass-deletion';
  }

  #isReported(side: Side): boolean {
    return this.#meta.get('lossReported')?.includes(side) === true;
  }

  #doubtOn(side: Side): 'unseen' | 'in-motion' | null {
    if (this.#seen(otherSide(side)) === null) return 'unseen';
    return this.#pair.side(side).unsettled > 0 ? 'in-motion' : null;
  }

  #lossOn(side: Side, here: Snapshot, scan: ScannedEntries | null): Loss {
    const trees = this.#trees(side, here);
    const isAsked = this.#verdicts.has(lossOn(side)) || this.#isReported(side);
    if (scan !== null && !scan.whole && !isAsked) {
      const loss = this.#lossOfScan(side, here, scan.entries, trees);
      if (loss.files <= MAX_LOST_FILES && here.files > 0) return loss;
    }
    this.#known.prune(side, (path) => !this.#isLostAt(path, here));
    return wholeLoss(trees, this.#isReported(side));
  }

  #lossOfScan(side: Side, here: Snapshot, entries: ScannedEntries['entries'], trees: LossTrees): Loss {
    const paths: RelPath[] = [];
    for (const { path } of entries) {
      if (this.#isLostAt(path, here)) paths.push(path);
      else this.#known.delete(side, path);
    }
    return lossAt(paths, trees);
  }

  #isLostAt(path: RelPath, here: Snapshot): boolean {
    const shared = this.#pair.archive.get(path);
    return shared !== null && isLost(shared, here.get(path));
  }

  #trees(side: Side, here: Snapshot): LossTrees {
    const { unknown } = this.#pair.side(side);
    return {
      shared: this.#pair.archive,
      here,
      there: this.#seen(otherSide(side)),
      isKnownGone: (path) => this.#known.has(side, path),
      isUnknown: unknown.size === 0 ? () => false : (path) => someAtOrAbove(path, (at) => unknown.has(at)),
    };
  }

  #accept(side: Side, { paths }: Loss): void {
    this.#forget(side);
    for (const path of paths) this.#known.add(side, path);
  }

  /** Accepts the losses that halt the pair. @returns whether there were any. */
  accept(): boolean {
    const asked = (['a', 'b'] as const).filter((side) => this.#verdicts.has(lossOn(side)));
    for (const side of asked) this.acceptOn(side);
    return asked.length > 0;
  }

  /** Accepts everything that `side` lacks. */
  acceptOn(side: Side): void {
    const here = this.#seen(side);
    if (here !== null) this.#accept(side, wholeLoss(this.#trees(side, here)));
  }
}
