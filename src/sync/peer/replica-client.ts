// The side of the pair on the other machine, driven over the wire. One connection carries looks and hints; contents go
// over lanes of their own, one call at a time on each, so that TCP itself holds back a sender whose receiver is slow.

import type { Change } from '../../core/change.js';
import { SyncError } from '../../core/errors.js';
import type { SyncEvent } from '../../core/events.js';
import type { Introduction, RootDescription } from '../../core/partner.js';
import type { RelPath } from '../../core/path.js';
import type { Applied, Content, Earlier, Look, LookScope, Offer, Replica, Version, Wanted } from '../../replica.js';
import { PROTOCOL_VERSION } from '../../wire/client-api/methods.js';
import { Budget, ITEM_BYTES } from '../../wire/frame/budget.js';
import { LANE_SILENCE, MAX_VERSIONS_BYTES, PEER_LIMITS, STALL_MS } from '../../wire/frame/limits.js';
import { idsOf, introductionOf } from '../../wire/peer-api/hello.js';
import { bad } from '../../wire/peer-api/list.js';
import { encodePaths, encodeWanted, parseContent } from '../../wire/peer-api/messages.js';
import { LookReader, lookBudget } from '../../wire/peer-api/scan-report.js';
import { parseLookedVersion, parseVersions } from '../../wire/peer-api/versions.js';
import { Caller } from '../../wire/rpc/caller.js';
import { AsyncQueue } from '../../wire/socket/async-queue.js';
import type { Secret } from '../../wire/socket/secret.js';
import { dial } from '../../wire/socket/tcp.js';
import { Announced } from './announced.js';
import { Lanes } from './connection-pool.js';
import { inTimeEach, leave, remoteApply, remoteOffer, remoteRead } from './contents-client.js';

const HELLO_MS = 10_000;
const PING_EVERY_MS = 10_000;
const PING_MS = 20_000;

/** Where the other server is, and who asks. */
export interface RemoteOptions {
  readonly host: string;
  readonly port: number;
  /** The id of side a's root: a server-b serves one server-a. */
  readonly root: string;
  readonly signal?: AbortSignal;
  /** What both ends prove to have, where there is one. */
  readonly secret?: Secret | undefined;
  /** Whether, without a secret, server-b may be another local user's. */
  readonly allowLocal?: boolean | undefined;
  /** How connections are made. */
  readonly dial?: typeof dial;
}

/** Side b, as server-a sees it. */
export class RemoteReplica implements Replica {
  readonly earlier = remoteEarlier((work) => this.lanes.run(work));
  private readonly lanes = new Lanes(async () => (await introduce(this.options, true, () => {})).caller);
  private listener: () => void = () => {};
  private pinging: NodeJS.Timeout | null = null;

  private constructor(
    private readonly options: RemoteOptions,
    private readonly control: Caller,
    readonly introduction: Introduction,
    /** The ids of the roots in which it lies. */
    readonly above: readonly string[],
  ) {}

  /**
   * Connects and introduces itself.
   * @throws SyncError `unreachable`, or as the other server refuses.
   */
  static async connect(options: RemoteOptions): Promise<RemoteReplica> {
    let replica: RemoteReplica | null = null;
    const onNotification = (method: string) => {
      if (method === 'hint') replica?.listener();
    };
    const { caller, introduction, above } = await introduce(options, false, onNotification);
    replica = new RemoteReplica(options, caller, introduction, above);
    replica.keepAlive();
    return replica;
  }

  /** Resolves when the connection is over, with the reason. */
  get closed(): Promise<Error | null> {
    return this.control.closed;
  }

  private keepAlive(): void {
    this.pinging = setInterval(() => {
      this.control.call('ping', {}, { timeoutMs: PING_MS }).catch(() => this.control.close());
    }, PING_EVERY_MS);
    this.pinging.unref();
    void this.control.closed.then(() => this.close());
  }

  async look(scope: LookScope, paths: readonly RelPath[] = []): Promise<Look> {
    const [first, ...more] = [...encodePaths(paths)];
    const budget = lookBudget();
    let look = await this.lookOnce(scope, first?.payload, budget);
    // Each path that is asked for is told even where it is not new, so none may be left out.
    for (const { payload } of more) {
      if (look.halt !== null) break;
      const next = await this.lookOnce('hinted', payload, budget);
      const damaged = [...(look.damaged ?? []), ...(next.damaged ?? [])];
      look = { ...next, whole: look.whole, damaged, entries: [...look.entries, ...next.entries] };
    }
    return look;
  }

  private async lookOnce(scope: LookScope, payload: Buffer | undefined, budget: Budget): Promise<Look> {
    const reader = new LookReader(budget);
    const { result } = await this.control.call(
      'look',
      { scope, moving: true },
      { ...(payload && { payload }), onNotification: (method, _params, part) => reader.take(method, part) },
    );
    return reader.finish(result);
  }

  async acceptDeletes(): Promise<void> {
    await this.control.call('accept-deletes', {});
  }

  async acknowledge(epoch: number, partner: RootDescription): Promise<void> {
    const { root, dir, device, machine } = partner;
    await this.control.call('acknowledge', { epoch, root, dir, device, machine });
  }

  async guard(paths: readonly RelPath[], on: boolean): Promise<void> {
    const batches = [...encodePaths(paths)];
    if (batches.length === 0) await this.control.call('guard', { on });
    for (const { payload } of batches) await this.control.call('guard', { on }, { payload });
  }

  offer(change: Change): Promise<Offer | null> {
    return remoteOffer(this.control, this.lanes, change);
  }

  read(wanted: readonly Wanted[]): AsyncIterable<Content> {
    return remoteRead(this.lanes, wanted);
  }

  apply(changes: readonly Change[], contents: AsyncIterable<Content>): AsyncIterable<Applied> {
    return remoteApply(this.lanes, changes, contents);
  }

  /** Tells the other server what happened, for its own log. */
  tell(event: SyncEvent): void {
    this.control.notify('event', event).catch(() => {});
  }

  onHint(listener: () => void): void {
    this.listener = listener;
  }

  async close(): Promise<void> {
    if (this.pinging !== null) clearInterval(this.pinging);
    this.control.close();
    this.lanes.close();
  }
}

async function introduce(
  { host, port, root, signal, secret, allowLocal, dial: connect = dial }: RemoteOptions,
  lane: boolean,
  onNotification: (method: string) => void,
): Promise<{ caller: Caller; introduction: Introduction; above: readonly string[] }> {
  const connection = await connect({
    host,
    port,
    secret,
    allowLocal,
    limits: PEER_LIMITS,
    ...(signal === undefined ? {} : { signal }),
  });
  const caller = new Caller(connection, { onNotification, ...(lane && { silence: LANE_SILENCE }) });
  try {
    const hello = { protocol: PROTOCOL_VERSION, role: 'peer', root, lane };
    const { result } = await caller.call('hello', hello, { timeoutMs: HELLO_MS });
    const { server, root: rootId, above } = result as Record<string, unknown>;
    if (server !== 'b' || typeof rootId !== 'string') {
      throw new SyncError('bad-message', `What listens at ${host}:${port} is not a server-b.`, {
        hint: 'Give the address of a server-b with --peer HOST:PORT.',
      });
    }
    const introduction = introductionOf(result as Record<string, unknown>);
    return { caller, introduction, above: above === undefined ? [] : idsOf(above) };
  } catch (error) {
    caller.close();
    throw error;
  }
}

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
