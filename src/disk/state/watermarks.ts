// .lockstep/watermarks: how far each state file was written, so that a truncated, older or missing one is noticed at
// the next start. The file is not flushed at each write: a kill loses nothing, and after a power cut there is at worst
// an earlier mark, which demands less than there was. It has two marks of each file, for what was written and for what
// was flushed: the first is valid while the machine has not gone down since, the second always.

import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { fsyncSync } from '../fs/flush.js';
import { inItsDirectory, replaceFile, setAside } from '../fs/whole-file.js';
import type { Expectation } from './journal.js';
import { hex, type Position } from './journal.js';
import type { DamageKind } from './journal-check.js';
import { reading } from './journal-lines.js';
import { thisBoot } from './occupant.js';

const FILE = 'watermarks';
/** The files that have a mark, in the order of their slots. */
const NAMES = ['archive.log', 'locks.log', 'seen.log', 'versions.log', 'guarded.json', 'identity.json'] as const;
export type StateFileName = (typeof NAMES)[number];

/**
 * A divisor of the sector size: a slot never crosses a sector boundary, and a sector is written completely or not at
 * all.
 */
const SLOT_BYTES = 128;
const HEADER = `${'lockstep-watermarks 1'.padEnd(SLOT_BYTES - 1)}\n`;
const EMPTY = `${''.padEnd(SLOT_BYTES - 1)}\n`;
const SLOT = /^(\S+) +(\d+) +(\d+) ([0-9a-f]{8}) +(\d+) ([0-9a-f]{8}) ([0-9a-f]{8}) ([oc]) ([0-9a-f]{8}) *\n$/;

/** How far a file was written. */
interface Watermark {
  /** Grows each time that the file is rewritten. */
  readonly generation: number;
  readonly written: Position;
  readonly durable: Position;
  /** Whether the file was closed properly, so that nothing follows the mark. */
  readonly closed: boolean;
}

/** The watermark of one file. */
export interface Mark {
  /** @returns null where the file was never written. */
  read(): Expectation | null;
  write(mark: Watermark): void;
  /** Flushes the watermarks. */
  sync(): void;
}

/** For a file without a watermark. */
export const NO_MARK: Mark = { read: () => null, write: () => {}, sync: () => {} };

/** The watermarks of one root. */
export class Watermarks {
  readonly #file: string;
  readonly #slots: Map<string, string>;
  readonly #boot: string;
  #fd = -1;
  #ino = 0;
  /** The damage that was found at the start, and the new name of the damaged file; null where there was none. */
  readonly damage: { readonly kind: DamageKind; readonly setAside: string | null } | null;

  /** Whether there was no mark of any file. */
  readonly isNew: boolean;

  /**
   * @param directory ROOT/.lockstep.
   * @param boot which run of the machine this is, 8 hexadecimal digits.
   * @throws the system's error where the file cannot be written.
   */
  constructor(directory: string, boot = bootTag()) {
    this.#boot = boot;
    this.#file = path.join(directory, FILE);
    const { slots, damage: kind } = loadSlots(directory);
    this.#slots = slots;
    this.damage = kind === null ? null : { kind, setAside: setAside(this.#file) };
    this.isNew = this.#slots.size === 0;
    if (kind === null && !this.isNew) this.#openFile();
    else this.#writeAll();
  }

  #writeAll(): void {
    replaceFile(this.#file, [HEADER, ...NAMES.map((name) => this.#slots.get(name) ?? EMPTY)].join(''));
    this.close();
    this.#openFile();
  }

  #openFile(): void {
    this.#fd = inItsDirectory(this.#file, (at) => fs.openSync(at, fs.constants.O_RDWR | fs.constants.O_NOFOLLOW));
    this.#ino = fs.fstatSync(this.#fd).ino;
  }

  /** @returns the watermark of the file `name`. */
  of(name: StateFileName): Mark {
    return {
      read: () => expectationIn(this.#slots, name, this.#boot),
      write: (mark) => this.#write(name, mark),
      sync: () => fsyncSync(this.#fd),
    };
  }

  /** Writes a mark. A failure is ignored: the earlier mark stays, which demands less. */
  #write(name: StateFileName, { generation, written, durable, closed }: Watermark): void {
    const words = [
      name.padEnd(16),
      generation,
      ...wordsOf(written),
      ...wordsOf(durable),
      this.#boot,
      closed ? 'c' : 'o',
    ];
    const text = words.join(' ');
    const slot = `${`${text} ${sumOf(text)}`.padEnd(SLOT_BYTES - 1)}\n`;
    this.#slots.set(name, slot);
    try {
      fs.writeSync(this.#fd, slot, SLOT_BYTES * (NAMES.indexOf(name) + 1), 'latin1');
    } catch {
      // The earlier mark stays.
    }
  }

  /** Writes the file again where it is gone or was replaced. @returns whether it was. */
  check(): boolean {
    const stats = fs.lstatSync(this.#file, { throwIfNoEntry: false });
    if (stats?.ino === this.#ino && stats.size === SLOT_BYTES * (NAMES.length + 1)) return false;
    if (stats?.isDirectory()) setAside(this.#file);
    this.#writeAll();
    return true;
  }

  close(): void {
    if (this.#fd >= 0) fs.closeSync(this.#fd);
    this.#fd = -1;
  }
}

/** The marks of one root as they stand on the disk, which nothing is written to. */
interface MarksOnDisk {
  readonly damage: DamageKind | null;
  /** @returns what was written of a file; null where it has no mark. */
  of(name: StateFileName): Expectation | null;
}

/**
 * @param directory ROOT/.lockstep.
 * @throws the system's error where it cannot be read.
 */
export function readWatermarks(directory: string): MarksOnDisk {
  const { slots, damage } = loadSlots(directory);
  return { damage, of: (name) => expectationIn(slots, name, bootTag()) };
}

/** @returns every valid slot, and the damage; null for none. */
function loadSlots(directory: string): { readonly slots: Map<string, string>; readonly damage: DamageKind | null } {
  const slots = new Map<string, string>();
  const file = path.join(directory, FILE);
  const stats = fs.lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return { slots, damage: hasMarkedFiles(directory) ? 'missing' : null };
  if (!stats.isFile()) return { slots, damage: 'foreign' };
  if (stats.size === 0) return { slots, damage: 'empty' };
  const text = reading(file, (fd) => fs.readFileSync(fd, 'latin1'));
  if (!text.startsWith(HEADER)) return { slots, damage: HEADER.startsWith(text) ? 'cut' : 'foreign' };
  const length = SLOT_BYTES * (NAMES.length + 1);
  let damage: DamageKind | null = text.length < length ? 'cut' : text.length > length ? 'tail' : null;
  for (const [n, name] of NAMES.entries()) {
    const slot = text.slice(SLOT_BYTES * (n + 1), SLOT_BYTES * (n + 2));
    if (isSound(slot, name)) slots.set(name, slot);
    else if (slot !== EMPTY) damage ??= 'damaged';
  }
  return { slots, damage };
}

function expectationIn(slots: ReadonlyMap<string, string>, name: StateFileName, thisBoot: string): Expectation | null {
  const [, , generation, bytes, chain, durableBytes, durableChain, boot, state] =
    SLOT.exec(slots.get(name) ?? '') ?? [];
  if (generation === undefined) return null;
  const isSameRun = boot === thisBoot && boot !== NO_BOOT;
  const at = isSameRun ? { bytes, chain } : { bytes: durableBytes, chain: durableChain };
  return {
    generation: Number(generation),
    bytes: Number(at.bytes),
    chain: Number.parseInt(at.chain!, 16),
    closed: state === 'c',
  };
}

const wordsOf = ({ bytes, chain }: Position): string[] => [String(bytes), hex(chain)];

const sumOf = (text: string): string => hex(crc32(text));

function isSound(slot: string, expected: StateFileName): boolean {
  const [, name, , , , , , , , sum] = SLOT.exec(slot) ?? [];
  return name === expected && sum === sumOf(slot.trimEnd().slice(0, -9));
}

const NO_BOOT = hex(0);

/** @returns a short form of the machine's boot id. */
function bootTag(): string {
  const boot = thisBoot();
  return boot === '' ? NO_BOOT : hex(crc32(boot));
}

/** Whether there are state files that must have had marks. */
function hasMarkedFiles(directory: string): boolean {
  return NAMES.filter((name) => name.endsWith('.log')).some((name) => {
    const file = path.join(directory, name);
    if (!fs.lstatSync(file, { throwIfNoEntry: false })?.isFile()) return false;
    return reading(file, (fd) => {
      const bytes = Buffer.alloc(16);
      return bytes.toString('latin1', 0, fs.readSync(fd, bytes, 0, bytes.length, 0)) === 'lockstep-store 2';
    });
  });
}
