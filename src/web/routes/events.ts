// The events of the pair as server-sent events. A reader that was away for a while goes on where it was.
import { SyncError } from '../../core/errors.js';
import { HttpError } from '../answer.js';
import type { SignedIn } from '../visit.js';
import { write } from '../writing.js';

/** How often an idle stream says that it lives. */
const ALIVE_MS = 15_000;
/** How long a browser waits before it connects again. */
const RETRY_MS = 2_000;

interface Watched {
  readonly event: string;
  readonly id: number;
  /** The id of the request on the connection; it is nothing to the reader. */
  readonly request?: unknown;
}

/**
 * Streams events until the reader leaves or the session ends.
 * @throws HttpError 400 for a place that is no number.
 */
export async function streamEvents({ req, res, query, session, connect }: SignedIn): Promise<void> {
  const place = placeOf(query.get('since') ?? req.headers['last-event-id'], query.get('run'));
  const client = connect();
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
  res.write(`retry: ${RETRY_MS}\n\n`);
  const alive = setInterval(() => res.writableNeedDrain || res.write(':\n\n'), ALIVE_MS);
  const end = (): void => client.close();
  session.ended.addEventListener('abort', end, { once: true });
  try {
    await client.call('watch', place, { onNotification: (_, event: Watched) => write(res, eventText(event)) });
  } catch (error) {
    if (!(error instanceof SyncError)) throw error; // otherwise the reader has left, or the session has ended
  } finally {
    clearInterval(alive);
    session.ended.removeEventListener('abort', end);
    res.end();
  }
}

/** @param text `ID`, or `RUN:ID` as `client watch --since` takes it. */
function placeOf(text: string | string[] | undefined, run: string | null): { since?: number; run?: string } {
  if (text === undefined || text === '') return {};
  const parts = /^(?:(\w{1,64}):)?(\d{1,15})$/.exec(String(text));
  if (parts === null) throw notAPlace();
  const named = parts[1] ?? run;
  return { since: Number(parts[2]), ...(named === null || named === '' ? {} : { run: named }) };
}

function eventText({ request: _request, ...event }: Watched): string {
  const name = event.event === 'gap' ? 'event: gap\n' : '';
  return `id: ${event.id}\n${name}data: ${JSON.stringify(event)}\n\n`;
}

const notAPlace = (): HttpError =>
  new HttpError(400, 'bad-params', 'since and Last-Event-ID take the id of an event, a whole number.');
