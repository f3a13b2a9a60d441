// Side b over a connection, served by a simulated replica: calls arrive whole in both directions, and nobody is sent
// more than it takes.
import { any } from 'valibot';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import type { FileEntry } from '../../../src/core/entry.js';
import { SyncError } from '../../../src/core/errors.js';
import type { SyncEvent } from '../../../src/core/events.js';
import type { Applied, BasisFile, Content, JoinedContents, Offer, Wanted } from '../../../src/replica.js';
import { Bandwidth } from '../../../src/sync/peer/bandwidth.js';
import { RemoteReplica } from '../../../src/sync/peer/replica-client.js';
import { ReplicaServer } from '../../../src/sync/peer/replica-server.js';
import { separate } from '../../../src/sync/peer/send-content.js';
import { type PeerLink, tcpTransport } from '../../../src/sync/peer/transport.js';
import { type Method, serveRpc } from '../../../src/wire/rpc/responder.js';
import { listen } from '../../../src/wire/socket/tcp.js';
import { snapshotOf, tree } from '../../support/core/tree.js';
import { dir, file, p, turn } from '../../support/disk-site.js';
import { ScriptedReplica, scanPath } from '../../support/session-fixture.js';

const BLOCK = 1 << 10;
const RANGES = [{ at: 0, bytes: 2 * BLOCK }];
const SUMS = Uint32Array.from([1, 2, 3, 4]);

class Far extends ScriptedReplica {
  readonly scanner = { snapshot: snapshotOf(tree('d/x:1')) as never };
  readonly guarded: string[] = [];
  offered: Offer | null = null;
  give: (wanted: readonly Wanted[]) => AsyncGenerator<Content> = async function* () {};
  giveJoined: (wanted: readonly Wanted[]) => AsyncGenerator<Content | JoinedContents> = async function* () {};
  carry: (contents: AsyncIterable<Content | JoinedContents>) => AsyncGenerator<Applied> = async function* () {};

  async guard(paths: readonly string[], on: boolean): Promise<void> {
    await turn();
    this.guarded.push(`${on} ${paths.length}`);
  }
  override async offer(): Promise<Offer | null> {
    return this.offered;
  }
  override read(wanted: readonly Wanted[]): AsyncGenerator<Content> {
    return this.give(wanted);
  }
  readJoined(wanted: readonly Wanted[]): AsyncGenerator<Content | JoinedContents> {
    return this.giveJoined(wanted);
  }
  override apply(_: readonly Change[], contents: AsyncIterable<Content | JoinedContents>): AsyncGenerator<Applied> {
    return this.carry(contents);
  }
}

const versions = Array.from({ length: 3 }, (_, n) => ({
  name: p(`v${n}`),
  size: n,
  mtime: 1,
  replaced: 2,
  reason: null,
}));

async function open(bandwidths: { a?: Bandwidth; b?: Bandwidth; isEarlier?: boolean } = {}) {
  const peer = new Far();
  const said: SyncEvent[] = [];
  const log = { event: (event: SyncEvent) => void said.push(event), detail: () => {}, warn: () => {} };
  const versionReader = {
    list: async (path: string) => {
      if (path === 'lost') throw new SyncError('not-found', 'They are not there.');
      return versions;
    },
    recent: async function* (since: number) {
      for (const version of versions) if (version.size >= since) yield [{ ...version, of: p('x') }];
    },
    entryOf: async (name: string) => file(name),
    read: async function* (name: string): AsyncGenerator<Content> {
      if (name === 'lost') throw new SyncError('not-found', 'It is not there.');
      for (const n of [1, 2]) yield { n: 0, data: Buffer.from(`${name}${n}`), last: n === 2 };
    },
  };
  const server = new ReplicaServer({
    replica: peer,
    rootId: 'b',
    above: () => ['c'],
    version: '1',
    log,
    versionReader: versionReader as never,
    ...(bandwidths.b && { bandwidth: bandwidths.b }),
  });
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    onConnection: (connection) => {
      const methods = server.methods(connection);
      void serveRpc(connection, bandwidths.isEarlier ? asEarlier(methods) : methods);
    },
  });
  onTestFinished(() => listener.close());
  const link = await tcpTransport({ host: '127.0.0.1', port: listener.port }).open();
  const localScans = await RemoteReplica.connect({
    link,
    name: 'b',
    root: 'a',
    ...(bandwidths.a && { bandwidth: bandwidths.a }),
  });
  onTestFinished(() => localScans.close());
  return { peer, localScans, said };
}

/** The methods of a version that joins nothing. */
function asEarlier({ events: _, hello, read, ...others }: Record<string, Method>): Record<string, Method> {
  return {
    ...others,
    hello: {
      ...hello!,
      handle: async (...asked) => {
        const { joined: _, ...told } = (await hello!.handle(...asked)) as { joined: true };
        return told;
      },
    },
    read: { ...read!, handle: (params, ...rest) => read!.handle({ ...params, joined: false }, ...rest) },
  };
}

const made = (path: string): Change => ({ path: p(path), action: 'modified', before: file('old'), after: file('new') });

/** Waits until `is`, one step of the event loop at a time. */
async function until(is: () => boolean): Promise<void> {
  while (!is()) await turn();
}

test('each server is told the limit of the other one, and forgets it when the other one is gone', async () => {
  const limited = () => new Bandwidth([{ minuteOfWeek: 0, rate: 10_000 }]);
  const [freeA, freeB] = [new Bandwidth(), new Bandwidth()];
  const { localScans } = await open({ a: limited(), b: freeB });
  await until(() => !freeB.isFree);
  await localScans.close();
  await until(() => freeB.isFree);
  const other = await open({ a: freeA, b: limited() });
  await until(() => !freeA.isFree);
  await other.localScans.close();
  await until(() => freeA.isFree);
});

test('a scan of very many paths is split and merged', async () => {
  const { peer, localScans } = await open();
  const paths = Array.from({ length: 60_000 }, (_, n) => p(`directory/of/a/long/name/file ${n}`));
  const looking = localScans.scan('hinted', paths);
  const asked: string[] = [];
  for (let n = 0; asked.length < paths.length; n++) {
    await until(() => peer.scans.length > 0);
    const scan = peer.scans.shift()!;
    asked.push(...scan.paths);
    scan.answer(scanPath(`x${n}:1`, { damaged: [p(`d${n}`)] }));
  }
  const found = await looking;
  expect([asked.length, asked.at(-1), found.whole]).toEqual([paths.length, paths.at(-1), true]);
  expect(found.entries.length).toBeGreaterThan(2);
  expect(found.damaged!.length).toBeGreaterThan(1);
});

test('a scan that is halted asks for no more', async () => {
  const { peer, localScans } = await open();
  const paths = Array.from({ length: 60_000 }, (_, n) => p(`directory/of/a/long/name/file ${n}`));
  const looking = localScans.scan('hinted', paths);
  await until(() => peer.scans.length > 0);
  peer.scans.shift()!.answer(scanPath('', { halt: { code: 'root-emptied', message: 'Empty.' } }));
  expect(await looking).toMatchObject({ halt: { code: 'root-emptied' } });
  expect(peer.scans).toEqual([]);
});

test('guard, acceptDeletes and events reach the other side', async () => {
  const { peer, localScans, said } = await open();
  await localScans.guard([p('x'), p('y')], true);
  await localScans.guard([], false);
  await localScans.acceptDeletes();
  localScans.tell({ event: 'halted', code: 'root-missing', message: 'Gone.' });
  await until(() => said.length > 1);
  expect([peer.guarded, peer.accepted, said.at(-1)?.event]).toEqual([['true 2', 'false 0'], 1, 'halted']);
  expect([localScans.introduction.root, localScans.above]).toEqual(['b', ['c']]);
  // Both ends have one clock.
  expect(localScans.about).toEqual({ version: expect.any(String), aheadMs: expect.closeTo(0, -4) });
});

describe('with a server-b', () => {
  const three: JoinedContents = { n: 0, sizes: [1, 0, 2], joined: Buffer.from('abc') };
  const apart = ['0 a', '1 ', '2 bc'];
  const shown = (content: Content | JoinedContents): string => {
    if ('joined' in content) return `${content.n} ${content.sizes.join('+')} ${content.joined}`;
    return 'data' in content ? `${content.n} ${content.data}` : 'another';
  };

  test.each([
    ['of this version', false, ['0 1+0+2 abc']],
    ['of an earlier one', true, apart],
  ])('%s small contents are joined or apart, both ways', async (_, isEarlier, expected) => {
    const { peer, localScans } = await open({ isEarlier });
    const got: string[] = [];
    peer.carry = async function* (contents) {
      for await (const content of contents) got.push(shown(content));
      for (const n of [0, 1, 2]) yield { n, outcome: { kind: 'done', sent: 1 } };
    };
    const sized = (size: number) => ({ ...(file('x') as FileEntry), size });
    const changes = [1, 0, 2].map((size, n): Change => ({ ...made(`f${n}`), after: sized(size) }));
    const given = (async function* () {
      yield three;
    })();
    const outcomes: number[] = [];
    for await (const { n } of localScans.apply(changes, given)) outcomes.push(n);
    expect([got, outcomes]).toEqual([expected, [0, 1, 2]]);

    peer.giveJoined = async function* () {
      yield three;
    };
    peer.give = async function* () {
      yield* separate(three);
    };
    const wanted = [1, 0, 2].map((size, n) => ({ path: p(`f${n}`), file: sized(size) }));
    const read: string[] = [];
    for await (const content of localScans.readJoined(wanted)) read.push(shown(content));
    expect(read).toEqual(expected);
    read.length = 0;
    for await (const content of localScans.read(wanted)) read.push(shown(content));
    expect(read).toEqual(apart);
  });

  test.each([
    ['of this version', false],
    ['of an earlier one', true],
  ])('%s events that are said together come in their order', async (_, isEarlier) => {
    const { localScans, said } = await open({ isEarlier });
    const events = Array.from({ length: 5 }, (_, n) => ({ event: 'halted', code: `c${n}`, message: 'No.' }) as const);
    for (const event of events) localScans.tell(event);
    await until(() => said.length > 5);
    expect(said.slice(1)).toEqual(events);
  });
});

test('what was said last is sent before the end', async () => {
  const { localScans, said } = await open();
  localScans.tell({ event: 'resumed', by: null });
  localScans.tell({ event: 'halted', code: 'root-missing', message: 'Gone.' });
  await localScans.close();
  await until(() => said.length > 3);
  expect(said.map(({ event }) => event)).toEqual(['peer-connected', 'resumed', 'halted', 'peer-lost']);
});

test('earlier contents are listed, scanned and read', async () => {
  const { localScans } = await open();
  expect(await localScans.versionReader.list(p('x'))).toEqual(versions);
  expect(await localScans.versionReader.entryOf(p('v1'))).toEqual(file('v1'));
  const texts: string[] = [];
  for await (const piece of localScans.versionReader.read(p('v1'), file('v11v12')))
    if ('data' in piece) texts.push(piece.data.toString());
  expect(texts).toEqual(['v11', 'v12']);
});

test('the earlier contents of all paths are listed, since a time', async () => {
  const { localScans } = await open();
  const names: string[] = [];
  for await (const some of localScans.versionReader.recent(1))
    names.push(...some.map(({ of, name }) => `${of} ${name}`));
  expect(names).toEqual(['x v1', 'x v2']);
});

test('an earlier content that cannot be read is an error', async () => {
  const { localScans } = await open();
  const reading = localScans.versionReader.read(p('lost'), file('lost1lost2'))[Symbol.asyncIterator]();
  await expect(reading.next()).rejects.toMatchObject({ code: 'not-found' });
});

test('earlier contents that cannot be listed are an error', async () => {
  const { localScans } = await open();
  await expect(localScans.versionReader.list(p('lost'))).rejects.toMatchObject({ code: 'not-found' });
});

describe('what is offered', () => {
  test.each<[it: string, offered: Offer | null, change: Change, have: number | null, size: number | null]>([
    ['nothing', null, made('x'), null, null],
    ['a beginning', { have: 5, base: null }, made('x'), 5, null],
    ['a base', { have: 0, base: { size: 1 << 20, hash: 'h', sums: async () => null } }, made('x'), 0, 1 << 20],
    [
      'no base where there was no file',
      { have: 5, base: { size: 1 << 20, hash: 'h', sums: async () => null } },
      { ...made('x'), before: null },
      5,
      null,
    ],
    ['nothing for what has no content', { have: 5, base: null }, { ...made('x'), after: dir() }, null, null],
  ])('%s', async (_, offered, change, have, size) => {
    const { peer, localScans } = await open();
    peer.offered = offered;
    const offer = await localScans.offer(change);
    expect([offer?.have ?? null, offer?.base?.size ?? null]).toEqual([have, size]);
  });

  test('has block sums that are requested from the other side', async () => {
    const { peer, localScans } = await open();
    const asked: unknown[] = [];
    const sums: BasisFile['sums'] = async (blockBytes, ranges) => {
      asked.push([blockBytes, ranges]);
      return asked.length === 1 ? SUMS : null;
    };
    const before = { ...file('old'), size: 1 << 20 };
    peer.offered = { have: 0, base: { size: before.size, hash: before.hash, sums } };
    const offer = await localScans.offer({ ...made('x'), before });
    expect(await offer!.base!.sums(BLOCK, RANGES)).toEqual(SUMS);
    expect(await offer!.base!.sums(BLOCK, RANGES)).toBe(null);
    expect([asked, offer!.base!.hash]).toEqual([
      [
        [BLOCK, RANGES],
        [BLOCK, RANGES],
      ],
      before.hash,
    ]);
  });
});

describe('reading', () => {
  const collect = async (contents: AsyncIterable<Content>) => {
    const texts: string[] = [];
    for await (const piece of contents)
      texts.push('data' in piece ? piece.data.toString() : Object.keys(piece).join(' '));
    return texts;
  };

  test('of nothing makes no call', async () => {
    const { peer, localScans } = await open();
    peer.give = async function* () {
      yield { n: 0, data: Buffer.from('x'), last: true };
    };
    expect(await collect(localScans.read([]))).toEqual([]);
  });

  test('announces the offer of each content, and answers with its block sums', async () => {
    const { peer, localScans } = await open();
    const answers: unknown[] = [];
    const offers: (readonly [have: number | undefined, base: number | undefined])[] = [];
    peer.give = async function* (wanted) {
      for (const { offer } of wanted) offers.push([offer?.have, offer?.base?.size]);
      const base = wanted[1]!.offer!.base!;
      answers.push(await base.sums(BLOCK, RANGES), await base.sums(BLOCK, RANGES), base.hash);
      yield { n: 0, data: Buffer.from('first'), last: true };
      yield { n: 1, copy: { at: 0, bytes: 5 }, last: true };
      yield { n: 2, failed: { kind: 'stale' } };
    };
    let asked = 0;
    const sums: BasisFile['sums'] = async () => {
      await turn();
      return asked++ === 0 ? SUMS : null;
    };
    const wanted: Wanted[] = [
      { path: p('x'), file: file('first') },
      { path: p('y'), file: file('12345'), offer: { have: 0, base: { size: 1 << 20, hash: file('b').hash, sums } } },
      { path: p('z'), file: file('z'), offer: { have: 1, base: null } },
    ];
    expect(await collect(localScans.read(wanted))).toEqual(['first', 'n copy last', 'n failed']);
    expect(offers).toEqual([
      [undefined, undefined],
      [0, 1 << 20],
      [1, undefined],
    ]);
    expect(answers).toEqual([SUMS, null, file('b').hash]);
  });

  test('that fails on the other side fails here', async () => {
    const { peer, localScans } = await open();
    peer.give = async function* () {
      yield { n: 0, data: Buffer.from('x'), last: false };
      throw new Error('EIO');
    };
    await expect(collect(localScans.read([{ path: p('x'), file: file('x') }]))).rejects.toThrow();
  });
});

describe('applying', () => {
  const pieces = async function* (): AsyncGenerator<Content> {
    yield { n: 0, data: Buffer.from('n'), last: false };
    yield { n: 0, data: Buffer.from('ew'), last: true };
  };

  test('sends changes and contents, and returns outcomes', async () => {
    const { peer, localScans } = await open();
    const taken: string[] = [];
    peer.carry = async function* (contents) {
      for await (const piece of contents) taken.push('data' in piece ? piece.data.toString() : '');
      yield { n: 1, outcome: { kind: 'stale' } };
      yield { n: 0, outcome: { kind: 'done', sent: 3 } };
    };
    const outcomes: Applied[] = [];
    const changes = [made('x'), { ...made('y'), action: 'deleted', after: null } as const];
    for await (const applied of localScans.apply(changes, pieces())) outcomes.push(applied);
    expect([taken.join(''), outcomes]).toEqual([
      'new',
      [
        { n: 1, outcome: { kind: 'stale' } },
        { n: 0, outcome: { kind: 'done', sent: 3 } },
      ],
    ]);
  });

  test('ends with a source that fails', async () => {
    const { peer, localScans } = await open();
    let ended: unknown = null;
    peer.carry = async function* (contents) {
      try {
        for await (const _ of contents);
      } catch (error) {
        ended = error;
        throw error;
      }
      yield { n: 0, outcome: { kind: 'kept' } };
    };
    const failing = async function* (): AsyncGenerator<Content> {
      yield { n: 0, data: Buffer.from('n'), last: false };
      throw new Error('EIO');
    };
    const outcomes = async () => {
      for await (const _ of localScans.apply([made('x')], failing()));
    };
    await expect(outcomes()).rejects.toThrow();
    await until(() => ended !== null);
  });
});

describe('connecting', () => {
  const connect = (link: Pick<PeerLink, 'dial'>, signal?: AbortSignal) =>
    RemoteReplica.connect({ link, name: 'b:1', root: 'a', ...(signal === undefined ? {} : { signal }) });
  const linkTo = (port: number) => tcpTransport({ host: '127.0.0.1', port }).open();

  test('is ended by its signal, while the other server is dialled', async () => {
    const end = new AbortController();
    const dial: PeerLink['dial'] = ({ signal }) =>
      new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)));
    const connecting = connect({ dial }, end.signal);
    end.abort(new Error('no more'));
    await expect(connecting).rejects.toThrow('no more');
  });

  test('is ended by its signal, while the other server does not answer', async () => {
    const end = new AbortController();
    let isThere = () => {};
    const came = new Promise<void>((resolve) => {
      isThere = resolve;
    });
    const silent = await listen({ host: '127.0.0.1', port: 0, onConnection: isThere });
    onTestFinished(() => silent.close());
    const connecting = connect(await linkTo(silent.port), end.signal);
    connecting.catch(() => {});
    await came;
    end.abort();
    await expect(connecting).rejects.toThrow();
  });

  test.each<[it: string, result: object]>([
    ['a server-a', { protocol: 1, server: 'a', version: '1', root: 'b' }],
    ['a server-b without a root', { protocol: 1, server: 'b', version: '1' }],
  ])('to %s is refused, and closed', async (_, result) => {
    let isOver: Promise<unknown> = Promise.resolve();
    const odd = await listen({
      host: '127.0.0.1',
      port: 0,
      onConnection: (connection) => {
        isOver = connection.closed;
        void serveRpc(connection, { hello: { params: any(), handle: async () => result } });
      },
    });
    onTestFinished(() => odd.close());
    await expect(connect(await linkTo(odd.port))).rejects.toMatchObject({
      code: 'bad-message',
      hint: expect.stringContaining('--peer'),
    });
    await isOver;
  });
});

test('server-b is asked again and again whether it is there, and left where it refuses to say so', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  let pings = 0;
  const ping = async () => {
    if (++pings === 3) throw new SyncError('failed', 'I am busy.');
    return {};
  };
  const hello = async () => ({ protocol: 1, server: 'b', version: '1', root: 'b' });
  const methods = { hello: { params: any(), handle: hello }, ping: { params: any(), handle: ping } };
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    onConnection: (connection) => void serveRpc(connection, methods),
  });
  onTestFinished(() => listener.close());
  const link = await tcpTransport({ host: '127.0.0.1', port: listener.port }).open();
  const replica = await RemoteReplica.connect({ link, name: 'b', root: 'a' });
  for (const expected of [1, 2, 3]) {
    vi.advanceTimersByTime(10_000);
    await until(() => pings === expected);
  }
  await replica.closed;
  vi.advanceTimersByTime(60_000);
  expect(pings).toBe(3);
});

test('a closed replica answers nothing any more', async () => {
  const { localScans } = await open();
  await localScans.close();
  expect(await localScans.closed).toBe(null);
  await expect(localScans.acceptDeletes()).rejects.toMatchObject({ code: 'closed' });
  await expect(localScans.versionReader.list(p('x'))).rejects.toMatchObject({ code: 'closed' });
});
