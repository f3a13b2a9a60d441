// Asks before anything is transferred: a person sees the plan and says whether it may be carried out. Until then no file
// of the pair is touched; scans, listings and locks go on.
import { SyncError } from '../../core/errors.js';
import type { PlanPreview } from '../../wire/client-api/plan.js';

/** When to ask, and whom. */
export interface GateOptions {
  /** Only where the two directories meet for the first time and both have files, or always. */
  readonly before: 'first contact' | 'everything';
  /**
   * Asked once.
   * @returns whether the plan may be carried out; where not, the pair stays as it is.
   */
  readonly ask: (preview: PlanPreview) => Promise<boolean>;
}

/** The facts that decide whether to ask: the sides with their files, as far as they have been scanned. */
interface Meeting {
  readonly isUnagreed: boolean;
  readonly a: { readonly snapshot: { readonly files: number } | null };
  readonly b: { readonly snapshot: { readonly files: number } | null };
}

/** Whether transfers may begin. */
export class Gate {
  readonly #options: GateOptions | null;
  readonly #opened: () => void;
  #state: 'not asked' | 'asked' | 'open';

  /**
   * @param options null: nobody is asked.
   * @param opened called when transfers may begin: somebody has agreed, or nobody has to be asked.
   */
  constructor(options: GateOptions | null, opened: () => void) {
    this.#options = options;
    this.#opened = opened;
    this.#state = options === null ? 'open' : 'not asked';
  }

  /** Whether nothing is ever transferred without an answer: then the plan of a halted or paused pair is shown, too. */
  get asksAlways(): boolean {
    return this.#options?.before === 'everything';
  }

  /** Whether the question has been put and has no positive answer. */
  get isAsked(): boolean {
    return this.#state === 'asked';
  }

  /**
   * @returns whether transfers have to wait: for an answer, or until it is known whether to ask. That is decided once, as
   *   soon as both sides are known: what is transferred then makes an empty side a full one.
   */
  mustWait({ isUnagreed, a, b }: Meeting): boolean {
    if (this.#options === null || this.#state === 'open') return false;
    if (this.#state === 'asked' || this.#options.before === 'everything') return true;
    if (a.snapshot === null || b.snapshot === null) return isUnagreed;
    if (isUnagreed && a.snapshot.files > 0 && b.snapshot.files > 0) return true;
    this.#open();
    return false;
  }

  #open(): void {
    this.#state = 'open';
    this.#opened();
  }

  /** @returns why nothing may be written that a client asks for; null where it may, or where it is not known yet. */
  refusal(meeting: Meeting): SyncError | null {
    if (!this.mustWait(meeting)) return null;
    if (this.asksAlways) return onlyShown();
    const areKnown = meeting.a.snapshot !== null && meeting.b.snapshot !== null;
    return this.isAsked || areKnown ? unanswered() : null;
  }

  /** Asks, unless it has been done. @param preview what would be transferred. */
  ask(preview: () => PlanPreview): void {
    if (this.#options === null || this.#state !== 'not asked') return;
    this.#state = 'asked';
    this.#options.ask(preview()).then(
      (mayBegin) => {
        if (mayBegin) this.#open();
      },
      () => {},
    );
  }
}

const unanswered = (): SyncError =>
  new SyncError(
    'failed',
    'Both directories meet for the first time, and nobody has said yet that they may be joined.',
    {
      hint: 'Answer the question where "lockstep up" runs, then try again.',
    },
  );

const onlyShown = (): SyncError =>
  new SyncError('failed', 'This server-a only shows what would be transferred (--dry-run), and writes nothing.', {
    hint: 'Start server-a without --dry-run, then try again.',
  });
