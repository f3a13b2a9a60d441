// Keeps a server-a connected to its server-b.
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SyncError } from '../core/errors.js';
import { idsAbove } from '../disk/state/identity.js';
import type { StateDirectory } from '../disk/state/state-directory.js';
import type { Logger } from '../log.js';
import type { Connection } from '../wire/socket/connection.js';
import { realClock } from './clock.js';
import type { Archive } from './pair/archive.js';
import type { Bandwidth } from './peer/bandwidth.js';
import type { Naming } from './peer/naming.js';
import { RemoteReplica } from './peer/replica-client.js';
import type { PeerLink, PeerTransport } from './peer/transport.js';
import { nestingFault } from './root-nesting.js';

const FIRST_DIAL_MS = 50;
const LAST_DIAL_MS = 1_500;
const QUIET_DIAL_MS = 1_000;
const STEADY_MS = 2_000;

/** The server-a that dials. */
interface DiallingServer {
  readonly log: Logger;
  readonly state: Pick<StateDirectory, 'id' | 'path'>;
  readonly archive: Pick<Archive, 'pair'>;
  readonly bandwidth: Bandwidth;
  readonly naming: Naming;
  joined(replica: RemoteReplica): void;
  left(reason: string | null): void;
  /** Answers a client of server-b until its connection ends. */
  readonly serveClient: (connection: Connection) => void;
}

/**
 * Dials server-b until `signal` is aborted. Each reason for a failure is logged once, not with every attempt.
 * @throws SyncError `usage` where the first server-b that answers has a directory that cannot be paired with this one.
 */
export async function keepDialling(
  server: DiallingServer,
  transport: PeerTransport,
  signal: AbortSignal,
): Promise<void> {
  const begun = realClock.monotonic();
  let wait = FIRST_DIAL_MS;
  let said = '';
  let isPaired = false;
  let nested: SyncError | null = null;
  while (!signal.aborted) {
    let link: PeerLink | null = null;
    try {
      link = await transport.open(signal);
      const replica = await RemoteReplica.connect({
        link,
        name: transport.name,
        root: server.state.id,
        signal,
        bandwidth: server.bandwidth,
        naming: server.naming,
        serveClient: server.serveClient,
        known: () => server.archive.pair.archive,
      });
      nested = nestingFault(
        { id: server.state.id, above: idsAbove(path.dirname(server.state.path)) },
        { id: replica.introduction.root, above: replica.above },
      );
      if (nested !== null) await replica.close();
      if (nested !== null) throw nested;
      isPaired = true;
      const since = realClock.monotonic();
      await serveUntilLost(server, replica, signal);
      // A connection that is lost at once does not reset the delay.
      if (realClock.monotonic() - since > STEADY_MS) wait = FIRST_DIAL_MS;
      said = 'unreachable';
    } catch (error) {
      const { code, message, hint } = error as SyncError;
      // Only another start would help. Once the pair has been connected, the other server is the wrong one, and
      // dialling goes on.
      if ((error === nested || code === 'usage') && !isPaired) throw error;
      // Both servers are often started together, so an early failure is not logged.
      const isEarly = code === 'unreachable' && realClock.monotonic() - begun < QUIET_DIAL_MS;
      if (code !== said && !isEarly && !signal.aborted) {
        server.log.event({ event: 'peer-lost', reason: code === 'not-allowed' ? `${message} ${hint}` : message });
        said = code;
      }
    } finally {
      link?.close();
    }
    await delay(wait, undefined, { signal }).catch(() => {});
    wait = Math.min(wait * 2, transport.maxPauseMs ?? LAST_DIAL_MS);
  }
}

async function serveUntilLost(server: DiallingServer, replica: RemoteReplica, signal: AbortSignal): Promise<void> {
  const onAbort = () => void replica.close();
  signal.addEventListener('abort', onAbort);
  // The signal may have come while the other server was still being greeted.
  if (signal.aborted) onAbort();
  server.joined(replica);
  const reason = await replica.closed;
  signal.removeEventListener('abort', onAbort);
  server.left(signal.aborted ? null : (reason?.message ?? 'server-b closed the connection'));
}
