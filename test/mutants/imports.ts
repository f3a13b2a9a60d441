// Who imports whom, by reading the files. What is imported for its types alone is not there when the code runs.
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { parse } from './mutation.js';

/** How many imports lie between each test and the modules that it comes to, the nearest way. */
export class Imports {
  readonly #direct = new Map<string, readonly string[]>();

  constructor(readonly checkout: string) {}

  /** @returns for each module that `from` comes to, the number of steps; all paths are from the checkout. */
  reach(from: string): Map<string, number> {
    const steps = new Map([[from, 0]]);
    // A map can grow while it is walked: what is added is walked later, so that nearer ones come first.
    for (const [file, step] of steps) {
      for (const next of this.#importsOf(file)) if (!steps.has(next)) steps.set(next, step + 1);
    }
    return steps;
  }

  #importsOf(file: string): readonly string[] {
    const known = this.#direct.get(file);
    if (known !== undefined) return known;
    const text = fs.readFileSync(path.join(this.checkout, file), 'utf8');
    const found = importedBy(file, text).filter((name) => fs.existsSync(path.join(this.checkout, name)));
    this.#direct.set(file, found);
    return found;
  }
}

function importedBy(file: string, text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const from = specifierOf(node);
    if (from?.startsWith('.')) found.push(path.posix.join(path.posix.dirname(file), from).replace(/\.js$/, '.ts'));
    ts.forEachChild(node, visit);
  };
  visit(parse(file, text));
  return found;
}

function specifierOf(node: ts.Node): string | null {
  if (ts.isImportDeclaration(node)) {
    const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
    return typeOnly ? null : textOf(node.moduleSpecifier);
  }
  if (ts.isExportDeclaration(node)) return node.isTypeOnly ? null : textOf(node.moduleSpecifier);
  const isDynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return isDynamic ? textOf(node.arguments[0]) : null;
}

const textOf = (node: ts.Node | undefined): string | null =>
  node !== undefined && ts.isStringLiteral(node) ? node.text : null;
