// Reads a root's ignore file and applies its rules. A path that becomes ignored leaves the snapshot without a report:
// it counts as neither present nor deleted, and stays where it is on both sides.
import { hash } from 'node:crypto';
import * as fs from 'node:fs';
import { SyncError } from '../../core/errors.js';
import type { RelPath } from '../../core/path.js';
import { TimeSlice } from '../fs/time-slice.js';
import type { ScanContext } from './context.js';
import { IGNORE_FILE, IgnoreRules, ignoreLines } from './ignore-rules.js';

/** The content of `.lockstepignore`; `hash` is null where no regular file of that name exists. */
interface RulesFile {
  readonly lines: readonly string[];
  readonly hash: string | null;
}

const NO_RULES: RulesFile = { lines: [], hash: null };
const MAX_BYTES = 1024 * 1024;
const FLAGS = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/**
 * @returns the present rules file of the root.
 * @throws SyncError `failed` where the file exists and cannot be read: without it, excluded files would be
 *   synchronised.
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
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO') return NO_RULES;
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
 * Applies the rules `lines`.
 * @param onIgnored called with the topmost path of each known branch that is ignored from now on; it has left the
 *   snapshot.
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
  // RACE: this server may write during the walk; one entry more or less does no harm.
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
