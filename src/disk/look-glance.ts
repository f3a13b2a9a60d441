// A glance at what was hinted, before anybody is told: the echo of our own writing, a file that came and went, a second
// reading that finds the same content are no reason for a look. Only what is proven to be no change is dropped.
import type { RelPath } from '../core/path.js';
import { digestSmall, SMALL_BYTES } from './fs/digest.js';
import { isRacy, type SeenFile, sameSignature } from './fs/signature.js';
import { isLinkTo } from './fs/symlink.js';
import { type Ground, highestUnsound, isKnownDir, standingAt } from './scan/context.js';
import { isUnchanged } from './scan/survey.js';

/**
 * `same`: no change. `sure`: no change, and `file` is proven now to be what was seen. `young`: no change yet, but written
 * so recently that it has to be read again later. `waits`: in motion, and not due. `look`: to be looked at.
 */
export type Glance =
  | { readonly kind: 'same' | 'young' | 'waits' | 'look' }
  | { readonly kind: 'sure'; readonly file: SeenFile };

const SAME: Glance = { kind: 'same' };
const YOUNG: Glance = { kind: 'young' };
const WAITS: Glance = { kind: 'waits' };
const LOOK: Glance = { kind: 'look' };

/** @param checked directories found sound, kept between the glances of one moment. */
export function glanceAt(ground: Ground, path: RelPath | '', checked: Map<string, boolean>): Glance {
  const wait = path === '' ? null : ground.waiting.get(path);
  if (wait !== null) return wait.kind !== 'absent' && wait.due > ground.now() ? WAITS : LOOK;
  if (highestUnsound(ground, path, checked) !== path) return LOOK;
  const standing = standingAt(ground.absolute(path));
  if (standing instanceof Error) return LOOK;
  if (path === '') return standing !== null && isKnownDir(ground, '', standing) ? SAME : LOOK;
  const node = ground.snapshot.get(path);
  if (standing === null) return node === null && !ground.troubles.has(path) ? SAME : LOOK;
  if (ground.rules.ignores(path, standing.isDirectory())) return SAME;
  if (standing.isDirectory()) return isKnownDir(ground, path, standing) ? SAME : LOOK;
  if (isUnchanged(standing, node)) return SAME;
  if (standing.isSymbolicLink()) {
    return node?.type === 'symlink' && isLinkTo(ground.absolute(path), node.target) ? SAME : LOOK;
  }
  // Somebody uses a pipe or a socket that is known to be there.
  if (!standing.isFile() && ground.troubles.has(path)) return SAME;
  if (node?.type !== 'file' || !sameSignature(node as SeenFile, standing)) return LOOK;
  return glanceAtRacy(ground, path, node as SeenFile);
}

function glanceAtRacy(ground: Ground, path: RelPath, seen: SeenFile): Glance {
  const at = ground.now();
  if (isRacy(seen, at)) return YOUNG;
  if (seen.size > SMALL_BYTES) return LOOK;
  const digest = digestSmall(ground.absolute(path), at);
  const same = digest.kind === 'read' && digest.hash === seen.hash && sameSignature(digest.stats, seen);
  return same ? { kind: 'sure', file: { ...seen, racy: false } } : LOOK;
}
