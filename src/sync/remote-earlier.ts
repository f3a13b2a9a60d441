// The earlier contents that the other machine keeps, asked for over the wire; `serve-earlier` is the other end.
import { AsyncQueue } from '../wire/async-queue.js';
import type { Caller } from '../wire/calls.js';
import { encodeWanted, parseContent } from '../wire/peer-messages.js';
import { parseLookedVersion, parseVersions } from '../wire/peer-versions.js';
import type { Content, Earlier, Version } from './replica.js';

/** @param onLane runs one call on a connection that nothing else waits for. */
export function remoteEarlier(onLane: (work: (lane: Caller) => Promise<void>) => Promise<void>): Earlier {
  return {
    async list(path) {
      const versions: Version[] = [];
      const onNotification = (_method: string, _params: unknown, payload: Buffer | null) => {
        versions.push(...parseVersions(payload));
      };
      await onLane(async (lane) => void (await lane.call('versions', { path }, { onNotification })));
      return versions;
    },
    async look(name) {
      let looked: ReturnType<typeof parseLookedVersion> | null = null;
      await onLane(async (lane) => {
        const { result } = await lane.call('look-version', { name });
        looked = parseLookedVersion(result);
      });
      return looked!;
    },
    async *read(name, file) {
      const pieces = new AsyncQueue<Content>();
      const [list] = encodeWanted([{ path: name, file }]);
      const onNotification = (method: string, params: unknown, payload: Buffer | null) =>
        pieces.handOver(parseContent(method, params, payload));
      onLane(async (lane) => {
        await lane.call('read-version', {}, { payload: list!.payload, onNotification });
      }).then(
        () => pieces.end(),
        (error: Error) => pieces.end(error),
      );
      yield* pieces;
    },
  };
}
