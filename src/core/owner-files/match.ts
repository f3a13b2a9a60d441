// Which owner files stand in a directory, and to which documents each of them belongs. Candidates are found from the
// documents to their owner files, never back: several names can have one owner file, and then nobody can tell whose it is.
import {
  APPLICATIONS,
  type Application,
  extensionOf,
  isOwnerFileName,
  mayBeOwnerFile,
  type OwnerFormat,
} from './applications.js';

/** One owner file in a directory. */
export interface OwnerFile {
  readonly name: string;
  /** What people call the program. */
  readonly app: string;
  readonly format: OwnerFormat;
  /** The documents in the directory that it can belong to: one is clear, several are not, none is not here. */
  readonly documents: readonly string[];
  /**
   * Whether the name alone tells that it is an owner file. Where it does not, the file is synchronised like any other, so
   * that it may have been made by a program on the other side.
   */
  readonly byName: boolean;
}

/** The documents of each key that an owner file of one form has. */
type Keys = Map<string, string[]>;

/**
 * Where one name can be an owner file of several programs, and more than one of them has documents here, it is in the
 * result once for each: the content tells whose it is (Vim's and Emacs's).
 * @param names the names in one directory, each once, in any order; they are read once.
 * @returns its owner files, in the order of their names in `names`.
 */
export function matchOwnerFiles(names: Iterable<string>): OwnerFile[] {
  const all: string[] = [];
  const candidates: string[] = [];
  for (const name of names) {
    all.push(name);
    if (mayBeOwnerFile(name)) candidates.push(name);
  }
  const keysByForm = keysOfOwnerFiles(candidates);
  for (const [form, keys] of keysByForm) addDocuments(form, keys, all);
  return candidates.flatMap((name) => ownerFilesOf(name, keysByForm));
}

function keysOfOwnerFiles(candidates: readonly string[]): Map<Application, Keys> {
  const found = new Map<Application, Keys>();
  for (const form of APPLICATIONS) {
    const keys = candidates.map((name) => form.keyIn(name)).filter((key) => key !== null);
    if (keys.length > 0) found.set(form, new Map(keys.map((key) => [key, []])));
  }
  return found;
}

function addDocuments(form: Application, keys: Keys, names: readonly string[]): void {
  for (const name of names) {
    if (form.extensions !== null && !form.extensions.has(extensionOf(name))) continue;
    for (const key of form.keysOf(name)) {
      const documents = keys.get(key);
      if (documents !== undefined && !isOwnerFileName(name)) documents.push(name);
    }
  }
}

function ownerFilesOf(name: string, keysByForm: ReadonlyMap<Application, Keys>): OwnerFile[] {
  const found: OwnerFile[] = [];
  for (const [form, keys] of keysByForm) {
    const key = form.keyIn(name);
    // What WPS and CADSTAR leave of a name has the form of a document's, too.
    const documents = keys.get(key ?? '')?.filter((document) => document !== name);
    if (documents !== undefined) found.push(ownerFile(name, form, documents));
  }
  const here = found.filter(({ documents }) => documents.length > 0);
  return here.length > 0 ? here : found.filter(({ byName }) => byName).slice(0, 1);
}

const ownerFile = (name: string, form: Application, documents: readonly string[]): OwnerFile => ({
  ...{ name, app: form.app, format: form.format, documents, byName: form.pattern !== null },
});
