// Looks at a pair as people do, all at once: `status`, `list`, `locks`, the events, and the live view on a terminal of
// 80×24. It asks over connections of its own and finds server-a again when it was away.
import { Command } from 'commander';
import { Connections } from '../../src/cli/connections.js';
import { contextFor } from '../../src/cli/context.js';
import { live } from '../../src/cli/live/live.js';
import type { Window } from '../../src/cli/live/window.js';
import { PLAIN_NAMES } from '../../src/cli/program-name.js';
import { Client } from '../../src/client/client.js';
import { memory } from '../cli/fake-context.js';
import type { Shown } from './observer.js';

/** The events that say how the pair stands. */
const STANDING: ReadonlySet<string> = new Set([
  ...['peer-connected', 'peer-lost', 'halted', 'resumed', 'paused', 'syncing', 'in-sync'],
]);

export class Onlooker {
  readonly #server: () => string;
  readonly #over = new AbortController();
  readonly #lines: string[] = [];
  readonly #view: Promise<unknown>;
  readonly #connections: Connections<Client>;
  #client: Client | null = null;
  #event: string | null = null;
  #pieces = 0;
  /** How many events have come, by name. */
  readonly heard = new Map<string, number>();

  private constructor(server: () => string) {
    this.#server = server;
    this.#connections = new Connections((_server, user) => Client.connect({ server: server(), user }));
    this.#view = live(this.#context(), this.#window());
  }

  /** @param server where server-a listens at present. */
  static async open(server: () => string): Promise<Onlooker> {
    const onlooker = new Onlooker(server);
    await onlooker.#connect();
    return onlooker;
  }

  /** @returns what is shown now; of a server-a that does not answer, only the view. */
  async look(): Promise<Shown> {
    const nothing = { status: null, entries: null, transfers: [], percent: 0, waiters: null };
    const before = await this.#piecesHeard();
    const answers = await this.#ask().catch(() => nothing);
    const after = await this.#piecesHeard();
    const pieces = before === after ? after : null;
    return { ...answers, view: [...this.#lines], event: this.#event, pieces };
  }

  /** Every event counts that came before the last answer: it has only to be taken out of its queue. */
  async #piecesHeard(): Promise<number> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.#pieces;
  }

  async close(): Promise<void> {
    this.#over.abort();
    this.#client?.close();
    this.#connections.close();
    await this.#view;
  }

  async #ask(): Promise<Omit<Shown, 'view' | 'event' | 'pieces'>> {
    const client = this.#client ?? (await this.#connect());
    const asked = [client.status(), client.list(), client.transfers(), client.locks()] as const;
    const [status, { entries }, { transfers, percent }, { locks }] = await Promise.all(asked);
    const waiters = locks.flatMap(({ waiting }) => waiting.map(({ owner }) => owner));
    return { status, entries, transfers, percent, waiters };
  }

  async #connect(): Promise<Client> {
    const client = await Client.connect({ server: this.#server(), user: 'onlooker' });
    this.#client = client;
    this.#event = null;
    this.#pieces++;
    void this.#listen(client);
    return client;
  }

  async #listen(client: Client): Promise<void> {
    try {
      for await (const { event } of client.events(this.#over.signal)) {
        this.heard.set(event, (this.heard.get(event) ?? 0) + 1);
        if (STANDING.has(event)) this.#event = event;
        if (event === 'in-sync') this.#pieces++;
      }
    } catch {
      // The connection is over: the next scan makes another one.
    }
    if (this.#client === client) this.#client = null;
  }

  #context() {
    return contextFor(
      {
        ...{
          env: { NO_COLOR: '1' },
          names: PLAIN_NAMES,
          out: () => {},
          err: () => {},
          bytes: async () => {},
          flush: () => {},
          shown: memory(),
          signal: this.#over.signal,
        },
        connect: this.#connections.get.bind(this.#connections),
        ...{ stdin: () => process.stdin, stdinIsTerminal: true, stdoutIsTerminal: true, columns: 80 },
      } as Parameters<typeof contextFor>[0],
      { as: 'viewer' },
      { run: async () => 0, commands: () => new Command() },
    );
  }

  /** A terminal that keeps its lines. */
  #window(): Window {
    return {
      size: () => ({ columns: 80, rows: 24 }),
      ...{ onKey: () => {}, onResize: () => {}, onEnd: () => {} },
      write: (text) => {
        if (text.includes('\u001b[2J')) this.#lines.length = 0;
        for (const [, y, line] of text.matchAll(/\u001b\[(\d+);1H([^\u001b]*)/g)) this.#lines[Number(y) - 1] = line!;
      },
    };
  }
}
