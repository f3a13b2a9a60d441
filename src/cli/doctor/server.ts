// What the servers of a pair say of themselves: versions, clocks, state.
import { Client } from '../../client/client.js';
import { SyncError } from '../../core/errors.js';
import type { FoundPair } from '../../disk/state/address.js';
import type { Status } from '../../wire/client-api/methods.js';
import type { ProgramNames } from '../program-name.js';
import { stateText } from '../render/status.js';
import { shownName } from '../render/width.js';
import { clockFindings } from './clocks.js';
import { type Finding, ok, warn, wrong } from './finding.js';
import { versionFindings } from './versions.js';

const TIMEOUT_MS = 4_000;

/** How to reach a server. */
interface Reach {
  readonly pair: FoundPair;
  readonly secretFile: string | undefined;
  readonly names: ProgramNames;
  /** The version of this program. */
  readonly version: string;
}

/** @returns what the server-a of a pair says. */
export async function serverFindings({ pair, secretFile, names, version }: Reach): Promise<Finding[]> {
  let status: Status;
  try {
    status = await statusOf(pair, secretFile);
  } catch (error) {
    return [unreachable(pair, error, names)];
  }
  return [stateFinding(pair, status, names), ...versionFindings(status, version), ...clockFindings(status)];
}

async function statusOf({ address, root }: FoundPair, secretFile: string | undefined): Promise<Status> {
  const client = await Client.connect({ server: address, root, secretFile, timeoutMs: TIMEOUT_MS });
  try {
    return await client.status({ servers: true });
  } finally {
    client.close();
  }
}

function unreachable({ address }: FoundPair, error: unknown, names: ProgramNames): Finding {
  const { message, hint } = error instanceof SyncError ? error : new SyncError('failed', String(error));
  const isRefused = error instanceof SyncError && error.code === 'not-allowed';
  return wrong(
    'server',
    `The server-a at ${address} does not answer: ${message}`,
    isRefused
      ? hint || 'Give your key or the secret with --secret-file.'
      : `Start the pair again: ${names.lockstep} up`,
  );
}

function stateFinding({ address, side }: FoundPair, status: Status, names: ProgramNames): Finding {
  const text = `Server-a at ${address} (this is side ${side}): ${stateText(status, names)}.`;
  const [halt] = status.problems.filter(({ path }) => path === '');
  if (status.state === 'halted')
    return wrong('server', text, `${shownName(halt?.message ?? '')} See: ${names.client} status`.trim());
  if (!status.peer.connected) return wrong('server', text, `See that server-b runs at ${status.peer.address}.`);
  if (status.problems.length > 0) return warn('server', text, `See them with: ${names.client} status`);
  if (status.state === 'paused') return warn('server', text, `Go on with: ${names.client} resume`);
  return ok('server', text);
}
