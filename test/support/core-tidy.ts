// The laws of the house as functions of one file's path and text: what may import what, who may touch the process, and
// how a file looks. They read the syntax tree, so a comment or a string that mentions a thing is no fault.
import path from 'node:path';
import ts from 'typescript';

export interface Source {
  /** From the checkout, with slashes: `src/core/path.ts`. */
  readonly file: string;
  readonly text: string;
}

/** A file of more lines is refused; one with more than `MANY_LINES` is named, for its next reader to think about. */
export const MAX_LINES = 350;
export const MANY_LINES = 250;

/** Which rooms each room may import. `log` is passed everywhere but to the core, which says nothing. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  disk: ['disk', 'core', 'log'],
  wire: ['wire', 'core', 'log'],
  sync: ['sync', 'disk', 'wire', 'core', 'log'],
  cli: ['cli', 'sync', 'disk', 'wire', 'core', 'log', 'index'],
  log: ['core'],
  index: ['sync', 'disk', 'wire', 'core', 'log'],
};

/** The interface that the disk room implements and the sync room drives. */
const REPLICA = 'src/sync/replica.ts';

/** What of `process` is a fact or the event loop's, and not a hold on argv, output, exit or signals. */
const HARMLESS = ['pid', 'platform', 'hrtime', 'nextTick'];

const EMPTY_NAMES = /(?:^|-)(?:utils?|helpers?|managers?|common)(?:-|\.ts$)/;

export const linesOf = (text: string): number => text.replace(/\n$/, '').split('\n').length;

/** @returns every breach of the law in `source`, each as a sentence. */
export function faultsOf(source: Source): string[] {
  const tree = ts.createSourceFile(source.file, source.text, ts.ScriptTarget.Latest, true);
  const found = [...shapeFaults(source), ...importFaults(source, tree), ...reachFaults(source, tree)];
  return found.map((fault) => `${source.file}: ${fault}`);
}

function* shapeFaults({ file, text }: Source): Generator<string> {
  const lines = text.replace(/\n$/, '').split('\n');
  const name = path.posix.basename(file);
  if (lines.length > MAX_LINES) yield `has ${lines.length} lines; at ${MAX_LINES} split it by what it knows`;
  if (EMPTY_NAMES.test(name)) yield 'has a name that says nothing; name it by what it does';
  if (name === 'index.ts' && file !== 'src/index.ts') yield 'is a barrel; import from the file that has the thing';
  if (!/^\/\/ \S.{20}/.test(lines[0]!)) yield 'does not begin with a // comment that says what it guarantees';
  for (const [at, line] of lines.entries()) {
    const left = /\b(?:TODO|FIXME|XXX)\b/.exec(line);
    if (left !== null) yield `line ${at + 1} has a ${left[0]}; do it, or write down why not`;
  }
}

const roomOf = (file: string): string => path.posix.basename(file.split('/')[1] ?? '', '.ts');

function* importFaults({ file }: Source, tree: ts.SourceFile): Generator<string> {
  const room = roomOf(file);
  const allowed = MAY_IMPORT[room];
  if (allowed === undefined) {
    yield `is in no room of the house (${Object.keys(MAY_IMPORT).join(', ')})`;
    return;
  }
  for (const { from, typeOnly } of importsOf(tree)) {
    if (!from.startsWith('.')) {
      if (room === 'core') yield `imports ${from}; the core imports nothing from outside`;
      if (room !== 'cli' && /^(?:node:)?process$/.test(from)) yield `imports ${from}; only the cli touches the process`;
      continue;
    }
    const target = path.posix.join(path.posix.dirname(file), from).replace(/\.js$/, '.ts');
    if (room === 'disk' && target === REPLICA) {
      if (!typeOnly) yield `imports ${target}; from there it may import types only: write import type`;
    } else if (target.startsWith('src/') && !allowed.includes(roomOf(target))) {
      yield `imports ${target}; ${room} may import ${allowed.join(', ')} only (cli → sync → disk, wire → core)`;
    }
  }
}

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

function importsOf(tree: ts.SourceFile): Import[] {
  const found: Import[] = [];
  visit(tree, (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const from = node.moduleSpecifier;
      const typeOnly = ts.isImportDeclaration(node) ? isTypeClause(node.importClause) : node.isTypeOnly;
      if (from !== undefined && ts.isStringLiteral(from)) found.push({ from: from.text, typeOnly });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [from] = node.arguments;
      if (from !== undefined && ts.isStringLiteral(from)) found.push({ from: from.text, typeOnly: false });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      const from = node.argument.literal;
      if (ts.isStringLiteral(from)) found.push({ from: from.text, typeOnly: true });
    }
  });
  return found;
}

const isTypeClause = (clause: ts.ImportClause | undefined): boolean =>
  clause?.phaseModifier === ts.SyntaxKind.TypeKeyword;

/** What the code reaches for without importing it. */
function* reachFaults({ file }: Source, tree: ts.SourceFile): Generator<string> {
  const room = roomOf(file);
  if (room === 'cli') return;
  const found: string[] = [];
  visit(tree, (node) => {
    const reach = processFault(node, room) ?? (room === 'core' ? impurity(node) : null);
    if (reach !== null) found.push(`line ${tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1} ${reach}`);
  });
  yield* found;
}

function processFault(node: ts.Node, room: string): string | null {
  if (!ts.isIdentifier(node) || node.text !== 'process' || !isReference(node)) return null;
  const use = ts.isPropertyAccessExpression(node.parent) ? node.parent.name.text : null;
  if (room !== 'core' && use !== null && (HARMLESS.includes(use) || isProbe(node))) return null;
  return `uses process${use === null ? '' : `.${use}`}; only the cli touches the process`;
}

/** `process.kill(pid, 0)` sends nothing: it asks whether a process lives, and there is no other way to ask. */
function isProbe(node: ts.Identifier): boolean {
  const call = node.parent.parent;
  return /^process\.kill\(.*, 0\)$/.test(call.getText());
}

const IMPURE_NAMES =
  /^(?:Promise|setTimeout|setInterval|setImmediate|queueMicrotask|performance|crypto|fetch|Buffer|console|globalThis)$/;

/** What makes the outcome of the core hang on more than its arguments. */
function impurity(node: ts.Node): string | null {
  const pure = 'the core is pure: what varies comes in as an argument';
  if (ts.isIdentifier(node) && IMPURE_NAMES.test(node.text) && isReference(node)) return `uses ${node.text}; ${pure}`;
  if (node.kind === ts.SyntaxKind.AsyncKeyword || ts.isAwaitExpression(node)) return `waits; ${pure}`;
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments?.length ?? 0) === 0) {
    return `asks the clock by new Date(); ${pure}`;
  }
  if (!ts.isPropertyAccessExpression(node)) return null;
  const text = node.getText();
  return text === 'Date.now' || text === 'Math.random' ? `uses ${text}; ${pure}` : null;
}

/** Whether the identifier stands for the global of its name, not for a property or a key. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  return !(ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isMethodDeclaration(parent));
}

function visit(node: ts.Node, seen: (node: ts.Node) => void): void {
  seen(node);
  ts.forEachChild(node, (child) => visit(child, seen));
}
