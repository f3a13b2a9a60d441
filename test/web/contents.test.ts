// The contents of files by their addresses, as other programs ask for them: links, directories, conditions and parts of them,
// names of every kind; and that every answer says that it is not to be framed, sniffed or kept.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Asked, PageServer } from '../support/page-server.js';
import { put } from '../support/trees.js';

const server = new PageServer();
const tag = (text: string): string => `"${createHash('sha256').update(text).digest('hex')}"`;
const TEXT = 'hello world\n';
const ODD = [
  '100% #1?&amp;.txt',
  'two  spaces and +.txt',
  'לא עברית.txt',
  'esc\u001b[31m.txt',
  'quote\'"`.txt',
  'back\\slash.txt',
];

beforeAll(async () => {
  put(server.a, { 'x.txt': TEXT, docs: { 'y.txt': 'y' }, near: { link: 'x.txt' }, below: { link: 'docs' } });
  for (const name of ODD) fs.writeFileSync(path.join(server.a, name), name);
  await server.open();
  await server.signIn();
});
afterAll(() => server.close());

const get = (path: string, headers: Asked['headers'] = {}, method = 'GET') => server.mine({ path, headers, method });

describe('a symbolic link', () => {
  test.each(['GET', 'HEAD'])('is not followed by %s, and said to be one', async (method) => {
    const { status, text } = await get('/files/near', {}, method);
    expect(status).toBe(409);
    if (method === 'GET')
      expect(JSON.parse(text).error.message).toBe('"near" is a symbolic link to "x.txt", and links are not followed.');
  });

  test('leads no request further', async () => {
    expect((await get('/files/below/y.txt')).status).toBe(404);
    const into = await server.mine({ path: '/files/below/z.txt', method: 'PUT', body: 'z' });
    expect(into.status).toBeGreaterThanOrEqual(400);
    expect(fs.existsSync(path.join(server.a, 'docs/z.txt'))).toBe(false);
  });

  test('that is overwritten is replaced, and what it points to stays', async () => {
    expect((await server.mine({ path: '/files/near', method: 'PUT', body: 'new' })).status).toBe(409);
    expect((await server.mine({ path: '/files/near?overwrite=1', method: 'PUT', body: 'new' })).status).toBe(200);
    expect(fs.readFileSync(path.join(server.a, 'x.txt'), 'utf8')).toBe(TEXT);
    expect(fs.readFileSync(path.join(server.a, 'near'), 'utf8')).toBe('new');
  });
});

const CONDITIONS: readonly [it: string, headers: Record<string, string>, status: number, text: string][] = [
  ['its own tag', { 'if-none-match': tag(TEXT) }, 304, ''],
  ['its own tag among others', { 'if-none-match': `"x", W/${tag(TEXT)}` }, 304, ''],
  ['any tag', { 'if-none-match': '*' }, 304, ''],
  ['another tag', { 'if-none-match': tag('x') }, 200, TEXT],
  ['a part of this version', { range: 'bytes=0-4', 'if-range': tag(TEXT) }, 206, 'hello'],
  ['a part of another version', { range: 'bytes=0-4', 'if-range': tag('x') }, 200, TEXT],
  ['a part of a version that is only like this one', { range: 'bytes=0-4', 'if-range': `W/${tag(TEXT)}` }, 200, TEXT],
  ['a part since a time', { range: 'bytes=0-4', 'if-range': 'Tue, 01 Dec 2099 00:00:00 GMT' }, 200, TEXT],
  ['one byte', { range: 'bytes=11-11' }, 206, '\n'],
  ['more than there is', { range: 'bytes=6-999999' }, 206, 'world\n'],
  ['no last bytes', { range: 'bytes=-0' }, 416, ''],
  ['another unit', { range: 'lines=0-1' }, 200, TEXT],
];

test.each(CONDITIONS)('%s', async (_, headers, status, text) => {
  const answer = await get('/files/x.txt', headers);
  expect(answer.status).toBe(status);
  if (status === 416) expect(answer.headers['content-range']).toBe('bytes */12');
  else expect([answer.text, answer.headers.etag]).toEqual([text, tag(TEXT)]);
  if (status === 206) expect(answer.headers['content-range']).toMatch(/^bytes \d+-\d+\/12$/);
});

test('HEAD tells the whole length, also where a part is asked for', async () => {
  const { status, headers, text } = await get('/files/x.txt', { range: 'bytes=0-4' }, 'HEAD');
  expect([status, headers['content-length'], headers['content-range'], text]).toEqual([200, '12', undefined, '']);
});

test.each(ODD)('%j comes and goes by its encoded name', async (name) => {
  const address = `/files/${encodeURIComponent(name)}`;
  expect(await get(address)).toMatchObject({ status: 200, text: name });
  expect((await server.mine({ path: `${address}?overwrite=1`, method: 'PUT', body: `${name}!` })).status).toBe(200);
  expect((await get(address)).text).toBe(`${name}!`);
});

test.each([
  '/files/docs',
  '/files/docs/',
  '/files/',
  '/files//x.txt',
  '/files/./x.txt',
  '/files/docs/../x.txt',
  '/files/docs/%2e%2e/x.txt',
  '/files/..%5c..%5cetc%5cpasswd',
  '/files/x%5c.lockstep%5cidentity.json',
  '/files/x.txt%00',
  `/files/${'x'.repeat(5_000)}`,
])('%.60s is refused in words', async (path) => {
  for (const method of ['GET', 'PUT']) {
    const { status, text } = await server.mine({ path, method, ...(method === 'PUT' ? { body: 'x' } : {}) });
    expect([method, status]).toEqual([method, method === 'PUT' && path === '/files/docs' ? 409 : 400]);
    expect(JSON.parse(text).error.message).not.toBe('');
  }
});

test('a refusal to replace says how HTTP replaces', async () => {
  const { status, text } = await server.mine({ path: '/files/x.txt', method: 'PUT', body: 'x' });
  expect([status, JSON.parse(text).error.hint]).toEqual([409, expect.stringContaining('?overwrite=1')]);
});

test.each<[string, Asked]>([
  ['the page', { path: '/' }],
  ['a content', { path: '/files/x.txt?inline=1' }],
  ['a method', { path: '/rpc', method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }],
  ['a refusal', { path: '/nothing' }],
  ['the health', { path: '/health' }],
  ['the metrics', { path: '/metrics' }],
  ['a stream that is refused', { path: '/events?since=x' }],
])('%s cannot be framed, sniffed, or read by another page', async (_, asked) => {
  const { headers } = await server.mine(asked);
  expect(headers).toMatchObject({
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'content-security-policy': expect.stringMatching(/^default-src 'none';.*frame-ancestors 'none'/),
  });
  expect(headers).not.toHaveProperty('access-control-allow-origin');
});

test('/metrics has everything that is promised, halts among it', async () => {
  await server.rpc('lock', { targets: [{ path: 'x.txt' }] });
  const of = async (name: string) => {
    const { text } = await server.mine({ path: '/metrics' });
    return text.split('\n').filter((line) => line.startsWith(`lockstep_${name}`));
  };
  for (const name of [
    ...['files{side="a"}', 'files{side="b"}', 'bytes{side="a"}', 'bytes{side="b"}', 'seconds_behind', 'held_updates'],
    ...['locks{kind="manual"} 1', 'locks{kind="auto"} 0', 'waiters 0', 'conflicts 0', 'halts_total 0', 'transfers 0'],
  ])
    expect(await of(name), name).toHaveLength(1);
  expect(await of('synced_total')).toEqual([expect.stringMatching(/ [1-9]\d*$/)]);
  await server.agreed();
  fs.rmSync(path.join(server.b, '.lockstep'), { recursive: true });
  for (const name of fs.readdirSync(server.b)) fs.rmSync(path.join(server.b, name), { recursive: true });
  await server.rpc('rescan');
  await server.said('halted');
  expect(await of('halts_total')).toEqual(['lockstep_halts_total 1']);
  expect(await of('halted')).toEqual(['lockstep_halted 1']);
});
