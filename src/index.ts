// The public interface of the package: the typed client, its types and its error class.

export {
  type AskOptions,
  Client,
  type ConnectOptions,
  type LockOptions,
  type RestoreOptions,
  type TargetResult,
  type UnlockOptions,
  type WaitingPlace,
} from './client/client.js';
export type { Downloaded, DownloadOptions } from './client/download.js';
export type { WatchOptions } from './client/event-stream.js';
export type { LogOptions, RecentOptions } from './client/queries.js';
export type { Address } from './client/server-address.js';
export type { Progress, TransferOptions } from './client/transfers.js';
export type { Content, UploadOptions } from './client/upload.js';
export { type ErrorCode, type Problem, type ProblemCode, SyncError } from './core/errors.js';
export type { EventPlace, Gap, NumberedEvent, SyncEvent, WatchedEvent } from './core/events.js';
export type { Side } from './core/path.js';
export type { Ignored } from './wire/client-api/ignored.js';
export type {
  Acted,
  Confirmation,
  ConflictRow,
  HeldRow,
  ListEntry,
  Listing,
  LockInfo,
  LockRow,
  PairState,
  Refused,
  Status,
  Target,
} from './wire/client-api/methods.js';
export type { NoticeRow } from './wire/client-api/notice.js';
export type { FailedPrune, Pruned, PrunedVersions } from './wire/client-api/pruned.js';
export type { VersionRow, VersionUsage } from './wire/client-api/version-rows.js';
