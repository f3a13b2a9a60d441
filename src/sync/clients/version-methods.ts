// The client methods for versions: listing those of one file or of all, restoring, pruning.
import type { RelPath } from '../../core/path.js';
import type { ClientMethods, Target } from '../../wire/client-api/methods.js';
import type { VersionRow } from '../../wire/client-api/version-rows.js';
import type { IncomingCall } from '../../wire/rpc/responder.js';
import { RecentVersions } from '../files/recent-versions.js';
import type { Restoring, RestoringContext } from '../files/restore-version.js';
import type { Pair } from '../pair/pair.js';
import { ROWS_AT_ONCE, streamed } from './queries.js';

interface ServedVersions {
  readonly pair: Pair;
  readonly versionReader: RestoringContext['versionReader'];
}

type Handler<M extends keyof ClientMethods> = (
  params: ClientMethods[M]['params'],
  call: IncomingCall,
) => Promise<ClientMethods[M]['result']>;

/** @returns the handlers, by method. */
export function versionHandlers(
  served: ServedVersions,
  restoring: Restoring,
  pathOf: (target: Target) => RelPath,
): { readonly [M in 'versions' | 'restore' | 'prune']: Handler<M> } {
  return {
    versions: async ({ target, ...asked }, call) => {
      if (target === undefined) return recent(served, asked, call);
      const { rows, away } = await restoring.versions(pathOf(target));
      return { versions: await streamed(call, rows), away };
    },
    restore: async ({ target, owner, at = 1, side, where }) => {
      const wanted = side !== undefined && where !== undefined ? { side, where } : { at };
      return restoring.restore(pathOf(target), wanted, owner);
    },
    prune: ({ olderMs, dryRun = false, before }) => restoring.prune(olderMs, dryRun, before),
  };
}

/** Rows are sent as they are found: a caller that does not read delays its own answer and takes no memory. */
async function recent(
  { pair, versionReader }: ServedVersions,
  { since, deleted = false, limit = Number.POSITIVE_INFINITY }: Omit<ClientMethods['versions']['params'], 'target'>,
  call: IncomingCall,
): Promise<ClientMethods['versions']['result']> {
  // Before the first scan of a side, what both sides last shared counts.
  const entries = (path: RelPath) => [
    pair.a.snapshot === null ? pair.shared(path) : pair.entry('a', path),
    pair.b.snapshot === null ? pair.shared(path) : pair.entry('b', path),
  ];
  const isPresent = (path: RelPath) => entries(path).some((entry) => entry !== null && entry.type !== 'dir');
  const recentVersions = new RecentVersions({ versionReader, isPresent });
  let rows: VersionRow[] = [];
  let found = 0;
  for await (const row of recentVersions.rows({ since: since === undefined ? 0 : Date.parse(since), deleted })) {
    if (++found > limit) return { versions: rows, away: [...recentVersions.away], more: true };
    if (rows.length === ROWS_AT_ONCE) {
      await call.notify('entries', { entries: rows });
      rows = [];
    }
    rows.push(row);
  }
  return { versions: rows, away: [...recentVersions.away], more: false };
}
