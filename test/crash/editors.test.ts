// Editors, server-a, server-b and both killed at random while documents are open: no lock is stuck, none ends before the
// content of its holder is on the other side, and no owner file of Lockstep's is left. Each run says its seed;
// LOCKSTEP_TEST_SEED runs that one, LOCKSTEP_TEST_KILLS says how often (1,000 in the long form).
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LockRow } from '../../src/wire/client-api/methods.js';
import { Random } from '../sim/random.js';
import { PairOfPrograms, putWhole, type Said, textOf, until } from '../support/programs.js';
import type { Server } from '../support/server-here.js';

const FULL = process.env.LOCKSTEP_TEST_FULL === '1';
const KILLS = Number(process.env.LOCKSTEP_TEST_KILLS ?? (FULL ? 1_000 : 8));
const SERVERS_EVERY_MS = FULL ? 5_000 : 2_500;
const DOCUMENTS = Array.from({ length: FULL ? 24 : 8 }, (_, n) => `d${n % 3}/plan ${n}.txt`);
const seed = Number(process.env.LOCKSTEP_TEST_SEED ?? Date.now() % 1_000_000);

/** An editor in the manner of Emacs: a link says who has the document, saves are renames, the link goes at the end. */
const EDITOR = `
  cd "$1" && ln -sfn "ann@$4.$$" "$2/.#$3" || exit 1
  n=0; while [ $n -lt $5 ]; do
    sleep 0.$6; n=$((n + 1)); echo "$$ $n" > "../save.$$" && mv "../save.$$" "$2/$3"
  done
  rm -f "$2/.#$3"`;

const random = new Random(seed);
const pair = new PairOfPrograms();
const faults: string[] = [];
let kills = 0;
let isOver = false;
const figures = { editors: 0, servers: 0, released: 0 };

beforeAll(async () => {
  pair.clientHere();
  for (const name of DOCUMENTS) putWhole(pair.a, name, 'first');
  await pair.start();
  void watch(pair.serverA);
});
afterAll(() => pair.close());

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Since when each document is worked at, milliseconds since 1970; an editor that has ended may still have its lock. */
const working = new Map<string, number>();
/** When each document was opened last, milliseconds since 1970. */
const opened = new Map<string, number>();

/** Each lock that was released: the content of its document is on both sides, unless somebody works at it again. */
async function watch(server: Server): Promise<void> {
  const isReleased = (said: Said) => said.event === 'unlocked' && said.reason === 'released';
  for (let at = 0; !isOver && server === pair.serverA; ) {
    const said = await server.wait(isReleased, at).catch(() => null);
    if (said === null) continue;
    at = server.said.indexOf(said) + 1;
    const name = said.path as string;
    figures.released++;
    const since = working.get(name);
    // A lock ends before its end is said: by then somebody may have opened the document again.
    if (since !== undefined && lockedAt(name, at - 1) > since)
      faults.push(`${name} was unlocked while it was open since ${new Date(since).toISOString()}: ${storyOf(name)}`);
    // On a disk that flushes slowly, somebody may have opened and changed the document before the end is said.
    const isLast = lockedAt(name, at - 1) > opened.get(name)!;
    if (since === undefined && isLast && textOf(pair.a, name) !== textOf(pair.b, name))
      faults.push(`${name} was unlocked before its content was over`);
  }
}

/** When the lock was taken that ended with what server-a said as number `before`, milliseconds since 1970. */
function lockedAt(name: string, before: number): number {
  const taken = pair.serverA.said.slice(0, before).findLast((said) => said.event === 'locked' && said.path === name);
  return Date.parse(String(taken?.time));
}

/** What server-a has said of a document lately. */
const storyOf = (name: string): string =>
  JSON.stringify(
    pair.serverA.said
      .filter(({ path: of }) => of === name)
      .slice(-12)
      .map(({ time, event, owner, side, reason, action }) => [time, event, owner ?? action, side ?? reason]),
  );

async function locksOf(name: string): Promise<readonly LockRow[] | null> {
  const { code, stdout } = await pair.client('--json', 'locks');
  return code === 0 ? (JSON.parse(stdout).locks as LockRow[]).filter((lock) => lock.path === name) : null;
}

/** Edits a document again and again, on either side, and is killed at it. */
async function editAt(name: string): Promise<void> {
  while (kills < KILLS) {
    const side = random.chance(0.5) ? pair.a : pair.b;
    const directory = path.dirname(name);
    const saves = String(random.below(4));
    const words = [side, directory, path.basename(name), os.hostname(), saves, String(random.below(4))];
    opened.set(name, Date.now());
    working.set(name, Date.now());
    const editor = spawn('sh', ['-c', EDITOR, 'editor', ...words], { stdio: 'ignore', detached: true });
    const gone = new Promise((resolve) => editor.once('close', resolve));
    if (random.chance(0.8)) await killSoon(editor, name, random.below(900));
    await gone;
    working.delete(name);
    await until(async () => (await locksOf(name))?.length === 0);
    await until(() => textOf(pair.a, name) === textOf(pair.b, name));
  }
}

async function killSoon(editor: ChildProcess, name: string, ms: number): Promise<void> {
  await pause(ms);
  working.delete(name);
  // What it has started would go on writing.
  if (editor.exitCode === null && killGroup(editor.pid!)) {
    kills++;
    figures.editors++;
  }
}

/** @returns whether there was one to kill. */
function killGroup(leader: number): boolean {
  try {
    return process.kill(-leader, 'SIGKILL');
  } catch {
    return false;
  }
}

/** Kills the servers, one or both, and starts them again. */
async function killServers(): Promise<void> {
  while (kills < KILLS) {
    await pause(random.below(SERVERS_EVERY_MS * 2));
    const which = random.below(3);
    kills++;
    figures.servers++;
    if (which !== 1) pair.serverA.kill('SIGKILL');
    if (which !== 0) pair.serverB.kill('SIGKILL');
    await pause(random.below(500));
    if (which !== 0) await pair.startB();
    if (which !== 1) {
      await pair.startA();
      void watch(pair.serverA);
    }
    await pair.serverA.wait('in-sync');
  }
}

test(`${KILLS} kills of editors and servers`, { timeout: 3_600_000 }, async () => {
  await Promise.all([...DOCUMENTS.map(editAt), killServers()]);
  await pair.flush();
  const { locks } = await pair.json<{ locks: LockRow[] }>('locks');
  isOver = true;
  console.log(`seed ${seed}: ${JSON.stringify(figures)}`);
  const left = [pair.a, pair.b].flatMap((root) =>
    DOCUMENTS.map((name) => path.join(root, path.dirname(name), `.#${path.basename(name)}`)).filter(isOutward),
  );
  expect({ seed, faults, locks, left }).toEqual({ seed, faults: [], locks: [], left: [] });
});

function isOutward(link: string): boolean {
  try {
    return fs.readlinkSync(link).includes('Lockstep');
  } catch {
    return false;
  }
}
