// A small state file of JSON, written whole, with its generation and a checksum in it: one that is empty, cut, changed,
// missing or older than it was is noticed. While it is in use what is in memory counts.
import fs from 'node:fs';
import { crc32 } from 'node:zlib';
import { isFile, replaceFile } from '../fs/whole-file.js';
import { hex } from './journal.js';
import type { DamageKind } from './journal-check.js';
import { type Mark, NO_MARK } from './watermarks.js';

/** A longer file is not compared byte by byte while it is in use. */
const MAX_COMPARED = 64 << 10;

type Value = Readonly<Record<string, unknown>>;

/** What reading found: a value and damage exclude each other; neither is a file that never was. */
type SealedContent =
  | { readonly value: Value | null; readonly damage: null }
  | { readonly value: null; readonly damage: DamageKind };

/** One such file. */
export class SealedFile {
  readonly #mark: Mark;

  #generation = 0;
  /** What was read or written last, and the file that it is; null: nothing is to be there. */
  #content: { readonly text: string; readonly ino: number } | null = null;

  /** @param mark where it is noted which generation was written. */
  constructor(
    readonly path: string,
    mark: Mark = NO_MARK,
  ) {
    this.#mark = mark;
  }

  /**
   * @param isOurs whether a value is one that this version understands.
   * @throws the system's error where it cannot be read.
   */
  read(isOurs: (value: Value) => boolean): SealedContent {
    const known = this.#mark.read();
    this.#generation = known?.generation ?? 0;
    const stats = fs.lstatSync(this.path, { throwIfNoEntry: false });
    if (stats === undefined) return known === null ? { value: null, damage: null } : damaged('missing');
    if (!stats.isFile()) return damaged('foreign');
    const text = fs.readFileSync(this.path, 'utf8');
    if (text === '') return damaged('empty');
    const value = parse(text);
    if (value === null) return damaged('damaged');
    const { generation, sum, ...plain } = value;
    if (!isOurs(plain)) return damaged('foreign');
    if (sum === undefined && known === null) {
      this.write(plain); // from before there were checksums
      return { value: plain, damage: null };
    }
    if (!Number.isSafeInteger(generation) || text !== sealed(plain, generation as number)) return damaged('damaged');
    if ((generation as number) < this.#generation) return damaged('older');
    if (generation === known?.generation && crc32(text) !== known?.chain) return damaged('damaged');
    this.#generation = generation as number;
    this.#content = { text, ino: stats.ino };
    this.#note(text);
    return { value: plain, damage: null };
  }

  /** @throws the system's error; then the file is as it was. */
  write(value: Value): void {
    const text = sealed(value, this.#generation + 1);
    replaceFile(this.path, text);
    this.#generation++;
    this.#content = { text, ino: fs.lstatSync(this.path).ino };
    this.#note(text);
  }

  #note(text: string): void {
    const end = { bytes: Buffer.byteLength(text), chain: crc32(text) };
    this.#mark.write({ generation: this.#generation, written: end, durable: end, closed: true });
  }

  /**
   * Writes the file anew where it is gone, or is not what was written.
   * @returns whether that was so.
   * @throws the system's error where it cannot be written.
   */
  check(): boolean {
    const content = this.#content;
    if (content === null || this.#stands(content)) return false;
    replaceFile(this.path, content.text);
    this.#content = { text: content.text, ino: fs.lstatSync(this.path).ino };
    return true;
  }

  #stands({ text, ino }: { readonly text: string; readonly ino: number }): boolean {
    if (!isFile(this.path, ino, Buffer.byteLength(text))) return false;
    return text.length > MAX_COMPARED || fs.readFileSync(this.path, 'utf8') === text;
  }
}

/** Whether `text` is what a sealed file holds; one of before there were checksums is not. */
export function isSealed(text: string): boolean {
  const { generation, sum, ...value } = parse(text) ?? {};
  return sum !== undefined && Number.isSafeInteger(generation) && text === sealed(value, generation as number);
}

const damaged = (damage: DamageKind): SealedContent => ({ value: null, damage });

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

/** @returns the text of the file that holds `value`. */
function sealed(value: Value, generation: number): string {
  const text = JSON.stringify({ ...value, generation });
  return `${JSON.stringify({ ...value, generation, sum: hex(crc32(text)) })}\n`;
}
