// ROOT/.lockstep: all of Lockstep's own state of a root, and nothing of it elsewhere. It says what it is to whoever
// finds it, which root this is, and which server has it now: one server a root, at any time.
import fs from 'node:fs';
import path from 'node:path';
import { SyncError } from '../core/errors.js';
import { STATE_DIR } from '../core/path.js';
import { systemTrouble } from '../core/system-error.js';
import { type Logger, silent } from '../log.js';
import { openIdentity } from './identity.js';
import { type Crash, occupy } from './occupant.js';
import { isPart, tidyPartials } from './partials.js';
import { ANEW, StateFiles } from './state-files.js';

const README = `This directory belongs to Lockstep, which keeps the directory around it identical to another one.

held/      changes of locked files, waiting for the unlock: whole files, in the order they came
versions/  earlier contents: whatever was overwritten or deleted, under its old path with the time in its name
staging/   contents on their way; what is left in it after a restart only spares sending it again
*.log      what was last known of every file, the locks, and what is noted of the versions
watermarks how far those were written, so that a loss is noticed
*.damaged-* what was found damaged, under the moment of that: delete it when it is of no use to you

You may copy files out of held/ and versions/. To start anew, stop the servers and delete the whole directory: nothing
outside it is touched, and the next start compares the two sides afresh.
`;

/** The open state directory of a root. */
export interface StateDirectory {
  readonly path: string;
  /** Made once for each root; another id means another root, whatever its name. */
  readonly id: string;
  /** The ids that it had before what was known of it was lost, the latest last. */
  readonly former: readonly string[];
  /** Whether the root had no id before. */
  readonly isNew: boolean;
  /** How the last server ended that had the root; null where it let go of it properly. */
  readonly crash: Crash | null;
  readonly staging: string;
  readonly held: string;
  readonly versions: string;
  /** The state files that are in it. */
  readonly files: StateFiles;
  /** Whether the root had an identity that is gone or damaged. */
  readonly isIdentityLost: boolean;
  /** Gives the root another id: too much was lost of what was known of it. */
  renew(): void;
  /** Lets another server have the root. */
  release(): void;
}

/**
 * Makes or opens ROOT/.lockstep and takes the root for this process.
 * @param root absolute path of the root.
 * @param log told of what was damaged.
 * @throws SyncError `usage` where another server has the root, or the directory cannot be written.
 */
export function openStateDirectory(root: string, log: Logger = silent): StateDirectory {
  const directory = path.join(root, STATE_DIR);
  const inside = (name: string) => path.join(directory, name);
  try {
    for (const name of ['', 'staging', 'held', 'versions']) makeRealDirectory(inside(name));
    if (!fs.existsSync(inside('README.txt'))) fs.writeFileSync(inside('README.txt'), README);
  } catch (cause) {
    throw cannotBeWritten(root, cause);
  }
  const { crash, release } = occupy(inside('server.json'), root);
  try {
    emptyStaging(inside('staging'));
    const files = new StateFiles(directory, log);
    const identity = openIdentity(root, files, () => {
      log.warn(`${root} is a copy of the directory that was synchronised, or was put back from one. ${ANEW}`);
    });
    return {
      path: directory,
      get id() {
        return identity.id;
      },
      get former() {
        return identity.former;
      },
      isNew: identity.isNew,
      isIdentityLost: identity.isLost,
      crash,
      renew: identity.renew,
      staging: inside('staging'),
      held: inside('held'),
      versions: inside('versions'),
      files,
      release: () => {
        files.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw cannotBeWritten(root, error);
  }
}

const cannotBeWritten = (root: string, cause: unknown): SyncError =>
  new SyncError('usage', `The directory ${root} cannot be written: ${systemTrouble(cause).why}.`, {
    hint: 'Lockstep keeps its state in it; give yourself write permission, or name another with --dir.',
    cause,
  });

/** A link is no place for our state, and what it leads to is not ours to empty. */
function makeRealDirectory(directory: string): void {
  if (fs.lstatSync(directory, { throwIfNoEntry: false })?.isSymbolicLink()) fs.unlinkSync(directory);
  fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
}

/** Nothing is left in it but what spares sending large contents again. */
function emptyStaging(directory: string): void {
  for (const name of fs.readdirSync(directory)) {
    if (!isPart(name)) fs.rmSync(path.join(directory, name), { recursive: true, force: true });
  }
  tidyPartials(directory, Date.now());
}
