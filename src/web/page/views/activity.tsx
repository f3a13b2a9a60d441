// What happened, the newest first: from the log of the servers, and as it happens. Of one file, if one was asked for.
import { useEffect, useState } from 'preact/hooks';
import { SyncError } from '../../../core/errors.js';
import type { NumberedEvent, WatchedEvent } from '../../../core/events.js';
import { pathsOfEvent } from '../../../core/events.js';
import { call } from '../calls/rpc.js';
import { goTo, live, openFile, route } from '../model/page-state.js';
import { Icon } from '../parts/icon.js';
import { Button, Empty, Name, Path, ViewHead, When } from '../parts/small.js';
import { eventLine } from '../words/event-words.js';

const HOUR_MS = 3_600_000;
const AGES: readonly (readonly [words: string, ms: number])[] = [
  ['The last hour', HOUR_MS],
  ['The last day', 24 * HOUR_MS],
  ['The last week', 7 * 24 * HOUR_MS],
];
const MAX_SHOWN = 500;
/** What comes and goes all the time says nothing to people. */
const QUIET: readonly string[] = ['scan-started', 'scan-finished', 'syncing', 'listening'];

export function Activity() {
  const { path } = route.value;
  const [ageMs, setAgeMs] = useState(24 * HOUR_MS);
  const [logged, setLogged] = useState<readonly NumberedEvent[] | null>(null);
  useEffect(() => {
    setLogged(null);
    void read(path, ageMs).then(setLogged);
  }, [path, ageMs]);
  const events = logged === null ? [] : shown(logged, path);
  return (
    <>
      <ViewHead title="Activity" about={path === '' ? 'What happened on both sides' : 'What happened to one file'}>
        <label class="kind-field">
          <span class="unseen">Since when</span>
          <select value={ageMs} onChange={({ currentTarget }) => setAgeMs(Number(currentTarget.value))}>
            {AGES.map(([words, ms]) => (
              <option key={ms} value={ms}>
                {words}
              </option>
            ))}
          </select>
        </label>
      </ViewHead>
      {path === '' ? null : (
        <div class="folder-bar">
          <p>
            <Icon name="file" /> <Name text={path} />
          </p>
          <Button label="Show all activity" onClick={() => goTo('activity')} />
        </div>
      )}
      {logged === null ? <Empty icon="pulse" text="Reading …" /> : null}
      {logged !== null && events.length === 0 ? <Empty icon="pulse" text="Nothing happened in that time." /> : null}
      <ol class="events">
        {events.map((event) => (
          <EventRow key={`${event.run} ${event.id}`} event={event} />
        ))}
      </ol>
    </>
  );
}

async function read(path: string, ageMs: number): Promise<readonly NumberedEvent[]> {
  try {
    return (await call('log', { ageMs, ...(path === '' ? {} : { target: { path } }) })).events;
  } catch (error) {
    if (error instanceof SyncError) return [];
    throw error;
  }
}

/** @returns the logged events and those that came since, each once, the newest first. */
function shown(logged: readonly NumberedEvent[], path: string): readonly WatchedEvent[] {
  const all = new Map<string, WatchedEvent>();
  for (const event of logged) all.set(`${event.run} ${event.id}`, event);
  for (const happened of live.value.events) {
    if (!('event' in happened)) continue;
    const event = happened.event as WatchedEvent;
    if (path === '' || (event.event !== 'gap' && pathsOfEvent(event).includes(path)))
      all.set(`${event.run} ${event.id}`, event);
  }
  const worth = [...all.values()].filter(({ event }) => !QUIET.includes(event));
  return worth.slice(-MAX_SHOWN).reverse();
}

function EventRow({ event }: { readonly event: WatchedEvent }) {
  const { icon, tone, text, path, more } = eventLine(event);
  return (
    <li class={`event ${tone}`}>
      <span class="event-when">
        <When iso={event.time} />
      </span>
      <Icon name={icon} />
      <div class="event-text">
        <bdi>{text}</bdi>
        {path === '' ? null : (
          <>
            {' '}
            <button type="button" class="as-link" onClick={() => openFile(path)}>
              <Path path={path} />
            </button>
          </>
        )}
        {more === '' ? null : (
          <span class="quiet-text">
            {' '}
            <bdi>{more}</bdi>
          </span>
        )}
      </div>
    </li>
  );
}
