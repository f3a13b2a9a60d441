// Every limit of the wire, in one place. What is not limited here is limited by these: a frame by its line and its
// payload, a connection by its frames and its queue, a server by its connections.

const KIB = 1024;
const MIB = 1024 * KIB;
const SECONDS = 1000;
const MINUTES = 60 * SECONDS;

export interface WireLimits {
  /** The longest line taken from the other end, in bytes without its newline. */
  readonly lineBytes: number;
  /** The longest line sent: what the other end takes. A longer one is refused to the sender, and nothing is sent. */
  readonly sentLineBytes: number;
  /** The largest payload behind a line, in bytes. */
  readonly payloadBytes: number;
  /** How deep arrays and objects may be nested in a line. */
  readonly depth: number;
  /** Connections that a server has at one time. */
  readonly connections: number;
  /** Where a secret is set: connections that have not proved it, or have said nothing since. The oldest makes room. */
  readonly unauthenticated: number;
  /** How long proving the secret may take, in milliseconds. */
  readonly handshakeMs: number;
  /** Requests under way on one connection; as many again may wait for their turn. */
  readonly inFlight: number;
  /** How long the requests of one connection keep all others waiting before those have a turn, in milliseconds. */
  readonly burstMs: number;
  /** A request's time in milliseconds: to arrive whole from its first byte on, and to wait for its turn. */
  readonly requestMs: number;
  /** How long a connection may be silent with no call under way, in milliseconds. */
  readonly idleMs: number;
  /** Bytes queued for a reader that does not read; from there on whoever sends has to wait. */
  readonly queuedBytes: number;
  /** Sends that may wait for room in that queue; one more means that the sender does not wait, and ends the connection. */
  readonly waitingSends: number;
  /** How long a reader may take nothing while bytes are queued for it, in milliseconds. */
  readonly readerMs: number;
  /** How long closing may take to hand over what was sent, in milliseconds. */
  readonly closeMs: number;
}

/** What a server allows whoever connects to it. */
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

/** What server-a allows clients: many may be slow at one time, and nobody's content is so urgent that it needs more. */
export const CLIENT_LIMITS: WireLimits = { ...DEFAULT_LIMITS, queuedBytes: MIB };

/** What a program allows a server it has dialled: 500 rows are one line, and may take their time on a slow link. */
export const DIAL_LIMITS: WireLimits = {
  ...DEFAULT_LIMITS,
  lineBytes: 32 * MIB,
  sentLineBytes: DEFAULT_LIMITS.lineBytes,
  requestMs: 10 * MINUTES,
};

/** What server-a allows the server-b it has dialled: lists travel in payloads there, so lines stay short both ways. */
export const PEER_LIMITS: WireLimits = { ...DEFAULT_LIMITS, sentLineBytes: DEFAULT_LIMITS.lineBytes };

/** How long a server may say nothing while a client waits for it; it is asked before. */
export const SERVER_SILENCE: SilenceLimits = { askMs: 10 * SECONDS, endMs: 30 * SECONDS };

/**
 * The same for a connection that carries contents to or from server-b. A disk that flushes for minutes is not read
 * from meanwhile; whether server-b lives is known from the connection that carries none.
 */
export const LANE_SILENCE: SilenceLimits = { askMs: 4 * MINUTES, endMs: 5 * MINUTES };

/**
 * What server-b may tell of its side, in one look and in all of them together: the bytes of its lists, and
 * `ITEM_BYTES` for each item. A million and a half files fit.
 */
export const MAX_SIDE_BYTES = 512 * MIB;
/** The ignore rules of a side. */
export const MAX_RULES_BYTES = MIB;
/** What an answer to a client may take in memory, its rows included. A million and a half files fit. */
export const MAX_ANSWER_BYTES = 768 * MIB;
/** Events that a server keeps in memory for whoever goes on watching: so many, in so many bytes. */
export const MAX_KEPT_EVENTS = 10_000;
export const MAX_KEPT_EVENTS_BYTES = 32 * MIB;
/** Events that wait in a client for who takes them; from there on the connection is not read. */
export const MAX_QUEUED_EVENTS_BYTES = 8 * MIB;
/** What server-b keeps in memory of lists that server-a has sent for calls under way, all together. */
export const MAX_LISTED_BYTES = 128 * MIB;
/** How long either server may send nothing for a content or a list that the other waits for, in milliseconds. */
export const STALL_MS = 10 * MINUTES;
/** What server-b may tell of the earlier contents of one file. */
export const MAX_VERSIONS_BYTES = 16 * MIB;
/** What the requests under way on all connections of a server may take in memory. */
export const MAX_REQUESTS_BYTES = 128 * MIB;
/** An upload brings at least so many bytes in each time of so many milliseconds that the server waits for it. */
export const UPLOAD_PACE = { bytes: 64 * KIB, ms: MINUTES };

/** How long the other end may say nothing while something is waited for, in milliseconds. */
export interface SilenceLimits {
  /** After so long it is asked for a sign of life. */
  readonly askMs: number;
  /** After so long in all it is given up. */
  readonly endMs: number;
}
