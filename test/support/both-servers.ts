// Both servers in this process, for tests that start them hundreds of times.
import fs from 'node:fs';
import path from 'node:path';
import type { SyncEvent } from '../../src/core/events.js';
import { type RunningServer, startServerA } from '../../src/sync/server-a.js';
import { startServerB } from '../../src/sync/server-b.js';
import { makeRoot, removeRoot } from './trees.js';

export class BothServers {
  readonly directory = makeRoot('both');
  readonly a = path.join(this.directory, 'a');
  readonly b = path.join(this.directory, 'b');
  /** What was said since the last start. */
  events: SyncEvent[] = [];
  warnings: string[] = [];
  /** Where server-a listens. */
  port = 0;
  #running: RunningServer[] = [];
  #wake: () => void = () => {};

  constructor() {
    fs.mkdirSync(this.a);
    fs.mkdirSync(this.b);
  }

  async start(): Promise<void> {
    this.events = [];
    this.warnings = [];
    const common = { host: '127.0.0.1', port: 0, ignore: [], version: 'test' };
    const warn = (text: string) => void this.warnings.push(text);
    const log = { event: () => {}, detail: () => {}, warn };
    const event = (said: SyncEvent) => {
      this.events.push(said);
      this.#wake();
    };
    const b = await startServerB({ ...common, dir: this.b, log });
    this.#running.push(b);
    const peer = { host: '127.0.0.1', port: b.port };
    const a = await startServerA({ ...common, dir: this.a, peer, rescanMs: 60_000, log: { ...log, event } });
    this.#running.push(a);
    this.port = a.port;
  }

  /** Resolves when one of these has been said since the last start. */
  async said(...words: SyncEvent['event'][]): Promise<void> {
    while (!this.events.some(({ event }) => words.includes(event))) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Ends side b alone. */
  async stopB(): Promise<void> {
    await this.#running.shift()!.stop();
  }

  async stop(): Promise<void> {
    for (const server of this.#running.splice(0)) await server.stop();
  }

  async close(): Promise<void> {
    await this.stop();
    removeRoot(this.directory);
  }
}
