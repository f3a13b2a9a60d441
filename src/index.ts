// What a program may import: the typed client, its types, and the one error class.
export { type ErrorCode, type Problem, type ProblemCode, SyncError } from './core/errors.js';
export type { SyncEvent } from './core/events.js';
export type { Side } from './core/path.js';
export {
  Client,
  type ConnectOptions,
  type LockOptions,
  type TargetResult,
  type UnlockOptions,
  type WaitingPlace,
} from './wire/client.js';
export type { TimedEvent } from './wire/event-queue.js';
export type {
  Acted,
  Confirmation,
  ConflictRow,
  HeldRow,
  ListEntry,
  Listing,
  LockInfo,
  LockRow,
  NoticeRow,
  PairState,
  Refused,
  Status,
  Target,
  VersionRow,
} from './wire/messages.js';
export type { Downloaded, DownloadOptions } from './wire/save-download.js';
export type { Address } from './wire/server-address.js';
export type { Progress, TransferOptions } from './wire/transfers.js';
export type { Content, UploadOptions } from './wire/upload.js';
