// The sources of the project as a graph: which file imports which, which names, and what follows from it for folders.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** One source file. */
export interface Source {
  /** From the checkout, with slashes: `src/core/path.ts`. */
  readonly file: string;
  readonly text: string;
}

/** One import of one file by another. */
export interface Import {
  /** As written. */
  readonly from: string;
  readonly typeOnly: boolean;
  /** The names that are taken by it, as their own file calls them; null where that is all of them. */
  readonly names: readonly string[] | null;
}

/** Edges from each node to the nodes that it needs. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** @returns the TypeScript files below `directory` of `checkout`, sorted by name. */
export function sourcesBelow(checkout: string, directory: string): Source[] {
  const names = readdirSync(path.join(checkout, directory), { recursive: true, encoding: 'utf8' });
  const files = names
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => `${directory}/${name.replaceAll(path.sep, '/')}`);
  return files.sort().map((file) => ({ file, text: readFileSync(path.join(checkout, file), 'utf8') }));
}

export function parse(source: Source): ts.SourceFile {
  let tree = trees.get(source);
  if (tree === undefined) {
    tree = ts.createSourceFile(source.file, source.text, ts.ScriptTarget.Latest, true);
    trees.set(source, tree);
  }
  return tree;
}

/** What has been parsed; several laws read every file. */
const trees = new WeakMap<Source, ts.SourceFile>();

/** @returns what `tree` imports or exports on, whatever the form. */
export function importsOf(tree: ts.SourceFile): Import[] {
  const found: Import[] = [];
  visit(tree, (node) => {
    if (ts.isImportDeclaration(node)) {
      const from = (node.moduleSpecifier as ts.StringLiteral).text;
      const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
      found.push({ from, typeOnly, names: namesTaken(node.importClause) });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      const from = (node.moduleSpecifier as ts.StringLiteral).text;
      const names = node.exportClause && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : null;
      found.push({ from, typeOnly: node.isTypeOnly, names: names?.map(ownName) ?? null });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [from] = node.arguments;
      if (from !== undefined && ts.isStringLiteral(from)) found.push({ from: from.text, typeOnly: false, names: null });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      const from = node.argument.literal;
      if (ts.isStringLiteral(from)) found.push({ from: from.text, typeOnly: true, names: null });
    }
  });
  return found;
}

function namesTaken(clause: ts.ImportClause | undefined): string[] | null {
  const bindings = clause?.namedBindings;
  return bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements.map(ownName) : null;
}

const ownName = (element: ts.ImportSpecifier | ts.ExportSpecifier): string =>
  (element.propertyName ?? element.name).text;

/** @returns the file that `file` means by `from`; null where that is a package. */
export const fileMeant = (file: string, from: string): string | null =>
  from.startsWith('.') ? path.posix.join(path.posix.dirname(file), from).replace(/\.js$/, '.ts') : null;

/** @returns which of `sources` imports which. */
export function fileGraph(sources: readonly Source[]): Graph {
  const known = namesOf(sources);
  return new Map(
    sources.map((source) => {
      const meant = importsOf(parse(source)).map(({ from }) => known.get(fileMeant(source.file, from)));
      return [source.file, new Set(meant.filter((file) => file !== undefined))];
    }),
  );
}

/** @returns each file by the name that an import gives it: the compiled form of a `.tsx` is a `.js`, too. */
const namesOf = (sources: readonly Source[]): ReadonlyMap<string | null, string> =>
  new Map(sources.map(({ file }) => [file.replace(/\.tsx$/, '.ts'), file]));

/** @returns which folder imports which; a folder and those inside it are one house and do not count. */
export function folderGraph(files: Graph): Graph {
  const folders = new Map<string, Set<string>>();
  for (const [file, imported] of files) {
    const here = path.posix.dirname(file);
    const to = folders.get(here) ?? new Set();
    folders.set(here, to);
    for (const other of imported) {
      const there = path.posix.dirname(other);
      if (there !== here && !isInside(there, here) && !isInside(here, there)) to.add(there);
    }
  }
  return folders;
}

const isInside = (folder: string, outer: string): boolean => folder.startsWith(`${outer}/`);

/** @returns every set of nodes that reach one another, each once (Tarjan's strongly connected components). */
export function circlesOf(graph: Graph): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const enter = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.get(node)!);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) enter(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node)!, low.get(next)!));
    }
    if (low.get(node) !== index.get(node)) return;
    const circle = stack.splice(stack.indexOf(node));
    if (circle.length > 1) circles.push(circle);
  };
  for (const node of graph.keys()) if (!index.has(node)) enter(node);
  return circles;
}

/** @returns each folder's files, by folder. */
export function filesByFolder(sources: readonly Source[]): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const { file } of sources) {
    const folder = path.posix.dirname(file);
    folders.set(folder, [...(folders.get(folder) ?? []), path.posix.basename(file)]);
  }
  return folders;
}

/** @returns `folder/prefix-*` for every prefix that so many files of one folder share: a folder that is missing. */
export function prefixFamilies(sources: readonly Source[], least: number): string[] {
  const families: string[] = [];
  for (const [folder, names] of filesByFolder(sources)) {
    const prefixes = names.filter((name) => name.includes('-')).map((name) => name.split('-')[0]!);
    for (const prefix of new Set(prefixes)) {
      if (prefixes.filter((other) => other === prefix).length >= least) families.push(`${folder}/${prefix}-*`);
    }
  }
  return families;
}

/** @returns `file: name` for every export of `sources` that no file of `all` imports. */
export function unusedExports(sources: readonly Source[], all: readonly Source[]): string[] {
  const used = new Set<string>();
  const known = namesOf(all);
  for (const source of all) {
    for (const { from, names } of importsOf(parse(source))) {
      const meant = known.get(fileMeant(source.file, from));
      if (meant === undefined) continue;
      if (names === null) used.add(meant);
      for (const name of names ?? []) used.add(`${meant}: ${name}`);
    }
  }
  const exported = sources.flatMap((source) => exportsOf(parse(source)).map((name) => `${source.file}: ${name}`));
  return exported.filter((one) => !used.has(one) && !used.has(one.split(': ')[0]!));
}

function exportsOf(tree: ts.SourceFile): string[] {
  return tree.statements.flatMap((statement) => {
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported) return [];
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.map(({ name }) => name.getText());
    const { name } = statement as ts.DeclarationStatement;
    return name === undefined ? [] : [name.getText()];
  });
}

export function visit(node: ts.Node, seen: (node: ts.Node) => void): void {
  seen(node);
  ts.forEachChild(node, (child) => visit(child, seen));
}
