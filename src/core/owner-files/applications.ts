// The files that programs put beside a document while they have it open: one row for each form of their names. A row says
// which key an owner file has in its name, and which keys a document has; an owner file belongs to the documents of its
// key. Whether a name is an owner file's without looking at anything else is told here, too.

/** How the content of an owner file is read; `unknown`: its content is not described anywhere, so it names nobody. */
type OwnerFormat =
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
interface Application {
  /** What people call the program. */
  readonly app: string;
  readonly format: OwnerFormat;
  /** The name of an owner file; its group is the key. */
  readonly owner: RegExp;
  /** Such names as a gitignore pattern; null: people give them to files that they keep, so a name alone tells nothing. */
  readonly pattern: string | null;
  /** The extensions of the documents, in lower case; null: the program opens any file. */
  readonly extensions: ReadonlySet<string> | null;
  /** @returns the keys of the owner files that the program may make for `document`. */
  keysOf(document: string): readonly string[];
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

/** A key that ends with one of the extensions, between `before` and `after`. */
const named = (before: string, extensions: readonly string[], after: string): RegExp =>
  new RegExp(`^${before}(.+\\.(?:${extensions.join('|')}))${after}$`, 'is');

const row = (
  app: string,
  format: OwnerFormat,
  pattern: string | null,
  owner: RegExp,
  extensions: readonly string[] | null,
  keysOf: (document: string) => string[],
): Application => ({ app, format, pattern, owner, extensions: extensions && new Set(extensions), keysOf });

const APPLICATIONS: readonly Application[] = [
  row('Word', 'word', '~$*', named('~\\$', WORD, ''), WORD, cutByWord),
  row('Excel', 'excel', '~$*', named('~\\$', EXCEL, ''), EXCEL, whole),
  row('PowerPoint', 'excel', '~$*', named('~\\$', POWERPOINT, ''), POWERPOINT, whole),
  row('LibreOffice', 'libreoffice', '.~lock.*#', /^\.~lock\.(.+)#$/s, null, whole),
  row('WPS Office', 'unknown', null, named('\\.~', WPS, ''), WPS, cutByWps),
  row('AutoCAD', 'dwl', '*.dwl', /^(.+)\.dwl$/is, ['dwg'], stem),
  row('AutoCAD', 'dwl2', '*.dwl2', /^(.+)\.dwl2$/is, ['dwg'], stem),
  row('InDesign', 'unknown', '~*~*(.idlk', /^~(.+)~[^~]+\(\.idlk$/is, ['indd', 'icml'], stem),
  row('Premiere Pro', 'user', '*.prlock', /^(.+)\.prlock$/is, ['prproj'], stem),
  row('Affinity', 'unknown', '*.af*~lock~', named('', AFFINITY, '~lock~'), AFFINITY, whole),
  row('Rhino', 'user-and-host', '*.rhl', /^(.+)\.rhl$/is, ['3dm'], whole),
  row('Rhino', 'user-and-host', '*.3dmrhl', /^(.+)\.3dmrhl$/is, ['3dm'], stem),
  row('KiCad', 'kicad', '~*.kicad_*.lck', named('~', KICAD, '\\.lck'), KICAD, whole),
  row('Archicad', 'user', '*.pln.lck', named('', ['pln'], '\\.lck'), ['pln'], whole),
  row('Vectorworks', 'user', '*.vwx.lck', named('', ['vwx'], '\\.lck'), ['vwx'], whole),
  row('TopSolid', 'user', '*.top.lck', named('', ['top'], '\\.lck'), ['top'], whole),
  row('CADSTAR', 'user', null, named('~', ['scm', 'pcb'], ''), ['scm', 'pcb'], whole),
  row('Vim', 'vim', '.*.sw[a-p]', /^(\..+)\.sw[a-p]$/s, null, dotted),
  // After .swa Vim takes .svz, .svy and so on to .saa, which other files are called, too: .icon.svg.
  row('Vim', 'vim', null, /^(\..+)\.s[a-v][a-z]$/s, null, dotted),
  row('Emacs', 'emacs', '.#*', /^\.#(.+)$/s, null, whole),
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
  return NEVER_KEPT.find(({ owner }) => owner.test(name))?.pattern ?? null;
}

/** Every owner file begins with `~` or `.` or ends with one of these letters: most names need no further look. */
const mayBeOwnerFile = (name: string): boolean => /^[~.]|[kl2~]$/i.test(name);
