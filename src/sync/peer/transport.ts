// How server-a reaches server-b: by TCP, or by what else a program brings.
import type { WireLimits } from '../../wire/frame/limits.js';
import type { Connection } from '../../wire/socket/connection.js';
import type { KeyDirectory } from '../../wire/socket/keys.js';
import type { Secret } from '../../wire/socket/secret.js';
import { dial } from '../../wire/socket/tcp.js';

/** What is asked of one connection. */
interface DialRequest {
  readonly limits: Partial<WireLimits>;
  readonly signal?: AbortSignal | undefined;
  /** Whether server-b may end its output and still be answered. */
  readonly halfOpen?: boolean;
}

/** The way to one run of server-b, on which several connections are opened. */
export interface PeerLink {
  /** @throws SyncError `unreachable`, `not-allowed` or `interrupted`. */
  dial(request: DialRequest): Promise<Connection>;
  /** Ends the link and its connections. */
  close(): void;
}

/** The way to server-b. */
export interface PeerTransport {
  /** How messages and `status` name server-b, such as `127.0.0.1:8081`. */
  readonly name: string;
  /**
   * Makes a link for the next attempt to connect.
   * @param signal ends the attempt.
   * @throws SyncError `unreachable` where server-b cannot be started or reached, saying why.
   */
  open(signal: AbortSignal): Promise<PeerLink>;
  /** Ends what was started for it; called once, when server-a stops. */
  close?(): Promise<void>;
  /** The longest pause between two attempts in milliseconds, where attempts are costly. */
  readonly maxPauseMs?: number;
}

/** Where a server-b listens, and how both ends trust each other. */
interface TcpPeer {
  readonly host: string;
  readonly port: number;
  readonly secret?: Secret | undefined;
  /** The keys of this server, instead of one secret. */
  readonly keys?: Pick<KeyDirectory, 'peer'> | undefined;
  readonly allowLocal?: boolean | undefined;
}

/** @returns the way to a server-b that listens on a TCP port. */
export function tcpTransport({ host, port, secret, keys, allowLocal }: TcpPeer) {
  const link: PeerLink = {
    dial: async ({ limits, signal, halfOpen = false }) =>
      dial({
        host,
        port,
        secret: keys?.peer() ?? secret,
        allowLocal,
        limits,
        halfOpen,
        ...(signal === undefined ? {} : { signal }),
      }),
    close: () => {},
  };
  return { name: `${host}:${port}`, open: async () => link } satisfies PeerTransport;
}
