// Digests of trees, and first scans that send only what differs from the tree that server-a knows.
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RelPath } from '../../../src/core/path.js';
import { silent } from '../../../src/log.js';
import type { ScanResult } from '../../../src/replica.js';
import { RemoteReplica } from '../../../src/sync/peer/replica-client.js';
import { ReplicaServer } from '../../../src/sync/peer/replica-server.js';
import { tcpTransport } from '../../../src/sync/peer/transport.js';
import { TreeDigests } from '../../../src/sync/peer/tree-digests.js';
import { encodeList } from '../../../src/wire/peer-api/list.js';
import { type Method, serveRpc } from '../../../src/wire/rpc/responder.js';
import { listen } from '../../../src/wire/socket/tcp.js';
import { showTree, snapshotOf, tree } from '../../support/core/tree.js';
import { turn } from '../../support/disk-site.js';
import { ScriptedReplica, scanPath } from '../../support/session-fixture.js';

const digestOf = (text: string): string => new TreeDigests(snapshotOf(tree(text))).whole;

describe('the digest of a tree', () => {
  test('does not hang on the order in which it was filled', () => {
    expect(digestOf('x:1 d/y:2 d/a:3 l->x')).toBe(digestOf('l->x d/a:3 x:1 d/y:2'));
  });

  test.each([
    ['another content', 'd/x:1', 'd/x:2'],
    ['another size', 'd/x:1', 'd/x:11'],
    ['another time', 'd/x:1@1', 'd/x:1@2'],
    ['other bits', 'd/x:1!644', 'd/x:1!755'],
    ['other bits of a directory', 'd/!755', 'd/!700'],
    ['another name', 'd/x:1', 'd/y:1'],
    ['another directory', 'd/x:1 e/', 'e/x:1 d/'],
    ['a deeper directory', 'd/x:1', 'd/d/x:1'],
    ['nothing', 'd/x:1', 'd/'],
    ['an empty directory', 'x:1', 'x:1 d/'],
    ['another target', 'l->x', 'l->y'],
    ['another kind', 'l->x', 'l/'],
    ['a link whose target looks like an entry', 'l->1/m/l1/1/1', 'l->1 m->1'],
  ])('differs with %s', (_, one, other) => {
    expect(digestOf(one)).not.toBe(digestOf(other));
  });

  test('is of the tree as it was', () => {
    const snapshot = snapshotOf(tree('d/x:1'));
    const digests = new TreeDigests(snapshot);
    const { whole } = digests;
    snapshot.put('d/y' as RelPath, null);
    snapshot.put('d/x' as RelPath, null);
    expect([digests.whole, digests.entriesIn('d' as RelPath).map(({ path }) => path)]).toEqual([whole, ['d/x']]);
  });
});

/** A side b with the tree `there`, and a side a that expects `known`. */
async function open(there: string, known: string, changed: (methods: Record<string, Method>) => object = () => ({})) {
  const replica = Object.assign(new ScriptedReplica(), { scanner: { snapshot: snapshotOf(tree(there)) as never } });
  const server = new ReplicaServer({ replica, rootId: 'b', version: '1', log: silent });
  const sent: string[] = [];
  const heard = (name: string, { params, handle }: Method): Method => ({
    params,
    handle: (given, call, payload) => {
      const notify = call.notify.bind(call);
      const hearing: typeof call.notify = (method, ...rest) => {
        sent.push(`${name}: ${method} ${(rest[1] as Buffer | undefined)?.toString() ?? ''}`);
        return notify(method, ...rest);
      };
      return handle(given, Object.create(call, { notify: { value: hearing } }), payload);
    },
  });
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    onConnection: (connection) => {
      const methods = server.methods(connection);
      const { look, entries } = methods;
      const told = { look: heard('look', look!), entries: heard('entries', entries!) };
      void serveRpc(connection, { ...methods, ...told, ...changed(methods) });
    },
  });
  onTestFinished(() => listener.close());
  const link = await tcpTransport({ host: '127.0.0.1', port: listener.port }).open();
  const remote = await RemoteReplica.connect({ link, name: 'b', root: 'a', known: () => snapshotOf(tree(known)) });
  onTestFinished(() => remote.close());
  /** @param found what side b finds; null where it is not asked. */
  const scan = async (found: ScanResult | null = scanPath('')) => {
    const looking = remote.scan('everything');
    looking.catch(() => {});
    if (found === null) return looking;
    while (replica.scans.length === 0) await turn();
    replica.scans.shift()!.answer(found);
    return looking;
  };
  return { scan, sent };
}

describe('a first scan', () => {
  const TREE = 'x:1 d/y:2 d/e/z:3 f/u:4 l->x';

  test('of the tree that is known sends no entry and no digest', async () => {
    const { scan, sent } = await open(TREE, TREE);
    const { whole, entries } = await scan();
    expect(whole).toBe(true);
    expect(showTree(new Map(entries.map(({ path, entry }) => [path, entry!])))).toBe(showTree(tree(TREE)));
    expect(sent).toEqual([]);
  });

  test.each([
    ['a changed file', 'x:1 d/y:5 d/e/z:3 f/u:4 l->x', ['d']],
    ['a deep file more', 'x:1 d/y:2 d/e/z:3 d/e/w:3 f/u:4 l->x', ['d/e']],
    ['a new directory', 'x:1 d/y:2 d/e/z:3 f/u:4 l->x n/m/v:6', ['', 'n', 'n/m']],
    ['a directory less', 'x:1 d/y:2 f/u:4 l->x', ['d']],
    ['a file instead of a directory', 'x:1 d:2 f/u:4 l->x', ['']],
    ['another mode of a directory', 'x:1 d/!700 d/y:2 d/e/z:3 f/u:4 l->x', ['']],
    ['nothing at all', '', ['']],
  ])('of a tree with %s sends what is in the directories that differ', async (_, there, differing) => {
    const { scan, sent } = await open(there, TREE);
    const { whole, entries } = await scan();
    expect([whole, showTree(new Map(entries.map(({ path, entry }) => [path, entry!])))]).toEqual([
      true,
      showTree(tree(there)),
    ]);
    // A directory comes before what is in it.
    const places = new Map(entries.map(({ path }, n) => [path as string, n]));
    for (const [path, n] of places) {
      const above = path.lastIndexOf('/');
      if (above >= 0) expect(places.get(path.slice(0, above))).toBeLessThan(n);
    }
    const told = sent.filter((line) => line.startsWith('entries')).flatMap((line) => pathsIn(line));
    expect([...new Set(told.map((path) => path.slice(0, Math.max(0, path.lastIndexOf('/')))))].sort()).toEqual(
      differing.filter((path) => there !== '' && hasEntries(there, path)),
    );
  });

  test('sends everything where nothing is known', async () => {
    const { scan, sent } = await open(TREE, '');
    expect((await scan()).entries).toHaveLength(8);
    expect(sent.map((line) => line.split(' ')[1])).toEqual(['entries']);
  });

  test('that halts is followed by another first one', async () => {
    const { scan, sent } = await open(TREE, TREE);
    const halted = await scan(scanPath('', { halt: { code: 'root-missing', message: 'Gone.' } }));
    expect([halted.whole, halted.entries]).toEqual([false, []]);
    expect([(await scan()).entries.length, sent]).toEqual([8, []]);
    expect(await scan(scanPath('x:9'))).toMatchObject({ whole: false, entries: [{ path: 'x' }] });
  });
});

test('entries are not told before directories were', async () => {
  let methods: Record<string, Method> = {};
  const { scan } = await open('x:1', 'x:1', (own) => {
    methods = own;
    return {};
  });
  await scan();
  const { handle } = methods.entries!;
  await expect(handle({}, {} as never, Buffer.from('[""]'))).rejects.toMatchObject({ code: 'bad-message' });
});

test('entries of a directory that is named many times are told once', async () => {
  let methods: Record<string, Method> = {};
  const { scan } = await open('x:1 y:1', 'x:2', (own) => {
    methods = own;
    return {};
  });
  await scan();
  const call = { notify: async () => {} } as never;
  const [named] = [...encodeList(Array.from({ length: 1_000 }, () => ''))];
  expect(await methods.entries!.handle({}, call, named!.payload)).toEqual({ items: 2 });
});

describe('a side b is refused that', () => {
  const lying = (entries: readonly object[], items: number) => (methods: Record<string, Method>) => ({
    entries: {
      ...methods.entries!,
      handle: async (_params: object, call: { notify: (...args: unknown[]) => Promise<void> }) => {
        for (const { payload } of encodeList(entries)) await call.notify('entries', {}, payload);
        return { items };
      },
    },
  });
  const y = { path: 'd/y', entry: { type: 'symlink', target: 'x', mtime: 1 } };

  test.each([
    ['tells of a directory that was not asked for', [{ ...y, path: 'f/y' }], 1, /not asked for/],
    ['leaves out a part', [y], 2, /a part of a report is missing/],
    ['does not count', [y], -1, /number of entries/],
  ])('%s', async (_, entries, items, message) => {
    const { scan } = await open('d/y:1 f/u:1', 'd/y:2 f/u:1', lying(entries, items));
    await expect(scan()).rejects.toMatchObject({ code: 'bad-message', message: expect.stringMatching(message) });
  });

  test('names a directory twice, so that all that is known of it would count again', async () => {
    const { scan } = await open('d/y:1 f/u:1', 'd/y:2 f/u:1', ({ look }) => ({
      look: {
        ...look!,
        handle: async (_params: object, call: { notify: (...args: unknown[]) => Promise<void> }) => {
          const digest = new TreeDigests(snapshotOf(tree('d/y:2 f/u:1'))).directories.get('f' as RelPath)!.digest;
          const directories = Array.from({ length: 3 }, () => ({ path: 'f', digest }));
          for (const { payload } of encodeList(directories)) await call.notify('directories', {}, payload);
          return { whole: true, unsettled: 0, halt: null, items: directories.length };
        },
      },
    }));
    await expect(scan(null)).rejects.toMatchObject({
      code: 'bad-message',
      message: expect.stringMatching(/named twice/),
    });
  });
});

const pathsIn = (line: string): string[] =>
  (JSON.parse(line.slice(line.indexOf('['))) as { path: string }[]).map(({ path }) => path);

const hasEntries = (text: string, directory: string): boolean =>
  [...tree(text).keys()].some((path) => path.slice(0, Math.max(0, path.lastIndexOf('/'))) === directory);
