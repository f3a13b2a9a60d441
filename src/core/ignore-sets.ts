// Stock sets of gitignore lines: what office and CAD programs put beside documents for a while. No line matches a
// document, nor a backup of one, and none matches an owner file: those are left out everywhere, and tell what is open.

const HEX = '[0-9A-Fa-f]';

/** The lines of each set, each in one set only. */
const IGNORE_SETS = {
  office: [
    // Word, while it saves and for what it may have to recover
    '~WR[A-Z]*.tmp',
    '~WR[A-Z]*.asd',
    'Word Work File ?_*',
    // OLE documents
    '~DF*.tmp',
    '~DF*.TMP',
    // Excel and PowerPoint, while they save
    `${HEX.repeat(8)}.tmp`,
    `ppt${HEX.repeat(4)}.tmp`,
    '~ar*.xar',
    // Access, while a database is open
    '*.laccdb',
    // LibreOffice, while it saves
    'lu[0-9]*.tmp',
    // macOS, while programs save
    '.TemporaryItems/',
  ],
  cad: [
    // AutoCAD and programs like it, between two saves
    '*.sv$',
    '*.SV$',
    '*.ac$',
    '*.AC$',
    '*.ds$',
    '*.zs$',
    'acad.err',
    'acadstk.dmp',
    // Revit
    'Revit_temp/',
    // SketchUp, between two saves
    'AutoSave_*.skp',
    // KiCad
    '_autosave-*.kicad_*',
    '\\#auto_saved_files#',
    'fp-info-cache',
    '*.kicad_prl',
    // Blender, while it saves
    '*.blend@',
    // Creo
    'trail.txt.[0-9]*',
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The name of a set. */
type IgnoreSet = keyof typeof IGNORE_SETS;

export const IGNORE_SET_NAMES = Object.keys(IGNORE_SETS) as IgnoreSet[];

/** @returns whether there is a set of this name. */
export const isIgnoreSet = (name: string): name is IgnoreSet => Object.hasOwn(IGNORE_SETS, name);

export const linesOfSet = (name: IgnoreSet): readonly string[] => IGNORE_SETS[name];

/** @returns the set that has `rule` and whose lines are all among `lines`, one after the other; null where there is none. */
export function setWith(rule: string, lines: readonly string[]): IgnoreSet | null {
  return IGNORE_SET_NAMES.find((name) => linesOfSet(name).includes(rule) && isPart(linesOfSet(name), lines)) ?? null;
}

const isPart = (part: readonly string[], lines: readonly string[]): boolean => {
  const at = lines.indexOf(part[0]!);
  return at >= 0 && part.every((line, n) => lines[at + n] === line);
};
