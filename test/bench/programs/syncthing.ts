// Syncthing: two nodes that know only each other, over TLS, asked through its REST interface. A scan is asked for where the
// others are told to synchronise; else its watcher, set to its shortest delay, finds the changes.
import { setTimeout as delay } from 'node:timers/promises';
import type { Place } from '../place.js';
import { type Running, runToEnd } from '../processes.js';
import { firstDifference } from '../trees.js';
import { freePort } from '../wire.js';
import { BasePair, firstLine } from './base.js';
import type { Program } from './program.js';
import { API_KEY, FOLDER, type Node, writeConfig } from './syncthing-config.js';

const READY_MS = 300_000;
const POLL_MS = 20;

export const syncthing: Program = {
  name: 'syncthing',
  version: () => firstLine('syncthing', '--version')?.replace(/ \(.*/, '') ?? null,
  flags: 'serve, TLS, fsWatcherDelayS 1, no discovery, no relays, no usage reports',
  durability: 'every file and its directory',
  isLive: true,
  prepare: async (place, isCounted) => {
    const pair = new SyncthingPair(place, isCounted);
    await pair.generate();
    return pair;
  },
};

interface FolderStatus {
  readonly state: string;
  readonly needTotalItems: number;
}

class SyncthingPair extends BasePair {
  readonly #nodes: { readonly a: Node; readonly b: Node };

  constructor(place: Place, isCounted = false) {
    super(place, isCounted);
    const node = (side: 'a' | 'b'): Node => {
      return { home: place.fresh(`syncthing-${side}`), root: this[side], id: '', port: 0, api: 0 };
    };
    this.#nodes = { a: node('a'), b: node('b') };
  }

  /** Makes the keys, from which the ids follow. */
  async generate(): Promise<void> {
    for (const node of Object.values(this.#nodes)) {
      await runToEnd('syncthing', ['generate', '--no-default-folder', '--home', node.home]);
      node.id = (await runToEnd('syncthing', ['serve', '--device-id', '--home', node.home])).trim();
    }
  }

  async start(): Promise<void> {
    const { a, b } = this.#nodes;
    for (const node of [a, b]) [node.port, node.api] = [await freePort(), await freePort()];
    writeConfig(b, a, null);
    writeConfig(a, b, await this.through(b.port));
    const running = [this.#serve(b), this.#serve(a)];
    for (const [i, node] of [b, a].entries()) await this.#until(running[i]!, () => isScanned(node));
    await this.#until(running[1]!, () => isConnected(a));
    await this.#untilEqual();
  }

  async sync(): Promise<void> {
    const { a } = this.#nodes;
    await ask(a, `db/scan?folder=${FOLDER}`, 'POST');
    await this.#untilEqual();
  }

  #serve({ home }: Node): Running {
    // Without this variable a process that restarts it would stand above it.
    const env = { ...process.env, STMONITORED: 'yes', STNODEFAULTFOLDER: '1' };
    return this.launch('syncthing', ['serve', '--no-browser', '--home', home], env);
  }

  /** Asks it first, because the comparison from outside takes long where there are many files. */
  async #untilEqual(): Promise<void> {
    const { a, b } = this.#nodes;
    const isEqual = async () => {
      for (const node of [b, a]) {
        const { state, needTotalItems } = (await ask(node, `db/status?folder=${FOLDER}`)) as FolderStatus;
        if (state !== 'idle' || needTotalItems > 0) return false;
      }
      return firstDifference(this.a, this.b) === null;
    };
    await this.#until(this.running[0]!, isEqual);
  }

  async #until(running: Running, is: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + READY_MS;
    while (!(await is().catch(() => false))) {
      if (running.isOver) throw new Error(`syncthing ended: ${await running.ended}`);
      if (performance.now() > end) throw new Error('syncthing is not ready');
      await delay(POLL_MS);
    }
  }
}

interface Event {
  readonly type: string;
  readonly data: { readonly from?: string; readonly to?: string };
}

/** Whether the scan that follows a start is over. Only without a filter does it tell what happened before it was asked. */
async function isScanned(node: Node): Promise<boolean> {
  const events = (await ask(node, 'events?since=0&timeout=1')) as Event[];
  return events.some(({ type, data }) => type === 'StateChanged' && data.from === 'scanning' && data.to === 'idle');
}

async function isConnected(node: Node): Promise<boolean> {
  const { connections } = (await ask(node, 'system/connections')) as {
    connections: Record<string, { connected: boolean }>;
  };
  return Object.values(connections).some(({ connected }) => connected);
}

async function ask({ api }: Node, what: string, method = 'GET'): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${api}/rest/${what}`, { method, headers: { 'X-API-Key': API_KEY } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`syncthing refused ${what}: ${text}`);
  return text === '' ? null : JSON.parse(text);
}
