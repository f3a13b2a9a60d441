import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isKeyName, mayDo, type Role } from '../../../src/core/person.js';
import type { Connection } from '../../../src/wire/socket/connection.js';
import { type KeyDirectory, openKeys } from '../../../src/wire/socket/keys.js';
import { Secret } from '../../../src/wire/socket/secret.js';
import { dial, listen } from '../../../src/wire/socket/tcp.js';
import { makeRoot, removeRoot } from '../../support/trees.js';
import { gate } from '../ends.js';

const host = '127.0.0.1';

/** A directory of keys with that of the two servers. */
function keysDirectory() {
  const directory = makeRoot('keys');
  onTestFinished(() => removeRoot(directory));
  fs.chmodSync(directory, 0o700);
  const put = (name: string, role = 'user', called = name, mode = 0o600): Secret => {
    const text = `${called}:${role}:${randomBytes(32).toString('hex')}\n`;
    fs.writeFileSync(path.join(directory, `${name}.key`), text);
    fs.chmodSync(path.join(directory, `${name}.key`), mode);
    return Secret.parse(text);
  };
  put('peer');
  const said: string[] = [];
  const open = (): KeyDirectory => openKeys(directory, (text) => said.push(text));
  return { directory, put, open, said, remove: (name: string) => fs.rmSync(path.join(directory, `${name}.key`)) };
}

describe('the name of a key', () => {
  it.each(['anna', 'Anna.Maria-2', 'anna@studio', '7', 'a'.repeat(64), 'peer'])('can be %s', (name) => {
    expect(isKeyName(name)).toBe(true);
  });

  it.each(['', '.', '..', '.x', '-x', 'a/b', 'a\\b', 'a b', 'a:b', 'ä', 'a\n', 'a\0', 'a'.repeat(65), 'lockstep'])(
    'cannot be %j',
    (name) => expect(isKeyName(name)).toBe(false),
  );
});

const ROLES: readonly Role[] = ['read', 'user', 'admin'];

it('a role may do what the roles before it may', () => {
  const allowed = ROLES.map((role) => ROLES.filter((least) => mayDo(role, least)).join(' '));
  expect(allowed).toEqual(['read', 'read user', 'read user admin']);
});

describe('a key', () => {
  const digits = randomBytes(32).toString('hex');

  it('has a name and a role, and is the same where all of it is', () => {
    const key = Secret.parse(`anna:read:${digits}\n`);
    expect([key.person, key.identity, key.key.toString('hex')]).toEqual([
      { name: 'anna', role: 'read' },
      'anna',
      digits,
    ]);
    expect(key.isSame(Secret.parse(`anna:read:${digits}`))).toBe(true);
    for (const other of [`anna:user:${digits}`, `bert:read:${digits}`, digits, `anna:read:${'0'.repeat(64)}`])
      expect(key.isSame(Secret.parse(other))).toBe(false);
  });

  it.each([
    `anna:boss:${digits}`,
    `anna:${digits}`,
    `:user:${digits}`,
    `a/b:user:${digits}`,
    `lockstep:user:${digits}`,
  ])('%s is none', (text) => expect(() => Secret.parse(text)).toThrow(/nor a key/));
});

describe('a directory of keys', () => {
  it('finds the key of a name, also one that comes later, and no other', () => {
    const { open, put, remove } = keysDirectory();
    const keys = open();
    const anna = put('anna');
    expect(keys.find('anna')?.isSame(anna)).toBe(true);
    expect(keys.peer().identity).toBe('peer');
    for (const name of ['bert', '../anna', 'lockstep', '']) expect(keys.find(name)).toBeNull();
    remove('peer');
    expect(() => keys.peer()).toThrow(expect.objectContaining({ code: 'not-allowed' }));
  });

  it.each<[string, (at: ReturnType<typeof keysDirectory>) => void, RegExp]>([
    ['without the key of the servers', ({ remove }) => remove('peer'), /has no peer\.key/],
    [
      'that others can write to',
      ({ directory }) => fs.chmodSync(directory, 0o770),
      /others .* may add keys \(mode 0770\)/,
    ],
    ['that is missing', ({ directory }) => fs.rmSync(directory, { recursive: true }), /cannot be read/],
    ['with a key that others can read', ({ put }) => put('anna', 'user', 'anna', 0o640), /mode 0640/],
    ['with a key of another name', ({ put }) => put('anna', 'user', 'bert'), /is not the key of anna/],
    [
      'with a key that is none',
      ({ directory }) => {
        fs.writeFileSync(path.join(directory, 'x.key'), 'x', { mode: 0o600 });
      },
      /nor a key/,
    ],
  ])('%s is refused', (_, spoil, message) => {
    const at = keysDirectory();
    spoil(at);
    expect(at.open).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }));
  });

  it('says once that a key became unusable, and does not take it', () => {
    const { open, put, said } = keysDirectory();
    const keys = open();
    put('anna', 'user', 'anna', 0o644);
    expect([keys.find('anna'), keys.find('anna')]).toEqual([null, null]);
    expect(said).toEqual([expect.stringMatching(/anna\.key.*mode 0644.*chmod 600/)]);
  });
});

describe('a server with keys', () => {
  async function serving() {
    const at = keysDirectory();
    const came: Connection[] = [];
    const first = gate<Connection>();
    const listener = await listen({
      host,
      port: 0,
      keys: at.open(),
      onConnection: (connection) => {
        came.push(connection);
        first.open(connection);
      },
    });
    onTestFinished(() => listener.close());
    return { ...at, came, first: first.opened, to: { host, port: listener.port } };
  }

  it('knows who has connected', async () => {
    const { put, first, to } = await serving();
    const near = await dial({ ...to, secret: put('anna', 'admin') });
    expect((await first).person).toEqual({ name: 'anna', role: 'admin' });
    near.close();
  });

  it.each<[string, (put: (name: string) => Secret) => Secret]>([
    ['an unknown name', () => Secret.parse(`bert:user:${'1'.repeat(64)}`)],
    [
      'a wrong key',
      (put) => {
        put('bert');
        return Secret.parse(`bert:user:${'1'.repeat(64)}`);
      },
    ],
  ])('answers nothing to %s', async (_, keyOf) => {
    const { put, came, to } = await serving();
    await expect(dial({ ...to, secret: keyOf(put) })).rejects.toMatchObject({
      code: 'not-allowed',
      message: expect.stringContaining('does not accept the key of bert'),
    });
    await expect(dial({ ...to, secret: Secret.parse('1'.repeat(64)) })).rejects.toMatchObject({
      message: expect.stringContaining('has another secret'),
    });
    expect(came).toEqual([]);
  });

  it('lets nobody in who resumes a session instead of proving a key', async () => {
    const { put, came, to } = await serving();
    const anna = put('anna');
    const suite = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' } as const;
    const connect = (how: object) =>
      tls.connect({ ...to, ...suite, ca: [], checkServerIdentity: () => undefined, ...how });
    const first = connect({ pskCallback: () => ({ identity: 'anna', psk: anna.key }) });
    const [session] = (await once(first, 'session')) as [Buffer];
    first.destroy();
    const resumed = connect({ session });
    resumed.on('error', () => {}).resume();
    await once(resumed, 'close');
    expect(came).toHaveLength(1);
  });

  it.each(['removed', 'changed', 'given another role'])(
    'ends the connections of a key that is %s, within 3 s',
    async (how) => {
      const { put, remove, first, to, directory } = await serving();
      const near = await dial({ ...to, secret: put('anna') });
      const other = await dial({ ...to, secret: put('bert') });
      await first;
      const file = path.join(directory, 'anna.key');
      const since = performance.now();
      if (how === 'removed') remove('anna');
      else if (how === 'changed') put('anna');
      else fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(':user:', ':read:'));
      await near.closed;
      expect(performance.now() - since).toBeLessThan(3_000);
      let isOpen = true;
      void other.closed.then(() => {
        isOpen = false;
      });
      await new Promise(setImmediate);
      expect(isOpen).toBe(true);
      other.close();
    },
  );
});
