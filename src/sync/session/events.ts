// All events of a pair as one closed union: what the mailbox of the session accepts.
import type { RelPath, Side } from '../../core/path.js';
import type { OpenDocuments, Replica } from '../../replica.js';
import type { WriteEvent } from '../files/write.js';
import type { HeldEvent } from '../held/held-updates.js';
import type { EpochEvent } from './epochs.js';
import type { Flush } from './flushes.js';
import type { PauseRequest } from './pausing.js';
import type { ScanEvent } from './scan-queue.js';
import type { TransferEvent } from './transfer-queue.js';

export type SessionEvent =
  | ScanEvent
  | TransferEvent
  | HeldEvent
  | WriteEvent
  | { readonly kind: 'hint'; readonly side: Side }
  /** What is open on `side`. */
  | { readonly kind: 'opened'; readonly side: Side; readonly open: OpenDocuments }
  | { readonly kind: 'peer'; readonly replica: Replica }
  | { readonly kind: 'peer-lost'; readonly reason: string }
  | { readonly kind: 'rescan' }
  | { readonly kind: 'retry'; readonly path: RelPath }
  | { readonly kind: 'flush'; readonly flush: Flush }
  | { readonly kind: 'pause'; readonly request: PauseRequest }
  | EpochEvent;

/** One handler for each kind of event. */
export type SessionHandlers = { readonly [E in SessionEvent as E['kind']]: (event: E) => void };
