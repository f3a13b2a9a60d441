// The list of all files: its first rows, then all of them; changed by events as they come; and read again when it has been
// quiet for a while, the less often the longer that takes.

import { SyncError } from '../../../core/errors.js';
import type { NumberedEvent } from '../../../core/events.js';
import { unpackRow } from '../../../wire/client-api/compact-rows.js';
import type { ListEntry } from '../../../wire/client-api/methods.js';
import { beginning, FIRST_ROWS, listRequest } from '../calls/beginning.js';
import { readList } from '../calls/rpc.js';
import { afterEvents } from '../words/listing.js';
import { listing } from './page-state.js';

type Synced = Extract<NumberedEvent, { event: 'synced' }>;

/** Events that come so close to each other are shown together, in milliseconds. */
const TOGETHER_MS = 30;
const MIN_PAUSE_MS = 250;
/**
 * How long it has to be quiet before the list is read again, and the longest time without a reading while it is not, for each
 * millisecond that the last one took: ten pages must not keep a server busy that has work to do.
 */
const QUIET_PER_READING = 40;
const LONGEST_PER_READING = 400;

/** Whether the beginning of the list was read, which was asked for before this module was there. */
let hasBegun = false;
let synced: Synced[] = [];
/** What was synchronised since the reading began. */
let meanwhile: Synced[] = [];
let lastId = 0;
let isReading = false;
let isOld = false;
let lastTookMs = 0;
let readAt = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** What changes the list without a word about a file. */
const UNNAMED: readonly NumberedEvent['event'][] = [
  'scan-finished',
  'in-sync',
  'conflict',
  'peer-connected',
  'resumed',
];

export function noteEvent(event: NumberedEvent): void {
  if (event.event === 'synced') {
    if (synced.length === 0) setTimeout(takeEvents, TOGETHER_MS);
    synced.push(event);
    if (isReading) meanwhile.push(event);
  }
  if (event.event === 'synced' || event.event === 'syncing' || UNNAMED.includes(event.event)) readLater();
}

function takeEvents(): void {
  const events = synced;
  synced = [];
  const { rows, whole } = listing.value;
  const after = afterEvents(rows, events);
  if (after !== rows) listing.value = { rows: after, whole };
}

function readLater(): void {
  isOld = true;
  if (isReading) return;
  const longest = readAt + LONGEST_PER_READING * lastTookMs - performance.now();
  const ms = Math.min(QUIET_PER_READING * lastTookMs, longest);
  if (timer !== undefined && ms <= MIN_PAUSE_MS) return; // it is about to be read, and not to be put off by another event
  clearTimeout(timer);
  timer = setTimeout(reloadList, Math.max(MIN_PAUSE_MS, ms));
}

/** Reads the list now, or once more where it is being read. */
export function reloadList(): void {
  clearTimeout(timer);
  timer = undefined;
  isOld = true;
  if (!isReading) void read();
}

async function read(): Promise<void> {
  isReading = true;
  isOld = false;
  meanwhile = [];
  const begun = performance.now();
  try {
    await readRows();
  } catch (error) {
    if (!(error instanceof SyncError || error instanceof TypeError)) throw error; // the stream tells that the server is gone
  }
  readAt = performance.now();
  lastTookMs = readAt - begun;
  isReading = false;
  if (isOld) readLater();
}

async function readRows(): Promise<void> {
  if (!hasBegun) {
    hasBegun = true;
    const first = await rowsOf(beginning.list);
    listing.value = { rows: first, whole: first.length < FIRST_ROWS };
    if (listing.value.whole) return;
  }
  const rows = await rowsOf(fetch('/rpc', listRequest(++lastId)));
  // What has happened while they came is not in them.
  listing.value = { rows: afterEvents(rows, meanwhile), whole: true };
}

async function rowsOf(answer: Promise<Response>): Promise<readonly ListEntry[]> {
  const rows: ListEntry[] = [];
  await readList(answer, (entries) => {
    for (const entry of entries) rows.push(unpackRow(entry as ListEntry, rows.length));
  });
  return rows;
}
