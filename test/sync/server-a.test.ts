// Server-a as a whole, with a server-b in the same process: what it finds at its start, whom it refuses to be paired
// with, and what it says.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { nearbyPair } from '../../src/cli/nearby-pair.js';
import { Client } from '../../src/client/client.js';
import type { SyncError } from '../../src/core/errors.js';
import type { SyncEvent } from '../../src/core/events.js';
import { EventLog } from '../../src/disk/events/event-log.js';
import { silent } from '../../src/log.js';
import { type PeerLink, tcpTransport } from '../../src/sync/peer/transport.js';
import { startServerB } from '../../src/sync/server-b.js';
import { BothServers } from '../support/both-servers.js';
import { turn } from '../support/disk-site.js';

let servers: BothServers;
beforeEach(() => {
  servers = new BothServers();
});
afterEach(() => servers.close());

const inA = (...names: string[]) => path.join(servers.a, ...names);
const inB = (...names: string[]) => path.join(servers.b, ...names);

async function asking<T>(ask: (client: Client) => Promise<T>): Promise<T> {
  const client = await Client.connect({ server: `127.0.0.1:${servers.port}`, user: 'ann' });
  try {
    return await ask(client);
  } finally {
    client.close();
  }
}

/** Every file below .lockstep/NAME of side a, by name, with its content. */
function kept(name: string): string[] {
  const directory = inA('.lockstep', name);
  return fs
    .readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => fs.statSync(path.join(directory, file)).isFile())
    .map((file) => fs.readFileSync(path.join(directory, file), 'utf8'));
}

/** Both servers have run once, side b has changed a locked file, and both are stopped. */
async function withHeld(): Promise<void> {
  fs.writeFileSync(inA('f'), 'shared');
  await servers.start();
  await servers.said('in-sync');
  await asking((client) => client.lock([{ path: 'f' }], {}));
  fs.writeFileSync(inB('f'), 'held back');
  await servers.said('held');
  await servers.stop();
}

function damageLocks(): void {
  const journal = inA('.lockstep', 'locks.log');
  const lines = fs.readFileSync(journal, 'utf8').split('\n');
  const at = lines.findIndex((line) => line.includes('"held"'));
  lines[at] = lines[at]!.replace('modified', 'modifiee');
  fs.writeFileSync(journal, lines.join('\n'));
}

describe('the address in a directory', () => {
  const rootOf = (file: string): string => JSON.parse(fs.readFileSync(file, 'utf8')).id;

  test('leads to the pair of that directory only', async () => {
    await servers.start();
    await servers.said('in-sync');
    const { address, root } = nearbyPair(servers.a)!;
    expect([address, root]).toEqual([`127.0.0.1:${servers.port}`, rootOf(inA('.lockstep', 'identity.json'))]);
    for (const own of [root, rootOf(inB('.lockstep', 'identity.json'))])
      (await Client.connect({ server: address, root: own })).close();
    const stale = Client.connect({ server: address, root: '01234567-89ab-cdef-0123-456789abcdef' });
    await expect(stale).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('another pair'),
    });
  });

  test('leads also from a directory that is connected as side b, and waits to be confirmed', async () => {
    for (const name of ['x', 'y', 'z']) fs.writeFileSync(inA(name), name);
    await servers.start();
    await servers.said('in-sync');
    await servers.stop();
    const other = path.join(servers.directory, 'other');
    fs.mkdirSync(other);
    await servers.start({}, { a: servers.a, b: other });
    await servers.said('halted');
    const root = rootOf(path.join(other, '.lockstep', 'identity.json'));
    (await Client.connect({ server: `127.0.0.1:${servers.port}`, root })).close();
  });

  test('is not believed where another user has written it', async () => {
    await servers.start();
    const { uid } = fs.statSync(inA('.lockstep', 'address.json'));
    expect(nearbyPair(servers.a, uid)).not.toBeNull();
    if (uid !== 0) expect(nearbyPair(servers.a, uid + 1)).toBeNull();
    else {
      fs.chownSync(inA('.lockstep', 'address.json'), 4711, 4711);
      expect(nearbyPair(servers.a, 0)).toBeNull();
    }
  });

  test('is a convenience: a server that cannot write or remove it says so, runs, and keeps its state', async () => {
    for (const file of [inA('.lockstep', 'address.json', 'x'), inB('.lockstep', 'address.json', 'x')])
      fs.mkdirSync(file, { recursive: true });
    fs.writeFileSync(inA('f'), 'f');
    await servers.start();
    await servers.said('in-sync');
    expect(fs.readFileSync(inB('f'), 'utf8')).toBe('f');
    await servers.stop();
    expect(servers.warnings).toEqual(
      expect.arrayContaining([
        expect.stringContaining(`need --server 127.0.0.1:${servers.port}: `),
        expect.stringContaining(`${inA('.lockstep', 'address.json')} cannot be removed: `),
      ]),
    );
    expect(fs.existsSync(inA('.lockstep', 'server.json'))).toBe(false);
  });

  test('of side b is that of server-b while it runs, and through it leads to the pair', async () => {
    fs.mkdirSync(inB('.lockstep'));
    fs.writeFileSync(inB('.lockstep', 'address.json'), '{}');
    fs.writeFileSync(inA('f'), 'x');
    await servers.start();
    await servers.said('in-sync');
    const { address, side, root } = nearbyPair(servers.b)!;
    expect([address, side]).toEqual([`127.0.0.1:${servers.portB}`, 'b']);
    const client = await Client.connect({ server: address, root });
    expect((await client.list()).entries.map(({ path: name }) => name)).toEqual(['f']);
    client.close();
    await servers.stopB();
    expect(fs.existsSync(inB('.lockstep', 'address.json'))).toBe(false);
  });
});

describe('at its start', () => {
  test('held contents that no update names go to the versions; those of updates stay', async () => {
    await withHeld();
    fs.writeFileSync(inA('.lockstep', 'held', 'lost (held 99)'), 'nobody knows it');
    await servers.start();
    expect([kept('held'), kept('versions')]).toEqual([['held back'], ['nobody knows it']]);
  });

  test('a held content that somebody has written to does not take effect: it goes to the versions, and that is said', async () => {
    await withHeld();
    const [name] = fs.readdirSync(inA('.lockstep', 'held'));
    fs.writeFileSync(inA('.lockstep', 'held', name!), 'HELD BACK');
    await servers.start();
    await servers.said('in-sync');
    await asking(async (client) => {
      await client.unlock([{ path: 'f' }], {});
      await client.flush();
    });
    const problem = servers.events.find(({ event }) => event === 'problem');
    expect(problem).toMatchObject({
      path: 'f',
      code: 'unreadable',
      message: expect.stringContaining('is not what was held'),
    });
    expect([kept('held'), kept('versions').sort()]).toEqual([[], ['HELD BACK', 'shared']]);
    expect([fs.readFileSync(inA('f'), 'utf8'), fs.readFileSync(inB('f'), 'utf8')]).toEqual(['held back', 'held back']);
    expect((await asking((client) => client.status())).state).toBe('in-sync');
  });

  test('a damaged table of locks halts the pair and keeps what is held until a person accepts it', async () => {
    await withHeld();
    damageLocks();
    await servers.start();
    await servers.said('halted');
    expect(servers.events.find(({ event }) => event === 'halted')).toMatchObject({ code: 'locks-lost' });
    expect(kept('held')).toEqual(['held back']);
    const said = servers.events.length;
    await asking(async (client) => {
      expect(await client.resume({ acceptDeletes: true }).catch(({ code }: SyncError) => code)).toBe('halted');
      expect(await client.resume({ acceptLostLocks: true })).toMatchObject({ changed: true });
      expect((await client.status()).state).not.toBe('halted');
    });
    expect(servers.events.slice(said).map(({ event }) => event)).toContain('resumed');
    // The lock is still there: what side b has under it is held anew.
    expect(kept('versions')).toEqual(['held back']);
    await servers.stop();
    await servers.start();
    await servers.said('in-sync', 'halted');
    expect(servers.events.map(({ event }) => event)).not.toContain('halted');
  });

  test('a port that is taken is refused, and the root is free again', async () => {
    await servers.start();
    const { port } = servers;
    await servers.stop();
    const other = new BothServers();
    try {
      await other.start();
      await expect(servers.start({ port: other.port })).rejects.toMatchObject({ code: 'usage' });
      expect(port).not.toBe(0);
    } finally {
      await other.close();
    }
    await servers.stop();
    await servers.start();
    await servers.said('in-sync');
  });
});

test('a server that cannot start after all gives its port and its root back', async () => {
  let port = 0;
  const event = (said: SyncEvent) => {
    if (said.event !== 'listening') return;
    port = said.port;
    throw new Error('the log is full');
  };
  const log = { event, detail: () => {}, warn: () => {} };
  await expect(servers.start({ log })).rejects.toThrow('the log is full');
  await servers.stop();
  await servers.start({ port });
  await servers.said('in-sync');
});

test('a server-b whose port is taken is refused, and its root is free again', async () => {
  await servers.start();
  const { port } = servers;
  const other = new BothServers();
  const options = { host: '127.0.0.1', ignore: [], version: 'test', dir: other.b, log: silent };
  try {
    await expect(startServerB({ ...options, port })).rejects.toMatchObject({ code: 'usage' });
    const again = await startServerB({ ...options, port: 0 });
    await again.stop();
  } finally {
    await other.close();
  }
});

describe('with another directory', () => {
  test.each<[it: string, dirs: () => { a: string; b: string }]>([
    ['that lies in its own', () => ({ a: servers.a, b: inA('inside') })],
    ['in which its own lies', () => ({ a: inB('inside'), b: servers.b })],
  ])('%s it is not paired: it fails', async (_, dirs) => {
    // Only a root that has run has an id.
    await servers.start();
    await servers.stop();
    const { a, b } = dirs();
    for (const directory of [a, b]) fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(path.join(a, 'own'), 'mine');
    await servers.start({}, { a, b });
    expect(await servers.failed).toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/lies inside that of/),
    });
    expect(fs.existsSync(path.join(b, 'own'))).toBe(false);
    expect(servers.events.map(({ event }) => event)).not.toContain('peer-connected');
  });
});

describe('while it runs', () => {
  test('locks a document that is open, unless it was started otherwise', async () => {
    fs.writeFileSync(inA('plan.odt'), 'drawn');
    fs.writeFileSync(inA('.~lock.plan.odt#'), ',ann,elsewhere,01.12.2026 09:00,file:///home/ann/.config;');
    await servers.start();
    await servers.said('locked');
    await servers.stop();
    await servers.start({ autoLock: false });
    await servers.said('unlocked');
  });

  test('has ended once its event log is whole', async () => {
    const { close } = EventLog.prototype;
    const closing = vi.spyOn(EventLog.prototype, 'close').mockImplementation(async function (this: EventLog) {
      await close.call(this);
      await turn();
    });
    onTestFinished(() => closing.mockRestore());
    await servers.start();
    await servers.stop();
    expect(closing.mock.settledResults.map(({ type }) => type)).toEqual(['fulfilled', 'fulfilled']);
  });

  test('tells who watches, and server-b', async () => {
    await servers.start();
    await servers.said('in-sync');
    await asking(async (client) => {
      const events = client.events();
      const first = events.next();
      // The call that begins the stream came before this one.
      await client.status();
      fs.writeFileSync(inA('new'), 'one');
      let said = (await first).value;
      while (said?.event !== 'synced') said = (await events.next()).value;
      expect(said).toMatchObject({ path: 'new', action: 'created', from: 'a', to: 'b' });
      await events.return();
    });
    await servers.heardAtB('synced');
    expect(fs.readFileSync(inB('new'), 'utf8')).toBe('one');
  });

  test('takes the write permission off the other copy of a locked file, and gives it back', async () => {
    fs.writeFileSync(inA('f'), 'shared', { mode: 0o644 });
    await servers.start({ guard: true });
    await servers.said('in-sync');
    const modeOf = () => fs.statSync(inB('f')).mode & 0o777;
    await asking(async (client) => {
      await client.lock([{ path: 'f' }], {});
      while (modeOf() !== 0o444) await new Promise((resolve) => setImmediate(resolve));
      await client.unlock([{ path: 'f' }], {});
      while (modeOf() !== 0o644) await new Promise((resolve) => setImmediate(resolve));
    });
    // Without the option, what was guarded when it stopped is given back.
    await asking((client) => client.lock([{ path: 'f' }], {}));
    while (modeOf() !== 0o444) await new Promise((resolve) => setImmediate(resolve));
    await servers.stop();
    await servers.start();
    await servers.said('in-sync');
    while (modeOf() !== 0o644) await new Promise((resolve) => setImmediate(resolve));
  });

  test('ends while server-b goes on, which says so', async () => {
    await servers.start();
    await servers.said('in-sync');
    await servers.stopA();
    await servers.heardAtB('peer-lost');
  });

  test('draws no progress while it is paused', async () => {
    await servers.start();
    await servers.said('in-sync');
    await asking((client) => client.pause());
    fs.writeFileSync(inA('f'), 'x');
    const nothing = { files: 0, bytes: 0 };
    expect(servers.progress()).toEqual({ done: nothing, left: nothing, percent: 0 });
  });

  test('says that server-b cannot be reached, but not in the first second, in which it may still be starting', async () => {
    const since = performance.now();
    await servers.start({ peer: { host: '127.0.0.1', port: 1 } });
    await servers.said('peer-lost');
    expect(performance.now() - since).toBeGreaterThan(950);
    expect(servers.events.filter(({ event }) => event === 'peer-lost')).toMatchObject([
      { reason: expect.stringContaining('127.0.0.1:1') },
    ]);
  });

  test('says once that server-b is away, however often it is dialled', async () => {
    const dialled: number[] = [];
    let link: Promise<PeerLink> | null = null;
    let wake = () => {};
    const open = (): Promise<PeerLink> => {
      dialled.push(performance.now());
      wake();
      link ??= tcpTransport({ host: '127.0.0.1', port: servers.portB }).open();
      return link;
    };
    await servers.start({ peer: { name: 'far', maxPauseMs: 200, open } });
    await servers.said('in-sync');
    await servers.stopB();
    await servers.said('peer-lost');
    // In the first second a server-b that cannot be reached is no news at all.
    const from = dialled.length;
    while (dialled.length < from + 3 || dialled.at(-3)! - dialled[0]! < 1_000)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    expect(servers.events.filter(({ event }) => event === 'peer-lost')).toHaveLength(1);
  });

  test('dials server-b again when it comes back, and says once that it is away', async () => {
    await servers.start();
    await servers.said('in-sync');
    await servers.stopB();
    await servers.said('peer-lost');
    await asking(async (client) => expect((await client.status()).state).toBe('peer-lost'));
    servers.events = [];
    await servers.startB();
    await servers.said('in-sync');
    expect(servers.events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['peer-connected', 'scan-finished', 'in-sync']),
    );
    expect(servers.events.map(({ event }) => event)).not.toContain('peer-lost');
  });
});
