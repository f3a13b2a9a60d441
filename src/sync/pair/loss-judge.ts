// Whether a side lacks too much of what both shared: after each scan of it, whatever that side says. What it lacks and is
// believed is known to be gone from then on, so that each scan is judged for itself.
import { isLost, type Loss, type LossTrees, lossAt, lossCode, MAX_LOST_FILES, wholeLoss } from '../../core/loss.js';
import { otherSide, type RelPath, type Side, someAtOrAbove } from '../../core/path.js';
import type { Snapshot } from '../../core/snapshot.js';
import type { ScanResult } from '../../replica.js';
import { lossHalt } from './halt-text.js';
import type { KnownLosses } from './known-losses.js';
import type { KnownPair } from './side-state.js';
import { lossOn, type Verdicts } from './verdicts.js';

/** What a scan told, as far as it is judged. */
export type Told = Pick<ScanResult, 'entries' | 'whole'>;

/** What is known of a side that is judged. */
interface Judged {
  /** Whether a person has just confirmed whatever is missing. */
  readonly accepted: boolean;
  /** Whether it is an older state of itself: what it never had it has not deleted, and that is not believed. */
  readonly isOlder: boolean;
  /** Where it is; '' where that is not known. */
  readonly dir: string;
}

export class LossJudge {
  readonly #pair: KnownPair;
  readonly #verdicts: Verdicts;
  readonly #known: KnownLosses;
  /** What a side has, as far as it is the archive's and known for sure; else null. */
  readonly #seen: (side: Side) => Snapshot | null;

  constructor(pair: KnownPair, verdicts: Verdicts, known: KnownLosses, seen: (side: Side) => Snapshot | null) {
    this.#pair = pair;
    this.#verdicts = verdicts;
    this.#known = known;
    this.#seen = seen;
  }

  /**
   * Judges what `side` lacks now that a scan of it has been taken in.
   * @param told null: everything that was shared is looked at.
   */
  judge(side: Side, told: Told | null, { accepted, isOlder, dir }: Judged, now: number): void {
    const here = this.#seen(side);
    if (here === null) return;
    const loss = this.#lossOn(side, here, told);
    const isEmpty = here.files === 0;
    const code = accepted ? null : lossCode(loss, isEmpty);
    if (code === null && isOlder && !accepted) this.#verdicts.delete(lossOn(side));
    else if (code === null) this.#believe(side, loss);
    else this.#verdicts.add(lossOn(side), lossHalt(code, side, dir, loss), this.#doubtOn(side), now);
  }

  #doubtOn(side: Side): 'unseen' | 'in-motion' | null {
    if (this.#seen(otherSide(side)) === null) return 'unseen';
    return this.#pair.side(side).unsettled > 0 ? 'in-motion' : null;
  }

  #lossOn(side: Side, here: Snapshot, told: Told | null): Loss {
    const trees = this.#trees(side, here);
    if (told !== null && !told.whole && !this.#verdicts.has(lossOn(side))) {
      const loss = this.#lossOfScan(side, here, told.entries, trees);
      if (loss.files <= MAX_LOST_FILES && here.files > 0) return loss;
    }
    this.#known.prune(side, (path) => !this.#isLostAt(path, here));
    return wholeLoss(trees);
  }

  #lossOfScan(side: Side, here: Snapshot, entries: Told['entries'], trees: LossTrees): Loss {
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

  #believe(side: Side, { paths }: Loss): void {
    this.#verdicts.delete(lossOn(side));
    for (const path of paths) this.#known.add(side, path);
  }

  /** A person confirms what is missing. @returns whether that was in question. */
  accept(): boolean {
    const asked = (['a', 'b'] as const).filter((side) => this.#verdicts.has(lossOn(side)));
    for (const side of asked) this.acceptOn(side);
    return asked.length > 0;
  }

  /** Whatever `side` lacks is meant. */
  acceptOn(side: Side): void {
    const here = this.#seen(side);
    if (here !== null) this.#believe(side, wholeLoss(this.#trees(side, here)));
  }
}
