// Both servers in this process, for tests that start them hundreds of times.
import fs from 'node:fs';
import path from 'node:path';
import type { NumberedEvent, SyncEvent } from '../../src/core/events.js';
import type { RunningServer, RunningServerA } from '../../src/sync/running-server.js';
import { type ServerAOptions, startServerA } from '../../src/sync/server-a.js';
import { startServerB } from '../../src/sync/server-b.js';
import { portToKeep } from './ports.js';
import { makeRoot, removeRoot } from './trees.js';

export class BothServers {
  readonly directory = makeRoot('both');
  readonly a = path.join(this.directory, 'a');
  readonly b = path.join(this.directory, 'b');
  /** What was said since the last start. */
  events: NumberedEvent[] = [];
  warnings: string[] = [];
  /** What server-b said since the last start; the events of server-a are among them. */
  eventsAtB: SyncEvent[] = [];
  /** Resolves if server-a fails by itself. */
  failed: Promise<Error> = new Promise(() => {});
  /** Where server-a listens. */
  port = 0;
  /** Where server-b listens. */
  portB = 0;
  /** Server-a, once it runs. */
  serverA!: RunningServerA;
  #running: RunningServer[] = [];
  #startB: () => Promise<RunningServer> = () => Promise.reject(new Error('not started'));
  #wake: () => void = () => {};

  constructor() {
    fs.mkdirSync(this.a);
    fs.mkdirSync(this.b);
  }

  /** @param dirs other directories than `a` and `b`. */
  async start(more: Partial<ServerAOptions> = {}, dirs = { a: this.a, b: this.b }): Promise<void> {
    this.events = [];
    this.eventsAtB = [];
    this.warnings = [];
    const common = { host: '127.0.0.1', port: 0, ignore: [], version: 'test' };
    const warn = (text: string) => void this.warnings.push(text);
    const log = { event: () => {}, detail: () => {}, warn };
    const event = (said: NumberedEvent) => {
      this.events.push(said);
      this.#wake();
    };
    const atB = (said: SyncEvent) => {
      this.eventsAtB.push(said);
      this.#wake();
    };
    const optionsB = { ...common, dir: dirs.b, port: await portToKeep(), log: { ...log, event: atB } };
    const b = await startServerB(optionsB);
    this.#startB = () => startServerB(optionsB);
    this.#running.push(b);
    this.portB = b.port;
    const peer = { host: '127.0.0.1', port: b.port };
    const optionsA = { ...common, dir: dirs.a, peer, rescanMs: 60_000, log: { ...log, event } };
    const a = await startServerA({ ...optionsA, ...more });
    this.#running.push(a);
    this.serverA = a;
    this.port = a.port;
    this.failed = a.failed;
  }

  /** Resolves when one of these has been said since the last start. */
  async said(...words: SyncEvent['event'][]): Promise<void> {
    await this.#until(() => this.events.some(({ event }) => words.includes(event)));
  }

  /** Resolves when server-b has said one of these since the last start, by itself or for server-a. */
  async heardAtB(...words: SyncEvent['event'][]): Promise<void> {
    await this.#until(() => this.eventsAtB.some(({ event }) => words.includes(event)));
  }

  async #until(is: () => boolean): Promise<void> {
    while (!is()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Ends side b alone. */
  async stopB(): Promise<void> {
    await this.#running.shift()!.stop();
  }

  /** Ends side a alone. */
  async stopA(): Promise<void> {
    await this.#running.pop()!.stop();
  }

  /** What server-a draws of its progress. */
  progress(): ReturnType<NonNullable<RunningServer['progress']>> | undefined {
    return this.#running.at(-1)!.progress?.();
  }

  /** Starts side b again, at the same port. */
  async startB(): Promise<void> {
    this.#running.unshift(await this.#startB());
  }

  async stop(): Promise<void> {
    for (const server of this.#running.splice(0)) await server.stop();
  }

  async close(): Promise<void> {
    await this.stop();
    removeRoot(this.directory);
  }
}
