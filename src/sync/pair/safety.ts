// Decides when server-a halts by its own knowledge, whatever a side remembers or claims. The archive tells what both
// sides shared, which root side b was, and the last epoch that it stored.
//
//   after each scan:
//     does a side lack too much of what was shared?                   root-emptied, mass-deletion
//     does an unknown root hold too little of what was shared?        other-partner, root-unmounted
//     is side b older than its last epoch, and different?             rolled-back
//   a yes blocks the pair until a person confirms it or a later scan says no. Until then nothing is planned, recorded as
//   shared or held of that side, and the archive stays as it is.
import { differencesFrom, type Match, matchOf } from '../../core/loss.js';
import type { Introduction, RootDescription } from '../../core/partner.js';
import { otherSide, type RelPath, type Side, someAtOrAbove } from '../../core/path.js';
import type { Snapshot } from '../../core/snapshot.js';
import type { Confirmation } from '../../wire/client-api/methods.js';
import type { ArchiveMeta } from './archive-meta.js';
import { acceptedText, type Halt, partnerHalt, rollbackHalt, unmountedHalt } from './halt-text.js';
import type { KnownLosses } from './known-losses.js';
import { LossJudge, type ScannedEntries } from './loss-judge.js';
import type { KnownPair } from './side-state.js';
import { lossOn, Verdicts } from './verdicts.js';

/** The roots on both ends of the present connection. */
interface Meeting {
  readonly own: RootDescription;
  readonly b: Introduction;
  /**
   * `same`: both roots are those of the archive. `forgetful`: they are, but one has lost its state directory. `new`:
   * the archive is empty. `other`: another root.
   */
  kind: 'same' | 'new' | 'forgetful' | 'other';
  /** Whether side b has a lower epoch than it acknowledged. */
  isBehind: boolean;
  /** Whether side b has been scanned since it connected. */
  isSeen: boolean;
}

/** What it needs of the pair. */
interface JudgedPair extends KnownPair {
  beginFirstContact(): void;
}

/** Judges both sides of one pair. */
export class Safety {
  readonly #pair: JudgedPair;
  readonly #meta: ArchiveMeta;
  readonly #known: KnownLosses;
  readonly #report: (text: string) => void;

  readonly #verdicts = new Verdicts();
  readonly #losses: LossJudge;
  #meeting: Meeting | null = null;
  /** The sides whose missing paths a person has just confirmed. */
  accepting: readonly Side[] = [];
  /** The time of the last judged scan, milliseconds since 1970. */
  #now = 0;

  /** @param report reports to people what was done without asking them. */
  constructor(pair: JudgedPair, meta: ArchiveMeta, known: KnownLosses, report: (text: string) => void) {
    this.#pair = pair;
    this.#meta = meta;
    this.#known = known;
    this.#report = report;

    this.#losses = new LossJudge(pair, this.#verdicts, known, meta, (side) => this.#seen(side));
  }

  /** Side b has connected. @returns whether both roots are those of the archive. */
  meet(own: RootDescription, b: Introduction): boolean {
    this.leave();
    const [rootA, rootB] = this.#meta.get('roots')?.split(' ') ?? [];
    const isNew = rootB === undefined || this.#pair.archive.root.children.size === 0;
    const isSameB = rootB === b.root;
    const isSame = isSameB && rootA === own.root;
    const isForgetful = isSameB || (rootB !== undefined && b.former.includes(rootB));
    const kind = isSame ? 'same' : isNew ? 'new' : isForgetful ? 'forgetful' : 'other';
    const isOlder = b.epoch !== null && b.epoch < (this.#meta.get('epoch') ?? 0);
    // A root without its state directory has no epoch of its own. One with a copied state directory has the epoch of
    // the copy.
    const isBehind = isOlder && (isSame || (isForgetful && !isSameB && b.epoch > 0));
    this.#meeting = { own, b, kind, isBehind, isSeen: false };
    if (isSame && b.dir !== '') this.#meta.put('dir', b.dir);
    return isSame;
  }

  /** Side b has disconnected: its verdicts are found again when it connects. */
  leave(): void {
    this.#meeting = null;
    for (const cause of ['loss-b', 'partner', 'rollback'] as const) this.#verdicts.delete(cause);
  }

  /** The roots on both ends; null while side b is disconnected, or may be another root. */
  get met(): { readonly own: RootDescription; readonly b: Introduction } | null {
    return this.#meeting?.kind === 'same' ? this.#meeting : null;
  }

  /** The halts in force. */
  get halts(): Halt[] {
    return this.#verdicts.halts;
  }

  /** Whether nothing may be planned: the pair is halted, or it is not known yet whether it has to be. */
  get blocks(): boolean {
    return this.#verdicts.size > 0 || (this.#meeting !== null && this.#meeting.kind !== 'same');
  }

  /** Whether a halt waits for paths that are not settled. */
  get isSettling(): boolean {
    return this.#verdicts.isSettling;
  }

  /** Whether `side` is the root of the pair and its state may be acted on. */
  trusts(side: Side): boolean {
    if (side === 'a') return !this.#verdicts.has('loss-a');
    const hasVerdict = this.#verdicts.has('loss-b') || this.#verdicts.has('partner') || this.#verdicts.has('rollback');
    return this.#meeting?.isSeen === true && this.#meeting.kind === 'same' && !hasVerdict;
  }

  /** Whether the archive belongs to the root that is side b now, or was last. */
  get knowsB(): boolean {
    return this.#meeting === null || this.#meeting.kind === 'same' || this.#meeting.kind === 'forgetful';
  }

  #seen(side: Side): Snapshot | null {
    if (side === 'a') return this.#pair.a.snapshot;
    return this.#meeting?.isSeen === true && this.knowsB ? this.#pair.b.snapshot : null;
  }

  /** A side itself has reported that too much is missing there. */
  lossReported(side: Side): void {
    this.#losses.reported(side);
  }

  /** Judges both sides after a scan of `side` was folded in. @param now milliseconds since 1970. */
  judge(side: Side, scan: ScannedEntries, now: number): void {
    this.#now = now;
    if (side === 'b' && this.#meeting !== null) this.#meeting.isSeen = true;
    this.#judgeLoss(side, scan, now);
    // A loss of one side is judged against what the other side has, which may have changed.
    const other = otherSide(side);
    if (this.#verdicts.has(lossOn(other))) this.#judgeLoss(other, null, now);
    this.#judgeAge(now);
    this.#judgePartner(now);
  }

  #judgeLoss(side: Side, scan: ScannedEntries | null, now: number): void {
    const dir = side === 'a' ? this.#meeting?.own.dir : this.#meeting?.b.dir;
    const isOlder = side === 'b' && this.#meeting?.isBehind === true;
    this.#losses.judge(side, scan, { accepted: this.accepting.includes(side), isOlder, dir: dir ?? '' }, now);
  }

  /**
   * Checks whether the connected root is the expected one. If a side lost its state directory, its losses and its age
   * are asked about first.
   */
  #judgePartner(now: number): void {
    const meeting = this.#meeting;
    const pair = this.#pair;
    if (meeting === null || meeting.kind === 'same' || !meeting.isSeen) return;
    if (pair.a.snapshot === null || pair.b.snapshot === null) return;
    if (meeting.kind === 'new') this.#judgeNew(meeting, pair.a.snapshot, pair.b.snapshot, now);
    else if (meeting.kind === 'other' || !FIRST_ASKED.some((cause) => this.#verdicts.has(cause)))
      this.#judgeOther(meeting, pair.b.snapshot, now);
  }

  #judgeOther(meeting: Meeting, b: Snapshot, now: number): void {
    const match = matchOf(this.#pair.archive, b, this.#unknownOn('b'));
    const isSameB = this.#meta.get('roots')?.split(' ')[1] === meeting.b.root;
    if (match.same * 2 >= match.of || isSameB) {
      if (!isSameB) this.#report(acceptedText(match, meeting.b.dir));
      this.#accept(meeting);
    } else {
      const halt = partnerHalt(match, b.files, meeting.b.dir, this.#meta.get('dir'));
      this.#verdicts.add('partner', halt, this.#doubtOn('b', match), now);
    }
  }

  /**
   * Accepts the roots of an empty archive. But a directory on another device, in the place of an earlier root, may be a
   * mount point without its disk.
   */
  #judgeNew(meeting: Meeting, a: Snapshot, b: Snapshot, now: number): void {
    const known = matchOf(b, a, this.#unknownOn('a'));
    // Where side b cannot tell what is there, there is something that side a may lack.
    const { unknown, unsettled } = this.#pair.b;
    const match = { ...known, of: known.of + unknown.size };
    if (!isOnOtherDevice(meeting) || match.same * 2 >= match.of) this.#accept(meeting);
    else {
      const isInMotion = known.same * 2 >= known.of && unsettled > 0;
      const doubt = isInMotion ? 'in-motion' : this.#doubtOn('a', match);
      this.#verdicts.add('partner', unmountedHalt(match, meeting.own.dir), doubt, now);
    }
  }

  /** Files that are still being read may be the missing ones. */
  #doubtOn(side: Side, { same, unknown, of }: Match): 'in-motion' | null {
    return (same + unknown) * 2 >= of && this.#pair.side(side).unsettled > 0 ? 'in-motion' : null;
  }

  #unknownOn(side: Side): (path: RelPath) => boolean {
    const { unknown } = this.#pair.side(side);
    return (path) => unknown.size > 0 && someAtOrAbove(path, (at) => unknown.has(at));
  }

  /**
   * Checks whether side b is older than its last epoch. That matters only as long as it differs from what was shared.
   */
  #judgeAge(now: number): void {
    const meeting = this.#meeting;
    const pair = this.#pair;
    if (meeting?.isBehind !== true || !meeting.isSeen || pair.a.snapshot === null || pair.b.snapshot === null) return;
    // Losses are asked about first, and do not count here once they are accepted.
    const isKnown = (path: RelPath) => this.#known.has('b', path);
    const isAsked = this.#verdicts.has('loss-b');
    const differences = isAsked ? 0 : differencesFrom(pair.archive, pair.b.snapshot, pair.a.snapshot, isKnown);
    if (differences > 0) this.#verdicts.add('rollback', rollbackHalt(differences, meeting.b.dir), null, now);
    else {
      this.#verdicts.delete('rollback');
      meeting.isBehind = isAsked || pair.b.unsettled > 0;
    }
  }

  /** Accepts both roots and starts a first contact between them. */
  #accept(meeting: Meeting): void {
    meeting.isBehind = false;
    this.#storeRoots(meeting);
    this.#meta.put('lossReported', null);
    this.#verdicts.clear();
    this.#pair.beginFirstContact();
  }

  /** Stores the two roots as those of the archive. */
  #storeRoots(meeting: Meeting): void {
    meeting.kind = 'same';
    this.#meta.put('roots', `${meeting.own.root} ${meeting.b.root}`);
    this.#meta.put('dir', meeting.b.dir === '' ? null : meeting.b.dir);
    if (!meeting.isBehind) this.#meta.put('epoch', meeting.b.epoch);
  }

  /** Applies a confirmation to the halts of server-a. Halts of a side itself are confirmed at that side. */
  confirm({ acceptDeletes = false, newPartner = false, acceptRollback = false }: Confirmation): void {
    if (newPartner) this.#acceptPartner();
    if (acceptDeletes && this.#losses.accept()) this.#keepArchive();
    if (acceptRollback && this.#verdicts.delete('rollback')) this.#followOlder(this.#meeting!);
    this.#judgeAge(this.#now);
    this.#judgePartner(this.#now);
  }

  #acceptPartner(): void {
    if (this.#meeting !== null) this.#accept(this.#meeting);
    else {
      this.#meta.put('lossReported', null);
      this.#verdicts.clear();
      this.#pair.beginFirstContact();
    }
  }

  /** Makes side a follow an older side b, also where that lacks something. */
  #followOlder(meeting: Meeting): void {
    meeting.isBehind = false;
    if (!this.#verdicts.has('loss-b')) this.#losses.acceptOn('b');
    this.#storeRoots(meeting);
  }

  /** A side lost its state directory and its losses were confirmed: what both sides shared still counts. */
  #keepArchive(): void {
    const meeting = this.#meeting;
    if (meeting?.kind === 'forgetful' && meeting.isSeen && this.#verdicts.size === 0) this.#storeRoots(meeting);
  }
}

/** Causes that have to be decided before the identity of the root. */
const FIRST_ASKED = ['loss-a', 'loss-b', 'rollback'] as const;

const isOnOtherDevice = ({ own, b: { partner } }: Meeting): boolean =>
  partner !== null &&
  partner.root !== own.root &&
  partner.machine === own.machine &&
  partner.dir === own.dir &&
  partner.device !== own.device;
