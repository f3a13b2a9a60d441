// Determines which user of this machine owns the other end of a connection, from the kernel's table of TCP sockets.
// Only rows of sockets that a process still has open count: the kernel shows the rest as root's.
import fs from 'node:fs/promises';
import net from 'node:net';
import { endianness } from 'node:os';

/** One end of a TCP connection. */
export interface SocketEnd {
  readonly address: string;
  readonly port: number;
}

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'] as const;
const MAPPED = '::ffff:';
/** The states of a socket that is connected, or was and is still open in a process. */
const HELD_STATES: ReadonlySet<string> = new Set(['01', '04', '05', '08', '09', '0B']);

/** The states of a connection that the other end has not closed. */
const OPEN_STATES: ReadonlySet<string> = new Set(['01', '03', '04', '05']);

/**
 * @param table the text of `/proc/net/tcp` and `/proc/net/tcp6`.
 * @param end the socket in question; `other` is the end that it is connected to.
 * @returns the uid of its owner; null where no process has such a socket open.
 */
export function ownerIn(table: string, end: SocketEnd, other: SocketEnd): number | null {
  const [from, to] = [spellings(end), spellings(other)];
  for (const [i, local] of from.entries()) {
    const uid = ownerOfRow(table, ` ${local} ${to[i]} `);
    if (uid !== null) return uid;
  }
  return null;
}

function ownerOfRow(table: string, ends: string): number | null {
  for (const { state, uid, inode } of rowsOf(table, ends))
    if (HELD_STATES.has(state) && /^\d+$/.test(uid) && Number(inode) > 0) return Number(uid);
  return null;
}

/** @returns whether the other end of a connection that `end` is one end of has closed it, or it is gone. */
export function isClosedByOther(table: string, end: SocketEnd, other: SocketEnd): boolean {
  const to = spellings(other);
  const rows = spellings(end).flatMap((local, i) => [...rowsOf(table, ` ${local} ${to[i]} `)]);
  return !rows.some(({ state }) => OPEN_STATES.has(state));
}

function* rowsOf(table: string, ends: string): Generator<{ state: string; uid: string; inode: string }> {
  for (let at = table.indexOf(ends); at >= 0; at = table.indexOf(ends, at + 1)) {
    // The fields after the addresses: st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode
    const fields = table.slice(at + ends.length, at + ends.length + 120).split(/ +/, 7);
    const [state = '', , , , uid = '', , inode = '0'] = fields;
    yield { state, uid, inode };
  }
}

/** @returns an address as the kernel writes it; an IPv4 address also as an IPv6 socket has it. */
function spellings({ address, port }: SocketEnd): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const plain = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
  if (!net.isIPv4(plain)) return [wordsOf(bytesOfIPv6(plain)) + suffix];
  const bytes = plain.split('.').map(Number);
  const mapped = [...Array<number>(10).fill(0), 0xff, 0xff, ...bytes];
  return [wordsOf(bytes) + suffix, wordsOf(mapped) + suffix];
}

function bytesOfIPv6(address: string): number[] {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::', 2);
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [front, back] = [groups(head), tail === undefined ? [] : groups(tail)];
  const gap = Array<number>(Math.max(0, 8 - front.length - back.length)).fill(0);
  return [...front, ...gap, ...back].flatMap((group) => [group >> 8, group & 0xff]);
}

/** The table shows words of 32 bits in the byte order of this machine. */
function wordsOf(bytes: readonly number[]): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4);
    if (endianness() === 'LE') word.reverse();
    for (const byte of word) text += byte.toString(16).toUpperCase().padStart(2, '0');
  }
  return text;
}

/** Reads the table for many callers: those that call during a reading share the next one. */
export class SocketTable {
  readonly #read: () => Promise<string>;

  #underWay: Promise<unknown> = Promise.resolve();
  #next: Promise<string> | null = null;

  constructor(read: () => Promise<string> = readTables) {
    this.#read = read;
  }

  /**
   * @returns the table at some time after the call.
   * @throws the system's error.
   */
  fresh(): Promise<string> {
    this.#next ??= this.#underWay.then(() => {
      this.#next = null;
      const reading = this.#read();
      this.#underWay = reading.catch(() => {});
      return reading;
    });
    return this.#next;
  }
}

async function readTables(): Promise<string> {
  const [first, second] = await Promise.allSettled(TABLES.map((name) => fs.readFile(name, 'latin1')));
  if (first!.status === 'rejected') throw first!.reason;
  // A kernel without IPv6 has no second table.
  return second!.status === 'fulfilled' ? first!.value + second!.value : first!.value;
}
