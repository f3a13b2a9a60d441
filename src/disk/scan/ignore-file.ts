// The ignore rules of a root: read from its own file, and put in force. What becomes ignored leaves the snapshot without
// a word: it is neither there nor gone, and stays where it is on both sides.
import { hash } from 'node:crypto';
import * as fs from 'node:fs';
import { SyncError } from '../../core/errors.js';
import type { RelPath } from '../../core/path.js';
import { TimeSlice } from '../fs/time-slice.js';
import type { ScanContext } from './context.js';
import { IGNORE_FILE, IgnoreRules, ignoreLines } from './ignore-rules.js';

/** A `.lockstepignore` as it was read; without one, or with something else in its place, `hash` is null. */
interface RulesFile {
  readonly lines: readonly string[];
  readonly hash: string | null;
}

const NO_RULES: RulesFile = { lines: [], hash: null };
const MAX_BYTES = 1024 * 1024;
const FLAGS = fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0);

/**
 * @returns the rules file in the root as it is now.
 * @throws SyncError `failed` where there is one that cannot be read: what it excludes would travel.
 */
export function readRules({ absolute }: ScanContext): RulesFile {
  let fd: number | null = null;
  try {
    fd = fs.openSync(absolute(IGNORE_FILE), FLAGS);
    const stats = fs.fstatSync(fd);
    if (!stats.isFile() || stats.size > MAX_BYTES) return NO_RULES;
    const content = fs.readFileSync(fd);
    return { lines: ignoreLines(content.toString()), hash: hash('sha256', content) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'EISDIR' || code === 'ENXIO') return NO_RULES;
    throw new SyncError(
      'failed',
      `${absolute(IGNORE_FILE)} cannot be read (${code}), so what it excludes is not known.`,
      {
        hint: 'Make it readable; until then nothing is synchronised.',
      },
    );
  } finally {
    if (fd !== null) fs.closeSync(fd);
  }
}

/**
 * Puts `lines` in force.
 * @param onIgnored called with the highest of each branch that was known and is ignored now; it has left the snapshot.
 */
export async function adoptRules(
  context: ScanContext,
  lines: readonly string[],
  onIgnored: (path: RelPath) => void,
): Promise<void> {
  const rules = new IgnoreRules(lines);
  if (rules.equals(context.rules)) return;
  context.rules = rules;
  const ignored: RelPath[] = [];
  const slice = new TimeSlice();
  // RACE: we may write meanwhile; an entry more or less in the walk does no harm.
  for (const [path, node] of context.snapshot.walk()) {
    if (rules.ignores(path, node.type === 'dir')) ignored.push(path);
    if (slice.isTired) await slice.rest();
  }
  for (const path of ignored) {
    if (context.snapshot.get(path) === null) continue;
    context.snapshot.put(path, null);
    context.directories.drop(path);
    context.problems.clearBelow(path);
    onIgnored(path);
  }
  for (const path of [...context.unsettled.paths()]) if (rules.ignores(path, false)) context.unsettled.release(path);
}
