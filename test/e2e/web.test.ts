// The page of real programs: where its address comes from, and what it needs to start.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PairOfPrograms, refused } from '../support/programs.js';

let pair: PairOfPrograms;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
});
afterEach(() => pair.close());

/** Exchanges the token of an address. @returns the cookie, null where it is refused. */
async function signIn(address: string): Promise<string | null> {
  const { origin, hash } = new URL(address);
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${origin}/session`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ token: hash.slice(1) }),
  });
  return answer.status === 204 ? answer.headers.get('set-cookie')!.split(';')[0]! : null;
}

describe('server-a --web', () => {
  test('says where its page is, and the client gets an address that opens it once', async () => {
    writeFileSync(path.join(pair.a, 'plan.txt'), 'the plan');
    const token = path.join(pair.directory, 'metrics.token');
    writeFileSync(token, '5'.repeat(64), { mode: 0o600 });
    pair.asProcesses();
    await pair.startB();
    await pair.startA('--web', '0', '--metrics-token-file', token);
    const { address: plain } = (await pair.serverA.wait('page')) as unknown as { address: string };
    expect(plain).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    await pair.serverA.wait('in-sync');
    const { stdout } = await pair.program('--as', 'ann', 'web');
    expect(stdout).toMatch(new RegExp(`^${plain}#[\\w-]{43}\n$`));
    const cookie = await signIn(stdout.trim());
    expect(await signIn(stdout.trim())).toBeNull();
    const mine = (at: string) => fetch(plain + at, { headers: { cookie: cookie! } });
    expect(await (await mine('me')).json()).toMatchObject({ name: 'ann', role: 'admin', side: 'a' });
    expect(await (await mine('files/plan.txt')).text()).toBe('the plan');
    expect((await fetch(plain)).headers.get('content-type')).toMatch(/^text\/html/);
    const refused = await (await fetch(`${plain}me`)).json();
    expect(refused).toMatchObject({
      error: { hint: `Open the address that "client --server 127.0.0.1:${pair.portA} web" prints.` },
    });
    const scrape = (digit: string) =>
      fetch(`${plain}metrics`, { headers: { authorization: `Bearer ${digit.repeat(64)}` } });
    expect((await scrape('4')).status).toBe(401);
    const text = await (await scrape('5')).text();
    expect(text).toMatch(/^lockstep_files\{side="a"\} 1$/m);
    expect(text).toMatch(/^lockstep_seconds_behind 0$/m);
    expect(text).toMatch(/^lockstep_locks\{kind="manual"\} 0$/m);
    expect(await pair.json('web')).toEqual({ address: expect.stringContaining(plain) });
    // An open stream does not keep the server from ending.
    const stream = await mine('events');
    const ending = performance.now();
    expect(await pair.serverA.stop()).toBe(0);
    expect(performance.now() - ending).toBeLessThan(4_000);
    await stream.text().catch(() => '');
    // The browser finds it again, at the same port and with its cookie; a used address stays used.
    await pair.startA('--web', '0');
    expect((await pair.serverA.wait('page')).address).toBe(plain);
    expect(await (await mine('me')).json()).toMatchObject({ name: 'ann' });
    expect(await signIn(stdout.trim())).toBeNull();
    await pair.serverA.stop();
    // Whoever got in before there was a secret has to show it now.
    const secret = path.join(pair.directory, 'secret');
    writeFileSync(secret, '7'.repeat(64), { mode: 0o600 });
    await pair.startA('--web', '0', '--secret-file', secret);
    expect((await pair.serverA.wait('page')).address).toBe(plain);
    expect((await mine('me')).status).toBe(401);
  });

  test.each<[string, string[], string]>([
    ['a port in use', ['--web', 'PORT'], 'is in use. Give --web another port'],
    [
      'a file that is not there',
      ['--web', '0', '--web-cert', 'none.pem', '--web-key', 'none.pem'],
      '"none.pem" of --web-cert',
    ],
    ['no certificate', ['--web', '0', '--web-cert', 'CERT', '--web-key', 'CERT'], 'cannot be used'],
    ['another machine', ['--web', '0.0.0.0:0'], 'needs a certificate'],
    [
      'a token that others can read',
      ['--web', '0', '--metrics-token-file', 'CERT'],
      'others than its owner may use it',
    ],
  ])('does not start with %s', async (_, options, says) => {
    await pair.startB();
    const cert = path.join(pair.directory, 'cert.pem');
    writeFileSync(cert, 'no certificate', { mode: 0o644 });
    mkdirSync(path.join(pair.directory, 'c'));
    const words = options.map((word) => (word === 'PORT' ? String(pair.portB) : word === 'CERT' ? cert : word));
    const { code, stderr } = await refused('server-a', ['--dir', pair.a, '--port', '0', ...words], pair.env);
    expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
  });

  test('where there is no page, the client says how to start one', async () => {
    await pair.startB();
    await pair.startA();
    const { code, stderr } = await pair.client('web');
    expect([code, stderr]).toEqual([1, expect.stringContaining('serves no page. Start it with --web PORT')]);
  });
});
