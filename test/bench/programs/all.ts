// All programs that take part.
import { lockstep, lockstepWithoutFsync } from './lockstep.js';
import { lsyncd } from './lsyncd.js';
import { nodeAlone } from './node.js';
import type { Program, ProgramName } from './program.js';
import { rsync, rsyncWithFsync } from './rsync.js';
import { syncthing } from './syncthing.js';
import { unison, unisonRepeating } from './unison.js';

export const PROGRAMS: readonly Program[] = [
  lockstep,
  lockstepWithoutFsync,
  rsync,
  rsyncWithFsync,
  lsyncd,
  unison,
  unisonRepeating,
  syncthing,
  nodeAlone,
];

/** @returns the program of this name. */
export function programOf(name: ProgramName): Program {
  return PROGRAMS.find((program) => program.name === name)!;
}
