// Reads symbolic links, which are synchronised as links. An absolute link, or one that leaves the root, has another
// meaning on the other machine or reaches files that are not shared: it is not synchronised.
import * as fs from 'node:fs';
import type { LinkEntry } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import type { LinkTargets } from './link-target.js';
import { microseconds } from './signature.js';

/** @returns the link at `path`; the reason why it is not synchronised; or null where there is no link any more. */
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

/** @returns whether a link to `target` is at `absolute`, wherever it leads. */
export const isLinkTo = (absolute: string, target: string): boolean =>
  targetBytes(absolute)?.equals(Buffer.from(target)) === true;

function targetBytes(absolute: string): Buffer | null {
  try {
    return fs.readlinkSync(absolute, { encoding: 'buffer' });
  } catch {
    return null;
  }
}
