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
  const stream = (cookie = server.cookie): Promise<{ status: number; end: () => void }> =>
    new Promise((resolve, reject) => {
      const options = { headers: { cookie }, agent: false };
      const request = http.get(`${server.page.address}events`, options, (response) => {
        response.on('error', () => {}).resume();
        resolve({ status: response.statusCode!, end: () => request.destroy() });
      });
      request.on('error', reject);
    });

  test('a thousand idle streams are bounded, of one login and of all, and harm nobody', async () => {
    const opened = (of: Awaited<ReturnType<typeof stream>>[]) => of.filter(({ status }) => status === 200).length;
    const mine = await Promise.all(Array.from({ length: 400 }, () => stream()));
    expect(opened(mine)).toBe(64);
    const cookies = await Promise.all(Array.from({ length: 6 }, (_, n) => server.cookieFor(`guest ${n}`)));
    const others = await Promise.all(cookies.flatMap((cookie) => Array.from({ length: 100 }, () => stream(cookie))));
    expect(opened(others)).toBe(192);
    const streams = [...mine, ...others];
    expect(streams.filter(({ status }) => status === 503)).toHaveLength(1_000 - 256);
    expect(await server.mine({ path: '/files/x.txt' })).toMatchObject({ status: 200, text: 'hello\n' });
    for (const { end } of streams) end();
    // What has hung up makes room for others.
    for (;;) {
      const { status, end } = await stream();
      end();
      if (status === 200) break;
    }
  }, 60_000);

  const FOREIGN: readonly [it: string, headers: Record<string, string>, status: number][] = [
    ['another origin', { origin: 'http://evil.example' }, 403],
    ['a file on this machine', { origin: 'null' }, 403],
    ['another page', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a page at another port', { 'sec-fetch-site': 'same-site' }, 403],
    ['another name for this address', { host: 'evil.example' }, 403],
    ['a form as text', { 'content-type': 'text/plain' }, 415],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['a form with files', { 'content-type': 'multipart/form-data; boundary=x' }, 415],
  ];

  test.each(FOREIGN)('%s changes nothing, also with the cookie', async (_, headers, status) => {
    const lock = { jsonrpc: '2.0', id: 1, method: 'lock', params: { targets: [{ path: 'x.txt' }] } };
    expect(await server.json('/rpc', lock, headers)).toMatchObject({ status });
    const token = tokenOf(server.page.addressFor({ name: 'eve', person: null }));
    expect((await server.json('/session', { token }, headers)).status).toBe(status);
    // A form cannot send PUT or DELETE, and what can is stopped by its origin.
    if (status === 403) {
      expect(await server.mine({ path: '/files/evil.txt', method: 'PUT', body: 'x', headers })).toMatchObject({
        status,
      });
      expect(await server.mine({ path: '/session', method: 'DELETE', headers })).toMatchObject({ status });
      expect(await server.mine({ path: '/events', headers })).toMatchObject({ status });
    }
    expect((await server.rpc('locks')).result.locks).toEqual([]);
    expect(fs.existsSync(path.join(server.a, 'evil.txt'))).toBe(false);
    // What was refused before its token was read has not used it up.
    expect((await server.json('/session', { token }, { cookie: '' })).status).toBe(204);
  });

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

  test.skipIf(process.env.LOCKSTEP_TEST_FULL === undefined)(
    'who is slow with a head, a body or an upload is cut off in a bounded time',
    async () => {
      const timed = (first: string, more: string): Promise<readonly [seconds: number, status: string]> =>
        new Promise((resolve) => {
          const begun = performance.now();
          let text = '';
          const socket = net.connect(server.page.port, '127.0.0.1', () => first === '' || socket.write(first));
          const drip = setInterval(() => more === '' || socket.write(more), 1_000);
          socket.setEncoding('latin1').on('data', (part: string) => (text += part));
          socket
            .on('error', () => {})
            .on('close', () => {
              clearInterval(drip);
              resolve([(performance.now() - begun) / 1000, text.slice(9, 12)]);
            });
        });
      const mine = `${host()}Cookie: ${server.cookie}\r\n`;
      const json = 'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{';
      const put = (name: string) => `PUT /files/${name} HTTP/1.1\r\n${mine}Content-Length: 1000\r\n\r\nx`;
      const ended = await Promise.all([
        timed('', ''),
        timed(`GET / HTTP/1.1\r\n${host()}`, 'x: y\r\n'),
        timed(`POST /session HTTP/1.1\r\n${host()}${json}`, ' '),
        timed(`POST /rpc HTTP/1.1\r\n${mine}${json}`, ' '),
        timed(put('stalls.txt'), ''),
        timed(put('drips.txt'), 'x'),
      ]);
      expect(ended.map(([, status]) => status)).toEqual(Array.from(ended, () => '408'));
      const most = [20, 20, 40, 40, 80, 80];
      expect(ended.map(([seconds], n) => seconds < most[n]!)).toEqual(Array.from(ended, () => true));
      for (const name of ['stalls.txt', 'drips.txt']) expect(fs.existsSync(path.join(server.a, name))).toBe(false);
    },
    120_000,
  );

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
