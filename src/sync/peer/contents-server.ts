// Serves the contents of a remote replica: reads them from this root, or applies them to it. The block sums of a basis
// file that the caller has are requested on the same connection.
import { type Change, contentOf } from '../../core/change.js';
import type { Range } from '../../core/delta.js';
import { SyncError } from '../../core/errors.js';
import type { Applied, BasisFile, Content, JoinedContents, Replica, Wanted } from '../../replica.js';
import { ITEM_BYTES } from '../../wire/frame/budget.js';
import { STALL_MS } from '../../wire/frame/limits.js';
import { encodeRanges, encodeSums, parseOneChange, parseRanges, parseSums } from '../../wire/peer-api/delta.js';
import { bad } from '../../wire/peer-api/list.js';
import {
  encodeApplied,
  parseChanges,
  parseContents,
  parseWanted,
  type WantedFields,
} from '../../wire/peer-api/messages.js';
import type { Answer, IncomingCall } from '../../wire/rpc/responder.js';
import type { Clock } from '../clock.js';
import { inTime } from '../in-time.js';
import { Announced } from './announced.js';
import type { Bandwidth } from './bandwidth.js';
import { sendContent } from './send-content.js';

type Incoming = Awaited<ReturnType<AsyncIterator<{ method: string; params: unknown; payload: Buffer | null }>['next']>>;
/** The notifications that the caller sends for one call, read one by one. */
type Stream = { next(): Promise<Incoming> };
/** Reserves bytes of the memory for lists. Throws where it is exhausted. */
type Take = (bytes: number) => void;

/** Answers `offer`. */
export async function serveOffer(replica: Replica, payload: Buffer | null): Promise<object> {
  const offer = await replica.offer(parseOneChange(payload));
  return offer === null ? {} : { have: offer.have, base: offer.base?.size ?? null };
}

/** Answers `sums`. */
export async function serveSums(
  replica: Replica,
  blockBytes: number,
  call: IncomingCall,
  payload: Buffer | null,
): Promise<Answer | object> {
  const incoming = streamOf(call);
  const change = parseOneChange(payload);
  const { value, done } = await incoming.next();
  if (done || contentOf(change) === null) throw missing('ranges');
  const asked = parseRanges(blockBytes, value.payload, change.before?.type === 'file' ? change.before.size : 0);
  const offer = await replica.offer(change);
  const words = await offer?.base?.sums(asked.blockBytes, asked.ranges);
  return words ? { result: {}, payload: encodeSums(words) } : {};
}

/**
 * Answers `read`. Contents are held back to the rate of `bandwidth`.
 * @param takesJoined whether the caller takes joined contents.
 */
export async function serveRead(
  replica: Replica,
  count: number,
  call: IncomingCall,
  take: Take,
  bandwidth: Bandwidth,
  takesJoined = false,
): Promise<object> {
  const incoming = streamOf(call);
  const fields = await collect(count, incoming, 'wanted', parseWanted, take);
  const wanted = fields.map((one, n) => wantedFrom(one, n, call, incoming));
  const contents = (takesJoined && replica.readJoined?.(wanted)) || replica.read(wanted);
  for await (const content of contents) await sendContent(content, bandwidth, (...piece) => call.notify(...piece));
  return {};
}

function wantedFrom({ path, file, have, base }: WantedFields, n: number, call: IncomingCall, incoming: Stream): Wanted {
  if (have === undefined && base === undefined) return { path, file };
  return { path, file, offer: { have: have ?? 0, base: base === undefined ? null : baseOf(base, n, call, incoming) } };
}

/** The basis file that the caller has for the `n`-th content. */
const baseOf = (
  base: NonNullable<WantedFields['base']>,
  n: number,
  call: IncomingCall,
  incoming: Stream,
): BasisFile => ({
  ...base,
  sums: async (blockBytes: number, ranges: readonly Range[]) => {
    await call.notify('sums', { n, blockBytes }, encodeRanges(ranges).payload);
    const { value, done } = await incoming.next();
    if (done || value.method !== 'sums') throw missing('sums');
    return value.payload === null ? null : parseSums(value.payload, { blockBytes, ranges });
  },
});

/**
 * Answers `apply`.
 * @param untold called with the changes when the call has ended without all of their outcomes.
 */
export async function serveApply(
  replica: Replica,
  count: number,
  call: IncomingCall,
  soon: Clock['soon'],
  take: Take,
  untold: (changes: readonly Change[]) => void = () => {},
): Promise<object> {
  const incoming = streamOf(call);
  const changes: Change[] = await collect(count, incoming, 'changes', parseChanges, take);
  const announced = new Announced(changes.flatMap((change) => contentOf(change)?.size ?? []));
  const outcomes = new Outbound(call, soon);
  let areTold = false;
  try {
    for await (const applied of replica.apply(changes, contentsFrom(incoming, announced))) {
      outcomes.add(applied);
      // The call was cancelled: the remaining changes are not begun.
      if (call.signal.aborted) break;
    }
    await outcomes.flush();
    areTold = !call.signal.aborted;
  } finally {
    if (!areTold) untold(changes);
  }
  return {};
}

/** Collects outcomes and sends them in lists. */
class Outbound {
  readonly #call: IncomingCall;
  readonly #soon: Clock['soon'];

  #waiting: Applied[] = [];
  #sending: Promise<void> = Promise.resolve();
  #scheduled = false;

  constructor(call: IncomingCall, soon: Clock['soon']) {
    this.#call = call;
    this.#soon = soon;
  }

  add(applied: Applied): void {
    this.#waiting.push(applied);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#soon(() => {
      this.#scheduled = false;
      this.flush().catch(() => {}); // the connection has closed, which also ends the call
    });
  }

  flush(): Promise<void> {
    const applied = this.#waiting;
    this.#waiting = [];
    this.#sending = this.#sending.then(async () => {
      for (const { payload } of encodeApplied(applied)) await this.#call.notify('outcomes', {}, payload);
    });
    return this.#sending;
  }
}

async function collect<T>(
  count: number,
  incoming: Stream,
  method: string,
  parse: (payload: Buffer | null) => T[],
  take: Take,
): Promise<T[]> {
  const items: T[] = [];
  while (items.length < count) {
    const { value, done } = await incoming.next();
    if (done || value.method !== method) throw missing(method);
    const some = parse(value.payload);
    take((value.payload?.length ?? 0) + (some.length + 1) * ITEM_BYTES);
    for (const item of some) items.push(item);
  }
  if (items.length > count) throw bad('a list is longer than it was announced');
  return items;
}

/** The notifications that the caller sends for `call`, each waited for at most STALL_MS. */
function streamOf(call: IncomingCall): Stream {
  const incoming = call.incoming[Symbol.asyncIterator]();
  return { next: () => inTime(incoming.next(), STALL_MS, `Server-a sent nothing more for ${STALL_MS / 1000} s.`) };
}

async function* contentsFrom(incoming: Stream, announced: Announced): AsyncGenerator<Content | JoinedContents> {
  for (;;) {
    const { value, done } = await incoming.next();
    if (done || value.method === 'end') return;
    yield announced.check(parseContents(value.method, value.params, value.payload));
  }
}

const missing = (what: string): SyncError => new SyncError('bad-message', `The list of ${what} is missing.`);
