// From a request to its route. Everything but the page, its files, the login and the health of the pair needs a session.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SyncError } from '../core/errors.js';
import { RpcClient } from '../wire/rpc/caller.js';
import { addressText } from '../wire/socket/address.js';
import { GUARDS, HttpError, sendError, sendJson } from './answer.js';
import type { Assets } from './assets.js';
import { checkGate, type Place } from './gate.js';
import { Limits } from './limits.js';
import type { ServedPair } from './pair.js';
import { downloadFile } from './routes/download.js';
import { streamEvents } from './routes/events.js';
import { sendMetrics } from './routes/metrics.js';
import { answerRpc } from './routes/rpc.js';
import { signIn, signOut } from './routes/session.js';
import { uploadFile } from './routes/upload.js';
import type { PageSession, Sessions } from './sessions.js';
import type { SignedIn, Visit } from './visit.js';

interface RouterOptions {
  readonly place: Place;
  readonly assets: Assets;
  readonly pair: ServedPair;
  readonly version: string;
  readonly metricsToken: string | null;
  readonly worded: (text: string) => string;
  readonly sessions: Sessions;
  readonly log: { warn(text: string): void };
}

type Route = (visit: SignedIn) => void | Promise<void>;

export class Router {
  readonly sessions: Sessions;
  readonly #options: RouterOptions;
  readonly #limits = new Limits();
  readonly #cookieName: string;
  /** By what the address begins with, then by method. */
  readonly #routes: Readonly<Record<string, Readonly<Record<string, Route>>>>;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.sessions = options.sessions;
    // Cookies do not know ports: another server on this machine must not take this one's place.
    this.#cookieName = `lockstep-${options.place.port}`;
    const metrics = this.#limits.bounded('requests', (visit) => sendMetrics(visit, visit.connect(), options));
    this.#routes = {
      '/me': { GET: (visit) => this.#me(visit) },
      '/metrics': { GET: metrics, HEAD: metrics },
      '/rpc': { POST: this.#limits.bounded('requests', (visit) => this.#rpc(visit)) },
      '/events': { GET: this.#limits.bounded('streams', streamEvents) },
      '/files/': {
        GET: this.#limits.bounded('transfers', downloadFile),
        HEAD: this.#limits.bounded('transfers', downloadFile),
        PUT: this.#limits.bounded('transfers', uploadFile),
      },
    };
  }

  /** Answers a request; it never rejects. */
  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(GUARDS)) res.setHeader(name, value);
    req.on('error', () => {}); // the end of the request tells
    res.on('error', () => {});
    try {
      await this.#route(visitOf(req, res));
    } catch (error) {
      if (!(error instanceof SyncError)) this.#options.log.warn(`${req.method} failed: ${(error as Error).message}`);
      sendError(res, error, this.#options.worded);
    }
  }

  stop(): void {
    this.sessions.close();
  }

  async #route(visit: Visit): Promise<void> {
    const { req, res, path } = visit;
    const { assets, pair, place } = this.#options;
    checkGate(req, place);
    if (assets.has(path)) return assets.send(path, req, res);
    if (path === '/health') return sendHealth(visit, pair);
    const cookies = { name: this.#cookieName, isSecure: place.certificate !== null };
    if (path === '/session' && req.method === 'POST') return signIn(visit, this.sessions, cookies);
    if (path === '/metrics' && this.#isScraper(req)) return this.#asScraper(visit);
    const session = this.#sessionOf(req);
    if (session === null) throw notSignedIn();
    if (path === '/session' && req.method === 'DELETE') return signOut(visit, this.sessions, session, cookies);
    const methods = this.#methodsOf(path);
    if (methods === null) throw new HttpError(404, 'not-found', 'There is nothing at this address.');
    const route = methods[req.method ?? ''];
    if (route === undefined) throw notAllowed(Object.keys(methods));
    await this.#asPerson(visit, session, route);
  }

  #methodsOf(path: string): Readonly<Record<string, Route>> | null {
    if (path === '/session') return { POST: () => {}, DELETE: () => {} };
    const name = path.startsWith('/files/') ? '/files/' : path;
    return Object.hasOwn(this.#routes, name) ? this.#routes[name]! : null;
  }

  /** Whether the request has the token for the metrics, which opens nothing else. */
  #isScraper({ headers: { authorization = '' }, method }: IncomingMessage): boolean {
    const { metricsToken } = this.#options;
    const given = /^Bearer +(\S{1,256})$/i.exec(authorization)?.[1];
    if (metricsToken === null || given === undefined || (method !== 'GET' && method !== 'HEAD')) return false;
    const [expected, said] = [metricsToken, given].map((text) => createHash('sha256').update(text).digest());
    return timingSafeEqual(expected!, said!);
  }

  async #asScraper(visit: Visit): Promise<void> {
    const { pair } = this.#options;
    const client = new RpcClient(pair.connectClient(null, `${remoteOf(visit)} (metrics)`));
    visit.res.once('close', () => client.close());
    await sendMetrics(visit, client, this.#options);
  }

  /** Runs a route with a connection that ends with the request; a session whose key was removed ends, too. */
  async #asPerson(visit: Visit, session: PageSession, route: Route): Promise<void> {
    const { res } = visit;
    const remote = remoteOf(visit);
    const opened: RpcClient[] = [];
    const connect = (): RpcClient => {
      const client = new RpcClient(this.#connection(session, `${remote} (page)`));
      opened.push(client);
      return client;
    };
    const close = (): void => {
      for (const client of opened) client.close();
    };
    res.once('close', close);
    try {
      await route({ ...visit, session, connect });
    } finally {
      if (res.closed) close();
    }
  }

  #connection(session: PageSession, remote: string) {
    try {
      return this.#options.pair.connectClient(session.user.person, remote);
    } catch (error) {
      this.sessions.end(session);
      throw error instanceof SyncError ? new HttpError(401, error.code, error.message, { hint: error.hint }) : error;
    }
  }

  #sessionOf({ headers: { cookie = '' } }: IncomingMessage): PageSession | null {
    const mine = cookie.split(';').map((pair) => pair.trim().split('='));
    const value = mine.find(([name]) => name === this.#cookieName)?.[1];
    return value === undefined ? null : this.sessions.find(value);
  }

  /** Whoever goes on at /events after the event that is named misses nothing of what comes after the answer. */
  #rpc(visit: SignedIn): Promise<void> {
    const { pair } = this.#options;
    visit.res.setHeader('Last-Event-ID', `${pair.run}:${pair.lastEvent()}`);
    return answerRpc(visit);
  }

  #me({ res, session: { user } }: SignedIn): void {
    const { name, person } = user;
    const { version, pair } = this.#options;
    sendJson(res, 200, { name, role: person?.role ?? 'admin', side: 'a', version, run: pair.run });
  }
}

const remoteOf = ({ req: { socket } }: Visit): string =>
  addressText({ host: socket.remoteAddress ?? '?', port: socket.remotePort ?? 0 });

/** @throws HttpError 400. */
function visitOf(req: IncomingMessage, res: ServerResponse): Visit {
  const [path, query = ''] = /^([^?]*)(?:\?(.*))?$/s.exec(req.url ?? '')?.slice(1) ?? [];
  if (path === undefined || !path.startsWith('/')) throw new HttpError(400, 'usage', 'This is no address of a page.');
  return { req, res, path, query: new URLSearchParams(query) };
}

function sendHealth({ req, res }: Visit, pair: ServedPair): void {
  if (req.method !== 'GET' && req.method !== 'HEAD') throw notAllowed(['GET', 'HEAD']);
  const state = pair.state();
  sendJson(res, state === 'in-sync' || state === 'syncing' ? 200 : 503, { state });
}

const notSignedIn = (): HttpError =>
  new HttpError(401, 'not-allowed', 'This takes a login.', {
    hint: 'Open the address that "client web" prints.',
  });

const notAllowed = (methods: readonly string[]): HttpError =>
  new HttpError(405, 'usage', `This address takes ${methods.join(', ')}.`, { headers: { Allow: methods.join(', ') } });
