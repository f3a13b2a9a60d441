// Answers to `log`: from the files and, where those lack the latest, from memory.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { NumberedEvent } from '../../../src/core/events.js';
import { segmentName } from '../../../src/disk/events/segments.js';
import { OwnDirectory } from '../../../src/disk/fs/own-directory.js';
import { EventLogQuery } from '../../../src/sync/clients/event-log-query.js';
import { EventHistory } from '../../../src/sync/events/history.js';
import { until } from '../../support/sayings.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

let root: string;
beforeEach(() => {
  root = makeRoot('log-query');
});
afterEach(() => removeRoot(root));

function open() {
  const directory = new OwnDirectory(root, '.lockstep/log');
  directory.ensure();
  const history = new EventHistory({ run: 'now' });
  const said: unknown[] = [];
  const state = { written: Promise.resolve() };
  const query = new EventLogQuery({
    directory,
    history,
    written: () => state.written,
    damaged: (lines) => said.push(lines),
    unreadable: (error) => said.push((error as Error).message),
  });
  const file = path.join(root, '.lockstep/log', segmentName(1));
  const inFile = (...events: NumberedEvent[]) =>
    fs.appendFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  const pieces: NumberedEvent[][] = [];
  let gate = Promise.resolve();
  const call = {
    id: 1,
    signal: new AbortController().signal,
    notify: async (method: string, { entries }: { entries: NumberedEvent[] }) => {
      expect(method).toBe('entries');
      pieces.push(entries);
      await gate;
    },
  };
  const hold = () => {
    let free = () => {};
    gate = new Promise((resolve) => {
      free = resolve;
    });
    return free;
  };
  const ask = (wanted = {}) => query.log(wanted, call as never);
  return { directory, history, said, state, file, inFile, pieces, ask, hold };
}

const before = (id: number): NumberedEvent => ({
  ...{ time: '2026-11-20T10:00:00.000Z', run: 'before', id },
  ...{ event: 'peer-lost', reason: 'x' },
});
const short = (events: readonly NumberedEvent[]) => events.map(({ run, id }) => `${run} ${id}`);

it('comes from the files first, and what is not in them yet from memory', async () => {
  const { history, inFile, ask } = open();
  inFile(before(1), before(2));
  const first = history.add({ event: 'peer-connected' });
  inFile(first);
  history.add({ event: 'peer-connected' });
  expect(short((await ask()).events)).toEqual(['before 1', 'before 2', 'now 1', 'now 2']);
  expect(short((await ask({ since: '2026-11-21T00:00:00.000Z' })).events)).toEqual(['now 1', 'now 2']);
  expect(await ask({ path: 'x' })).toEqual({ events: [] });
});

it('is sent 500 events at a time, as fast as they are taken', async () => {
  const { inFile, pieces, ask, hold } = open();
  inFile(...Array.from({ length: 1_200 }, (_, n) => before(n + 1)));
  const free = hold();
  const asking = ask();
  await until(() => pieces.length > 0);
  expect(pieces.map(({ length }) => length)).toEqual([500]);
  free();
  const { events } = await asking;
  expect([...pieces, events].map(({ length }) => length)).toEqual([500, 500, 200]);
  expect(short([...pieces.flat(), ...events])).toEqual(Array.from({ length: 1_200 }, (_, n) => `before ${n + 1}`));
});

it('says how many lines cannot be read, to the client and in the log', async () => {
  const { file, inFile, said, ask } = open();
  inFile(before(1));
  fs.appendFileSync(file, 'nonsense\n{"time":1}\n');
  inFile(before(2));
  expect(await ask()).toEqual({ events: [before(1), before(2)], damaged: 2 });
  expect(said).toEqual([2]);
});

it('comes from memory where the files cannot be read', async () => {
  const { history, said, ask } = open();
  history.add({ event: 'peer-connected' });
  fs.rmSync(path.join(root, '.lockstep'), { recursive: true });
  fs.writeFileSync(path.join(root, '.lockstep'), 'a file');
  expect(short((await ask()).events)).toEqual(['now 1']);
  expect(said).toEqual([expect.stringContaining('.lockstep/log')]);
});

it('answers others while two clients do not take what they are sent', async () => {
  const { inFile, pieces, ask, hold } = open();
  inFile(...Array.from({ length: 501 }, (_, n) => before(n + 1)));
  const free = hold();
  const slow = [ask(), ask(), ask()];
  await until(() => pieces.length === 3);
  expect((await ask({ path: 'x' })).events).toEqual([]);
  free();
  for (const { events } of await Promise.all(slow)) expect(short(events)).toEqual(['before 501']);
});

it('reads for two clients at a time, and for the others after them', async () => {
  const { history, state, ask } = open();
  history.add({ event: 'peer-connected' });
  let asked = 0;
  let free = () => {};
  const gate = new Promise<void>((resolve) => {
    free = resolve;
  });
  Object.defineProperty(state, 'written', {
    get: () => {
      asked++;
      return gate;
    },
  });
  const asking = Array.from({ length: 4 }, () => ask());
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toBe(2);
  free();
  for (const { events } of await Promise.all(asking)) expect(short(events)).toEqual(['now 1']);
  expect(asked).toBe(4);
});
