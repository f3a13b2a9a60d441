// Symbolic links are carried as links. One that is absolute, or that leads out of the root, means something else on the
// other machine, or reaches what was never meant to be shared: it stays at home.
import * as fs from 'node:fs';
import type { LinkEntry } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import type { LinkTargets } from './link-target.js';
import { microseconds } from './signature.js';

/** @returns the link at `path`, why it cannot be carried, or null where there is no link any more. */
export function readLink(
  path: RelPath,
  absolute: string,
  stats: { readonly mtimeMs: number },
  targets: LinkTargets,
): LinkEntry | { fault: string } | null {
  const bytes = targetBytes(absolute);
  if (bytes === null) return null;
  const target = bytes.toString();
  const fault = Buffer.from(target).equals(bytes) ? targets.faultOf(path, target) : 'its target is not valid UTF-8';
  if (fault === null) return { type: 'symlink', target, mtime: microseconds(stats.mtimeMs) };
  return { fault: `The link ${path} is not carried: ${fault}.` };
}

/** @returns whether a link to `target` stands at `absolute`, wherever that leads. */
export const isLinkTo = (absolute: string, target: string): boolean =>
  targetBytes(absolute)?.equals(Buffer.from(target)) === true;

function targetBytes(absolute: string): Buffer | null {
  try {
    return fs.readlinkSync(absolute, { encoding: 'buffer' });
  } catch {
    return null;
  }
}
