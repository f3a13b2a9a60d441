// A directory that we moved ourselves: everything in it is known already, under another name. What is not surely as it
// was known is left to the next look, which reads it anew.

import type { Stats } from 'node:fs';
import fs from 'node:fs';
import type { Entry } from '../core/entry.js';
import { joinPath, parentOf, type RelPath } from '../core/path.js';
import { entryOf, walkNode } from '../core/snapshot.js';
import type { Ground } from './scan/context.js';
import { isUnchanged } from './scan/survey.js';

/** Something that stands, or stands no longer, where it is said to. */
export interface Known {
  readonly path: RelPath;
  readonly entry: Entry | null;
  readonly stats: Stats | null;
}

/**
 * @param absolute where the directory is now.
 * @returns what is to be noted, in order: the old place is empty, the new one has what was known and is unchanged.
 */
export function* moveKnown(ground: Ground, from: RelPath, to: RelPath, absolute: string): Generator<Known> {
  const node = ground.snapshot.get(from);
  const nodes = node === null ? [] : [...walkNode('', node)];
  yield { path: from, entry: null, stats: null };
  yield { path: to, entry: entryOf(node) ?? { type: 'dir', mode: 0o755 }, stats: fs.lstatSync(absolute) };
  const missing = new Set<RelPath | ''>();
  for (const [below, known] of nodes) {
    const stats = fs.lstatSync(`${absolute}/${below}`, { throwIfNoEntry: false });
    const isSame = known.type === 'file' ? isUnchanged(stats ?? null, known) : sameKind(known.type, stats);
    if (stats === undefined || !isSame || missing.has(parentOf(below))) missing.add(below);
    else yield { path: joinPath(to, below), entry: entryOf(known), stats };
  }
}

const sameKind = (type: 'dir' | 'symlink', stats: Stats | undefined): boolean =>
  type === 'dir' ? stats?.isDirectory() === true : stats?.isSymbolicLink() === true;
