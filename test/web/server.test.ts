// The page's server by its addresses: who gets what, and what the answers are.
import { createHash } from 'node:crypto';
import http from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Asked, PageServer, tokenOf } from '../support/page-server.js';
import { put } from '../support/trees.js';

const server = new PageServer();
const WIDE = `${Array.from({ length: 5_000 }, (_, n) => n).join('\n')}\n`;

beforeAll(async () => {
  put(server.a, {
    'x.txt': 'hello\n',
    docs: { 'wide.txt': WIDE, 'a & b "ä".txt': 'odd' },
    'p.svg': '<svg/>',
    empty: '',
  });
  await server.open();
  await server.signIn();
});
afterAll(() => server.close());

const hostAt = (name: string): string => `${name}:${server.page.port}`;

describe('the page and its files need no login', () => {
  /** @returns the address of a file of the page. */
  const addressOf = async (name: string): Promise<string> =>
    new RegExp(`"(/assets/[^"]*/${name})"`).exec((await server.ask({ path: '/' })).text)![1]!;

  test('the page runs nothing but its own files', async () => {
    const { status, headers, text } = await server.ask({ path: '/' });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'self' 'sha256-[^']+'; style-src 'self';.* frame-ancestors 'none'$/,
    );
    expect(headers['x-frame-options']).toBe('DENY');
    const names = [...text.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, name]) => name!);
    for (const name of ['src/web/page/main.js', 'src/web/page/calls/beginning.js', 'lib/preact/dist/preact.mjs'])
      expect(names).toContainEqual(expect.stringMatching(new RegExp(`^/assets/[\\da-f]{16}/${name}$`)));
    for (const path of names) expect(await server.ask({ path })).toMatchObject({ status: 200 });
  });

  test('a file is compressed for who takes that, and its address never means anything else', async () => {
    const path = await addressOf('src/web/page/main.js');
    const plain = await server.ask({ path, headers: { 'accept-encoding': 'br, gzip;q=0' } });
    expect(plain.headers).not.toHaveProperty('content-encoding');
    expect(plain.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'Accept-Encoding',
    });
    for (const accepted of ['gzip', 'gzip, deflate, br', 'deflate;q=0.5, gzip;q=1.0']) {
      const { headers, bytes } = await server.ask({ path, headers: { 'accept-encoding': accepted } });
      expect(headers['content-encoding']).toBe('gzip');
      expect(gunzipSync(bytes).toString()).toBe(plain.text);
    }
    expect((await server.ask({ path: '/' })).headers['cache-control']).toBe('no-cache');
    expect(await server.ask({ path: `${path}.gz` })).toMatchObject({ status: 401 });
  });

  test('a browser that has a file is not sent it again', async () => {
    const path = await addressOf('src/web/page/main.js');
    const { etag } = (await server.ask({ path })).headers;
    expect(await server.ask({ path, headers: { 'if-none-match': etag } })).toMatchObject({ status: 304, text: '' });
    expect(await server.ask({ path, method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  });
});

const REFUSED: readonly [it: string, asked: () => Asked, status: number][] = [
  ['no login', () => ({ path: '/me' }), 401],
  [
    'a forged cookie',
    () => ({ path: '/me', headers: { cookie: `lockstep-${server.page.port}=${'x'.repeat(43)}` } }),
    401,
  ],
  ['no login for a file that is not there', () => ({ path: '/nothing' }), 401],
  ['a foreign host', () => ({ path: '/', headers: { host: hostAt('evil.example') } }), 403],
  ['a host without the port', () => ({ path: '/', headers: { host: '127.0.0.1' } }), 403],
  ['a host at another port', () => ({ path: '/', headers: { host: '127.0.0.1:1' } }), 403],
  ['a host that begins like ours', () => ({ path: '/', headers: { host: hostAt('localhost.evil.example') } }), 403],
  ['a foreign origin', () => ({ path: '/health', headers: { origin: 'http://evil.example' } }), 403],
  ['an origin without a name', () => ({ path: '/health', headers: { origin: 'null' } }), 403],
  ['our origin at another port', () => ({ path: '/health', headers: { origin: 'http://127.0.0.1:1' } }), 403],
  ['our origin, encrypted', () => ({ path: '/health', headers: { origin: `https://${hostAt('127.0.0.1')}` } }), 403],
  ['another page', () => ({ path: '/health', headers: { 'sec-fetch-site': 'cross-site' } }), 403],
  ['a page at another port', () => ({ path: '/health', headers: { 'sec-fetch-site': 'same-site' } }), 403],
];

test.each(REFUSED)('%s is refused', async (_, asked, status) => {
  const answer = await server.ask(asked());
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'not-allowed', message: expect.any(String) } });
});

test.each(['127.0.0.1', 'localhost', '[::1]', 'LOCALHOST'])('%s is a name of this server', async (name) => {
  const headers = {
    host: hostAt(name),
    origin: `http://${hostAt(name.toLowerCase())}`,
    'sec-fetch-site': 'same-origin',
  };
  expect(await server.ask({ path: '/health', headers })).toMatchObject({ status: 200, text: '{"state":"in-sync"}\n' });
});

const MINE: readonly [it: string, asked: Asked, status: number, text: RegExp][] = [
  ['who one is', { path: '/me' }, 200, /^{"name":"anna","role":"admin","side":"a","version":"test","run":"\w+"}\n$/],
  ['nothing', { path: '/nothing' }, 404, /nothing at this address/],
  ['a method that is not served', { path: '/rpc', method: 'PATCH' }, 405, /takes POST/],
  [
    'a form',
    { path: '/rpc', method: 'POST', body: 'a=b', headers: { 'content-type': 'text/plain' } },
    415,
    /JSON|json/,
  ],
  ['no type', { path: '/rpc', method: 'POST', body: '{}' }, 415, /application\/json/],
  [
    'a long body',
    { path: '/rpc', method: 'POST', body: ' '.repeat(70_000), headers: { 'content-type': 'application/json' } },
    413,
    /longer than 64 KiB/,
  ],
  ['a path that leads out', { path: '/files/..%2f..%2fetc/passwd' }, 400, /contains \\"..\\"/],
  ['a path that leads out, with dots encoded', { path: '/files/%2e%2e/x' }, 400, /contains/],
  ['a path that leads out, with backslashes', { path: '/files/..%5cx' }, 400, /contains/],
  ['an absolute path', { path: '/files/%2fetc/passwd' }, 400, /absolute/],
  ['a NUL', { path: '/files/x%00.txt' }, 400, /NUL/],
  ["Lockstep's own", { path: '/files/.lockstep/identity.json' }, 400, /own/],
  ['bytes that are no text', { path: '/files/%ff' }, 400, /encoded/],
  ['a path that is decoded once only', { path: '/files/x%252e.txt' }, 404, /no file/i],
  ['a directory', { path: '/files/docs' }, 400, /is a directory/],
  ['a file', { path: '/files/x.txt' }, 200, /^hello\n$/],
  ['an odd name', { path: `/files/docs/${encodeURIComponent('a & b "ä".txt')}` }, 200, /^odd$/],
  ['an empty file', { path: '/files/empty' }, 200, /^$/],
  ['a part', { path: '/files/x.txt', headers: { range: 'bytes=1-3' } }, 206, /^ell$/],
  ['a part to the end', { path: '/files/x.txt', headers: { range: 'bytes=4-' } }, 206, /^o\n$/],
  ['the last bytes', { path: '/files/x.txt', headers: { range: 'bytes=-2' } }, 206, /^o\n$/],
  ['more last bytes than there are', { path: '/files/x.txt', headers: { range: 'bytes=-99' } }, 206, /^hello\n$/],
  ['a part beyond the end', { path: '/files/x.txt', headers: { range: 'bytes=6-' } }, 416, /has 6 bytes/],
  ['a part of nothing', { path: '/files/empty', headers: { range: 'bytes=0-' } }, 416, /has 0 bytes/],
  ['several parts', { path: '/files/x.txt', headers: { range: 'bytes=0-1,3-4' } }, 200, /^hello\n$/],
  ['a part backwards', { path: '/files/x.txt', headers: { range: 'bytes=3-1' } }, 200, /^hello\n$/],
  [
    'a part of another version',
    { path: '/files/x.txt', headers: { range: 'bytes=1-3', 'if-range': '"other"' } },
    200,
    /^hello\n$/,
  ],
  ['events after no number', { path: '/events?since=x' }, 400, /whole number/],
];

test.each(MINE)('%s', async (_, asked, status, text) => {
  const answer = await server.mine(asked);
  expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(text)]);
});

describe('a content', () => {
  test('has its hash as its tag, and is not sent to who has it', async () => {
    const path = '/files/docs/wide.txt';
    const { headers, text } = await server.mine({ path });
    expect(text).toBe(WIDE);
    expect(headers).toMatchObject({
      'accept-ranges': 'bytes',
      'content-disposition': "attachment; filename*=UTF-8''wide.txt",
    });
    expect(headers['content-security-policy']).toContain('sandbox');
    const again = await server.mine({ path, headers: { 'if-none-match': headers.etag } });
    expect(again).toMatchObject({ status: 304, text: '' });
    expect(await server.mine({ path, method: 'HEAD' })).toMatchObject({
      status: 200,
      text: '',
      headers: { 'content-length': String(WIDE.length), etag: headers.etag },
    });
  });

  test('is shown as a picture or as text, where that is asked for', async () => {
    const shown = async (path: string) => (await server.mine({ path })).headers;
    expect(await shown('/files/p.svg')).toMatchObject({ 'content-type': 'application/octet-stream' });
    expect(await shown('/files/p.svg?inline=1')).toMatchObject({
      'content-type': 'image/svg+xml',
      'content-disposition': expect.stringMatching(/^inline/),
      'x-content-type-options': 'nosniff',
    });
    expect(await shown('/files/x.txt?inline=1')).toMatchObject({ 'content-type': 'text/plain; charset=utf-8' });
  });
});

describe('an upload', () => {
  const upload = (path: string, body: string, headers = {}) => server.mine({ method: 'PUT', path, body, headers });

  test('makes a file with its directories, and replaces it only where that is asked for', async () => {
    const first = await upload('/files/new/f.txt', 'one');
    expect([first.status, JSON.parse(first.text)]).toMatchObject([201, { path: 'new/f.txt', created: true, size: 3 }]);
    expect(await upload('/files/new/f.txt', 'two')).toMatchObject({
      status: 409,
      text: expect.stringContaining('exists'),
    });
    expect(await upload('/files/new/f.txt', 'two', { 'if-none-match': '*' })).toMatchObject({ status: 412 });
    expect(await upload('/files/new/f.txt?overwrite=1', 'two')).toMatchObject({ status: 200 });
    expect((await server.mine({ path: '/files/new/f.txt' })).text).toBe('two');
  });

  test('replaces only what the one who sends it has seen', async () => {
    const tag = (text: string) => `"${createHash('sha256').update(text).digest('hex')}"`;
    await upload('/files/seen.txt', 'one');
    expect(await upload('/files/seen.txt', 'two', { 'if-match': tag('other') })).toMatchObject({ status: 412 });
    expect(await upload('/files/gone.txt', 'two', { 'if-match': tag('one') })).toMatchObject({ status: 412 });
    expect(await upload('/files/seen.txt', 'two', { 'if-match': 'one' })).toMatchObject({ status: 400 });
    expect(await upload('/files/seen.txt', 'two', { 'if-match': tag('one') })).toMatchObject({ status: 200 });
    await server.agreed();
    const { result } = await server.rpc('versions', { target: { path: 'seen.txt' } });
    const [{ side, where }] = result.versions;
    const earlier = [`?at=1`, `?side=${side}&where=${encodeURIComponent(where)}`];
    for (const query of earlier)
      expect((await server.mine({ path: `/files/seen.txt${query}` })).text, query).toBe('one');
    for (const query of ['', '?side=a', '?side=b'])
      expect((await server.mine({ path: `/files/seen.txt${query}` })).text, query).toBe('two');
    const part = await server.mine({ path: '/files/seen.txt?at=1', headers: { range: 'bytes=1-1' } });
    expect([part.status, part.text]).toEqual([206, 'n']);
    for (const query of ['?at=0', '?at=x', '?side=c', '?at=1&side=a', '?where=x'])
      expect((await server.mine({ path: `/files/seen.txt${query}` })).status, query).toBe(400);
    expect((await server.mine({ path: '/files/seen.txt?at=99' })).status).toBe(404);
  });

  test('keeps the time that it is given', async () => {
    await upload('/files/old.txt?mtime=2020-01-02T03:04:05.000Z', 'old');
    const { headers } = await server.mine({ path: '/files/old.txt' });
    expect(headers['last-modified']).toBe('Thu, 02 Jan 2020 03:04:05 GMT');
    expect(await upload('/files/old.txt?mtime=x', 'old')).toMatchObject({ status: 400 });
  });

  test('of a locked file is refused', async () => {
    const asked = { jsonrpc: '2.0', id: 1, method: 'lock', params: { targets: [{ path: 'x.txt' }] } };
    await server.json('/rpc', asked, { cookie: await server.cookieFor('bob') });
    const { status, text } = await upload('/files/x.txt?overwrite=1', 'mine');
    expect([status, JSON.parse(text).error]).toMatchObject([
      423,
      { code: 'locked', message: expect.stringContaining('bob') },
    ]);
  });

  test('says its size', async () => {
    expect(await upload('/files/y.txt', 'z', { 'transfer-encoding': 'chunked' })).toMatchObject({ status: 411 });
  });

  test.each(['..%2fy', '.lockstep/y', '%2fy'])('does not go to %s', async (path) => {
    expect(await upload(`/files/${path}`, 'z')).toMatchObject({ status: 400 });
  });
});

describe('a login', () => {
  test('takes a token once', async () => {
    const token = tokenOf(server.page.addressFor({ name: 'eve', person: null }));
    const first = await server.json('/session', { token }, { cookie: '' });
    expect(first).toMatchObject({ status: 204, text: '' });
    expect(first.headers['set-cookie']).toEqual([
      expect.stringMatching(/^lockstep-\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/; Max-Age=2592000$/),
    ]);
    expect(await server.json('/session', { token }, { cookie: '' })).toMatchObject({ status: 401 });
  });

  test.each([[''], ['x'], [7], [null], ['x'.repeat(9_999)]])('refuses %j', async (token) => {
    expect(await server.json('/session', { token })).toMatchObject({ status: 401 });
  });

  test('ends', async () => {
    const cookie = await server.cookieFor('eve');
    expect(await server.ask({ path: '/me', headers: { cookie } })).toMatchObject({ status: 200 });
    expect(await server.ask({ path: '/session', method: 'DELETE', headers: { cookie } })).toMatchObject({
      status: 204,
    });
    expect(await server.ask({ path: '/me', headers: { cookie } })).toMatchObject({ status: 401 });
  });
});

test('/metrics has the figures of the pair', async () => {
  const { headers, text } = await server.mine({ path: '/metrics' });
  expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(text).toMatch(/^lockstep_state\{state="(in-sync|syncing)"\} 1$/m);
  expect(text).toMatch(/^lockstep_peer_connected 1$/m);
  expect(await server.ask({ path: '/metrics' })).toMatchObject({ status: 401 });
  expect(await server.ask({ path: '/metrics', headers: { authorization: 'Bearer x' } })).toMatchObject({ status: 401 });
});

describe('/rpc', () => {
  test('says after which event its answer was made, and of a long list gives as many rows as are asked for', async () => {
    const asked = { jsonrpc: '2.0', id: 1, method: 'list', params: { compact: true, limit: 2 } };
    const { headers, text } = await server.json('/rpc', asked);
    expect(JSON.parse(text).result.entries.map(([path]: [string]) => path)).toEqual([
      'docs/a & b "ä".txt',
      'docs/wide.txt',
    ]);
    const [run, id] = String(headers['last-event-id']).split(':');
    expect([run, Number(id)]).toEqual([server.serverA.run, server.events.at(-1)!.id]);
  });

  test('answers as the client shows it', async () => {
    const { result } = await server.rpc('list');
    expect(Object.keys(result).sort()).toEqual(['entries', 'generation']);
    expect(result.entries.map(({ path }: { path: string }) => path)).toContain('docs/wide.txt');
  });

  test('acts under the name of the login', async () => {
    const { result } = await server.rpc('lock', { targets: [{ path: 'empty' }] });
    expect(result.targets).toMatchObject([{ path: 'empty', changed: true, owner: 'anna' }]);
    const { error } = await server.rpc('lock', { targets: [{ path: 'empty' }], owner: 'bob' });
    expect(error).toMatchObject({ code: -32000, data: { code: 'not-allowed' } });
  });

  const BAD: readonly [it: string, body: unknown, code: number][] = [
    ['no object', [], -32600],
    ['another version', { jsonrpc: '1.0', id: 1, method: 'list' }, -32600],
    ['no id', { jsonrpc: '2.0', method: 'list' }, -32600],
    ['no method', { jsonrpc: '2.0', id: 1 }, -32600],
    ['params that are a list', { jsonrpc: '2.0', id: 1, method: 'list', params: [] }, -32600],
    ['an unknown method', { jsonrpc: '2.0', id: 1, method: 'constructor' }, -32601],
    ['watch', { jsonrpc: '2.0', id: 1, method: 'watch' }, -32601],
    ['upload', { jsonrpc: '2.0', id: 1, method: 'upload' }, -32601],
    ['bad params', { jsonrpc: '2.0', id: 1, method: 'held', params: { target: { path: '../x' } } }, -32602],
    ['a deep tree', JSON.parse(`${'['.repeat(99)}${']'.repeat(99)}`), -32600],
  ];

  test.each(BAD)('refuses %s in words', async (_, body, code) => {
    const { status, text } = await server.json('/rpc', body);
    expect([status, JSON.parse(text)]).toMatchObject([
      200,
      { jsonrpc: '2.0', error: { code, message: expect.any(String) } },
    ]);
  });

  test('passes messages on as lines', async () => {
    const asked = { jsonrpc: '2.0', id: 'n', method: 'list' };
    const { headers, text } = await server.json('/rpc', asked, { accept: 'application/x-ndjson' });
    expect(headers['content-type']).toBe('application/x-ndjson');
    const last = JSON.parse(text.trim().split('\n').at(-1)!);
    expect(last).toMatchObject({ jsonrpc: '2.0', id: 'n', result: { entries: expect.any(Array) } });
  });
});

test('/events goes on after an event', async () => {
  const text = await new Promise<string>((resolve, reject) => {
    const headers = { cookie: server.cookie };
    const request = http.get(`${server.page.address}events?since=0`, { headers, agent: false }, (response) => {
      let all = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        all += part;
        if (!all.includes('"in-sync"')) return;
        request.destroy();
        resolve(all);
      });
    });
    request.on('error', reject);
  });
  expect(text).toMatch(/^retry: 2000\n\nid: 1\ndata: \{[^\n]*"event":"listening"[^\n]*\}\n\nid: 2\n/);
});
