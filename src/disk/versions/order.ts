// The order of versions: the newest first. Versions of one second are told apart by the number in their names.

import type { Reason } from '../../core/change.js';
import type { RelPath } from '../../core/path.js';
import { nameOf } from '../../core/path.js';
import { momentOf } from './name.js';

/** What the order of a version follows from. */
interface Ordered {
  readonly name: RelPath;
  /** When it was moved to versions/, milliseconds since 1970. */
  readonly replaced: number;
  /** Null where its record is lost. */
  readonly reason: Reason | null;
}

const numberOf = ({ name }: Ordered): number => momentOf(nameOf(name))?.n ?? 0;

const secondOf = ({ replaced }: Ordered): number => Math.floor(replaced / 1000);

/** @returns the newest first. The number in each name is read once: very many may have the same time. */
export function inOrder<V extends Ordered>(versions: readonly V[]): V[] {
  const numbers = new Map(versions.map((version) => [version, numberOf(version)]));
  return versions.toSorted((x, y) => y.replaced - x.replaced || numbers.get(y)! - numbers.get(x)!);
}

/**
 * Completes the times of versions of one file that have no record (a crash may lose the last records). Their names have
 * only the second; such a version is not older than the one with the number before it.
 */
export function timed<V extends Ordered>(versions: readonly V[]): V[] {
  const oldestFirst = versions.toSorted((x, y) => secondOf(x) - secondOf(y) || numberOf(x) - numberOf(y));
  const found: V[] = [];
  for (const version of oldestFirst) {
    const before = found.at(-1);
    const isLost = version.reason === null && before !== undefined && secondOf(before) === secondOf(version);
    found.push(isLost ? { ...version, replaced: Math.max(before.replaced, version.replaced) } : version);
  }
  return found;
}
