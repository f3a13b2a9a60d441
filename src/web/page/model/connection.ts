// Hears the events and notes them at once. Where the server is away it is dialled until it is back, and the
// stream goes on after the last event that was heard; where events are missing, everything is read anew.
import {
  ALL_QUESTIONS,
  questionsAfter,
  startOf,
  withEvent,
  withoutServer,
  withServer,
} from '../../../client/live-state.js';
import type { NumberedEvent, WatchedEvent } from '../../../core/events.js';
import { beginning, signIns } from '../calls/beginning.js';
import { type Me, whoIsThere } from '../calls/session.js';
import { follow, type Place, placeIn } from '../calls/stream.js';
import { ask } from './asking.js';
import { noteEvent, reloadList } from './list-model.js';
import { tellMissedNotices, tellOwner } from './notices.js';
import { live, me, now, stage } from './page-state.js';

const DIAL_MS = 1_000;
const CLOCK_MS = 15_000;

/** The last event that was heard. */
let place: Place | null = null;

/** Begins: the page is alive from now on. */
export async function start(): Promise<void> {
  setInterval(() => {
    now.value = new Date();
  }, CLOCK_MS);
  signIns.addEventListener('message', () => void lookAgain());
  await connect();
}

/** Begins anew where the browser has got a cookie for this page, or that of somebody else. */
async function lookAgain(): Promise<void> {
  const person = await whoIsThere().catch(() => null);
  if (person !== null && (stage.value === 'outside' || person.name !== me.value.name)) location.reload();
}

async function connect(): Promise<void> {
  let person: Me | null;
  try {
    person = await whoIsThere();
  } catch {
    lost();
    return;
  }
  if (person === null) stage.value = 'outside';
  else await enter(person);
}

async function enter(person: Me): Promise<void> {
  me.value = person;
  const isFirst = stage.value !== 'inside';
  if (isFirst) live.value = { ...startOf(location.host, person.name), lostSince: live.value.lostSince };
  stage.value = 'inside';
  if (isFirst) readAll();
  // What has happened since the list was asked for is heard, too.
  place ??= await beginning.list.then(placeIn, () => null);
  follow(place, { onOpen: isFirst ? opened : returned, onEvent: hear, onEnd: lost });
}

function opened(): void {
  if (live.value.lostSince !== null) live.value = { ...live.value, lostSince: null };
  void tellMissedNotices();
}

function returned(): void {
  live.value = withServer(live.value, new Date());
  readAll();
}

function readAll(): void {
  reloadList(); // first, so that its first rows do not wait for what the server counts
  ask(ALL_QUESTIONS);
}

function lost(): void {
  if (live.value.lostSince === null) live.value = withoutServer(live.value, new Date());
  setTimeout(() => void connect(), DIAL_MS);
}

function hear(event: WatchedEvent): void {
  place = { id: event.id, run: event.run };
  live.value = withEvent(live.value, { time: new Date(event.time), event });
  if (event.event === 'gap') {
    readAll();
    return;
  }
  noteEvent(event as NumberedEvent);
  tellOwner(event as NumberedEvent);
  ask(questionsAfter(event.event));
}
