// A pair in this process with its page, and requests to it that say exactly what a test wants them to say.
import http from 'node:http';
import path from 'node:path';
import { PageLogins } from '../../src/disk/state/page-logins.js';
import type { ServerAOptions } from '../../src/sync/server-a.js';
import { type RunningPage, startWeb } from '../../src/web/start.js';
import { BothServers } from './both-servers.js';

export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

export interface Answered {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

/** What the build has put together for browsers. */
export const ASSETS = path.join(import.meta.dirname, '../../dist/web/assets');

export class PageServer extends BothServers {
  page!: RunningPage;
  /** The cookie of the login, for the header. */
  cookie = '';
  readonly #cookies = new Map<string, string>();

  /** Starts the pair and its page, and waits until both sides agree, unless they cannot. */
  async open(options: Partial<ServerAOptions> = {}, waits: 'in-sync' | 'alone' = 'in-sync'): Promise<void> {
    await this.start(options);
    await this.servePage(0);
    if (waits === 'in-sync') await this.said('in-sync');
  }

  /** Starts the page alone. @param port 0 for any. @param access how names are proved. */
  async servePage(port: number, access = 'this machine'): Promise<void> {
    const { serverA: pair } = this;
    const warn = (text: string) => void this.warnings.push(text);
    const kept = { kept: new PageLogins(this.a, warn), access };
    const options = { host: '127.0.0.1', port, tls: null, assets: ASSETS, pair, version: 'test', log: { warn } };
    this.page = await startWeb({ ...options, ...kept });
    pair.servePage(this.page);
  }

  /** Logs in for `mine`, `json` and `rpc`. */
  async signIn(name = 'anna'): Promise<void> {
    this.cookie = await this.cookieFor(name);
  }

  /** Logs in. @returns the cookie for the header. */
  async cookieFor(name: string): Promise<string> {
    const token = tokenOf(this.page.addressFor({ name, person: null }));
    const { headers } = await this.json('/session', { token }, { cookie: '' });
    return headers['set-cookie']![0]!.split(';')[0]!;
  }

  ask({ method = 'GET', path, headers = {}, body }: Asked): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.page.port, method, path, headers, agent: false };
      const request = http.request(options, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(parts);
          resolve({ status: response.statusCode!, headers: response.headers, bytes, text: bytes.toString() });
        });
      });
      request.on('error', reject).end(body);
    });
  }

  /** As the login. */
  mine(asked: Asked): Promise<Answered> {
    return this.ask({ ...asked, headers: { cookie: this.cookie, ...asked.headers } });
  }

  /** Posts `value` as JSON, as the login where there is one. */
  json(path: string, value: unknown, headers: http.OutgoingHttpHeaders = {}): Promise<Answered> {
    const own = { 'content-type': 'application/json', ...(this.cookie === '' ? {} : { cookie: this.cookie }) };
    return this.ask({ method: 'POST', path, body: JSON.stringify(value), headers: { ...own, ...headers } });
  }

  /** @returns the response to one request of the protocol. */
  // biome-ignore lint/suspicious/noExplicitAny: the test knows what the method answers
  async rpc(method: string, params: object = {}): Promise<any> {
    const { status, text } = await this.json('/rpc', { jsonrpc: '2.0', id: 1, method, params });
    if (status !== 200) throw new Error(`${status} ${text}`);
    return JSON.parse(text);
  }

  /** Resolves when both sides agree on all that has been done. */
  async agreed(): Promise<void> {
    const { error } = await this.rpc('flush');
    if (error !== undefined) throw new Error(error.message);
  }

  /** @returns the response to one request of the protocol, under another name than that of the login. */
  // biome-ignore lint/suspicious/noExplicitAny: the test knows what the method answers
  async rpcAs(name: string, method: string, params: object = {}): Promise<any> {
    const cookie = this.#cookies.get(name) ?? (await this.cookieFor(name));
    this.#cookies.set(name, cookie);
    const { text } = await this.json('/rpc', { jsonrpc: '2.0', id: 1, method, params }, { cookie });
    return JSON.parse(text);
  }

  override async stop(): Promise<void> {
    await this.page.stop();
    await super.stop();
  }
}

export const tokenOf = (address: string): string => address.split('#')[1]!;
