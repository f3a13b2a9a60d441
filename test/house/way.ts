// How many files a reader has to pass on two ways through the program: those of which a function really runs, as the
// engine counts it, from a write in side b to the file on side a, and from a client's asking for a lock to its answer.

import fs from 'node:fs';
import inspector from 'node:inspector/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '../../src/client/client.js';
import type { SyncEvent } from '../../src/core/events.js';
import type { Logger } from '../../src/log.js';
import { startServerA } from '../../src/sync/server-a.js';
import { startServerB } from '../../src/sync/server-b.js';

export interface Ways {
  /** Files on the way from a change in directory_b to the file in directory_a. */
  readonly hintToFile: readonly string[];
  /** Files on the way from a client's request for a lock to the answer, which comes once the journal has it. */
  readonly lockToJournal: readonly string[];
}

/** Runs a pair in this process, on directories of its own, and follows both ways. */
export async function followWays(): Promise<Ways> {
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-house-'));
  const said = new Said();
  const common = { host: '127.0.0.1', port: 0, ignore: [], version: '0.0.0', log: said.log };
  for (const name of ['a', 'b']) fs.mkdirSync(path.join(place, name));
  const b = await startServerB({ ...common, dir: path.join(place, 'b') });
  const inSync = said.until('in-sync');
  const peer = { host: '127.0.0.1', port: b.port };
  const a = await startServerA({ ...common, dir: path.join(place, 'a'), peer, rescanMs: 3_600_000 });
  await inSync;
  const client = await Client.connect({ server: `127.0.0.1:${a.port}`, user: 'reader' });
  const coverage = await Coverage.start();
  const hintToFile = await coverage.of(async () => {
    const synced = said.until('synced');
    fs.writeFileSync(path.join(place, 'b', 'plan.txt'), 'a plan');
    await synced;
  });
  await client.flush();
  const lockToJournal = await coverage.of(async () => void (await client.lock(['plan.txt'])));
  client.close();
  await a.stop();
  await b.stop();
  fs.rmSync(place, { recursive: true });
  return { hintToFile, lockToJournal };
}

/** What the servers say, for whoever waits for it. */
class Said {
  #waiting: { readonly event: SyncEvent['event']; readonly done: () => void }[] = [];

  readonly log: Logger = {
    event: ({ event }) => {
      const due = this.#waiting.filter((one) => one.event === event);
      this.#waiting = this.#waiting.filter((one) => one.event !== event);
      for (const { done } of due) done();
    },
    detail: () => {},
    warn: () => {},
  };

  until(event: SyncEvent['event']): Promise<void> {
    return new Promise((done) => this.#waiting.push({ event, done }));
  }
}

/** Which source files run. */
class Coverage {
  readonly #session: inspector.Session;

  private constructor(session: inspector.Session) {
    this.#session = session;
  }

  static async start(): Promise<Coverage> {
    const session = new inspector.Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    return new Coverage(session);
  }

  /** @returns the files of which a named function runs during `act`. */
  async of(act: () => Promise<void>): Promise<string[]> {
    await this.#session.post('Profiler.takePreciseCoverage');
    await act();
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    const sources = fileURLToPath(new URL('../../src/', import.meta.url));
    const ran = result.filter(({ functions }) =>
      functions.some(({ functionName, ranges }) => functionName !== '' && ranges[0]!.count > 0),
    );
    const files = ran.map(({ url }) => (url.startsWith('file:') ? fileURLToPath(url) : url));
    return files
      .filter((file) => file.startsWith(sources))
      .map((file) => file.slice(sources.length))
      .sort();
  }
}
