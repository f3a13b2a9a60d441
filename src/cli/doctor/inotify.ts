// Whether Linux lets this user watch as many directories as there are. Where it does not, the rest is polled.
import fs from 'node:fs';
import { countText } from '../../core/size-text.js';
import { type Finding, ok, warn } from './finding.js';
import { linkAt, namesIn, processes, textAt } from './proc.js';

/** The limits of a user, and what processes of this user have taken of them. */
interface Watching {
  readonly maxWatches: number;
  readonly maxInstances: number;
  readonly usedWatches: number;
  readonly usedInstances: number;
}

/** A server has one instance; both may run here. */
const INSTANCES = 2;

/**
 * @param needed how many directories are to be watched.
 * @param watching null where the system has no such limits.
 */
export function watchFindings(needed: number, watching: Watching | null): Finding[] {
  if (watching === null) return [];
  const { maxWatches, maxInstances, usedWatches, usedInstances } = watching;
  const free = Math.max(0, maxWatches - usedWatches);
  const directories = `${countText(needed, 'directory').replace(/ys$/, 'ies')}`;
  const enough = Math.max(524_288, 2 ** Math.ceil(Math.log2(2 * (needed + usedWatches))));
  const watches =
    needed <= free
      ? ok('watches', `${directories} to watch; ${free} of ${maxWatches} inotify watches are free.`)
      : warn(
          'watches',
          `${directories} to watch, and ${free} of ${maxWatches} inotify watches are free: the rest is polled, which is slow.`,
          setting('max_user_watches', enough),
        );
  const isShort = usedInstances + INSTANCES > maxInstances;
  const instances = warn(
    'watches',
    `${usedInstances} of ${maxInstances} inotify instances are in use: a server that gets none polls every directory.`,
    setting('max_user_instances', 2 * maxInstances),
  );
  return isShort ? [watches, instances] : [watches];
}

const setting = (name: string, value: number): string =>
  `Raise it with: sudo sysctl fs.inotify.${name}=${value}; to keep it, write "fs.inotify.${name}=${value}" into /etc/sysctl.d/60-lockstep.conf`;

/**
 * @param except processes whose watches are not counted: the servers of the directories in question.
 * @returns null where there is no inotify.
 */
export function readWatching(except: ReadonlySet<number>): Watching | null {
  try {
    const limit = (name: string): number => Number(fs.readFileSync(`/proc/sys/fs/inotify/${name}`, 'utf8'));
    const [maxWatches, maxInstances] = [limit('max_user_watches'), limit('max_user_instances')];
    return { maxWatches, maxInstances, ...inUse(except) };
  } catch {
    return null;
  }
}

/** What processes have taken whose descriptors this user may read: other users have limits of their own. */
function inUse(except: ReadonlySet<number>): Pick<Watching, 'usedWatches' | 'usedInstances'> {
  let [usedWatches, usedInstances] = [0, 0];
  for (const pid of processes()) {
    if (except.has(Number(pid)) || !isOwn(pid)) continue;
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      if (linkAt(`/proc/${pid}/fd/${fd}`) !== 'anon_inode:inotify') continue;
      usedInstances++;
      usedWatches += textAt(`/proc/${pid}/fdinfo/${fd}`).split('\ninotify ').length - 1;
    }
  }
  return { usedWatches, usedInstances };
}

const isOwn = (pid: string): boolean =>
  fs.statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === process.getuid?.();
