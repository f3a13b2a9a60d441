// The earlier contents that the other machine keeps, asked for over the wire; `serve-earlier` is the other end.

import type { SyncError } from '../core/errors.js';
import type { Content, Earlier, Version } from '../replica.js';
import { Budget, ITEM_BYTES } from '../wire/frame/budget.js';
import { MAX_VERSIONS_BYTES, STALL_MS } from '../wire/frame/limits.js';
import { bad } from '../wire/peer-api/list.js';
import { encodeWanted, parseContent } from '../wire/peer-api/messages.js';
import { parseLookedVersion, parseVersions } from '../wire/peer-api/versions.js';
import type { Caller } from '../wire/rpc/caller.js';
import { AsyncQueue } from '../wire/socket/async-queue.js';
import { Announced } from './peer/announced.js';
import { inTimeEach, leave } from './peer/contents-client.js';

/** @param onLane runs one call on a connection that nothing else waits for. */
export function remoteEarlier(onLane: (work: (lane: Caller) => Promise<void>) => Promise<void>): Earlier {
  return {
    async list(path) {
      const versions: Version[] = [];
      const budget = new Budget(MAX_VERSIONS_BYTES, endless);
      const onNotification = (_method: string, _params: unknown, payload: Buffer | null) => {
        const some = parseVersions(payload);
        budget.take((payload?.length ?? 0) + (some.length + 1) * ITEM_BYTES);
        for (const version of some) versions.push(version);
      };
      const options = { onNotification, timeoutMs: STALL_MS };
      await onLane(async (lane) => void (await lane.call('versions', { path }, options)));
      return versions;
    },
    async look(name) {
      let looked: ReturnType<typeof parseLookedVersion> | null = null;
      await onLane(async (lane) => {
        const { result } = await lane.call('look-version', { name }, { timeoutMs: STALL_MS });
        looked = parseLookedVersion(result);
      });
      return looked!;
    },
    async *read(name, file) {
      const pieces = new AsyncQueue<Content>();
      const [list] = encodeWanted([{ path: name, file }]);
      const announced = new Announced([file.size]);
      const over = new AbortController();
      const onNotification = (method: string, params: unknown, payload: Buffer | null) =>
        pieces.handOver(announced.check(parseContent(method, params, payload)));
      onLane(async (lane) => {
        await lane.call('read-version', {}, { payload: list!.payload, onNotification, signal: over.signal });
      }).then(
        () => pieces.end(),
        (error: Error) => pieces.end(error),
      );
      try {
        yield* inTimeEach(pieces, 'an earlier content');
      } finally {
        leave(over, announced);
      }
    },
  };
}

const endless = (): SyncError => bad('the versions of a file have no end');
