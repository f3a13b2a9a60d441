// How many files a reader has to pass on two ways through the program. A file counts where the engine says that one of its
// functions has run, named ones: what a file runs when it is loaded is not on the way.
//
//   a round              a flush of a pair that is at rest: the client's request over the wire, one turn of the session, a
//                        scan of either side and its report, the answer. Whoever knows the program knows these files, and
//                        every way leads through most of them.
//   hint on b → file on a   from a write in directory_b until the file has its name in directory_a
//   lock request → journal  from the client's call until the lock is durable on disk
//
// The limits are for the files of a way that are not in a round: what somebody has to read for this one thing. What runs
// after the end of a way (records, events, answers) is not in it. The sums with the files of a round are told as well.

import fs from 'node:fs';
import inspector from 'node:inspector';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '../../src/client/client.js';
import type { SyncEvent } from '../../src/core/events.js';
import type { Logger } from '../../src/log.js';
import { LockJournal } from '../../src/sync/locks/journal.js';
import { startServerA } from '../../src/sync/server-a.js';
import { startServerB } from '../../src/sync/server-b.js';

export interface Ways {
  readonly round: readonly string[];
  /** All files, those of a round among them. */
  readonly hintToFile: readonly string[];
  /** All files, those of a round among them. */
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
  const coverage = new Coverage();
  await client.flush();
  const round = await coverage.until(async (end) => {
    await client.flush();
    end();
  });
  const hintToFile = await coverage.until(async (end) => {
    const restore = whenNamed('plan.txt', end);
    const synced = said.until('synced');
    fs.writeFileSync(path.join(place, 'b', 'plan.txt'), 'a plan');
    await synced;
    restore();
  });
  await client.flush();
  const lockToJournal = await coverage.until(async (end) => {
    const restore = whenJournaled(end);
    await client.lock(['plan.txt']);
    restore();
  });
  client.close();
  await a.stop();
  await b.stop();
  fs.rmSync(place, { recursive: true });
  return { round, hintToFile, lockToJournal };
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

/** Calls `then` when a file gets the name `name`. @returns what ends that. */
function whenNamed(name: string, then: () => void): () => void {
  const { linkSync, renameSync } = fs;
  const noticing =
    (act: typeof linkSync): typeof linkSync =>
    (from, to) => {
      act(from, to);
      if (path.basename(String(to)) === name) then();
    };
  Object.assign(fs, { linkSync: noticing(linkSync), renameSync: noticing(renameSync) });
  return () => void Object.assign(fs, { linkSync, renameSync });
}

/** Calls `then` when rows of the lock table are durable, before whoever waits for that. @returns what ends that. */
function whenJournaled(then: () => void): () => void {
  const { append } = LockJournal.prototype;
  LockJournal.prototype.append = function (rows, since) {
    const { revision, stored } = append.call(this, rows, since);
    const noticed = stored.then((is) => {
      then();
      return is;
    });
    return { revision, stored: noticed };
  };
  return () => {
    LockJournal.prototype.append = append;
  };
}

/** Which source files run. */
class Coverage {
  readonly #session = new inspector.Session();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  }

  /** @returns the files of which a named function runs from now on until `act` says that the end is reached. */
  async until(act: (end: () => void) => Promise<void>): Promise<string[]> {
    this.#take();
    let files: string[] | null = null;
    await act(() => {
      files ??= this.#take();
    });
    if (files === null) throw new Error('The way has no end.');
    return files;
  }

  /** @returns the files that have run since the last call. */
  #take(): string[] {
    const sources = fileURLToPath(new URL('../../src/', import.meta.url));
    let files: string[] = [];
    // In its own thread the engine answers before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw error;
      const ran = result.filter(({ functions }) =>
        functions.some(({ functionName, ranges }) => functionName !== '' && ranges[0]!.count > 0),
      );
      const names = ran.map(({ url }) => (url.startsWith('file:') ? fileURLToPath(url) : url));
      files = names.filter((name) => name.startsWith(sources)).map((name) => name.slice(sources.length));
    });
    return files.sort();
  }
}
