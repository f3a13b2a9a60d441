// What happened, from the event log and, where the log lacks the latest, from memory: streamed as it is read, so that
// neither a long log nor a client that reads slowly takes memory.

import type { NumberedEvent } from '../../core/events.js';
import { type EventFilter, isWanted, type Piece, readEvents } from '../../disk/events/reader.js';
import type { OwnDirectory } from '../../disk/fs/own-directory.js';
import type { ClientMethods } from '../../wire/client-api/methods.js';
import type { IncomingCall } from '../../wire/rpc/responder.js';
import type { EventHistory } from '../events/history.js';

/** The most events of a notification or of the result. */
const EVENTS_AT_ONCE = 500;
/** How many logs are read at one time; others wait. */
const MAX_READERS = 2;

export interface LoggedEvents {
  /** Where the log is. */
  readonly directory: OwnDirectory;
  readonly history: EventHistory;
  /** Resolves when what was said is in the log, as far as it can be. */
  readonly written: () => Promise<void>;
  /** Told how many lines of the log could not be read, or why none could be. */
  readonly damaged: (lines: number) => void;
  readonly unreadable: (error: unknown) => void;
}

/** Answers `log`. */
export class EventLogQuery {
  readonly #logged: LoggedEvents;
  #readers = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(logged: LoggedEvents) {
    this.#logged = logged;
  }

  async log(wanted: EventFilter, call: IncomingCall): Promise<ClientMethods['log']['result']> {
    await this.#begin();
    try {
      return await this.#send(wanted, call);
    } finally {
      this.#end();
    }
  }

  /** Resolves when this reader may read. */
  async #begin(): Promise<void> {
    if (this.#readers < MAX_READERS) this.#readers++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Lets the next one read, if there is one. */
  #end(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#readers--;
    else next();
  }

  /** Sends `entries`. A client that takes its time keeps nobody else from reading. */
  async #notify(call: IncomingCall, entries: readonly NumberedEvent[]): Promise<void> {
    this.#end();
    try {
      await call.notify('entries', { entries });
    } finally {
      await this.#begin();
    }
  }

  async #send(wanted: EventFilter, call: IncomingCall): Promise<ClientMethods['log']['result']> {
    let rows: NumberedEvent[] = [];
    let damaged = 0;
    for await (const piece of this.#pieces(wanted)) {
      damaged += piece.damaged;
      for (const event of piece.events) {
        if (rows.length === EVENTS_AT_ONCE) {
          await this.#notify(call, rows);
          rows = [];
        }
        rows.push(event);
      }
    }
    if (damaged > 0) this.#logged.damaged(damaged);
    return damaged > 0 ? { events: rows, damaged } : { events: rows };
  }

  async *#pieces(wanted: EventFilter): AsyncGenerator<Piece, void, void> {
    const { history, directory, written, unreadable } = this.#logged;
    await written();
    const { last } = history;
    let logged = 0;
    try {
      for await (const piece of readEvents(directory, wanted)) {
        for (const { run, id } of piece.events) if (run === history.run && id > logged) logged = id;
        yield piece;
      }
    } catch (error) {
      unreadable(error);
    }
    for (let id = Math.max(logged + 1, history.first); id <= last; id++) {
      const event = history.at(id);
      if (event !== null && isWanted(event, wanted)) yield { events: [event], damaged: 0 };
    }
  }
}
