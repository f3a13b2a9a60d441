// Transfers contents to and from the other machine, each call on a connection of its own; `contents-server` is the
// other end. If the receiver has a similar file, its block sums are sent first, and then only the bytes that differ.
import { type Change, contentOf } from '../../core/change.js';
import type { Applied, BasisFile, Content, JoinedContents, Offer, Wanted } from '../../replica.js';
import { STALL_MS } from '../../wire/frame/limits.js';
import { encodeRanges, encodeSums, parseOffer, parseRanges, parseSums } from '../../wire/peer-api/delta.js';
import { bad } from '../../wire/peer-api/list.js';
import {
  encodeChanges,
  encodeWanted,
  parseApplied,
  parseContent,
  parseContents,
} from '../../wire/peer-api/messages.js';
import type { RpcClient } from '../../wire/rpc/caller.js';
import { AsyncQueue } from '../../wire/socket/async-queue.js';
import { Deadline } from '../../wire/socket/deadline.js';
import { inTime } from '../in-time.js';
import { Announced } from './announced.js';
import type { Bandwidth } from './bandwidth.js';
import type { ConnectionPool } from './connection-pool.js';
import { sendContent, separate } from './send-content.js';

/** How long a call may take to end after its last content, in milliseconds. */
const CALL_END_MS = 10_000;

/** Asks what the other side has of the content that `change` brings to it; null where that would save nothing. */
export async function remoteOffer(control: RpcClient, pool: ConnectionPool, change: Change): Promise<Offer | null> {
  if (contentOf(change) === null) return null;
  const [list] = encodeChanges([change]);
  const { result } = await control.call('offer', {}, { payload: list!.payload, timeoutMs: STALL_MS });
  const fields = parseOffer(result);
  if (fields === null) return null;
  return { have: fields.have, base: baseOf(pool, change, fields.base) };
}

/** The file on the other side that `change` will replace; null where there is none. */
function baseOf(pool: ConnectionPool, change: Change, size: number | null): BasisFile | null {
  if (size === null || change.before?.type !== 'file') return null;
  const { hash } = change.before;
  const [list] = encodeChanges([change]);
  const sums: BasisFile['sums'] = (blockBytes, ranges) =>
    pool.run(async (connection) => {
      const asked = encodeRanges(ranges).payload;
      const started = (id: number) => void connection.notify('ranges', { id }, asked).catch(() => {});
      const { payload } = await connection.call(
        'sums',
        { blockBytes },
        { payload: list!.payload, started, timeoutMs: STALL_MS },
      );
      return payload === null ? null : parseSums(payload, { blockBytes, ranges });
    });
  return { size, hash, sums };
}

/** Reads the contents of `wanted` from the other side. A consumer that stops early ends the call. */
export const remoteRead = (pool: ConnectionPool, wanted: readonly Wanted[]): AsyncGenerator<Content> =>
  contentsOf(pool, wanted, { count: wanted.length }, parseContent);

/** As `remoteRead`; small contents may be joined. An earlier version of the other side joins none. */
export const remoteReadJoined = (
  pool: ConnectionPool,
  wanted: readonly Wanted[],
): AsyncGenerator<Content | JoinedContents> =>
  contentsOf(pool, wanted, { count: wanted.length, joined: true }, parseContents);

async function* contentsOf<P extends Content | JoinedContents>(
  pool: ConnectionPool,
  wanted: readonly Wanted[],
  params: object,
  parse: (method: string, params: unknown, payload: Buffer | null) => P,
): AsyncGenerator<P> {
  if (wanted.length === 0) return;
  const pieces = new AsyncQueue<P>();
  const announced = new Announced(wanted.map(({ file }) => file.size));
  const over = new AbortController();
  const ended = pool.run(async (connection) => {
    let call = 0;
    await connection.call('read', params, {
      signal: over.signal,
      started: (id) => {
        call = id;
        void sendLists(connection, id, 'wanted', encodeWanted(wanted.map(fieldsOf)));
      },
      onNotification: (method, fields, payload) =>
        method === 'sums'
          ? sendSums(connection, call, wanted[fields.n]?.offer?.base, fields.blockBytes, payload)
          : pieces.handOver(announced.check(parse(method, fields, payload))),
    });
  });
  ended.then(
    () => pieces.end(),
    (error: Error) => pieces.end(error),
  );
  try {
    yield* inTimeEach(pieces, 'a content');
  } finally {
    leave(over, announced);
  }
}

/** Ends a call whose contents nobody reads any more. A call that has sent all of them may still end by itself. */
export function leave(call: AbortController, { isComplete }: Announced): void {
  if (isComplete) setTimeout(() => call.abort(), CALL_END_MS).unref();
  else call.abort();
}

/**
 * Yields `items`, each waited for at most STALL_MS.
 * @param what names the items in the message.
 * @throws SyncError `timeout` where one takes longer.
 */
export async function* inTimeEach<T>(items: AsyncIterable<T>, what: string): AsyncGenerator<T> {
  const each = items[Symbol.asyncIterator]();
  const late = `Server-b sent nothing more of ${what} for ${STALL_MS / 1000} s.`;
  try {
    for (;;) {
      const { value, done } = await inTime(each.next(), STALL_MS, late);
      if (done) return;
      yield value;
    }
  } finally {
    // A pending item would delay the end of the iteration, so this does not wait.
    void each.return?.();
  }
}

/** Each content by itself, for another side that takes no joined ones. */
export async function* separated(contents: AsyncIterable<Content | JoinedContents>): AsyncGenerator<Content> {
  for await (const content of contents) {
    if ('joined' in content) yield* separate(content);
    else yield content;
  }
}

/** Makes the other side carry out `changes`. Contents are held back to the rate of `bandwidth`. */
export async function* remoteApply(
  pool: ConnectionPool,
  changes: readonly Change[],
  contents: AsyncIterable<Content | JoinedContents>,
  bandwidth: Bandwidth,
): AsyncGenerator<Applied> {
  const outcomes = new AsyncQueue<Applied>();
  const ended = pool.run(async (connection) => {
    let sending: Promise<void> = Promise.resolve();
    // Outcomes can wait for contents, but must follow soon once all contents are sent.
    const stall = new Deadline(STALL_MS, () => connection.close());
    const left = new Set(changes.keys());
    const answered = connection.call(
      'apply',
      { count: changes.length },
      {
        started: (id) => {
          sending = sendChanges(connection, id, changes, contents, bandwidth);
          // If the source fails, the other end still waits for content: closing the connection ends that.
          sending.then(
            () => stall.start(),
            () => connection.close(),
          );
        },
        onNotification: async (_method, _params, payload) => {
          if (stall.running) stall.start();
          for (const applied of parseApplied(payload)) {
            if (!left.delete(applied.n)) throw bad('an outcome is of no change that is under way');
            await outcomes.handOver(applied);
          }
        },
      },
    );
    await Promise.all([answered, sending]).finally(() => stall.clear());
  });
  ended.then(
    () => outcomes.end(),
    (error: Error) => outcomes.end(error),
  );
  yield* outcomes;
}

async function sendLists(
  connection: RpcClient,
  id: number,
  method: string,
  lists: Iterable<{ payload: Buffer }>,
): Promise<void> {
  try {
    for (const { payload } of lists) await connection.notify(method, { id }, payload);
  } catch {
    connection.close();
  }
}

/** Sends the block sums of a local basis file that the other end asked for. */
async function sendSums(
  connection: RpcClient,
  id: number,
  base: BasisFile | null | undefined,
  blockBytes: unknown,
  payload: Buffer | null,
): Promise<void> {
  const asked = parseRanges(blockBytes, payload, base?.size ?? 0);
  const words = await base?.sums(asked.blockBytes, asked.ranges);
  await connection.notify('sums', { id }, words ? encodeSums(words) : undefined);
}

const fieldsOf = ({ path, file, offer }: Wanted) => ({
  path,
  file,
  ...(offer === undefined || offer.have === 0 ? {} : { have: offer.have }),
  ...(offer?.base ? { base: { size: offer.base.size, hash: offer.base.hash } } : {}),
});

async function sendChanges(
  connection: RpcClient,
  id: number,
  changes: readonly Change[],
  contents: AsyncIterable<Content | JoinedContents>,
  bandwidth: Bandwidth,
): Promise<void> {
  for (const { payload } of encodeChanges(changes)) await connection.notify('changes', { id }, payload);
  for await (const content of contents)
    await sendContent(content, bandwidth, (method, params, payload, release) =>
      connection.notify(method, { ...params, id }, payload, release),
    );
  await connection.notify('end', { id });
}
