// The methods that server-a offers to clients. Queries read the pair as it is; everything that acts goes through the
// session.

import { SyncError } from '../../core/errors.js';
import type { Lock } from '../../core/locks/records.js';
import type { Side } from '../../core/path.js';
import type { LocalReplica } from '../../disk/local-replica.js';
import type { ServerFacts, VersionReader } from '../../replica.js';
import { type ClientMethods, PROTOCOL_VERSION, type Status, type Target } from '../../wire/client-api/methods.js';
import { clientParams } from '../../wire/client-api/params.js';
import type { IncomingCall, Method } from '../../wire/rpc/responder.js';
import type { FilesContext } from '../files/context.js';
import { Resolving } from '../files/resolve-conflict.js';
import { Restoring } from '../files/restore-version.js';
import { UsageOfVersions } from '../files/version-usage.js';
import { heldRows, lockRows } from '../locks/answers.js';
import type { Naming } from '../peer/naming.js';
import { Audit } from './audit.js';
import { checkIgnore } from './check-ignore.js';
import { admit } from './door.js';
import { EventLogQuery, type LoggedEvents } from './event-log-query.js';
import { fileHandlers } from './file-methods.js';
import { ServeLocks } from './lock-methods.js';
import { addressOfPage, type Page } from './page.js';
import { PlanQuery } from './plan-query.js';
import { ClientQueries, type ShownPair, streamed } from './queries.js';
import { versionHandlers } from './version-methods.js';
import { serveWatch } from './watching.js';

const FLUSH_MS = 60_000;

interface ServedPair extends ShownPair {
  /** Side a, where client writes take place. */
  readonly local: FilesContext['local'] & { readonly scanner: Pick<LocalReplica['scanner'], 'ignoreFile'> };
  /** The replica of a side; null while it is disconnected. */
  readonly replica: FilesContext['replica'];
  /** Reads the versions of a side; null while it is disconnected. */
  readonly versionReader: (side: Side) => VersionReader | null;
  /** The ids of both roots; null while side b is not known. */
  readonly roots: () => { readonly a: string; readonly b: string | null };
  readonly version: string;
  /** What is known of server-b; null while it is disconnected. */
  readonly serverB: () => ServerFacts | null;
  readonly naming?: Pick<Naming, 'given'>;
  /** Where what clients do is recorded before it is done. */
  readonly audit: { write(line: object): Promise<void> };
  /** Where the page is served; null where it is not. */
  readonly page: () => Page | null;
  /** What the server has said. */
  readonly events: LoggedEvents;
}

type Params<M extends keyof ClientMethods> = ClientMethods[M]['params'];

/** Answers clients. */
export class ClientServer {
  readonly #served: ServedPair;

  readonly #queries: ClientQueries;
  readonly #files: ReturnType<typeof fileHandlers>;
  readonly #restoring: Restoring;
  readonly #resolving: Resolving;
  readonly #locks: ServeLocks;
  readonly #usage: UsageOfVersions;
  readonly #audit: Audit;

  constructor(served: ServedPair) {
    this.#served = served;

    const { session, pair, local, versionReader } = served;
    this.#queries = new ClientQueries(served);
    const pathOf = (target: Target) => this.#queries.pathOf(target);
    const settled = (target: Target) => this.#queries.settled(target);
    this.#audit = new Audit({ ...served, log: served.audit, settled });
    this.#usage = new UsageOfVersions(versionReader);
    this.#restoring = new Restoring({ writes: session.writes, versionReader });
    this.#files = fileHandlers({ ...served, writes: session.writes }, pathOf, this.#restoring);
    this.#locks = new ServeLocks({ lockService: session.lockService, lockState: served.lockState, pathOf });
    this.#resolving = new Resolving({ pair, writes: session.writes, local, files: () => this.#queries.files() });
  }

  /** The methods; they are the same for every connection. */
  methods(): Record<string, Method> {
    const { session, lockState, local, events } = this.#served;
    const eventLog = new EventLogQuery(events);
    const plans = new PlanQuery(() => session.preview());
    const appOf = ({ side, path }: Lock) => session.lockService.automatic.appAt(side, path);
    const handlers: { [M in keyof ClientMethods]: (params: Params<M>, call: IncomingCall) => Promise<object> } = {
      hello: async (params) => this.#hello(params),
      ping: async () => ({}),
      list: (params, call) => this.#queries.list(params, call),
      locks: async (_params, call) => ({ locks: await streamed(call, lockRows(lockState.table, appOf)) }),
      held: async ({ target }, call) => {
        const only = target === undefined ? null : this.#queries.pathOf(target);
        return { held: await streamed(call, heldRows(lockState.table, only)) };
      },
      lock: (params, call) => this.#locks.lock(params, call),
      unlock: (params) => this.#locks.unlock(params),
      ask: (params) => this.#locks.ask(params),
      notices: async ({ owner, all = false }) => ({ notices: this.#locks.notices(owner, all) }),
      ...versionHandlers(this.#served, this.#restoring, (target) => this.#queries.pathOf(target)),
      ...this.#files,
      checkIgnore: async ({ path }) => checkIgnore(path, this.#served.pair, () => local.scanner.ignoreFile()),
      conflicts: async (_params, call) => ({ conflicts: await streamed(call, this.#resolving.conflicts()) }),
      resolve: async ({ target, owner, keep }) => this.#resolving.resolve(this.#queries.pathOf(target), keep, owner),
      plan: (_params, call) => plans.plan(call),
      transfers: async () => session.status.transfers(),
      status: async ({ servers = false }) => ({
        ...this.#queries.status(),
        versions: await this.#usage.read(),
        ...namesIn(this.#served.naming),
        ...(servers && { servers: { a: { version: this.#served.version }, b: this.#served.serverB() } }),
      }),
      // A client behind a pipe has closed its sending direction and still waits for the answer: only the time limit
      // counts.
      flush: async ({ timeoutMs = FLUSH_MS }) => {
        await session.flush(AbortSignal.timeout(timeoutMs));
        const { held, problems } = this.#queries.status();
        return { flushed: true, held, problems: problems.length };
      },
      rescan: async () => {
        session.rescan();
        return { rescanning: true };
      },
      web: async ({ owner }, { connection }) => addressOfPage(this.#served.page(), connection.person ?? null, owner),
      pause: async ({ owner }) => ({ changed: await session.pause(true, owner) }),
      resume: async ({ owner, ...confirmation }) => {
        const accepted = Object.values(confirmation).includes(true) && (await session.confirm(confirmation, owner));
        const resumed = await session.pause(false, owner);
        if (session.halt !== null && !accepted) throw session.halt;
        return { changed: resumed || accepted };
      },
      watch: (params, call) => serveWatch(events.history, params, call),
      log: ({ target, prefix, since, ageMs }, call) => {
        const path = target === undefined ? undefined : this.#queries.pathOf(target);
        return eventLog.log({ path, prefix, since: laterOf(since, ageMs) }, call);
      },
    };
    return Object.fromEntries(
      Object.entries(handlers).map(([word, handle]) => {
        const name = word as keyof ClientMethods;
        // biome-ignore lint/suspicious/noExplicitAny: the schema of the method has checked them
        const atDoor = async (params: any, call: IncomingCall) => {
          const admitted = admit(name, params, call.connection);
          return handle(await this.#audit.record(name, admitted, call.connection), call);
        };
        return [name, { params: clientParams[name], handle: atDoor }];
      }),
    );
  }

  #hello({ protocol, role }: Params<'hello'>): object {
    if (role === 'peer') {
      throw new SyncError('not-allowed', 'This is a server-a; another server-a has nothing to say to it.', {
        hint: 'Give --peer the address of a server-b (its port is 8081 by default).',
      });
    }
    if (protocol !== PROTOCOL_VERSION) {
      throw new SyncError('bad-message', `This server speaks protocol ${PROTOCOL_VERSION}, not ${protocol}.`, {
        hint: 'Use a client of the same version.',
      });
    }
    return { protocol: PROTOCOL_VERSION, server: 'a', version: this.#served.version, roots: this.#served.roots() };
  }
}

/** @returns the later of a time and so many milliseconds ago, in UTC; undefined where neither is given. */
function laterOf(since: string | undefined, ageMs: number | undefined): string | undefined {
  const times = [
    ...(since === undefined ? [] : [Date.parse(since)]),
    ...(ageMs === undefined ? [] : [Date.now() - ageMs]),
  ];
  return times.length === 0 ? undefined : new Date(Math.max(...times)).toISOString();
}

/** Nothing where no side has a name. */
const namesIn = (naming: Pick<Naming, 'given'> | undefined): Partial<Pick<Status, 'names'>> =>
  naming === undefined || Object.keys(naming.given).length === 0 ? {} : { names: naming.given };
