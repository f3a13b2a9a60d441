// Symbolic links are carried as links. One that is absolute, or that leaves the root, means something else on the other
// machine, or reaches what was never meant to be shared: it stays at home.
import * as fs from 'node:fs';
import { posix } from 'node:path';
import type { LinkEntry } from '../core/entry.js';
import { parentOf, quote, type RelPath } from '../core/path.js';
import { microseconds } from './seen.js';

/** @returns the link at `path`, why it cannot be carried, or null where there is no link any more. */
export function readLink(
  path: RelPath,
  absolute: string,
  stats: { readonly mtimeMs: number },
): LinkEntry | { fault: string } | null {
  let bytes: Buffer;
  try {
    bytes = fs.readlinkSync(absolute, { encoding: 'buffer' });
  } catch {
    return null;
  }
  const target = bytes.toString();
  const fault = Buffer.from(target).equals(bytes) ? linkFault(path, target) : 'its target is not valid UTF-8';
  if (fault === null) return { type: 'symlink', target, mtime: microseconds(stats.mtimeMs) };
  return { fault: `The link ${path} is not carried: ${fault}.` };
}

/** @returns why a link at `path` to `target` must not be carried, or null where it may; judged by spelling alone. */
export function linkFault(path: RelPath, target: string): string | null {
  if (posix.isAbsolute(target)) return `its target ${quote(target)} is absolute`;
  const resolved = posix.join(parentOf(path), target);
  return resolved === '..' || resolved.startsWith('../') ? `its target ${quote(target)} leaves the root` : null;
}
