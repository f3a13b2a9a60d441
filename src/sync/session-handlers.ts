// What each kind of event does: one line or two, and the rest is whose business it is.
import type { RelPath, Side } from '../core/path.js';
import type { ClientWrites } from './client-writes.js';
import type { EpochEvent } from './epochs.js';
import type { Flushes } from './flushes.js';
import type { Hands } from './hands.js';
import type { Holding } from './holding.js';
import type { Lookout } from './lookout.js';
import type { Recorder } from './recorder.js';
import type { Replica } from './replica.js';
import type { SessionEvent, SessionHandlers } from './session-events.js';

/** The parts of a session that events go to. */
export interface SessionParts {
  readonly hands: Hands;
  readonly flushes: Flushes;
  readonly recorder: () => Recorder;
  readonly holding: () => Holding;
  readonly writes: () => ClientWrites;
  /** Null while that side is away. */
  readonly lookout: (side: Side) => Lookout | null;
  readonly peerCame: (replica: Replica) => void;
  readonly peerLeft: (reason: string) => void;
  readonly retry: (path: RelPath) => void;
  readonly pause: (paused: boolean) => void;
  readonly acknowledged: (event: EpochEvent) => void;
}

/** @returns a handler for each kind of event. */
export function sessionHandlers(parts: SessionParts): SessionHandlers {
  const { recorder, holding, writes, lookout, hands, flushes } = parts;
  return {
    hint: ({ side }) => void lookout(side)?.ask('hinted'),
    looked: (event) => {
      lookout(event.side)?.end();
      recorder().looked(event);
    },
    'look-failed': (event) => {
      lookout(event.side)?.fail();
      recorder().lookFailed(event);
    },
    applied: (event) => recorder().applied(event),
    'job-ended': (event) => recorder().jobEnded(event),
    stored: (event) => {
      recorder().owesWord = true;
      holding().stored(event);
    },
    'not-stored': (event) => holding().notStored(event),
    'drain-step': (event) => {
      recorder().owesWord = true;
      holding().stepped(event);
    },
    'client-step': (event) => {
      for (const { change } of event.results) {
        hands.release(event.side, change.path);
        if (change.from !== undefined) hands.release(event.side, change.from.path);
      }
      writes().stepped(event);
    },
    peer: ({ replica }) => parts.peerCame(replica),
    'peer-lost': ({ reason }) => parts.peerLeft(reason),
    rescan: () => {
      lookout('a')?.ask('everything');
      lookout('b')?.ask('everything');
    },
    retry: ({ path }) => parts.retry(path),
    flush: ({ flush }) => flushes.add(flush, lookout('a')!, lookout('b')),
    pause: ({ paused }) => parts.pause(paused),
    acknowledged: (event) => parts.acknowledged(event),
    woken: () => {},
  };
}

/** @returns what handles any event. */
export const handlingWith =
  (handlers: SessionHandlers) =>
  (event: SessionEvent): void =>
    (handlers[event.kind] as (event: SessionEvent) => void)(event);
