// What a hostile page, a hostile program or a broken connection can do to the page's server: be refused, or cost little.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openKeys } from '../../src/wire/socket/keys.js';
import { PageServer, tokenOf } from '../support/page-server.js';
import { until } from '../support/programs.js';
import { makeRoot, put, removeRoot } from '../support/trees.js';

describe('without keys', () => {
  const server = new PageServer();
  beforeAll(async () => {
    put(server.a, { 'x.txt': 'hello\n', out: { link: '/etc' } });
    await server.open();
    await server.signIn();
  });
  afterAll(() => server.close());

  /** Opens a stream of events. @returns its status, and what hangs it up. */
  const stream = (): Promise<{ status: number; end: () => void }> =>
    new Promise((resolve, reject) => {
      const options = { headers: { cookie: server.cookie }, agent: false };
      const request = http.get(`${server.page.address}events`, options, (response) => {
        response.on('error', () => {}).resume();
        resolve({ status: response.statusCode!, end: () => request.destroy() });
      });
      request.on('error', reject);
    });

  test('a thousand idle streams of one login are bounded, and harm nobody', async () => {
    const streams = await Promise.all(Array.from({ length: 1_000 }, stream));
    const statuses = streams.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(64);
    expect(statuses.filter((status) => status === 503)).toHaveLength(936);
    expect(await server.mine({ path: '/files/x.txt' })).toMatchObject({ status: 200, text: 'hello\n' });
    for (const { end } of streams) end();
    // What has hung up makes room for others.
    for (;;) {
      const { status, end } = await stream();
      end();
      if (status === 200) break;
    }
  }, 60_000);

  /** Sends bytes as they are. @returns all that comes back until the server closes the connection. */
  const raw = (...parts: string[]): Promise<string> =>
    new Promise((resolve) => {
      let text = '';
      const socket = net.connect(server.page.port, '127.0.0.1', () => {
        for (const part of parts) socket.write(part);
      });
      socket.setEncoding('latin1').on('data', (more: string) => (text += more));
      socket.on('error', () => {}).on('close', () => resolve(text));
    });

  const host = () => `Host: 127.0.0.1:${server.page.port}\r\nConnection: close\r\n`;

  test.each<[string, () => string[], RegExp]>([
    ['a flood of headers', () => [`GET / HTTP/1.1\r\n${host()}`, 'x: y\r\n'.repeat(20_000), '\r\n'], /^HTTP\/1.1 431 /],
    ['a long address', () => [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${host()}\r\n`], /^HTTP\/1.1 431 /],
    ['no HTTP', () => ['{"jsonrpc":"2.0","id":1,"method":"list"}\n'], /^HTTP\/1.1 400 /],
    ['no host', () => ['GET /health HTTP/1.1\r\nConnection: close\r\n\r\n'], /^HTTP\/1.1 400 /],
    ['an address of another server', () => [`GET http://evil.example/ HTTP/1.1\r\n${host()}\r\n`], /^HTTP\/1.1 400 /],
    [
      'a path that leads out of the assets',
      () => [`GET /assets/../../package.json HTTP/1.1\r\n${host()}\r\n`],
      / 401 /,
    ],
    ['an encoded path out of the assets', () => [`GET /assets/%2e%2e/index.html HTTP/1.1\r\n${host()}\r\n`], / 401 /],
    [
      'two lengths',
      () => [`POST /session HTTP/1.1\r\n${host()}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx`],
      / 400 /,
    ],
  ])('%s', async (_, parts, answer) => {
    expect(await raw(...parts())).toMatch(answer);
  });

  test('an upload that stops in its middle leaves nothing', async () => {
    const staging = path.join(server.a, '.lockstep', 'staging');
    const before = fs.readdirSync(staging);
    const socket = net.connect(server.page.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`PUT /files/half.txt HTTP/1.1\r\n${host()}Cookie: ${server.cookie}\r\nContent-Length: 100\r\n\r\n`);
    socket.write('x');
    await until(
      () => fs.readdirSync(staging).length > before.length,
      () => 'the upload has not begun',
    );
    socket.destroy();
    await until(
      () => fs.readdirSync(staging).length === before.length,
      () => 'the upload is still there',
    );
    expect(fs.existsSync(path.join(server.a, 'half.txt'))).toBe(false);
  });

  test('a refused upload sends nothing of its content', async () => {
    const continued: string[] = [];
    const status = await new Promise<number>((resolve, reject) => {
      const headers = { cookie: server.cookie, expect: '100-continue', 'content-length': 1e9 };
      const options = { host: '127.0.0.1', port: server.page.port, method: 'PUT', path: '/files/x.txt', headers };
      const request = http.request({ ...options, agent: false }, (response) => {
        resolve(response.statusCode!);
        request.destroy();
      });
      request.on('continue', () => continued.push('continue')).on('error', reject);
      request.flushHeaders();
    });
    expect([status, continued]).toEqual([409, []]);
  });

  test('a link leads nowhere', async () => {
    fs.symlinkSync('/etc', path.join(server.a, 'away'));
    fs.symlinkSync('x.txt', path.join(server.a, 'near'));
    await server.json('/rpc', { jsonrpc: '2.0', id: 1, method: 'rescan' });
    for (const file of ['/files/away/passwd', '/files/near', '/files/away']) {
      const { status, text } = await server.mine({ path: file });
      expect([file, status >= 400, text.includes('root:')]).toEqual([file, true, false]);
    }
    expect(await server.mine({ path: '/files/away/new.txt', method: 'PUT', body: 'x' })).not.toMatchObject({
      status: 201,
    });
    expect(fs.existsSync('/etc/new.txt')).toBe(false);
  });

  test('what is done through the page is on record, with the name and the place', async () => {
    await server.rpc('lock', { targets: [{ path: 'x.txt' }] });
    const lines = fs
      .readFileSync(path.join(server.a, '.lockstep', 'audit.ndjson'), 'utf8')
      .trim()
      .split('\n');
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({
      ...{ who: 'anna', proved: false, method: 'lock', paths: ['x.txt'] },
      from: expect.stringMatching(/^127\.0\.0\.1:\d+ \(page\)$/),
    });
  });
});

describe('with keys', () => {
  const server = new PageServer();
  const keys = makeRoot('keys');
  const keyOf = (name: string, role: string) =>
    fs.writeFileSync(path.join(keys, `${name}.key`), `${name}:${role}:${randomBytes(32).toString('hex')}\n`, {
      mode: 0o600,
    });

  beforeAll(async () => {
    fs.chmodSync(keys, 0o700);
    for (const [name, role] of Object.entries({ peer: 'admin', rita: 'read', udo: 'user', ada: 'admin' }))
      keyOf(name, role);
    put(server.a, { 'x.txt': 'hello\n' });
    await server.open({ keys: openKeys(keys, () => {}) }, 'alone');
    await server.said('scan-finished');
  });
  afterAll(async () => {
    await server.close();
    removeRoot(keys);
  });

  const signIn = async (name: string, role: 'read' | 'user' | 'admin') => {
    const token = tokenOf(server.page.addressFor({ name, person: { name, role } }));
    const { headers } = await server.json('/session', { token }, { cookie: '' });
    server.cookie = headers['set-cookie']![0]!.split(';')[0]!;
  };

  test('a role allows what it allows everywhere', async () => {
    const lock = { targets: [{ path: 'x.txt' }] };
    await signIn('rita', 'read');
    expect(JSON.parse((await server.mine({ path: '/me' })).text)).toMatchObject({ name: 'rita', role: 'read' });
    expect((await server.rpc('lock', lock)).error.data.code).toBe('not-allowed');
    expect(await server.mine({ path: '/files/y.txt', method: 'PUT', body: 'y' })).toMatchObject({ status: 403 });
    expect(await server.mine({ path: '/files/x.txt' })).toMatchObject({ status: 200 });
    await signIn('udo', 'user');
    expect((await server.rpc('lock', lock)).result.targets).toMatchObject([{ changed: true, owner: 'udo' }]);
    expect((await server.rpc('pause')).error.data.code).toBe('not-allowed');
    await signIn('ada', 'admin');
    expect((await server.rpc('lock', { ...lock, steal: true })).result.targets).toMatchObject([{ owner: 'ada' }]);
    expect((await server.rpc('pause', { owner: 'rita' })).error.data.code).toBe('not-allowed');
  });

  test('the present role counts, and without the key the login ends', async () => {
    await signIn('udo', 'user');
    keyOf('udo', 'read');
    expect((await server.rpc('unlock', { targets: [{ path: 'x.txt' }] })).error.data.code).toBe('not-allowed');
    fs.rmSync(path.join(keys, 'udo.key'));
    expect(await server.mine({ path: '/files/x.txt' })).toMatchObject({ status: 401 });
    keyOf('udo', 'user');
    expect(await server.mine({ path: '/me' })).toMatchObject({ status: 401 });
  });
});
