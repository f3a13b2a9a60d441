// The stream of events: each is given on once, in order. Where the connection ends it is opened again by `follow`'s caller,
// after the last event that was heard.
import type { WatchedEvent } from '../../../core/events.js';

/** Where to go on. */
export interface Place {
  readonly id: number;
  readonly run: string;
}

/** @returns the place up to which an answer has all events; null where it does not say it. */
export function placeIn({ headers }: Response): Place | null {
  const [, run, id] = /^(\w+):(\d+)$/.exec(headers.get('last-event-id') ?? '') ?? [];
  return run === undefined ? null : { id: Number(id), run };
}

interface Listener {
  readonly onOpen: () => void;
  readonly onEvent: (event: WatchedEvent) => void;
  /** The connection has ended, or none was made. */
  readonly onEnd: () => void;
}

/** Opens the stream. @param after null: what happens from now on. @returns a function that closes it. */
export function follow(after: Place | null, { onOpen, onEvent, onEnd }: Listener): () => void {
  const since = after === null ? '' : `?${new URLSearchParams({ since: String(after.id), run: after.run })}`;
  const source = new EventSource(`/events${since}`);
  const hear = ({ data }: MessageEvent<string>): void => onEvent(JSON.parse(data) as WatchedEvent);
  source.addEventListener('open', onOpen);
  source.addEventListener('message', hear);
  source.addEventListener('gap', hear as (event: Event) => void);
  source.addEventListener('error', () => {
    source.close(); // a browser would dial at its own pace, and the page could not say that the server is away
    onEnd();
  });
  return () => source.close();
}
