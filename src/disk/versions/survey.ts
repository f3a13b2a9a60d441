// Reads the names of everything in versions/, one directory after the other.
import fs from 'node:fs';
import path from 'node:path';
import { joinPath, pathFault, type RelPath } from '../../core/path.js';
import type { OwnDirectory } from '../fs/own-directory.js';

/** One directory in versions/. */
interface SurveyedDirectory {
  /** Its path below versions/; '' for versions/ itself. */
  readonly name: RelPath | '';
  /** The paths of what it contains, directories left out. */
  readonly files: readonly RelPath[];
}

/** Parents come before their children. What makes no valid path or cannot be read is left out. */
export async function* surveyVersions(directory: OwnDirectory): AsyncGenerator<SurveyedDirectory> {
  const waiting: (RelPath | '')[] = [''];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const parent = at;
    const entries = await fs.promises
      .readdir(path.join(directory.path, parent), { withFileTypes: true })
      .catch(() => []);
    const sound = entries.filter(({ name }) => pathFault(name) === null);
    for (const entry of sound) if (entry.isDirectory()) waiting.push(joinPath(parent, entry.name));
    const files = sound.filter((entry) => !entry.isDirectory()).map(({ name }) => joinPath(parent, name));
    yield { name: parent, files };
  }
}
