// The side of the pair on the other machine, driven over the wire. One connection carries looks and hints; contents go
// over lanes of their own, one call at a time on each, so that TCP itself holds back a sender whose receiver is slow.
import type { Change } from '../core/change.js';
import { SyncError } from '../core/errors.js';
import type { SyncEvent } from '../core/events.js';
import type { RelPath } from '../core/path.js';
import { Caller } from '../wire/calls.js';
import { PEER_LIMITS } from '../wire/limits.js';
import { PROTOCOL_VERSION } from '../wire/messages.js';
import { LookReader } from '../wire/peer-look.js';
import {
  encodeChanges,
  encodeContent,
  encodePaths,
  encodeWanted,
  parseApplied,
  parseContent,
} from '../wire/peer-messages.js';
import { dial } from '../wire/tcp.js';
import { Channel } from './channel.js';
import type { Applied, Content, Look, LookScope, Replica, Wanted } from './replica.js';

/** Idle lanes kept for the next call. */
const IDLE_LANES = 4;
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
}

/** Side b, as server-a sees it. */
export class RemoteReplica implements Replica {
  private readonly idle: Caller[] = [];
  private readonly lanes = new Set<Caller>();
  private listener: () => void = () => {};
  private over = false;
  private pinging: NodeJS.Timeout | null = null;

  private constructor(
    private readonly options: RemoteOptions,
    private readonly control: Caller,
    /** The id of side b's root. */
    readonly rootId: string,
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
    const { caller, rootId } = await introduce(options, false, onNotification);
    replica = new RemoteReplica(options, caller, rootId);
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
    const reader = new LookReader();
    const lists = [...encodePaths(paths)];
    // What is more than one payload is as well looked at with everything else.
    const [list, ...more] = lists;
    const { result } = await this.control.call(
      'look',
      { scope: more.length > 0 ? 'everything' : scope },
      {
        ...(list === undefined ? {} : { payload: list.payload }),
        onNotification: (method, _params, payload) => reader.take(method, payload),
      },
    );
    return reader.finish(result);
  }

  async acceptDeletes(): Promise<void> {
    await this.control.call('accept-deletes', {});
  }

  async *read(wanted: readonly Wanted[]): AsyncGenerator<Content> {
    if (wanted.length === 0) return;
    const pieces = new Channel<Content>();
    const ended = this.onLane(async (lane) => {
      await lane.call(
        'read',
        { count: wanted.length },
        {
          started: (id) => void sendLists(lane, id, 'wanted', encodeWanted(wanted)),
          onNotification: (method, params, payload) => pieces.put(parseContent(method, params, payload)),
        },
      );
    });
    ended.then(
      () => pieces.end(),
      (error: unknown) => pieces.end(error),
    );
    yield* pieces;
  }

  async *apply(changes: readonly Change[], contents: AsyncIterable<Content>): AsyncGenerator<Applied> {
    const outcomes = new Channel<Applied>();
    const ended = this.onLane(async (lane) => {
      let sending: Promise<void> = Promise.resolve();
      const answered = lane.call(
        'apply',
        { count: changes.length },
        {
          started: (id) => {
            sending = sendChanges(lane, id, changes, contents);
            // A source that fails leaves the other end waiting for content: without this lane it gives up.
            sending.catch(() => lane.close());
          },
          onNotification: async (_method, _params, payload) => {
            for (const applied of parseApplied(payload)) await outcomes.put(applied);
          },
        },
      );
      await Promise.all([answered, sending]);
    });
    ended.then(
      () => outcomes.end(),
      (error: unknown) => outcomes.end(error),
    );
    yield* outcomes;
  }

  /** Tells the other server what happened, for its own log. */
  tell(event: SyncEvent): void {
    this.control.notify('event', event).catch(() => {});
  }

  onHint(listener: () => void): void {
    this.listener = listener;
  }

  async close(): Promise<void> {
    this.over = true;
    if (this.pinging !== null) clearInterval(this.pinging);
    this.control.close();
    for (const lane of this.lanes) lane.close();
  }

  /** Runs one call on a lane of its own; a lane on which something failed is not used again. */
  private async onLane(work: (lane: Caller) => Promise<void>): Promise<void> {
    const lane = this.idle.pop() ?? (await this.openLane());
    try {
      await work(lane);
    } catch (error) {
      lane.close();
      throw error;
    }
    if (this.over || this.idle.length >= IDLE_LANES) lane.close();
    else this.idle.push(lane);
  }

  private async openLane(): Promise<Caller> {
    if (this.over) throw new SyncError('closed', 'The connection to server-b is over.');
    const { caller } = await introduce(this.options, true, () => {});
    this.lanes.add(caller);
    void caller.closed.then(() => {
      this.lanes.delete(caller);
      const at = this.idle.indexOf(caller);
      if (at >= 0) this.idle.splice(at, 1);
    });
    if (this.over) caller.close();
    return caller;
  }
}

async function introduce(
  { host, port, root, signal }: RemoteOptions,
  lane: boolean,
  onNotification: (method: string) => void,
): Promise<{ caller: Caller; rootId: string }> {
  const connection = await dial({ host, port, limits: PEER_LIMITS, ...(signal === undefined ? {} : { signal }) });
  const caller = new Caller(connection, { onNotification });
  try {
    const hello = { protocol: PROTOCOL_VERSION, role: 'peer', root, lane };
    const { result } = await caller.call('hello', hello, { timeoutMs: HELLO_MS });
    const { server, root: rootId } = result as { server?: unknown; root?: unknown };
    if (server !== 'b' || typeof rootId !== 'string') {
      throw new SyncError('bad-message', `What listens at ${host}:${port} is not a server-b.`, {
        hint: 'Give the address of a server-b with --peer HOST:PORT.',
      });
    }
    return { caller, rootId };
  } catch (error) {
    caller.close();
    throw error;
  }
}

async function sendLists(
  lane: Caller,
  id: number,
  method: string,
  lists: Iterable<{ payload: Buffer }>,
): Promise<void> {
  try {
    for (const { payload } of lists) await lane.notify(method, { id }, payload);
  } catch {
    lane.close();
  }
}

async function sendChanges(
  lane: Caller,
  id: number,
  changes: readonly Change[],
  contents: AsyncIterable<Content>,
): Promise<void> {
  for (const { payload } of encodeChanges(changes)) await lane.notify('changes', { id }, payload);
  for await (const content of contents) {
    const { method, params, payload } = encodeContent(content);
    await lane.notify(method, { ...params, id }, payload);
  }
  await lane.notify('end', { id });
}
