// A root as the session uses it: reports of requested paths, problems of the state directory, and the stored snapshot
// after a restart.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { LocalReplica } from '../../src/disk/local-replica.js';
import { openRoot } from '../../src/disk/state/root.js';
import { openStateDirectory } from '../../src/disk/state/state-directory.js';
import { silent } from '../../src/log.js';
import type { Content, ScanResult } from '../../src/replica.js';
import { dir, file, p, stream, turn } from '../support/disk-site.js';
import { makeRoot, put, readTree, removeRoot, type Tree } from '../support/trees.js';

async function open(root: string, ignore: readonly string[] = []) {
  const opened = openRoot(root);
  const state = openStateDirectory(opened.path, silent);
  const replica = new LocalReplica({ root: opened, state, ignore, log: silent });
  const scan = async (...paths: string[]): Promise<ScanResult> => {
    let told = await replica.scan('hinted', paths.map(p));
    for (; told.unsettled > 0; told = await replica.scan('hinted', paths.map(p))) await turn();
    return told;
  };
  const close = async () => {
    await replica.close();
    state.release();
  };
  return { root, replica, scan, close };
}

async function opened(tree: Tree, ignore: readonly string[] = []) {
  const root = makeRoot('replica');
  put(root, tree);
  const site = await open(root, ignore);
  onTestFinished(async () => {
    await site.close();
    removeRoot(root);
  });
  await site.scan();
  return site;
}

const shown = ({ entries }: ScanResult) => entries.map(({ path: at, entry }) => `${entry === null ? '-' : ''}${at}`);

describe('a requested path', () => {
  test('is reported even if it did not change, in the order of the paths, each once', async () => {
    const { scan, root } = await opened({ x: '1', d: { y: '2' } });
    expect(shown(await scan())).toEqual([]);
    expect(shown(await scan('x', 'gone', 'd'))).toEqual(['d', '-gone', 'x']);
    expect(shown(await scan('x'))).toEqual(['x']);
    fs.rmSync(path.join(root, 'x'));
    expect(shown(await scan('x', 'd/y'))).toEqual(expect.arrayContaining(['-x', 'd/y']));
    expect(shown(await scan('x', 'x')).length).toBeLessThanOrEqual(2);
  });

  test('is reported once by the first scan, which has everything', async () => {
    const root = makeRoot('replica');
    put(root, { x: '1', y: '2' });
    const { replica, close } = await open(root);
    onTestFinished(async () => {
      await close();
      removeRoot(root);
    });
    expect(shown(await replica.scan('everything', [p('x'), p('gone')])).sort()).toEqual(['x', 'y']);
  });

  test('is not reported where it is ignored: it is not deleted', async () => {
    const { scan } = await opened({ 'x.tmp': '1', y: '2', d: { 'z.tmp': '3' } }, ['*.tmp']);
    expect(shown(await scan('x.tmp', 'y', 'd/z.tmp'))).toEqual(['y']);
  });
});

test('after a restart only what is new is read', async () => {
  const root = makeRoot('replica');
  put(root, { x: '1', d: { y: '2' } });
  const first = await open(root);
  await first.scan();
  await first.close();
  const second = await open(root);
  onTestFinished(async () => {
    await second.close();
    removeRoot(root);
  });
  expect(second.replica.scanner.snapshot.get(p('d/y'))).toMatchObject({ type: 'file', hash: file('2').hash });
  fs.rmSync(path.join(root, 'x'));
  const scan = await second.scan();
  expect([scan.whole, shown(scan)]).toEqual([true, ['d', 'd/y']]);
});

test.each<[it: string, removed: string[], isLost: boolean]>([
  [
    'that is gone with the watermarks is lost: that is said, and the root has another id',
    ['watermarks', 'seen.log'],
    true,
  ],
  ['without watermarks is known', ['watermarks'], false],
])('a memory %s', async (_, removed, isLost) => {
  const root = makeRoot('replica');
  onTestFinished(() => removeRoot(root));
  put(root, { x: '1' });
  const first = await open(root);
  await first.scan();
  await first.close();
  for (const name of removed) fs.rmSync(path.join(root, '.lockstep', name));
  const warnings: string[] = [];
  const state = openStateDirectory(root, { ...silent, warn: (text) => void warnings.push(text) });
  const { id } = state;
  const replica = new LocalReplica({ root: openRoot(root), state, ignore: [], log: silent });
  const isSaid = warnings.some((text) => /seen\.log is missing\. What was last seen of/.test(text));
  expect([replica.lostMemory, isSaid, state.id !== id]).toEqual([isLost, isLost, isLost]);
  await replica.close();
  state.release();
});

test('applies changes, reads contents, and hints at changes by others', async () => {
  const { replica, scan, root } = await opened({ x: '1' });
  let hints = 0;
  let wake: () => void = () => {};
  const hinted = new Promise<void>((resolve) => {
    wake = resolve;
  });
  replica.onHint(() => {
    hints++;
    wake();
  });
  const changes = [
    { path: p('d'), action: 'created', before: null, after: dir() },
    { path: p('d/new'), action: 'created', before: null, after: file('new') },
  ] as const;
  const kinds: string[] = [];
  for await (const { outcome } of replica.apply(changes, stream(['new']))) kinds.push(outcome.kind);
  expect([kinds, readTree(root)]).toEqual([['done', 'done'], { x: '1', d: { new: 'new' } }]);
  const texts: string[] = [];
  for await (const piece of replica.read([{ path: p('d/new'), file: file('new') }])) {
    if ('data' in piece) texts.push(piece.data.toString());
  }
  expect(texts).toEqual(['new']);
  fs.writeFileSync(path.join(root, 'y'), 'somebody');
  await hinted;
  expect([hints > 0, shown(await scan())]).toEqual([true, ['y']]);
});

test('opens the file at a path; null where there is none', async () => {
  const { replica } = await opened({ x: '123' });
  const content = await replica.open(p('x'));
  expect(content!.file).toMatchObject({ size: 3, hash: file('123').hash });
  content!.close();
  expect(await replica.open(p('y'))).toBe(null);
});

test('an upload larger than the free space is refused', async () => {
  const { replica } = await opened({});
  const huge = { type: 'file', size: Number.MAX_SAFE_INTEGER, mtime: 0, mode: 0o644 } as const;
  expect(() => replica.receive(huge)).toThrow(expect.objectContaining({ code: 'failed' }));
});

describe('an upload', () => {
  const uploaded = async (replica: LocalReplica, ...texts: string[]) => {
    const { hash: _, ...announced } = file('content');
    const upload = replica.receive(announced);
    for (const [n, text] of texts.entries()) await upload.take(Buffer.from(text), n === texts.length - 1);
    return upload;
  };
  test('that is complete takes its path once it is published', async () => {
    const { replica, root } = await opened({});
    const upload = await uploaded(replica, 'cont', 'ent');
    expect(upload.bytes).toBe(7);
    const complete = await upload.finish(file('content').hash);
    expect([complete, readTree(root)]).toEqual([file('content'), {}]);
    const change = { path: p('x'), action: 'created', before: null, after: complete } as const;
    const kinds: string[] = [];
    for await (const { outcome } of replica.publish(change, upload)) kinds.push(outcome.kind);
    upload.discard();
    expect([kinds, readTree(root)]).toEqual([['done'], { x: 'content' }]);
  });

  test.each<[it: string, texts: string[], hash: string]>([
    ['another content', ['cont', 'ant'], file('content').hash],
    ['another hash', ['content'], file('other').hash],
    ['less', ['cont'], file('cont').hash],
  ])('that has %s than was announced is refused, and leaves nothing', async (_, texts, hash) => {
    const { replica, root } = await opened({});
    const upload = await uploaded(replica, ...texts);
    expect(await upload.finish(hash)).toBe(null);
    upload.discard();
    expect(fs.readdirSync(path.join(root, '.lockstep/staging'))).toEqual([]);
  });

  test('to a path at which something has appeared stays where it is, and can be published elsewhere', async () => {
    const { replica, root } = await opened({});
    const upload = await uploaded(replica, 'content');
    const after = (await upload.finish(file('content').hash))!;
    put(root, { x: 'theirs' });
    const outcomes: object[] = [];
    for (const name of ['x', 'no/directory', 'y']) {
      const change = { path: p(name), action: 'created', before: null, after } as const;
      for await (const { outcome } of replica.publish(change, upload)) outcomes.push(outcome);
    }
    upload.discard();
    expect(outcomes).toEqual([{ kind: 'stale' }, { kind: 'stale' }, { kind: 'done', sent: 0 }]);
    expect(readTree(root)).toEqual({ x: 'theirs', y: 'content' });
  });
});

test('what an interrupted transfer has brought is offered until both sides are equal', async () => {
  const { replica } = await opened({});
  const content = Buffer.alloc(5 << 20, 'content');
  const change = { path: p('x'), action: 'created', before: null, after: file(content) } as const;
  async function* cut(): AsyncGenerator<Content> {
    yield { n: 0, data: content.subarray(0, 2 << 20), last: false };
    throw new Error('cut');
  }
  const applied = async () => {
    for await (const _ of replica.apply([change], cut()));
  };
  await expect(applied()).rejects.toThrow('cut');
  expect(await replica.offer(change)).toEqual({ have: 2 << 20, base: null });
  replica.dropPartials();
  expect(await replica.offer(change)).toBe(null);
});

test('confirmed losses are reported', async () => {
  const { replica, scan, root } = await opened(Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`${n}`, 'x'])));
  for (let n = 0; n < 8; n++) fs.rmSync(path.join(root, `${n}`));
  const halted = await replica.scan('everything');
  expect(halted.halt?.code).toBe('root-emptied');
  // Nobody is told that these are gone, though somebody asks about one of them.
  expect(shown(await scan('0'))).toEqual([]);
  await replica.acceptDeletes();
  const told = await replica.scan('everything');
  expect([told.halt, shown(told).length + shown(await scan()).length]).toEqual([null, 8]);
});

test('its own directories are looked after every two seconds, until it is closed', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const root = makeRoot('replica');
  const state = openStateDirectory(root, silent);
  let kept = 0;
  const keep = async () => void kept++;
  const replica = new LocalReplica({ root: openRoot(root), state: { ...state, keep }, ignore: [], log: silent });
  onTestFinished(() => {
    state.release();
    removeRoot(root);
  });
  vi.advanceTimersByTime(4_000);
  expect(kept).toBe(2);
  await replica.close();
  kept = 0;
  vi.advanceTimersByTime(10_000);
  expect(kept).toBe(0);
});

test('parts of transfers make room for an upload where that is needed, and only there', async () => {
  const { root, replica } = await opened({});
  const part = path.join(root, '.lockstep/staging', `${'1'.repeat(64)}.part`);
  fs.writeFileSync(part, Buffer.alloc(1 << 20));
  const { hash: _, ...announced } = file('new');
  replica.receive(announced).discard();
  expect(fs.existsSync(part)).toBe(true);
  expect(() => replica.receive({ ...announced, size: 2 ** 52 })).toThrow(expect.objectContaining({ code: 'failed' }));
  expect(fs.existsSync(part)).toBe(false);
});

test('what is here of a content is offered, and parts are dropped when both sides are equal', async () => {
  const { root, replica } = await opened({ small: 'x' });
  const large = { ...file('x'), size: 5 << 20, hash: '1'.repeat(64) };
  const change = { path: p('f'), action: 'created', before: null, after: large } as const;
  expect(await replica.offer(change)).toBeNull();
  fs.writeFileSync(path.join(root, '.lockstep/staging', `${large.hash}.part`), Buffer.alloc(2 << 20));
  expect(await replica.offer(change)).toEqual({ have: 2 << 20, base: null });
  replica.dropPartials();
  expect(await replica.offer(change)).toBeNull();
});

test('what was removed of its own files is there again when it has ended', async () => {
  const root = makeRoot('replica');
  onTestFinished(() => removeRoot(root));
  const { scan, close } = await open(root);
  await scan();
  const readme = path.join(root, '.lockstep/README.txt');
  fs.rmSync(readme);
  await close();
  expect(fs.existsSync(readme)).toBe(true);
});
