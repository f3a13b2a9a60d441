// The folder guarantees: all state that Lockstep keeps of a root is in ROOT/.lockstep and nowhere else; one server at a
// time has a root; a state file that is damaged, truncated, missing or older than it was is noticed when it is opened,
// set aside and reported, and is never taken for a valid one. This file opens that directory.
import fs from 'node:fs';
import path from 'node:path';
import { SyncError } from '../../core/errors.js';
import { STATE_DIR } from '../../core/path.js';
import { systemTrouble } from '../../core/system-error.js';
import { type Logger, silent } from '../../log.js';
import { OwnDirectory } from '../fs/own-directory.js';
import { removeTree } from '../fs/remove-tree.js';
import { inItsDirectory } from '../fs/whole-file.js';
import { isPart, tidyPartials } from '../staging/partials.js';
import { ANEW, StateFiles } from './files.js';
import { openIdentity } from './identity.js';
import { type OwnDirectories, StateKeeper } from './keeper.js';
import { type Crash, type Occupancy, occupy } from './occupant.js';
import { StateProblems } from './problems.js';

/** Names the server that has the root. */
export const OCCUPANT = 'server.json';

const README = `This directory belongs to Lockstep, which keeps the directory around it identical to another one.

held/      changes of locked files, waiting for the unlock: whole files, in the order they came
versions/  earlier contents: whatever was overwritten or deleted, under its old path with the time in its name
staging/   contents on their way; what is left in it after a restart only spares sending it again
log/       what happened lately: an event a line, the latest at the end of the last file
audit.*    who asked for what, a line before each was done, the latest in audit.ndjson (side a)
*.log      what was last known of every file, the locks, and what is noted of the versions
watermarks how far those were written, so that a loss is noticed
*.damaged-* what was found damaged, under the moment of that: delete it when it is of no use to you

You may copy files out of held/ and versions/. To start anew, stop the servers and delete the whole directory: nothing
outside it is touched, and the next start compares the two sides afresh.
`;

/** The open state directory of a root. */
export interface StateDirectory extends OwnDirectories {
  readonly path: string;
  /** The id of the root; another id means another root, whatever its path. */
  readonly id: string;
  /** The ids that the root had before its state was lost, the latest last. */
  readonly former: readonly string[];
  /** Whether the root had no id before. */
  readonly isNew: boolean;
  /** How the last server of the root ended; null where it released the root. */
  readonly crash: Crash | null;
  /** The state files in it. */
  readonly files: StateFiles;
  /** The problems with it. */
  readonly problems: StateProblems;
  /** Whether the root had an identity that is gone or damaged. */
  readonly isIdentityLost: boolean;
  /** Gives the root another id, because too much of its state was lost. */
  renew(): void;
  /**
   * Repairs what another program removed or changed in the directory, and reports it.
   * @param isSame whether the root still holds what was last seen in it; asked where its identity is missing.
   */
  keep(isSame: () => boolean): Promise<void>;
  /** Gives the root up for another server. */
  release(): void;
  /** Has `release` remove the directory where this process made it: for a server that could not start. */
  discard(): void;
}

/**
 * Makes or opens ROOT/.lockstep and takes the root for this process.
 * @param root absolute path of the root.
 * @param log receives a warning about each damage.
 * @param ofCaller whether this server ends by itself when its caller is gone.
 * @throws SyncError `usage` where another server has the root, or the directory cannot be written.
 */
export function openStateDirectory(root: string, log: Logger = silent, ofCaller = false): StateDirectory {
  const directory = path.join(root, STATE_DIR);
  const inside = (name: string) => path.join(directory, name);
  let [isMade, isDiscarded] = [false, false];
  try {
    if (isLink(directory)) {
      fs.unlinkSync(directory);
      log.warn(`${directory} was a link. It is removed, and a directory made in its place.`);
    }
    isMade = fs.mkdirSync(directory, { recursive: true, mode: 0o700 }) !== undefined;
  } catch (cause) {
    throw cannotBeWritten(root, cause);
  }
  const occupancy = take(inside(OCCUPANT), root, ofCaller);
  try {
    const problems = new StateProblems(log);
    const files = new StateFiles(directory, problems);
    const identity = openIdentity(root, files, () => {
      log.warn(`${root} is a copy of the directory that was synchronised, or was put back from one. ${ANEW}`);
    });
    const own = openOwnDirectories(root, problems, !identity.isNew || identity.isLost);
    writeReadme(inside('README.txt'));
    emptyStaging(own.staging);
    const keeper = new StateKeeper({
      root,
      identity,
      occupancy,
      files,
      own,
      problems,
      writeReadme: () => writeReadme(inside('README.txt')),
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
      crash: occupancy.crash,
      renew: identity.renew,
      ...own,
      files,
      problems,
      keep: (isSame) => keeper.keep(isSame),
      release: () => {
        files.close();
        for (const one of Object.values(own)) one.close();
        if (isDiscarded) removeContents(directory);
        occupancy.release();
        if (isDiscarded) removeIfEmpty(directory);
      },
      discard: () => {
        isDiscarded = isMade;
      },
    };
  } catch (error) {
    occupancy.release();
    throw cannotBeWritten(root, error);
  }
}

function take(file: string, root: string, ofCaller: boolean): Occupancy {
  try {
    return occupy(file, root, ofCaller);
  } catch (error) {
    throw error instanceof SyncError ? error : cannotBeWritten(root, error);
  }
}

/** Removes all but the sign that the root is ours, so that no other server takes it meanwhile. What cannot go stays. */
function removeContents(directory: string): void {
  for (const name of fs.readdirSync(directory)) {
    if (name === OCCUPANT) continue;
    try {
      removeTree(path.join(directory, name));
    } catch {
      // It is the state of a server that never ran: what is left of it does no harm.
    }
  }
}

/** Another server may be there by now, and then it is not empty. */
function removeIfEmpty(directory: string): void {
  try {
    fs.rmdirSync(directory);
  } catch {
    // What is left does no harm.
  }
}

const isLink = (file: string): boolean => fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;

function openOwnDirectories(root: string, repairs: StateProblems, isKnown: boolean): OwnDirectories {
  const open = (name: string, isExpected = isKnown) => {
    const directory = new OwnDirectory(root, `${STATE_DIR}/${name}`, repairs, isExpected);
    directory.ensure();
    return directory;
  };
  // Earlier versions kept no log, so its absence at the start says nothing.
  return { staging: open('staging'), held: open('held'), versions: open('versions'), log: open('log', false) };
}

function writeReadme(file: string): void {
  inItsDirectory(file, (spelled) => {
    if (fs.lstatSync(spelled, { throwIfNoEntry: false }) === undefined)
      fs.writeFileSync(spelled, README, { flag: 'wx' });
  });
}

const cannotBeWritten = (root: string, cause: unknown): SyncError =>
  new SyncError('usage', `The directory ${root} cannot be written: ${systemTrouble(cause).why}.`, {
    hint: 'Lockstep keeps its state in it; give yourself write permission, or name another with --dir.',
    cause,
  });

/** Deletes everything in staging except the partial files of interrupted transfers. */
function emptyStaging(staging: OwnDirectory): void {
  for (const name of staging.use('.', (absolute) => fs.readdirSync(absolute))) {
    if (!isPart(name)) staging.use(name, removeTree);
  }
  tidyPartials(staging, Date.now());
}
