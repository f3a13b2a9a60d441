// The logger that is passed in: rooms say what happens, the cli decides how it looks. Silent by default.
import type { SyncEvent } from './core/events.js';

export interface Logger {
  /** Something happened that users and scripts rely on. */
  event(event: SyncEvent): void;
  /** A detail for `--verbose`. */
  detail(text: string): void;
  /** Something that a person should know though nothing failed. */
  warn(text: string): void;
}

export const silent: Logger = { event: () => {}, detail: () => {}, warn: () => {} };
