// Starts a service and tells what became of it: it answers, it ended by itself, or it is still on its way. A pair that has
// a question at its first contact ends at once, and its last words say what to type.
import { setTimeout as later } from 'node:timers/promises';
import { Client } from '../../client/client.js';
import { SyncError } from '../../core/errors.js';
import type { Status } from '../../wire/client-api/methods.js';
import { nearbyPair } from '../nearby-pair.js';
import type { ProgramNames } from '../program-name.js';
import { stateText } from '../render/status.js';
import type { ServiceState, Supervisor } from './kept.js';

/** How long a started pair is waited for, and how often it is looked at, in milliseconds. */
const WAIT_MS = 10_000;
const LOOK_MS = 200;
const DIAL_MS = 2_000;

/** The states in which a pair has nothing left to ask. */
const SETTLED: ReadonlySet<Status['state']> = new Set(['in-sync', 'syncing', 'halted', 'paused']);

/** How the exit code of a service reads that systemd could not confine. */
const EXIT_NAMESPACE = 226;

/** A pair whose service is looked at. */
interface Begun {
  readonly name: string;
  /** Its first directory. */
  readonly dir: string;
  readonly supervisor: Supervisor;
  readonly names: ProgramNames;
}

/**
 * @returns what it does after a while, for people.
 * @throws SyncError `failed` where it ended by itself.
 */
export async function begun(begun: Begun, waitMs = WAIT_MS): Promise<string> {
  const until = performance.now() + waitMs;
  for (;;) {
    const state = await begun.supervisor.state(begun.name);
    if (state.state === 'failed' || state.state === 'stopped') throw await ended(begun, state);
    const status = await statusOf(begun.dir);
    if (status !== null && SETTLED.has(status.state)) return `${stateText(status, begun.names)}.`;
    if (performance.now() > until)
      return status === null
        ? 'It runs, and does not answer yet.'
        : `It runs, and waits for the other side: ${stateText(status, begun.names)}.`;
    await later(LOOK_MS);
  }
}

/** @returns the status of the pair of a directory; null where it does not answer. */
export async function statusOf(dir: string): Promise<Status | null> {
  const pair = nearbyPair(dir);
  if (pair === null) return null;
  try {
    const client = await Client.connect({ server: pair.address, root: pair.root, timeoutMs: DIAL_MS });
    try {
      return await client.status();
    } finally {
      client.close();
    }
  } catch {
    return null;
  }
}

/** @returns why a service has ended, with its last words. */
export async function ended({ name, supervisor }: Begun, { exitCode }: ServiceState): Promise<SyncError> {
  const words = await supervisor.lastWords(name);
  const code = exitCode === null ? '' : ` (exit code ${exitCode})`;
  const said = words === '' ? '' : ` It said: ${words}`;
  return new SyncError('failed', `The service of ${name} has ended by itself${code}.${said}`, {
    hint: hintFor(name, exitCode, words),
  });
}

function hintFor(name: string, exitCode: number | null, words: string): string {
  if (exitCode === EXIT_NAMESPACE)
    return `This system does not let it be confined. Do without: lockstep service install ${name} --unconfined`;
  // What it said names --yes, which a service has not.
  if (words.includes('meet for the first time'))
    return `See and confirm that once by hand with "lockstep up ${name}", end it with Ctrl-C, and start the service again.`;
  return `See all of it with: lockstep service logs ${name}`;
}
