// Lockstep: both servers as the user starts them, and a client that asks for a flush.
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from '../../../src/index.js';
import type { Place } from '../place.js';
import type { Running } from '../processes.js';
import { freePort } from '../wire.js';
import { BasePair, firstLine } from './base.js';
import type { Program } from './program.js';

/** Whose programs run: this checkout's, or a built copy of it that nobody rebuilds meanwhile. */
export const project = process.env.LOCKSTEP_TEST_PROJECT ?? process.cwd();
const EVENT_MS = 600_000;

/** @returns the path of one of Lockstep's programs, which node runs. */
export const programFile = (name: 'client' | 'server-a' | 'server-b'): string => path.join(project, 'bin', name);

export const lockstep: Program = {
  name: 'lockstep',
  version: () => firstLine(process.execPath, programFile('client'), '--version'),
  flags: 'server-a and server-b without options',
  durability: 'every file and its directory',
  isLive: true,
  prepare: async (place, isCounted) => new LockstepPair(place, isCounted),
};

export const lockstepWithoutFsync: Program = {
  ...lockstep,
  name: 'lockstep --no-fsync',
  flags: 'server-a and server-b with --no-fsync',
  durability: 'nothing',
  prepare: async (place, isCounted) => new LockstepPair(place, isCounted, ['--no-fsync']),
};

/** The two servers. */
export class LockstepPair extends BasePair {
  /** Where server-a listens. */
  port = 0;
  serverA!: Running;
  serverB!: Running;
  readonly #flags: readonly string[];
  readonly #flagsOfA: readonly string[];
  #client: Client | null = null;

  /** @param flags of both servers. @param flagsOfA of server-a besides. */
  constructor(place: Place, isCounted = false, flags: readonly string[] = [], flagsOfA: readonly string[] = []) {
    super(place, isCounted);
    this.#flags = flags;
    this.#flagsOfA = flagsOfA;
  }

  /** Starts both at once, as a machine does that has been switched on. */
  async start(): Promise<void> {
    const port = await freePort();
    const peer = await this.through(port);
    this.serverB = this.#server('server-b', ['--dir', this.b, '--port', String(port)]);
    this.serverA = this.#server('server-a', [
      '--dir',
      this.a,
      '--port',
      '0',
      '--peer',
      `127.0.0.1:${peer}`,
      ...this.#flagsOfA,
    ]);
    this.port = await inSync(this.serverA);
  }

  async sync(): Promise<void> {
    const client = await this.client();
    await client.flush({ timeoutMs: EVENT_MS });
  }

  /** @returns a connection to server-a, the same one each time. */
  async client(): Promise<Client> {
    this.#client ??= await Client.connect({ server: `127.0.0.1:${this.port}`, user: 'bench' });
    return this.#client;
  }

  override async stop(): Promise<void> {
    this.#client?.close();
    this.#client = null;
    await super.stop();
  }

  #server(program: 'server-a' | 'server-b', args: readonly string[]): Running {
    return this.launch(process.execPath, [programFile(program), '--log', 'json', ...args, ...this.#flags]);
  }
}

/** Resolves when server-a says for the first time that both sides are in sync. @returns its port. */
async function inSync(server: Running): Promise<number> {
  const lines = createInterface({ input: server.child.stdout! });
  let port = 0;
  const said = new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('server-a is not in sync')), EVENT_MS);
    lines.on('line', (line) => {
      const { event, ...facts } = JSON.parse(line) as { event: string; port?: number };
      if (event === 'listening') port = facts.port!;
      if (event !== 'in-sync') return;
      clearTimeout(timer);
      resolve(port);
    });
    void server.ended.then((last) => {
      clearTimeout(timer);
      reject(new Error(`server-a ended: ${last}`));
    });
  });
  return said;
}
