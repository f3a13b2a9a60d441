// The logger that the rooms are given. They report what happens; the cli formats it.
import type { NumberedEvent, SyncEvent } from './core/events.js';

export interface Logger {
  /** Reports an event that users and scripts rely on. */
  event(event: SyncEvent): void;
  /** Writes a detail, for `--verbose`. */
  detail(text: string): void;
  /** Warns about something that did not fail but that a person should know. */
  warn(text: string): void;
}

/** The logger of a whole server, which is given the events with their numbers. */
export interface ServerLogger extends Omit<Logger, 'event'> {
  event(event: NumberedEvent): void;
}

export const silent: Logger = { event: () => {}, detail: () => {}, warn: () => {} };
