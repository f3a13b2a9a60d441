// All limits of the wire. Together they bound everything: a frame by its line and payload, a connection by its frames
// and its queue, a server by its connections.

const KIB = 1024;
const MIB = 1024 * KIB;
const SECONDS = 1000;
const MINUTES = 60 * SECONDS;

export interface WireLimits {
  /** The longest line that is accepted, in bytes without its newline. */
  readonly lineBytes: number;
  /**
   * The longest line that is sent, in bytes, because the other end accepts no longer one. Sending a longer one is an
   * error.
   */
  readonly sentLineBytes: number;
  /** The largest payload, in bytes. */
  readonly payloadBytes: number;
  /** The maximum nesting of arrays and objects in a line. */
  readonly depth: number;
  /** The maximum number of connections of a server. */
  readonly connections: number;
  /**
   * With a secret: the maximum number of connections that have not proved it or have not sent a message since. The
   * oldest is closed for a new one.
   */
  readonly unauthenticated: number;
  /** The maximum time for proving the secret, in milliseconds. */
  readonly handshakeMs: number;
  /** The maximum number of requests that run at once on one connection; as many again may wait. */
  readonly inFlight: number;
  /**
   * The maximum time in which the requests of one connection are handled before other connections get a turn, in
   * milliseconds.
   */
  readonly burstMs: number;
  /**
   * The maximum time of a request to arrive from its first byte to its last, and to wait for its turn, in milliseconds.
   */
  readonly requestMs: number;
  /** The maximum silence of a connection without a running call, in milliseconds. */
  readonly idleMs: number;
  /** The bytes queued for a reader that does not read; while there are more, senders wait. */
  readonly queuedBytes: number;
  /**
   * The maximum number of sends that wait for that queue. One more means that the sender ignores the limit, which ends
   * the connection.
   */
  readonly waitingSends: number;
  /** The maximum time in which a reader reads nothing while bytes are queued for it, in milliseconds. */
  readonly readerMs: number;
  /** The maximum time for sending what is queued when a connection is closed, in milliseconds. */
  readonly closeMs: number;
}

/** The limits of a server. */
export const DEFAULT_LIMITS: WireLimits = {
  lineBytes: 64 * KIB,
  sentLineBytes: Number.POSITIVE_INFINITY,
  payloadBytes: MIB,
  depth: 32,
  connections: 1024,
  unauthenticated: 64,
  handshakeMs: 10 * SECONDS,
  inFlight: 64,
  burstMs: 5,
  requestMs: 30 * SECONDS,
  idleMs: 5 * MINUTES,
  queuedBytes: 4 * MIB,
  waitingSends: 16_384,
  readerMs: 30 * SECONDS,
  closeMs: SECONDS,
};

/** The limits of server-a for clients: many of them may be slow at once, so each queue is small. */
export const CLIENT_LIMITS: WireLimits = { ...DEFAULT_LIMITS, queuedBytes: MIB };

/**
 * The limits of server-b, which has as many clients as server-a, a connection of server-a for each of them, and those on
 * which server-a asks for itself.
 */
export const SERVER_B_LIMITS: WireLimits = { ...DEFAULT_LIMITS, connections: 3 * DEFAULT_LIMITS.connections };

/** How long server-a may take to open a connection for a client of server-b, in milliseconds. */
export const PASS_ON_MS = 10 * SECONDS;

/** The limits of a program for a server that it dials: a line holds 500 rows and may arrive slowly. */
export const DIAL_LIMITS: WireLimits = {
  ...DEFAULT_LIMITS,
  lineBytes: 32 * MIB,
  sentLineBytes: DEFAULT_LIMITS.lineBytes,
  requestMs: 10 * MINUTES,
};

/** The limits of server-a for server-b. Lists are sent in payloads, so lines are short in both directions. */
export const PEER_LIMITS: WireLimits = { ...DEFAULT_LIMITS, sentLineBytes: DEFAULT_LIMITS.lineBytes };

/** How long a server may be silent while a client waits for it. */
export const SERVER_SILENCE: SilenceLimits = { pingMs: 10 * SECONDS, endMs: 30 * SECONDS };

/**
 * The same for a connection that transfers contents to or from server-b, which may be silent for minutes while its disk
 * flushes. The main connection tells whether server-b is alive.
 */
export const CONTENTS_SILENCE: SilenceLimits = { pingMs: 4 * MINUTES, endMs: 5 * MINUTES };

/**
 * The maximum size of what server-b reports about its side, in one scan and in all of them together: the bytes of its
 * lists and `ITEM_BYTES` for each item. A million and a half files fit.
 */
export const MAX_SIDE_BYTES = 512 * MIB;
/** The maximum size of the ignore rules of a side. */
export const MAX_RULES_BYTES = MIB;
/** The maximum memory of an answer to a client, with its rows. A million and a half files fit. */
export const MAX_ANSWER_BYTES = 768 * MIB;
/** The maximum number and memory of the events that a server keeps for clients that continue watching. */
export const MAX_KEPT_EVENTS = 10_000;
export const MAX_KEPT_EVENTS_BYTES = 32 * MIB;
/** The maximum memory of events that wait in a client; while there are more, the connection is not read. */
export const MAX_QUEUED_EVENTS_BYTES = 8 * MIB;
/** The maximum memory of lists from server-a in server-b, for all running calls together. */
export const MAX_LISTED_BYTES = 128 * MIB;
/** The maximum silence of either server while the other waits for a content or a list, in milliseconds. */
export const STALL_MS = 10 * MINUTES;
/** The maximum size of what server-b reports about the versions of one file. */
export const MAX_VERSIONS_BYTES = 16 * MIB;
/** What server-a remembers to number the versions of all files: three hundred thousand files fit. */
export const MAX_NUMBERED_BYTES = 128 * MIB;
/** The maximum memory of the running requests on all connections of a server. */
export const MAX_REQUESTS_BYTES = 128 * MIB;
/**
 * The minimum speed of an upload: so many bytes in each period of so many milliseconds in which the server waits for
 * it.
 */
export const UPLOAD_PACE = { bytes: 64 * KIB, ms: MINUTES };

/** How long the other end may be silent while something is expected from it, in milliseconds. */
export interface SilenceLimits {
  /** After this time it is sent a `ping`. */
  readonly pingMs: number;
  /** After this time in all the connection is closed. */
  readonly endMs: number;
}
