// GET /metrics: the figures of the pair for Prometheus, asked for anew each time.
import type { LockRow, Status, Transfers } from '../../wire/client-api/methods.js';
import type { RpcClient } from '../../wire/rpc/caller.js';
import type { ServedPair } from '../pair.js';
import type { Visit } from '../visit.js';

/** What is known of the pair at one moment. */
interface Figures {
  readonly version: string;
  readonly status: Status;
  readonly locks: readonly LockRow[];
  readonly transfers: Transfers;
  readonly pair: Pick<ServedPair, 'eventCount'>;
}

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric. Its samples say all that there is now: what is not among them is not known. */
interface Metric {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Whether it only grows, from 0 at the start of server-a. */
  readonly isCounter?: true;
  samples(figures: Figures): readonly Sample[];
}

const STATES = ['in-sync', 'syncing', 'scanning', 'paused', 'halted', 'peer-lost'] as const;

const bySide = ({ a, b }: { readonly a: number | null; readonly b: number | null }): Sample[] =>
  Object.entries({ a, b }).flatMap(([side, value]) => (value === null ? [] : [{ labels: { side }, value }]));

const one = (value: number | boolean): Sample[] => [{ value: Number(value) }];

const METRICS: readonly Metric[] = [
  {
    ...{ name: 'info', help: 'The version of server-a.', labels: ['version'] },
    samples: ({ version }) => [{ labels: { version }, value: 1 }],
  },
  {
    ...{ name: 'state', help: '1 for the state of the pair, 0 for the others.', labels: ['state'] },
    samples: ({ status }) => STATES.map((state) => ({ labels: { state }, value: Number(state === status.state) })),
  },
  {
    ...{ name: 'halted', help: '1 while the pair is halted for safety and waits for a person.' },
    samples: ({ status }) => one(status.state === 'halted'),
  },
  {
    ...{
      name: 'halts_total',
      help: 'How often the pair was halted for safety since server-a started.',
      isCounter: true,
    },
    samples: ({ pair }) => one(pair.eventCount('halted')),
  },
  {
    ...{ name: 'synced_total', help: 'Changes that were carried over since server-a started.', isCounter: true },
    samples: ({ pair }) => one(pair.eventCount('synced')),
  },
  {
    ...{ name: 'peer_connected', help: '1 while server-b is connected.' },
    samples: ({ status }) => one(status.peer.connected),
  },
  {
    ...{ name: 'files', help: 'Files of a side.', labels: ['side'] },
    samples: ({ status: { a, b } }) => bySide({ a: a.files, b: b?.files ?? null }),
  },
  {
    ...{ name: 'bytes', help: 'Bytes of the files of a side.', labels: ['side'] },
    samples: ({ status: { a, b } }) => bySide({ a: a.bytes, b: b?.bytes ?? null }),
  },
  {
    ...{ name: 'versions_bytes', help: 'Bytes of the versions that a side keeps.', labels: ['side'] },
    samples: ({ status: { versions } }) => bySide({ a: versions.a?.bytes ?? null, b: versions.b?.bytes ?? null }),
  },
  {
    ...{ name: 'seconds_behind', help: 'Seconds since both sides last agreed; 0 while they do.' },
    samples: ({ status }) => behind(status),
  },
  {
    ...{ name: 'pending', help: 'Paths that are still to be compared or transferred.' },
    samples: ({ status }) => one(status.pending),
  },
  {
    ...{ name: 'left_bytes', help: 'Bytes that are still to be transferred.' },
    samples: ({ status }) => one(status.left.bytes),
  },
  {
    ...{ name: 'transfers', help: 'Contents that are being transferred.' },
    samples: ({ transfers }) => one(transfers.transfers.length),
  },
  {
    ...{ name: 'held_updates', help: 'Updates that wait for an unlock.' },
    samples: ({ status }) => one(status.held),
  },
  {
    ...{ name: 'locks', help: 'Locks, by how they were taken.', labels: ['kind'] },
    samples: ({ locks }) =>
      (['manual', 'auto'] as const).map((kind) => ({
        labels: { kind },
        value: locks.filter((lock) => lock.kind === kind).length,
      })),
  },
  {
    ...{ name: 'waiters', help: 'Requests that wait for a lock.' },
    samples: ({ locks }) => one(locks.reduce((sum, { waiting }) => sum + waiting.length, 0)),
  },
  {
    ...{ name: 'conflicts', help: 'Conflict copies that nobody has resolved.' },
    samples: ({ status }) => one(status.conflicts),
  },
  {
    ...{ name: 'problems', help: 'Paths that cannot be synchronised at present.' },
    samples: ({ status }) => one(status.problems.length),
  },
];

function behind({ state, lastInSync }: Status): Sample[] {
  if (state === 'in-sync') return one(0);
  return lastInSync === null ? [] : one(Math.max(0, Date.now() - Date.parse(lastInSync)) / 1000);
}

/** @param served what the connection does not tell: the version of server-a, and how many events there were. */
export async function sendMetrics(
  { req, res }: Visit,
  client: RpcClient,
  served: Pick<Figures, 'version' | 'pair'>,
): Promise<void> {
  const figures = { version: served.version, pair: served.pair, ...(await figuresOf(client)) };
  // Loaded by the first scrape, since most servers are never scraped.
  const { Counter, Gauge, Registry } = await import('prom-client');
  const registry = new Registry();
  for (const { name, help, labels = [], isCounter, samples } of METRICS) {
    const found = samples(figures);
    if (found.length === 0) continue;
    const form = { name: `lockstep_${name}`, help, labelNames: [...labels], registers: [registry] };
    if (isCounter) {
      const counter = new Counter(form);
      for (const { value } of found) counter.inc(value);
    } else {
      const gauge = new Gauge(form);
      for (const { labels: values = {}, value } of found) gauge.set(values, value);
    }
  }
  const text = await registry.metrics();
  res.writeHead(200, { 'Content-Type': registry.contentType });
  res.end(req.method === 'HEAD' ? undefined : text);
}

async function figuresOf(client: RpcClient): Promise<Omit<Figures, 'version' | 'pair'>> {
  const ask = async <T>(method: string): Promise<T> => (await client.call(method, {})).result as T;
  const locks: LockRow[] = [];
  const rows = client.call(
    'locks',
    {},
    {
      onNotification: (_, { entries }: { readonly entries: readonly LockRow[] }) => {
        for (const row of entries) locks.push(row);
      },
    },
  );
  const [status, transfers, last] = await Promise.all([ask<Status>('status'), ask<Transfers>('transfers'), rows]);
  for (const row of (last.result as { readonly locks: readonly LockRow[] }).locks) locks.push(row);
  return { status, transfers, locks };
}
