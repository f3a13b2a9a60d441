// Halts: one side lost so many files, or its root is so suspicious, that no file may be changed until a person confirms
// it (mutagen's safety.go, rclone's --max-delete). Predicates over the findings before they are committed; nothing is
// changed.
import * as fs from 'node:fs';
import { advise } from '../../core/advice.js';
import { isLost, lossCode, MAX_LOST_FILES, MIN_EMPTIED_FILES } from '../../core/loss.js';
import type { RelPath } from '../../core/path.js';
import type { Node } from '../../core/snapshot.js';
import type { ScanResult } from '../../replica.js';
import type { FileSignature } from '../fs/signature.js';
import { rootFault } from '../state/root.js';
import type { ScanContext } from './context.js';
import { describe } from './enter.js';
import { isNeverSynchronised } from './ignore-rules.js';
import type { Findings } from './judge.js';

export type Halt = NonNullable<ScanResult['halt']>;

const WAY_OUT = advise`Put the files back; or get them back from the other side with: ${{ do: 'resume', confirm: 'new-partner' }}; or, if they were meant to go, delete them on the other side, too (versions keep them there), with: ${{ do: 'resume', confirm: 'accept-deletes' }}`;

/** @returns why the root must not be scanned now; null where it can be. */
export function rootHalt(context: ScanContext, deletesAccepted: boolean): Halt | null {
  const fault = rootFault(context.root);
  if (fault !== null) return fault;
  try {
    if (deletesAccepted || context.snapshot.files < MIN_EMPTIED_FILES || !isEmpty(context)) return null;
  } catch (error) {
    const why = describe(error as NodeJS.ErrnoException);
    const message = `${context.root.path} cannot be read: ${why}. Nothing is touched; it goes on when it can be read.`;
    return { code: 'root-missing', message };
  }
  const files = `${context.snapshot.files} files`;
  return {
    code: 'root-emptied',
    message: `${context.root.path} is empty, but had ${files} when it was last scanned. Nothing is touched.`,
    advice: WAY_OUT,
  };
}

function isEmpty({ root, rules }: ScanContext): boolean {
  const dir = fs.opendirSync(root.path);
  try {
    for (let dirent = dir.readSync(); dirent !== null; dirent = dir.readSync()) {
      if (isNeverSynchronised(dirent.name)) continue;
      if (!rules.matches(dirent.name as RelPath, dirent.isDirectory())) return false;
    }
    return true;
  } finally {
    dir.closeSync();
  }
}

/**
 * @param hasMoved whether a path is absent because its directory was moved.
 * @returns the halt where `findings` remove more than half of the files and more than 100; moved files do not count.
 */
export function lossHalt(context: ScanContext, findings: Findings, hasMoved: (path: RelPath) => boolean): Halt | null {
  const before = context.snapshot.files;
  if (before <= MAX_LOST_FILES) return null;
  const lost = new Set<number>();
  let files = 0;
  for (const [path, entry] of findings) {
    const node = context.snapshot.get(path);
    if (node === null || hasMoved(path) || !isLost(node, entry)) continue;
    files += collect(node, lost);
  }
  if (!isTooMuch(files, before)) return null;
  for (const entry of findings.values()) if (entry?.type === 'file' && lost.has((entry as FileSignature).ino)) files--;
  if (!isTooMuch(files, before)) return null;
  const message = `${files} of ${before} files in ${context.root.path} vanished at once. Nothing is touched.`;
  return { code: 'mass-deletion', message, advice: WAY_OUT };
}

const isTooMuch = (files: number, of: number): boolean => lossCode({ files, of }, false) !== null;

/** @returns how many files are at and below `node`; their inodes are added to `inodes`. */
function collect(node: Node, inodes: Set<number>): number {
  if (node.type === 'file') inodes.add((node as FileSignature).ino);
  if (node.type !== 'dir') return 1;
  let files = 0;
  for (const child of node.children.values()) files += collect(child, inodes);
  return files;
}
