// The versions of the other side, each call on a connection of its own; `versions-server` is the other end.
import type { Content, RecentVersion, Version, VersionReader } from '../../replica.js';
import { Budget, ITEM_BYTES } from '../../wire/frame/budget.js';
import { MAX_VERSIONS_BYTES, STALL_MS } from '../../wire/frame/limits.js';
import { bad } from '../../wire/peer-api/list.js';
import { encodeWanted, parseContent } from '../../wire/peer-api/messages.js';
import {
  parsePruned,
  parseReadVersion,
  parseRecentVersions,
  parseUsage,
  parseVersions,
} from '../../wire/peer-api/versions.js';
import { AsyncQueue } from '../../wire/socket/async-queue.js';
import { Announced } from './announced.js';
import type { ConnectionPool } from './connection-pool.js';
import { inTimeEach, leave } from './contents-client.js';

const NO_END = 'the versions of a file have no end';
const ANSWER = { timeoutMs: STALL_MS };

/** Reads the versions at the other end of the connections of `pool`. */
export class RemoteVersionReader implements VersionReader {
  readonly #pool: ConnectionPool;

  constructor(pool: ConnectionPool) {
    this.#pool = pool;
  }

  list(path: Version['name']): Promise<readonly Version[]> {
    const budget = new Budget(MAX_VERSIONS_BYTES, () => bad(NO_END));
    const versions: Version[] = [];
    const onNotification = (_method: string, _params: unknown, payload: Buffer | null) => {
      const some = parseVersions(payload);
      budget.take((payload?.length ?? 0) + (some.length + 1) * ITEM_BYTES);
      for (const version of some) versions.push(version);
    };
    return this.#pool.run(async (connection) => {
      await connection.call('versions', { path }, { onNotification, ...ANSWER });
      return versions;
    });
  }

  /** A consumer that takes its time delays the connection; nothing piles up. */
  async *recent(since: number): AsyncGenerator<readonly RecentVersion[]> {
    const pieces = new AsyncQueue<readonly RecentVersion[]>();
    const over = new AbortController();
    const onNotification = (_method: string, _params: unknown, payload: Buffer | null) =>
      pieces.handOver(parseRecentVersions(payload));
    const options = { onNotification, signal: over.signal };
    this.#pool
      .run((connection) => connection.call('recent-versions', { since }, options))
      .then(
        () => pieces.end(),
        (error: Error) => pieces.end(error),
      );
    try {
      yield* inTimeEach(pieces, 'the earlier contents');
    } finally {
      over.abort();
    }
  }

  usage(): ReturnType<VersionReader['usage']> {
    return this.#pool.run(async (connection) =>
      parseUsage((await connection.call('version-usage', {}, ANSWER)).result),
    );
  }

  prune(olderMs: number, dryRun: boolean, before?: number): ReturnType<VersionReader['prune']> {
    const params = { olderMs, dryRun, ...(before === undefined ? {} : { before }) };
    return this.#pool.run(async (connection) =>
      parsePruned((await connection.call('prune-versions', params, ANSWER)).result),
    );
  }

  entryOf(name: Version['name']): ReturnType<VersionReader['entryOf']> {
    return this.#pool.run(async (connection) =>
      parseReadVersion((await connection.call('look-version', { name }, ANSWER)).result),
    );
  }

  async *read(...[name, file]: Parameters<VersionReader['read']>): AsyncGenerator<Content> {
    const pieces = new AsyncQueue<Content>();
    const [list] = encodeWanted([{ path: name, file }]);
    const announced = new Announced([file.size]);
    const over = new AbortController();
    const onNotification = (method: string, params: unknown, payload: Buffer | null) =>
      pieces.handOver(announced.check(parseContent(method, params, payload)));
    const options = { payload: list!.payload, onNotification, signal: over.signal };
    this.#pool
      .run((connection) => connection.call('read-version', {}, options))
      .then(
        () => pieces.end(),
        (error: Error) => pieces.end(error),
      );
    try {
      yield* inTimeEach(pieces, 'an earlier content');
    } finally {
      leave(over, announced);
    }
  }
}
