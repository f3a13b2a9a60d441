// The laws of the project as functions of one file's path and text, and of the graph of all files: what may import what,
// who may touch the process, and how a file looks. They read the syntax tree, so a comment or a string that mentions a
// thing is no fault.
import path from 'node:path';
import ts from 'typescript';
import {
  circlesOf,
  fileMeant,
  filesByFolder,
  folderGraph,
  type Graph,
  importsOf,
  parse,
  prefixFamilies,
  type Source,
  visit,
} from './graph.js';

/** A folder of more files lacks a folder, and so does one in which so many files share a prefix. */
const MAX_FILES = 25;
const MAX_FAMILY = 3;

/** A file of more lines is refused; one with more than `MANY_LINES` is named, for its next reader to think about. */
export const MAX_LINES = 350;
export const MANY_LINES = 250;

/** Which rooms each room may import. `log` is passed everywhere but to the core, which says nothing. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  replica: ['core'],
  disk: ['disk', 'replica', 'core', 'log'],
  wire: ['wire', 'replica', 'core', 'log'],
  client: ['client', 'wire', 'core'],
  sync: ['sync', 'disk', 'wire', 'replica', 'core', 'log'],
  web: ['web', 'client', 'wire', 'core'],
  cli: ['cli', 'web', 'client', 'sync', 'disk', 'wire', 'replica', 'core', 'log', 'index'],
  log: ['core'],
  index: ['client', 'wire', 'core'],
};

/**
 * The folders of a room from the top down: each may import those of later rows, and none of its own row or of an earlier
 * one. A room's own files and its folders may import each other.
 */
const ORDER: Readonly<Record<string, readonly (readonly string[])[]>> = {
  web: [['routes'], ['page']],
  core: [['locks', 'conflicts'], ['reconcile'], ['owner-files']],
  disk: [
    ['apply'],
    ['versions'],
    ['content'],
    ['scan', 'events'],
    ['state'],
    ['staging', 'owner-files'],
    ['fs', 'watch'],
  ],
  wire: [['client-api', 'peer-api'], ['rpc'], ['socket'], ['frame']],
  sync: [['clients'], ['session'], ['files', 'held'], ['locks', 'peer'], ['pair', 'events']],
};

/** What of `process` is a fact or the event loop's, and not a hold on argv, output, exit or signals. */
const HARMLESS = ['pid', 'platform', 'hrtime', 'nextTick'];

const EMPTY_NAMES = /(?:^|-)(?:utils?|helpers?|managers?|common)(?:-|\.ts$)/;

export const linesOf = (text: string): number => text.replace(/\n$/, '').split('\n').length;

/** @returns every breach of the law in `source`, each as a sentence. */
export function faultsOf(source: Source): string[] {
  const tree = parse(source);
  const found = [
    ...shapeFaults(source),
    ...importFaults(source, tree),
    ...reachFaults(source, tree),
    ...wordFaults(source, tree),
  ];
  return found.map((fault) => `${source.file}: ${fault}`);
}

/** @returns every breach of the laws about all files together. */
export function* wholeFaults(sources: readonly Source[], files: Graph): Generator<string> {
  for (const circle of circlesOf(files)) yield `a circle of files: ${circle.join(', ')}`;
  for (const circle of circlesOf(folderGraph(files))) yield `a circle of folders: ${circle.join(', ')}`;
  for (const family of prefixFamilies(sources, MAX_FAMILY + 1)) yield `${family} is a folder that is missing`;
  for (const [folder, names] of filesByFolder(sources)) {
    if (names.length > MAX_FILES) yield `${folder} has ${names.length} files: which folder is missing?`;
  }
}

/** The rooms that say what can be done by steps (`core/advice`), and the one file of theirs that words them. */
const WORDLESS = ['core', 'disk', 'wire', 'sync', 'replica', 'log'];
const WORDS_OF_STEPS = 'src/wire/frame/advice-text.ts';
/** How a client's command, an option of one, or the way to run a program is written. */
const COMMAND =
  /\bnpx\b|\b(?:client|lockstep) (?:list|locks?|unlock|held|upload|download|rename|mv|delete|rm|conflicts|resolve|versions|restore|status|watch|flush|pause|resume|rescan|menu|shell)\b|--(?:overwrite|recursive|keep|held|wait|steal|force|accept-[a-z-]+|new-partner)\b/;

/** Text of the engine that a person would have to type into one particular program. */
function* wordFaults({ file }: Source, tree: ts.SourceFile): Generator<string> {
  if (!WORDLESS.includes(roomOf(file)) || file === WORDS_OF_STEPS) return;
  const found: string[] = [];
  visit(tree, (node) => {
    if (!ts.isStringLiteralLike(node) && !ts.isTemplateMiddleOrTemplateTail(node) && !ts.isTemplateHead(node)) return;
    const command = COMMAND.exec(node.text)?.[0];
    if (command !== undefined) found.push(`says "${command}"; advise a step of core/advice instead`);
  });
  yield* found;
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
  for (const { from } of importsOf(tree)) {
    const target = fileMeant(file, from);
    if (target === null) {
      if (room === 'core') yield `imports ${from}; the core imports nothing from outside`;
      if (room !== 'cli' && /^(?:node:)?process$/.test(from)) yield `imports ${from}; only the cli touches the process`;
    } else if (target.startsWith('src/') && !allowed.includes(roomOf(target))) {
      yield `imports ${target}; ${room} may import ${allowed.join(', ')} only`;
    } else yield* folderFault(file, target);
  }
}

function* folderFault(file: string, target: string): Generator<string> {
  const [from, to] = [rankOf(file), rankOf(target)];
  if (from === null || to === null || folderOf(file) === folderOf(target) || roomOf(file) !== roomOf(target)) return;
  if (from < to) return;
  const order = ORDER[roomOf(file)]!.map((row) => row.join(' | ')).join(' → ');
  yield `imports ${target}; in ${roomOf(file)} the order is ${order}`;
}

const folderOf = (file: string): string => file.split('/').slice(0, 3).join('/');

/** @returns the row of the folder in which `file` lies; null where it is a room's own file, or no order is set. */
function rankOf(file: string): number | null {
  const [, room, folder, inside] = file.split('/');
  if (inside === undefined) return null;
  const rank = ORDER[room!]?.findIndex((row) => row.includes(folder!)) ?? -1;
  return rank < 0 ? null : rank;
}

/** What the code reaches for without importing it. */
function* reachFaults({ file }: Source, tree: ts.SourceFile): Generator<string> {
  const room = roomOf(file);
  if (room === 'cli') return;
  const found: string[] = [];
  visit(tree, (node) => {
    const reach = processFault(node, room) ?? flushFault(node, file) ?? (room === 'core' ? impurity(node) : null);
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

/** The one file that flushes for the engine, so that --no-fsync leaves all of it out. */
const FLUSHES = 'src/disk/fs/flush.ts';

function flushFault(node: ts.Node, file: string): string | null {
  if (!file.startsWith('src/disk/') || file === FLUSHES || !ts.isPropertyAccessExpression(node)) return null;
  return /^fs\.f(?:data)?sync(?:Sync)?$/.test(node.getText())
    ? `uses ${node.getText()}; flush with disk/fs/flush`
    : null;
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
