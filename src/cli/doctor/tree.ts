// Walks a root as a scan does, without reading a content: how many directories there are to watch, and which files have
// times to come. It does not follow links, stays on one file system, and ends after a bounded number of entries.
import fs from 'node:fs';
import path from 'node:path';
import { matchOwnerFiles } from '../../core/owner-files/match.js';
import type { RelPath } from '../../core/path.js';
import { IGNORE_FILE, IgnoreRules, ignoreLines } from '../../disk/scan/ignore-rules.js';

/** More entries are not visited. */
const MAX_ENTRIES = 2_000_000;
/** Clocks of machines that are kept right differ by less, in milliseconds. */
export const CLOCK_SLACK_MS = 60_000;

/** How many there are of something, and one of them. */
interface Some {
  count: number;
  example: string;
}

/** What was found below a root. */
export interface Tree {
  directories: number;
  files: number;
  /** Files that were modified after now. */
  readonly future: Some;
  /** Directories that cannot be read. */
  readonly unreadable: Some;
  /** Directories with owner files of programs. */
  readonly withOwnerFiles: (RelPath | '')[];
  /** Whether every entry was visited. */
  isWhole: boolean;
}

/**
 * @param root absolute path.
 * @param ignore gitignore lines besides those of the root.
 * @param now milliseconds since 1970.
 */
export function walkTree(root: string, ignore: readonly string[], now: number): Tree {
  const tree: Tree = {
    directories: 0,
    files: 0,
    future: { count: 0, example: '' },
    unreadable: { count: 0, example: '' },
    withOwnerFiles: [],
    isWhole: true,
  };
  const rules = new IgnoreRules([...rulesOf(root), ...ignore]);
  const { dev } = fs.statSync(root);
  const open: (RelPath | '')[] = [''];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (tree.directories + tree.files > MAX_ENTRIES) {
      tree.isWhole = false;
      break;
    }
    open.push(...visit({ root, at, dev, now }, rules, tree));
  }
  return tree;
}

function rulesOf(root: string): string[] {
  try {
    return ignoreLines(fs.readFileSync(path.join(root, IGNORE_FILE), 'utf8'));
  } catch {
    return [];
  }
}

interface Visited {
  readonly root: string;
  readonly at: RelPath | '';
  readonly dev: number;
  readonly now: number;
}

/** Notes one directory. @returns those in it. */
function visit({ root, at, dev, now }: Visited, rules: IgnoreRules, tree: Tree): RelPath[] {
  const absolute = path.join(root, at);
  let entries: fs.Dirent[];
  try {
    entries = fs.readdirSync(absolute, { withFileTypes: true });
  } catch {
    note(tree.unreadable, absolute);
    return [];
  }
  tree.directories++;
  if (matchOwnerFiles(entries.map(({ name }) => name)).length > 0) tree.withOwnerFiles.push(at);
  const below: RelPath[] = [];
  for (const entry of entries) {
    const path = (at === '' ? entry.name : `${at}/${entry.name}`) as RelPath;
    if (rules.ignores(path, entry.isDirectory())) continue;
    const stats = statsOf(`${absolute}/${entry.name}`);
    if (stats === null || stats.dev !== dev) continue;
    if (stats.isDirectory()) below.push(path);
    else if (stats.isFile()) {
      tree.files++;
      if (stats.mtimeMs > now + CLOCK_SLACK_MS) note(tree.future, `${absolute}/${entry.name}`);
    }
  }
  return below;
}

/** A directory that may be read and not searched has names, and nothing more. */
function statsOf(file: string): fs.Stats | null {
  try {
    return fs.lstatSync(file);
  } catch {
    return null;
  }
}

function note(some: Some, example: string): void {
  if (some.count++ === 0) some.example = example;
}
