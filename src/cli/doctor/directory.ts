// Everything that is checked of one directory of this machine. Nothing in it is changed.
import fs from 'node:fs';
import path from 'node:path';
import { SyncError } from '../../core/errors.js';
import { quote, type RelPath } from '../../core/path.js';
import { shellWord } from '../../core/shell-word.js';
import { countText } from '../../core/size-text.js';
import { thisMachine } from '../../disk/owner-files/machine.js';
import { staleText } from '../../disk/owner-files/problem-texts.js';
import { ownerFilesIn } from '../../disk/owner-files/read.js';
import { staleBecause } from '../../disk/owner-files/stale.js';
import { openRoot } from '../../disk/state/root.js';
import { fileSystemFindings, spaceFinding } from './file-system.js';
import { type Finding, ok, warn, wrong, wrongBy } from './finding.js';
import { clockFinding, stateFindings } from './state.js';
import { CLOCK_SLACK_MS, type Tree, walkTree } from './tree.js';

/** What was found in one directory. */
export interface Examined {
  readonly findings: readonly Finding[];
  /** How many directories are to be watched. */
  readonly directories: number;
  /** The process of its server on this machine; null where none runs. */
  readonly server: number | null;
}

/**
 * @param dir absolute path.
 * @param ignore gitignore lines besides those of the directory.
 * @param prune the command that removes old versions.
 */
export async function examine(dir: string, ignore: readonly string[], prune: string): Promise<Examined> {
  let root: ReturnType<typeof openRoot>;
  try {
    root = openRoot(dir);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return { findings: [wrongBy('directory', error)], directories: 0, server: null };
  }
  const now = Date.now();
  const tree = walkTree(root.path, ignore, now);
  const state = stateFindings(root.path);
  const findings = [
    ...accessFindings(root.path),
    ...fileSystemFindings(root.path),
    spaceFinding(root.path, prune),
    ...treeFindings(root.path, tree),
    ...(await staleFindings(root, tree.withOwnerFiles)),
    ...state.findings,
    ...clockFinding(root.path, now, CLOCK_SLACK_MS),
  ];
  return { findings, directories: tree.directories, server: state.server };
}

function accessFindings(dir: string): Finding[] {
  try {
    fs.accessSync(dir, fs.constants.W_OK);
    return [];
  } catch {
    const hint = `Give yourself access with: chmod u+rwx ${shellWord(dir)}`;
    return [wrong('directory', `${quote(dir)} cannot be written by you.`, hint)];
  }
}

function treeFindings(dir: string, { files, directories, future, unreadable, isWhole }: Tree): Finding[] {
  const few = isWhole ? '' : 'More than ';
  const counted = `${few}${countText(files, 'file')} in ${countText(directories, 'directory').replace(/ys$/, 'ies')}: ${quote(dir)}.`;
  const findings: Finding[] = [ok('files', counted)];
  if (future.count > 0)
    findings.push(
      warn(
        'clock',
        `${countText(future.count, 'file')} of ${quote(dir)} with a time to come, such as ${quote(path.relative(dir, future.example))}: it would win over every other content.`,
        `Give it the present time: touch ${shellWord(future.example)}`,
      ),
    );
  if (unreadable.count > 0)
    findings.push(
      warn(
        'files',
        `${countText(unreadable.count, 'directory').replace(/ys$/, 'ies')} of ${quote(dir)} cannot be read, such as ${quote(path.relative(dir, unreadable.example))}: they are not synchronised.`,
        `Give yourself access: chmod u+rx ${shellWord(unreadable.example)}`,
      ),
    );
  return findings;
}

async function staleFindings(
  root: Parameters<typeof ownerFilesIn>[0],
  directories: readonly (RelPath | '')[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const dir of directories) {
    for (const found of (await ownerFilesIn(root, dir, () => {})) ?? []) {
      const why = staleBecause(found, thisMachine, []);
      if (why === null) continue;
      const relative = (dir === '' ? found.file.name : `${dir}/${found.file.name}`) as RelPath;
      const text = staleText(relative, path.join(root.path, relative), found, why);
      findings.push(warn('owner-file', text));
    }
  }
  return findings;
}
