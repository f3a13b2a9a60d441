// Many clients at once on few files, with real servers: every content that anybody reads is one that somebody uploaded,
// whole; every refusal is explained by what others did; the servers' memory stays flat. One seed drives all choices.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Client } from '../../src/client/client.js';
import type { SyncError } from '../../src/core/errors.js';
import type { PairOfPrograms } from '../support/programs.js';

export interface LoadOptions {
  readonly clients: number;
  readonly seconds: number;
  readonly files: number;
  /** Sizes go from 1 KiB to this many bytes, small ones more often. */
  readonly maxBytes: number;
  readonly seed: number;
}

export interface Report {
  readonly seed: number;
  readonly done: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  /** What nobody can explain. */
  readonly faults: readonly string[];
  readonly bytes: number;
  /** What a probe said, see `probe.mjs`. */
  readonly probe: object;
  /** Resident MiB of server-a and server-b: after the first quarter, and the most later. */
  readonly memory: readonly { readonly settled: number; readonly most: number }[];
}

/** A generator of numbers in [0, 1): mulberry32. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const BLOCK = 256 << 10;
/** How long the server waits for what is under way on a path. */
const PATIENCE_MS = 20_000;
/** What is done at least once, however slow the machine is. */
export const ALWAYS_DONE = ['upload', 'download', 'list'] as const;

/** Pieces of a content that is like no other. */
function* contentOf(id: number, size: number): Generator<Buffer> {
  for (let at = 0; at < size; at += BLOCK) {
    const piece = Buffer.alloc(Math.min(BLOCK, size - at), `${id}:${at};`);
    yield piece;
  }
}

/** Runs the load. */
export class Load {
  readonly #pair: PairOfPrograms;
  readonly #options: LoadOptions;

  readonly #known = new Set<string>();
  readonly #everThere = new Set<string>();
  readonly #everGone = new Set<string>();
  /** Grants of each path, with their ends. */
  readonly #grants: { path: string; owner: string; from: number; to: number }[] = [];
  readonly #done: Record<string, number> = {};
  readonly #refused: Record<string, number> = {};
  readonly #faults: string[] = [];
  #contents = 0;
  #bytes = 0;
  #over = false;

  constructor(pair: PairOfPrograms, options: LoadOptions) {
    this.#pair = pair;
    this.#options = options;
  }

  async run(): Promise<Report> {
    const { clients, seconds, seed } = this.#options;
    const end = performance.now() + seconds * 1000;
    const people = await Promise.all(Array.from({ length: clients }, (_, n) => this.#connect(`user${n}`)));
    const probe = startProbe(this.#pair.portA);
    const memory = this.#watchMemory(end);
    await Promise.all(people.map((client, n) => this.#live(client, chance(seed * 1_000 + n), end)));
    this.#over = true;
    const told = await probe.stop();
    for (const client of people) client.close();
    const last = await this.#connect('last');
    await last.flush({ timeoutMs: 180_000 });
    await this.#checkEnd(last);
    last.close();
    const done = this.#done;
    const refused = this.#refused;
    const faults = this.#faults;
    const bytes = this.#bytes;
    return { seed, done, refused, faults, bytes, probe: told, memory: await memory };
  }

  #connect(user: string): Promise<Client> {
    return Client.connect({ server: `127.0.0.1:${this.#pair.portA}`, user });
  }

  async #live(client: Client, random: () => number, end: number): Promise<void> {
    while (performance.now() < end || ALWAYS_DONE.some((what) => this.#done[what] === undefined)) {
      const path = `d${Math.floor(random() * 4)}/f${Math.floor(random() * this.#options.files)}`;
      const other = `d${Math.floor(random() * 4)}/f${Math.floor(random() * this.#options.files)}`;
      const dice = random();
      const since = performance.now();
      try {
        if (dice < 0.3) await this.#upload(client, path, random);
        else if (dice < 0.62) await this.#download(client, path);
        else if (dice < 0.72) await this.#rename(client, path, other);
        else if (dice < 0.8) await this.#remove(client, path);
        else if (dice < 0.88) await this.#lockAWhile(client, path);
        else await this.#list(client);
      } catch (error) {
        this.#explain(error as SyncError, client.user, [path, other], since);
      }
    }
  }

  #note(what: string): void {
    this.#done[what] = (this.#done[what] ?? 0) + 1;
  }

  async #upload(client: Client, path: string, random: () => number): Promise<void> {
    const { maxBytes } = this.#options;
    const size = Math.floor(1024 * (maxBytes / 1024) ** (random() ** 1.5));
    const id = ++this.#contents;
    const hash = createHash('sha256');
    for (const piece of contentOf(id, size)) hash.update(piece);
    this.#known.add(hash.digest('hex'));
    this.#everThere.add(path);
    await client.upload(contentOf(id, size), path, { size, overwrite: random() < 0.8 });
    this.#bytes += size;
    this.#note('upload');
  }

  async #download(client: Client, path: string): Promise<void> {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const piece of client.read(path)) {
      hash.update(piece);
      bytes += piece.length;
    }
    this.#bytes += bytes;
    if (!this.#known.has(hash.digest('hex'))) this.#faults.push(`${path}: nobody uploaded what ${client.user} read`);
    this.#note('download');
  }

  async #rename(client: Client, from: string, to: string): Promise<void> {
    this.#everGone.add(from);
    this.#everThere.add(to);
    await client.rename(from, to, { overwrite: false });
    this.#note('rename');
  }

  async #remove(client: Client, path: string): Promise<void> {
    this.#everGone.add(path);
    const [result] = await client.remove([path]);
    if (result !== undefined && 'error' in result) throw result.error;
    this.#note('delete');
  }

  async #lockAWhile(client: Client, path: string): Promise<void> {
    const grant = { path, owner: client.user, from: performance.now(), to: Number.POSITIVE_INFINITY };
    this.#grants.push(grant);
    const [result] = await client.lock([path]);
    if (result === undefined || 'error' in result) {
      grant.to = performance.now();
      throw result?.error;
    }
    await client.list();
    await client.unlock([path]);
    grant.to = performance.now();
    this.#note('lock');
  }

  async #list(client: Client): Promise<void> {
    await client.list();
    this.#note('list');
  }

  /** A refusal has to follow from what somebody did. */
  #explain({ code, message }: SyncError, user: string, paths: readonly string[], since: number): void {
    this.#refused[code] = (this.#refused[code] ?? 0) + 1;
    const isExplained =
      (code === 'not-found' && paths.some((path) => this.#everGone.has(path) || !this.#isSure(path))) ||
      (code === 'exists' && paths.some((path) => this.#everThere.has(path))) ||
      (code === 'locked' &&
        this.#grants.some(({ path, owner, to }) => owner !== user && paths.includes(path) && to >= since)) ||
      // What is being carried to the other side is waited for, but not for ever.
      (code === 'busy' && performance.now() - since >= PATIENCE_MS);
    if (!isExplained) this.#faults.push(`${user}: ${code} ${message}`);
  }

  /** Whether an upload to it must have been done by now: none is sure while all are under way. */
  #isSure(path: string): boolean {
    return this.#everThere.has(path) && !this.#everGone.has(path) && this.#over;
  }

  async #checkEnd(client: Client): Promise<void> {
    for (const { path, on } of (await client.list()).entries) {
      if (on !== 'both') this.#faults.push(`${path} is only in ${on} after the flush`);
      if (path !== 'probe') await this.#download(client, path);
    }
  }

  async #watchMemory(end: number): Promise<Report['memory']> {
    const { serverA, serverB } = this.#pair;
    const samples: number[][] = [[], []];
    while (performance.now() < end) {
      for (const [n, { pid }] of [serverA, serverB].entries()) samples[n]!.push(residentMiB(pid));
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    return samples.map((of) => {
      const quarter = Math.ceil(of.length / 4);
      return { settled: Math.max(...of.slice(0, quarter)), most: Math.max(...of.slice(quarter)) };
    });
  }
}

function residentMiB(pid: number): number {
  const [kib] = /VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.slice(1) ?? ['0'];
  return Math.round(Number(kib) / 1024);
}

/** Starts a process that asks for short answers. @returns how to end it, which gives what it says. */
export function startProbe(port: number): { stop(): Promise<object> } {
  const script = path.join(import.meta.dirname, 'probe.mjs');
  const child = spawn(process.execPath, [script, `127.0.0.1:${port}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  return {
    async stop() {
      child.stdin.end();
      await ended;
      return JSON.parse(said) as object;
    },
  };
}
