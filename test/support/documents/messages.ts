// What the programs can say when something is wrong, collected from the source: the texts of errors, problems, halts and
// warnings, with … for what differs, and what each advises. Only how a text is used counts, so that a new one is found.
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** What makes an error: which argument is its message. What is behind it advises. */
const ERRORS: ReadonlyMap<string, number> = new Map([
  ['SyncError', 1],
  ['usageError', 0],
]);
const TOLD: ReadonlySet<string> = new Set(['warn', 'err', 'report', '#report', '#warn']);
const ADVICE: ReadonlySet<string> = new Set(['hint', 'advice']);
const ENGINE = /^(core|disk|wire|sync|client)\//;
const SENTENCE = /^(\p{Lu}|…|["“]).* .*\.$/su;
/** A text has at least so many letters of its own. */
const MIN_LETTERS = 8;
/** Longer texts are documents, such as the one that stands in .lockstep. */
const MAX_LENGTH = 400;

/** A message, and what it advises. */
export interface Message {
  readonly text: string;
  readonly advice: readonly string[];
}

/** @returns every message of the programs in the directory `root`, once, in the order of the alphabet. */
export function messagesIn(root: string): Message[] {
  const found = new Map<string, Set<string>>();
  const add = (text: string, advice: readonly string[] = []) => {
    if (text.length > MAX_LENGTH || text.replace(/\P{L}/gu, '').length < MIN_LETTERS) return;
    const known = found.get(text) ?? new Set();
    for (const one of advice) known.add(one);
    found.set(text, known);
  };
  for (const name of fs.readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const text = fs.readFileSync(path.join(root, name), 'utf8');
    const isEngine = ENGINE.test(name.replaceAll(path.sep, '/'));
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.ES2022);
    collect(source, isEngine ? 'engine' : 'nothing', constantsOf(source), add);
  }
  const all = [...found].map(([text, advice]) => ({ text, advice: [...advice].sort() }));
  return all.sort((x, y) => compare(keyOf(x.text), keyOf(y.text)) || compare(x.text, y.text));
}

const keyOf = (text: string): string =>
  text
    .replace(/[^\p{L}\p{N} ]/gu, '')
    .trim()
    .toLowerCase();
const compare = (x: string, y: string): number => (x < y ? -1 : x > y ? 1 : 0);

/** What a text stands in: the engine, which says only what is wrong; what tells people; or anything else. */
type Place = 'engine' | 'told' | 'nothing';

function collect(
  node: ts.Node,
  place: Place,
  constants: Constants,
  add: (text: string, advice?: readonly string[]) => void,
): void {
  if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
  if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
    const at = ERRORS.get(nameOf(node.expression));
    if (at !== undefined) {
      const [message, ...rest] = (node.arguments ?? []).slice(at);
      const advice = rest.flatMap((one) => textsIn(one, constants)).filter((one) => one.includes(' '));
      for (const text of message === undefined ? [] : textsIn(message, constants))
        if (text.includes(' ')) add(text, advice);
      return;
    }
  }
  if (ts.isPropertyAssignment(node) && ADVICE.has(nameOf(node.name))) return;
  const text = textOf(node);
  if (text !== null) {
    if (place !== 'nothing' && SENTENCE.test(text)) add(text);
    return;
  }
  const within = placeOf(node, place);
  ts.forEachChild(node, (child) => collect(child, within, constants, add));
}

function placeOf(node: ts.Node, place: Place): Place {
  if (place === 'engine') return place;
  if (ts.isCallExpression(node) && TOLD.has(nameOf(node.expression))) return 'told';
  if (ts.isPropertyAssignment(node)) return nameOf(node.name) === 'message' ? 'told' : place;
  if (!ts.isFunctionLike(node) || node.type === undefined) return place;
  return ts.isTypeReferenceNode(node.type) && /^(SyncError|Refused|Problem)$/.test(nameOf(node.type.typeName))
    ? 'told'
    : place;
}

/** The constants of a file by their names. */
type Constants = ReadonlyMap<string, ts.Expression>;

function constantsOf(source: ts.SourceFile): Constants {
  const found = new Map<string, ts.Expression>();
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations)
      if (ts.isIdentifier(name) && initializer !== undefined) found.set(name.text, initializer);
  }
  return found;
}

/** @returns the texts that an expression may have, those of the file's constants among them. */
function textsIn(node: ts.Node, constants: Constants): string[] {
  const text = textOf(node);
  if (text !== null) return [text];
  const constant = ts.isIdentifier(node) ? constants.get(node.text) : undefined;
  if (constant !== undefined) return [textOf(constant) ?? ''].filter(Boolean);
  const found: string[] = [];
  ts.forEachChild(node, (child) => void found.push(...textsIn(child, constants)));
  return found;
}

/** @returns the text that an expression spells, with … for what it takes from elsewhere; null where it spells none. */
function textOf(node: ts.Node): string | null {
  const text = spelled(node);
  return text === null ? null : text.replace(/…+/g, '…').replace(/\s+/g, ' ').trim();
}

function spelled(node: ts.Node): string | null {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map((span) => `…${span.literal.text}`).join('');
  if (ts.isTaggedTemplateExpression(node)) return spelled(node.template);
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return null;
  const [left, right] = [spelled(node.left), spelled(node.right)];
  return left === null && right === null ? null : `${left ?? '…'}${right ?? '…'}`;
}

function nameOf(node: ts.Node): string {
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  return ts.isIdentifier(node) || ts.isPrivateIdentifier(node) ? node.text : '';
}
