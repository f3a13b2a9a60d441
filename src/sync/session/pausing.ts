// Whether a person has paused the pair. It is in force at once, is said and answered when it is on disk, and lasts until
// a person resumes, also through restarts.
import type { SyncError } from '../../core/errors.js';
import { isoTime } from '../../core/iso-time.js';
import type { Logger } from '../../log.js';
import type { Clock } from '../clock.js';
import type { LockState } from '../locks/lock-state.js';
import type { Pause } from '../locks/lock-store.js';

/** A person asks to pause the pair, or to go on. */
export interface PauseRequest {
  readonly paused: boolean;
  readonly by: string;
  /** Called with whether that changed anything, once it is on disk, or with the error that kept it from the disk. */
  readonly done: (changed: boolean, error: SyncError | null) => void;
}

interface PausingContext {
  readonly lockState: Pick<LockState, 'pause' | 'setPause'>;
  readonly log: Logger;
  readonly clock: Pick<Clock, 'now'>;
  readonly mailbox: { wake(): void };
}

/** The pause of one pair. */
export class Pausing {
  readonly #context: PausingContext;
  /** How many requests are on their way to the disk. */
  #storing = 0;

  constructor(context: PausingContext) {
    this.#context = context;
  }

  /** Who has paused the pair; null where it is not paused. */
  get present(): Pause | null {
    return this.#context.lockState.pause;
  }

  /** Whether a request is in force that has not been said yet. */
  get isStoring(): boolean {
    return this.#storing > 0;
  }

  /** Says at a start that the pair is still paused. */
  start(): void {
    const { present } = this;
    if (present === null) return;
    this.#context.log.event({ event: 'paused', by: present.by, since: isoTime(present.since) });
  }

  /** Carries out a request. @returns whether it changed anything. */
  set({ paused, by, done }: PauseRequest): boolean {
    const { lockState, clock, log, mailbox } = this.#context;
    if ((lockState.pause !== null) === paused) {
      done(false, null);
      return false;
    }
    this.#storing++;
    lockState
      .setPause(paused ? { by, since: clock.now() } : null)
      .then(
        () => {
          log.event({ event: paused ? 'paused' : 'resumed', by });
          done(true, null);
        },
        (error: SyncError) => done(true, error),
      )
      .finally(() => {
        this.#storing--;
        mailbox.wake();
      });
    return true;
  }
}
