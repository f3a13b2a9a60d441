// The page with a certificate: encrypted, under the names of the certificate, with a cookie that stays encrypted.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningPage, startWeb } from '../../src/web/start.js';
import { ASSETS, PageServer, tokenOf } from '../support/page-server.js';
import { makeRoot, removeRoot } from '../support/trees.js';

/** Without openssl there is no certificate to try: `skipIf` says so in the report. */
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe.skipIf(!hasOpenssl)('with a certificate (made by openssl)', () => {
  const server = new PageServer();
  const directory = makeRoot('tls');
  let page: RunningPage;
  let tls: { readonly cert: string; readonly key: string };

  beforeAll(async () => {
    const [cert, key] = ['cert.pem', 'key.pem'].map((name) => path.join(directory, name)) as [string, string];
    const names = 'subjectAltName=DNS:files.example,DNS:*.studio.example,IP:127.0.0.1';
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    execFileSync('openssl', [...made, '-subj', '/CN=x', '-addext', names, '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    });
    tls = { cert: fs.readFileSync(cert, 'utf8'), key: fs.readFileSync(key, 'utf8') };
    await server.open();
    page = await start('0.0.0.0');
  });
  afterAll(async () => {
    await page?.stop();
    await server.close();
    removeRoot(directory);
  });

  const start = (host: string, pem = tls) =>
    startWeb({
      host,
      port: 0,
      tls: pem,
      assets: ASSETS,
      pair: server.serverA,
      version: 'test',
      log: { warn: (text) => void server.warnings.push(text) },
    });

  const ask = (host: string, method = 'GET', at = '/health', body = ''): Promise<{ status: number; cookie: string }> =>
    new Promise((resolve, reject) => {
      const headers = { host: `${host}:${page.port}`, 'content-type': 'application/json' };
      const options = { host: '127.0.0.1', port: page.port, method, path: at, headers, ca: tls.cert, agent: false };
      const request = https.request({ ...options, servername: 'files.example' }, (response) => {
        response
          .resume()
          .on('end', () =>
            resolve({ status: response.statusCode!, cookie: response.headers['set-cookie']?.[0] ?? '' }),
          );
      });
      request.on('error', reject).end(body);
    });

  test.each([
    ['files.example', 200],
    ['anna.studio.example', 200],
    ['127.0.0.1', 200],
    ['localhost', 200],
    ['evil.example', 403],
    ['files.example.evil.example', 403],
    ['0.0.0.1', 403],
  ])('%s: %i', async (host, status) => {
    expect(await ask(host)).toMatchObject({ status });
    expect(server.warnings).toEqual([]);
  });

  test('its address has the name of the certificate, and its cookie is for encrypted connections only', async () => {
    expect(page.address).toBe(`https://files.example:${page.port}/`);
    const token = tokenOf(page.addressFor({ name: 'anna', person: null }));
    const { status, cookie } = await ask('files.example', 'POST', '/session', JSON.stringify({ token }));
    expect([status, cookie]).toEqual([204, expect.stringMatching(/; HttpOnly; SameSite=Strict; .*; Secure$/)]);
  });

  test.each([
    ['no certificate', () => ({ cert: 'x', key: tls.key })],
    ['no key', () => ({ cert: tls.cert, key: 'x' })],
  ])('%s is refused in words', async (_, pem) => {
    await expect(start('127.0.0.1', pem())).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('--web-cert and the key of --web-key cannot be used'),
    });
  });
});
