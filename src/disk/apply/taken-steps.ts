// Steps that were taken and are not durable yet: the directories of all of them are flushed, each once, and what got
// another mode or time.
import type { Change, Outcome } from '../../core/change.js';
import { sameEntry } from '../../core/entry.js';
import { parentOf, type RelPath } from '../../core/path.js';
import type { Applied } from '../../replica.js';
import type { Parents } from '../fs/parents.js';
import { outcomeOf } from '../fs/system-errors.js';

/** How many flushes run at once. */
const AT_ONCE = 32;

interface Taken {
  readonly n: number;
  /** Bytes that were sent for it. */
  readonly sent: number;
  readonly directories: readonly (RelPath | '')[];
  /** What got another mode or time; null where only names changed. */
  readonly inode: RelPath | null;
}

export class TakenSteps {
  readonly #parents: Parents;
  #steps: Taken[] = [];

  constructor(parents: Parents) {
    this.#parents = parents;
  }

  get count(): number {
    return this.#steps.length;
  }

  /** The number of the change of the last step; undefined where there is none. */
  get last(): number | undefined {
    return this.#steps.at(-1)?.n;
  }

  add(n: number, change: Change, sent: number): void {
    const directories = [parentOf(change.path)];
    if (change.from !== undefined) directories.push(parentOf(change.from.path));
    this.#steps.push({ n, sent, directories, inode: setsMetadata(change) ? change.path : null });
  }

  /** Makes names, modes and times durable. @returns the outcome of each step, and forgets it. */
  async sync(): Promise<Applied[]> {
    const steps = this.#steps;
    this.#steps = [];
    const directories = [...new Set(steps.flatMap((step) => step.directories))];
    const inodes = steps.flatMap(({ inode }) => inode ?? []);
    const failedDirectories = await this.#syncEach(directories, (directory) => this.#parents.sync(directory));
    const failedInodes = await this.#syncEach(inodes, (path) => this.#parents.syncInode(path));
    return steps.map(({ n, sent, directories, inode }) => {
      const failed = directories.map((directory) => failedDirectories.get(directory)).find((failure) => failure);
      const outcome = failed ?? (inode === null ? undefined : failedInodes.get(inode));
      return { n, outcome: outcome ?? { kind: 'done', sent } };
    });
  }

  /**
   * Flushes each of `paths`, some at a time; what has vanished meanwhile needs no flush.
   * @returns the failures by path.
   */
  async #syncEach<P extends string>(paths: readonly P[], sync: (path: P) => Promise<void>): Promise<Map<P, Outcome>> {
    const failures = new Map<P, Outcome>();
    const syncOne = async (path: P) => {
      try {
        await sync(path);
      } catch (error) {
        const failure = outcomeOf(error);
        if (failure.kind !== 'stale') failures.set(path, failure);
      }
    };
    for (let i = 0; i < paths.length; i += AT_ONCE) {
      this.#parents.trim();
      await Promise.all(paths.slice(i, i + AT_ONCE).map(syncOne));
    }
    return failures;
  }
}

/** Whether the step for `change` sets mode or time of something that is there already. */
function setsMetadata({ action, after, from }: Change): boolean {
  if (action === 'metadata') return true;
  return from !== undefined && after?.type === 'file' && !sameEntry(from.entry, after);
}
