// Reads the event log: the oldest event first, a piece of a file at a time. What cannot be read is skipped and counted.
import fs from 'node:fs';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { type NumberedEvent, pathsOfEvent } from '../../core/events.js';
import { isAtOrBelow } from '../../core/path.js';
import type { OwnDirectory } from '../fs/own-directory.js';
import { TimeSlice } from '../fs/time-slice.js';
import { segmentsIn } from './segments.js';

const PIECE_BYTES = 256 * 1024;
/** A line that is longer is none of ours. */
const MAX_LINE_BYTES = 1_000_000;

const read = promisify(fs.read);

/** Which events are wanted. */
export interface EventFilter {
  /** Not before this time, ISO 8601 in UTC. */
  readonly since?: string | undefined;
  /** About this path, or about what is below it. */
  readonly path?: string | undefined;
  /** About paths that begin with this. */
  readonly prefix?: string | undefined;
}

/** Events that follow each other, and how many lines between them could not be read. */
export interface Piece {
  readonly events: readonly NumberedEvent[];
  readonly damaged: number;
}

/** @returns whether `event` is wanted. */
export function isWanted(event: NumberedEvent, { since, path, prefix }: EventFilter): boolean {
  if (since !== undefined && event.time < since) return false;
  if (path === undefined && prefix === undefined) return true;
  return pathsOfEvent(event).some(
    (one) => (path === undefined || isAtOrBelow(one, path)) && (prefix === undefined || one.startsWith(prefix)),
  );
}

/**
 * Reads the events that are in the files now, piece by piece.
 * @throws the system's error; OwnDirectoryError.
 */
export async function* readEvents(directory: OwnDirectory, filter: EventFilter): AsyncGenerator<Piece, void, void> {
  const slice = new TimeSlice();
  const order = new Order();
  for (const { name, bytes } of segmentsIn(directory)) {
    const { O_RDONLY, O_NOFOLLOW } = fs.constants;
    const file = opened(() => directory.use(name, (absolute) => fs.openSync(absolute, O_RDONLY | O_NOFOLLOW)));
    if (file === null) continue; // it was deleted meanwhile, as the oldest
    try {
      if (isBefore(file, bytes, filter.since)) continue;
      for await (const lines of linesOf(file, bytes)) {
        yield pieceOf(lines, filter, order);
        if (slice.isTired) await slice.rest();
      }
    } finally {
      fs.closeSync(file);
    }
  }
}

function opened(open: () => number): number | null {
  try {
    return open();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** What was written again after a damage comes twice; it is left out the second time. */
class Order {
  #run = '';
  #id = 0;

  isNext({ run, id }: NumberedEvent): boolean {
    if (run === this.#run && id <= this.#id) return false;
    [this.#run, this.#id] = [run, id];
    return true;
  }
}

function pieceOf(lines: readonly string[], filter: EventFilter, order: Order): Piece {
  const needle = JSON.stringify(filter.path ?? filter.prefix ?? '').slice(1, -1);
  const events: NumberedEvent[] = [];
  let damaged = 0;
  for (const line of lines) {
    if (!line.includes(needle)) continue;
    const event = parsed(line);
    if (event === null) damaged++;
    else if (isWanted(event, filter) && order.isNext(event)) events.push(event);
  }
  return { events, damaged };
}

/** What every event has, also one of a later version. */
const numbered = v.object({
  time: v.string(),
  run: v.string(),
  id: v.pipe(v.number(), v.safeInteger()),
  event: v.string(),
});

/** @returns the event in a line; null where the line is none of ours. */
function parsed(line: string): NumberedEvent | null {
  try {
    const event: unknown = JSON.parse(line);
    return v.is(numbered, event) ? (event as NumberedEvent) : null;
  } catch {
    return null;
  }
}

/** @returns whether the last event of a file is older than `since`, so that none of it is wanted. */
function isBefore(file: number, bytes: number, since: string | undefined): boolean {
  if (since === undefined) return false;
  const tail = Buffer.alloc(Math.min(bytes, PIECE_BYTES));
  fs.readSync(file, tail, 0, tail.length, bytes - tail.length);
  const last = tail.toString('utf8').trimEnd().split('\n').at(-1) ?? '';
  const event = parsed(last);
  return event !== null && event.time < since;
}

/** @returns the complete lines of a file's first `bytes`, as many at a time as a piece has. */
async function* linesOf(file: number, bytes: number): AsyncGenerator<string[], void, void> {
  const piece = Buffer.alloc(PIECE_BYTES);
  let rest: Buffer = Buffer.alloc(0);
  for (let at = 0; at < bytes; ) {
    const { bytesRead } = await read(file, piece, 0, Math.min(PIECE_BYTES, bytes - at), at);
    if (bytesRead === 0) return; // it was cut meanwhile
    at += bytesRead;
    const text = Buffer.concat([rest, piece.subarray(0, bytesRead)]);
    const end = text.lastIndexOf(10);
    rest = Buffer.from(text.subarray(end + 1));
    if (rest.length > MAX_LINE_BYTES) rest = Buffer.alloc(0);
    if (end >= 0) yield text.toString('utf8', 0, end).split('\n');
  }
  if (rest.length > 0) yield [rest.toString('utf8')];
}
