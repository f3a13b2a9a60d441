// A small JSON state file with its generation and a checksum in it, replaced as a whole by rename. An empty, truncated,
// changed, missing or older file is noticed when it is read. While the server runs, the copy in memory is the valid
// one.
import fs from 'node:fs';
import { crc32 } from 'node:zlib';
import { isFile, replaceFile } from '../fs/whole-file.js';
import { type Expectation, hex } from './journal.js';
import type { DamageKind } from './journal-check.js';
import { type Mark, NO_MARK } from './watermarks.js';

/** In characters; of a longer file only inode and size are compared while the server runs. */
const MAX_COMPARED = 64 << 10;

type Value = Readonly<Record<string, unknown>>;

/** The result of reading: a value, or damage, or neither for a file that never existed. */
interface SealedContent {
  readonly value: Value | null;
  readonly damage: DamageKind | null;
}

/** One sealed file. */
export class SealedFile {
  readonly #mark: Mark;

  #generation = 0;
  /** The content that was last read or written, and the inode of the file; null: no file should exist. */
  #content: { readonly text: string; readonly ino: number } | null = null;

  /** @param mark the watermark that records which generation was written. */
  constructor(
    readonly path: string,
    mark: Mark = NO_MARK,
  ) {
    this.#mark = mark;
  }

  /**
   * @param isOurs whether this version understands a value.
   * @throws the system's error where the file cannot be read.
   */
  read(isOurs: (value: Value) => boolean): SealedContent {
    const known = this.#mark.read();
    this.#generation = known?.generation ?? 0;
    const found = readSealed(this.path, known, isOurs);
    if (found.text === null) return { value: null, damage: found.damage };
    const { text, ino, value, generation } = found;
    if (generation === null) this.write(value);
    else {
      this.#generation = generation;
      this.#content = { text, ino };
      this.#recordMark(text);
    }
    return { value, damage: null };
  }

  /** Replaces the content. @throws the system's error; then the old file is still there. */
  write(value: Value): void {
    const text = sealed(value, this.#generation + 1);
    replaceFile(this.path, text);
    this.#generation++;
    this.#content = { text, ino: fs.lstatSync(this.path).ino };
    this.#recordMark(text);
  }

  #recordMark(text: string): void {
    const end = { bytes: Buffer.byteLength(text), chain: crc32(text) };
    this.#mark.write({ generation: this.#generation, written: end, durable: end, closed: true });
  }

  /**
   * Writes the file again where it is gone or is not what was written.
   * @returns whether it was.
   * @throws the system's error where it cannot be written.
   */
  check(): boolean {
    const content = this.#content;
    if (content === null || this.#isUnchanged(content)) return false;
    replaceFile(this.path, content.text);
    this.#content = { text: content.text, ino: fs.lstatSync(this.path).ino };
    return true;
  }

  #isUnchanged({ text, ino }: { readonly text: string; readonly ino: number }): boolean {
    if (!isFile(this.path, ino, Buffer.byteLength(text))) return false;
    return text.length > MAX_COMPARED || fs.readFileSync(this.path, 'utf8') === text;
  }
}

/** Whether `text` is a sealed file with a valid checksum. */
export function isSealed(text: string): boolean {
  const { generation, sum, ...value } = parse(text) ?? {};
  return sum !== undefined && Number.isSafeInteger(generation) && text === sealed(value, generation as number);
}

/** What stands in a sealed file: nothing valid, or a value. */
type Found =
  | { readonly text: null; readonly damage: DamageKind | null }
  | {
      readonly text: string;
      readonly damage: null;
      readonly ino: number;
      readonly value: Value;
      /** Null where a version without checksums has written it. */
      readonly generation: number | null;
    };

/**
 * Reads a sealed file and writes nothing.
 * @param known what was written according to the watermark; null where there is none.
 * @param isOurs whether this version understands a value.
 * @throws the system's error where the file cannot be read.
 */
export function readSealed(file: string, known: Expectation | null, isOurs: (value: Value) => boolean): Found {
  const stats = fs.lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return { text: null, damage: known === null ? null : 'missing' };
  if (!stats.isFile()) return damaged('foreign');
  const text = fs.readFileSync(file, 'utf8');
  if (text === '') return damaged('empty');
  const parsed = parse(text);
  if (parsed === null) return damaged('damaged');
  const { generation, sum, ...value } = parsed;
  if (!isOurs(value)) return damaged('foreign');
  const found = { text, damage: null, ino: stats.ino, value };
  if (sum === undefined && known === null) return { ...found, generation: null };
  if (!Number.isSafeInteger(generation) || text !== sealed(value, generation as number)) return damaged('damaged');
  if ((generation as number) < (known?.generation ?? 0)) return damaged('older');
  if (generation === known?.generation && crc32(text) !== known?.chain) return damaged('damaged');
  return { ...found, generation: generation as number };
}

const damaged = (damage: DamageKind): Found => ({ text: null, damage });

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

/** @returns the text of a sealed file with `value`. */
function sealed(value: Value, generation: number): string {
  const text = JSON.stringify({ ...value, generation });
  return `${JSON.stringify({ ...value, generation, sum: hex(crc32(text)) })}\n`;
}
