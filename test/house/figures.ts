// The shape of the house in figures: what `npm run house` prints, and what the tidy test holds to its limits.
import path from 'node:path';
import ts from 'typescript';
import {
  circlesOf,
  fileGraph,
  filesByFolder,
  folderGraph,
  parse,
  prefixFamilies,
  type Source,
  sourcesBelow,
  unusedExports,
  visit,
} from './graph.js';

/** A figure, and what it may be at most; null where it is only told. */
export interface Figure {
  readonly what: string;
  readonly is: number;
  readonly most: number | null;
  /** What it counts, for whoever wants to mend it. */
  readonly which: readonly string[];
}

/** @returns the figures that can be read from the sources of `checkout`. */
export function figuresOf(checkout: string): Figure[] {
  const sources = sourcesBelow(checkout, 'src');
  const files = fileGraph(sources);
  const folders = [...filesByFolder(sources)].sort(([, a], [, b]) => b.length - a.length);
  const inner = sources.filter(({ file }) => file !== 'src/index.ts');
  return [
    figure(
      'files',
      sources.map(({ file }) => file),
    ),
    { what: 'files in the largest folder', is: folders[0]![1].length, most: 25, which: [folders[0]![0]] },
    figure('circles of files', circlesOf(files).map(String), 0),
    figure('circles of folders', circlesOf(folderGraph(files)).map(String), 0),
    figure('prefix families of four', prefixFamilies(sources, 4), 0),
    figure('exports that nobody but tests uses', unusedExports(inner, sources), 0),
    figure("closures in the session's constructor", sessionClosures(sources), 5),
  ];
}

const figure = (what: string, which: readonly string[], most: number | null = null): Figure => ({
  what,
  is: which.length,
  most,
  which,
});

/** @returns every function that the constructor of `Session` makes, by its line. */
function sessionClosures(sources: readonly Source[]): string[] {
  const source = sources.find(({ file }) => path.posix.basename(file) === 'session.ts');
  if (source === undefined) throw new Error('There is no session.ts.');
  const tree = parse(source);
  const closures: string[] = [];
  visit(tree, (node) => {
    if (!ts.isConstructorDeclaration(node)) return;
    visit(node, (inner) => {
      if (!ts.isArrowFunction(inner) && !ts.isFunctionExpression(inner)) return;
      const { line } = tree.getLineAndCharacterOfPosition(inner.getStart(tree));
      closures.push(`${source.file}:${line + 1}`);
    });
  });
  return closures;
}
