// The files that programs put beside a document while they have it open: one row for each form of their names. A row says
// which key an owner file has in its name, and which keys a document has; an owner file belongs to the documents of its
// key. Whether a name is an owner file's without looking at anything else is told here, too.

/** How the content of an owner file is read; `unknown`: its content is not described anywhere, so it names nobody. */
export type OwnerFormat =
  | 'word'
  | 'excel'
  | 'libreoffice'
  | 'dwl'
  | 'dwl2'
  | 'user'
  | 'user-and-host'
  | 'kicad'
  | 'vim'
  | 'emacs'
  | 'unknown';

/** One form of owner files. */
export interface Application {
  /** What people call the program. */
  readonly app: string;
  readonly format: OwnerFormat;
  /** Such names as a gitignore pattern; null: people give them to files that they keep, so a name alone tells nothing. */
  readonly pattern: string | null;
  /** @returns the key in the name of an owner file; null: it is none of this form. */
  readonly keyIn: (name: string) => string | null;
  /** The extensions of the documents, in lower case; null: the program opens any file. */
  readonly extensions: ReadonlySet<string> | null;
  /** @returns the keys of the owner files that the program may make for `document`. */
  readonly keysOf: (document: string) => readonly string[];
}

const WORD = ['doc', 'docx', 'docm', 'dot', 'dotx', 'dotm', 'rtf', 'odt'];
/** Excel makes none for .xls, .xlt and .xla. */
const EXCEL = ['xlsx', 'xlsm', 'xlsb', 'xltx', 'xltm', 'xlam', 'ods'];
const POWERPOINT = ['ppt', 'pptx', 'pptm', 'pot', 'potx', 'potm', 'pps', 'ppsx', 'ppsm', 'odp'];
const WPS = ['doc', 'docx', 'wps', 'wpt', 'xls', 'xlsx', 'et', 'ett', 'ppt', 'pptx', 'dps', 'dpt'];
const AFFINITY = ['af', 'afphoto', 'afdesign', 'afpub'];
const KICAD = ['kicad_pcb', 'kicad_sch', 'kicad_pro'];

const whole = (document: string): string[] => [document];
const stem = (document: string): string[] => [document.slice(0, document.lastIndexOf('.'))];

/** Word leaves the first characters (UTF-16 units) of a long name out. A name cannot begin with half a character. */
function cutByWord(document: string): string[] {
  const length = document.lastIndexOf('.');
  const key = document.slice(length >= 8 ? 2 : length === 7 ? 1 : 0);
  return key.isWellFormed() ? [key] : [];
}

/** WPS leaves one or two characters out; nobody has written down when it is two. */
const cutByWps = (document: string): string[] =>
  [document.slice(1), document.slice(2)].filter((key) => key.isWellFormed());

/** Vim sets a dot before a name that has none: `x` and `.x` have the same swap file (`modname` in its fileio.c). */
const dotted = (document: string): string[] => [document.startsWith('.') ? document : `.${document}`];

type KeyIn = Application['keyIn'];

/** The key stands between `before` and `after`, in which case does not matter, and ends with one of the extensions. */
const between = (before: string, after: string, extensions?: readonly string[]): KeyIn => {
  const wanted = extensions && new Set(extensions);
  return (name) => {
    if (!name.startsWith(before) || name.length <= before.length + after.length) return null;
    const end = name.length - after.length;
    if (after !== '' && name.slice(end).toLowerCase() !== after) return null;
    const key = name.slice(before.length, end);
    return wanted === undefined || wanted.has(extensionOf(key)) ? key : null;
  };
};

/** `~STEM~TOKEN(.idlk`; the token is a random one. */
const indesignKey: KeyIn = (name) =>
  name.startsWith('~') ? (/^~(.+)~[^~]+\(\.idlk$/is.exec(name)?.[1] ?? null) : null;

/** `.NAME` and an extension. */
const swapKey =
  (extension: RegExp): KeyIn =>
  (name) =>
    name.startsWith('.') && name.length > 5 && extension.test(name.slice(-4)) ? name.slice(0, -4) : null;

const row = (
  app: string,
  format: OwnerFormat,
  pattern: string | null,
  keyIn: KeyIn,
  extensions: readonly string[] | null,
  keysOf: (document: string) => string[],
): Application => ({ app, format, pattern, keyIn, extensions: extensions && new Set(extensions), keysOf });

export const APPLICATIONS: readonly Application[] = [
  row('Word', 'word', '~$*', between('~$', '', WORD), WORD, cutByWord),
  row('Excel', 'excel', '~$*', between('~$', '', EXCEL), EXCEL, whole),
  row('PowerPoint', 'excel', '~$*', between('~$', '', POWERPOINT), POWERPOINT, whole),
  row('LibreOffice', 'libreoffice', '.~lock.*#', between('.~lock.', '#'), null, whole),
  row('WPS Office', 'unknown', null, between('.~', '', WPS), WPS, cutByWps),
  row('AutoCAD', 'dwl', '*.dwl', between('', '.dwl'), ['dwg'], stem),
  row('AutoCAD', 'dwl2', '*.dwl2', between('', '.dwl2'), ['dwg'], stem),
  row('InDesign', 'unknown', '~*~*(.idlk', indesignKey, ['indd', 'icml'], stem),
  row('Premiere Pro', 'user', '*.prlock', between('', '.prlock'), ['prproj'], stem),
  row('Affinity', 'unknown', '*.af*~lock~', between('', '~lock~', AFFINITY), AFFINITY, whole),
  row('Rhino', 'user-and-host', '*.rhl', between('', '.rhl'), ['3dm'], whole),
  row('Rhino', 'user-and-host', '*.3dmrhl', between('', '.3dmrhl'), ['3dm'], stem),
  row('KiCad', 'kicad', '~*.kicad_*.lck', between('~', '.lck', KICAD), KICAD, whole),
  row('Archicad', 'user', '*.pln.lck', between('', '.lck', ['pln']), ['pln'], whole),
  row('Vectorworks', 'user', '*.vwx.lck', between('', '.lck', ['vwx']), ['vwx'], whole),
  row('TopSolid', 'user', '*.top.lck', between('', '.lck', ['top']), ['top'], whole),
  row('CADSTAR', 'user', null, between('~', '', ['scm', 'pcb']), ['scm', 'pcb'], whole),
  row('Vim', 'vim', '.*.sw[a-p]', swapKey(/^\.sw[a-p]$/), null, dotted),
  // After .swa Vim takes .svz, .svy and so on to .saa, which other files are called, too: .icon.svg.
  row('Vim', 'vim', null, swapKey(/^\.s[a-v][a-z]$/), null, dotted),
  row('Emacs', 'emacs', '.#*', between('.#', ''), null, whole),
];

const NEVER_KEPT = APPLICATIONS.filter(({ pattern }) => pattern !== null);

/**
 * @param name the name of a file or directory, without its path.
 * @returns whether it is an owner file by its name alone: such files are never synchronised and never locked.
 */
export const isOwnerFileName = (name: string): boolean => ownerFilePattern(name) !== null;

/** @returns the gitignore pattern by which a file of this name is an owner file; null: its name alone does not tell. */
export function ownerFilePattern(name: string): string | null {
  if (!mayBeOwnerFile(name)) return null;
  // Programs that are not in the table make such files, too.
  if (name.startsWith('~$')) return '~$*';
  if (name.startsWith('.~lock.') && name.endsWith('#')) return '.~lock.*#';
  return NEVER_KEPT.find(({ keyIn }) => keyIn(name) !== null)?.pattern ?? null;
}

/** @returns false where a name cannot be that of any row: most need no further look. */
export const mayBeOwnerFile = (name: string): boolean => /^[~.]|(?:dwl2?|lock|rhl|lck|~lock~)$/i.test(name);

/** @returns the extension in lower case, without its dot; empty where there is none, or nothing before it. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : '';
}

/** @returns whether a file of this name is an owner file where a document stands beside it that fits. */
export const canBeOwnerFile = (name: string): boolean =>
  mayBeOwnerFile(name) && APPLICATIONS.some(({ keyIn }) => keyIn(name) !== null);
