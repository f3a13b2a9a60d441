// `client lock TARGET…`: locks files, renews locks, waits for locks, or breaks them.

import type { LockOptions, TargetResult } from '../../client/client.js';
import type { Side } from '../../core/path.js';
import type { Acted, Target } from '../../wire/client-api/methods.js';
import { adviceText } from '../../wire/frame/advice-text.js';
import { FOREVER } from '../argv.js';
import type { Api, CommandContext } from '../context.js';
import { parseDuration } from '../duration.js';
import { LockWait } from '../lock-wait.js';
import { endText } from '../render/time.js';
import { shownName } from '../render/width.js';
import { usageError } from '../report-error.js';
import { actOn } from '../target/act-on-targets.js';

export interface LockFlags {
  readonly message?: string;
  readonly side?: string;
  readonly ttl?: string;
  readonly wait?: string;
  readonly steal?: boolean;
  readonly notify?: boolean;
}

/** A hundred years: without end, for a lock. */
const MAX_MS = 100 * 365 * 24 * 60 * 60 * 1000;
const MAX_WAIT_MS = 24 * 60 * 60 * 1000;

export async function lock(context: CommandContext, targets: readonly string[], flags: LockFlags): Promise<number> {
  const options = optionsOf(context, flags);
  const api = await context.api();
  return actOn(context, targets, {
    known: async () => [(await api.list()).entries.map(({ path }) => path)],
    act: (wanted) =>
      flags.wait === undefined ? api.lock(wanted, options) : inLine(context, api, wanted, options, flags),
    say: (acted) => lockedText(acted, context),
  });
}

function optionsOf(context: CommandContext, flags: LockFlags): LockOptions {
  const { message, side: flag, ttl, wait, steal, notify } = flags;
  if (notify === true && wait !== undefined)
    throw usageError('--wait stands in line, and --notify does not.', 'Give one of them.');
  const side = sideOf(flag, context.side);
  return {
    ...(message === undefined ? {} : { message }),
    ...(side === undefined ? {} : { side }),
    ...(ttl === undefined ? {} : { ttlMs: parseDuration(ttl, '--ttl', MAX_MS) }),
    ...(steal === true ? { steal } : {}),
    ...(notify === true ? { notify } : {}),
    ...(wait === undefined ? {} : { wait: wait === FOREVER ? true : parseDuration(wait, '--wait', MAX_WAIT_MS) }),
  };
}

async function inLine(
  context: CommandContext,
  api: Api,
  wanted: readonly Target[],
  options: LockOptions,
  { wait: text = FOREVER, ...others }: LockFlags,
): Promise<readonly TargetResult[]> {
  const wait = new LockWait(context, text === FOREVER ? null : text, wordsOf(others));
  try {
    const results = await api.lock(wanted, { ...options, ...wait.call });
    return results.map((result) => wait.inItsWords(result));
  } catch (error) {
    throw await wait.brokenOff(error, api);
  }
}

/** @returns the options as they were typed, for a command to repeat. */
const wordsOf = ({ message, side, ttl }: LockFlags): string[] =>
  Object.entries({ message, side, ttl }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));

function lockedText(acted: Acted, { user, names }: CommandContext): string {
  const what = `${shownName(acted.path)} for ${shownName(typeof acted.owner === 'string' ? acted.owner : user)}`;
  const other = acted.side === 'b' ? 'a' : 'b';
  const until = typeof acted.expires === 'string' ? `, until ${endText(acted.expires, Date.now())}` : '';
  const note = typeof acted.note === 'string' ? ` ${acted.note}` : '';
  const unlock = shownName(adviceText([{ do: 'unlock', path: acted.path }], names.client));
  return acted.changed
    ? `Locked ${what}${until}: changes of it on side ${other} wait until "${unlock}".${note}`
    : `Renewed the lock on ${what}${until}.${note}`;
}

function sideOf(flag: string | undefined, fromEnv: string | undefined): Side | undefined {
  const text = flag ?? (fromEnv || undefined);
  if (text === undefined || text === 'a' || text === 'b') return text;
  throw usageError(`${flag === undefined ? 'LOCKSTEP_SIDE' : '--side'} takes a or b, not "${text}".`);
}
