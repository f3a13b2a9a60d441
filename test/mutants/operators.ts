// The operators: which small changes are tried at which node of the syntax tree. They are changes that a person could make
// by mistake and that should make a test fail. Types, imports, what is logged and what is said to people are left alone, and pauses.
import ts from 'typescript';
import { type Mutation, parse } from './mutation.js';

/** @returns all mutants of one file, in the order of their places. */
export function mutationsOf(file: string, text: string): Mutation[] {
  const tree = parse(file, text);
  const found: Mutation[] = [];
  const visit = (node: ts.Node): void => {
    if (isLeftAlone(node)) return;
    for (const { at, to, operator } of changesOf(node)) {
      found.push({ file, start: at.getStart(tree), end: at.getEnd(), replacement: to, operator });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

interface Change {
  readonly at: ts.Node;
  readonly to: string;
  readonly operator: string;
}

/** What has no effect on what is done: types, imports, texts for people, and pauses. */
function isLeftAlone(node: ts.Node): boolean {
  return (
    ts.isTypeNode(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isImportDeclaration(node) ||
    ts.isExportDeclaration(node) ||
    ts.isThrowStatement(node) ||
    isError(node) ||
    isLogged(node) ||
    isPause(node)
  );
}

/** `if (slice.isTired) await slice.rest();`: without it other work waits longer, and nothing else changes. */
const isPause = (node: ts.Node): boolean =>
  ts.isIfStatement(node) &&
  node.elseStatement === undefined &&
  ts.isExpressionStatement(node.thenStatement) &&
  PAUSE.test(node.thenStatement.getText());

const PAUSE = /^await (?:(?:\w|[.#])+\.rest\(\)|nextTurn\(\)|new Promise\(\(resolve\) => setImmediate\(resolve\)\));$/;

const isError = (node: ts.Node): boolean =>
  ts.isNewExpression(node) && /(?:Error|Problem)$/.test(node.expression.getText());

/** `this.log.warn(…)`, `around.log(…)`, `say(…)`. */
const isLogged = (node: ts.Node): boolean =>
  ts.isCallExpression(node) && /(?:^|\.)(?:log|say|logger)\??(?:\.\w+)?$/.test(node.expression.getText());

function* changesOf(node: ts.Node): Generator<Change> {
  if (ts.isIfStatement(node) || ts.isConditionalExpression(node)) yield* conditionChanges(node);
  else if (ts.isWhileStatement(node)) yield { at: node.expression, to: 'false', operator: 'loop never' };
  else if (ts.isBinaryExpression(node)) yield* binaryChanges(node);
  else if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) yield* unaryChanges(node);
  else if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) yield* stringChanges(node);
  else if (ts.isNumericLiteral(node)) yield* numberChanges(node);
  else if (node.kind === ts.SyntaxKind.TrueKeyword) yield { at: node, to: 'false', operator: 'boolean' };
  else if (node.kind === ts.SyntaxKind.FalseKeyword) yield { at: node, to: 'true', operator: 'boolean' };
  else if (ts.isAwaitExpression(node)) yield { at: node, to: `void ${node.expression.getText()}`, operator: 'await' };
  else if (ts.isCallExpression(node)) yield* callChanges(node);
  else if (ts.isArrayLiteralExpression(node)) yield* arrayChanges(node);
  else if (ts.isExpressionStatement(node)) yield* statementChanges(node);
  else if (ts.isReturnStatement(node)) yield* returnChanges(node);
  else if (ts.isBlock(node)) yield* bodyChanges(node);
  else if (ts.isArrowFunction(node)) yield* arrowChanges(node);
}

function* conditionChanges(node: ts.IfStatement | ts.ConditionalExpression): Generator<Change> {
  const at = ts.isIfStatement(node) ? node.expression : node.condition;
  for (const to of ['true', 'false']) yield { at, to, operator: 'condition' };
}

/** Each operator with what stands in its place: first the boundary, then the opposite. */
const OPERATORS = new Map<string, readonly string[]>(
  Object.entries({
    '<': ['<=', '>='],
    '<=': ['<', '>'],
    '>': ['>=', '<='],
    '>=': ['>', '<'],
    '===': ['!=='],
    '!==': ['==='],
    '&&': ['||'],
    '||': ['&&'],
    '+': ['-'],
    '-': ['+'],
    '*': ['/'],
    '/': ['*'],
    '%': ['*'],
    '<<': ['>>'],
    '>>': ['<<'],
    '>>>': ['<<'],
    '&': ['|'],
    '|': ['&'],
    '^': ['&'],
    '+=': ['-='],
    '-=': ['+='],
  }),
);

const CHOICES = ['&&', '||', '??'];

function* binaryChanges({ left, operatorToken: sign, right }: ts.BinaryExpression): Generator<Change> {
  const isText = [left, right].some((side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side));
  if (!(isText && sign.getText() === '+')) {
    for (const to of OPERATORS.get(sign.getText()) ?? []) yield { at: sign, to, operator: 'operator' };
  }
  if (!CHOICES.includes(sign.getText())) return;
  const whole = left.parent;
  for (const side of [left, right]) yield { at: whole, to: inBrackets(side), operator: 'one operand' };
}

/** An operand that is to stand alone binds as it did. */
const inBrackets = (node: ts.Node): string =>
  ts.isBinaryExpression(node) || ts.isConditionalExpression(node) ? `(${node.getText()})` : node.getText();

function* unaryChanges(node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression): Generator<Change> {
  const operand = node.operand.getText();
  if (node.operator === ts.SyntaxKind.ExclamationToken || node.operator === ts.SyntaxKind.MinusToken) {
    yield { at: node, to: operand, operator: 'sign' };
  } else if (node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken) {
    const to = node.operator === ts.SyntaxKind.PlusPlusToken ? '--' : '++';
    yield { at: node, to: ts.isPrefixUnaryExpression(node) ? to + operand : operand + to, operator: 'step' };
  }
}

/** A text with a space in it is for people. */
function* stringChanges(node: ts.StringLiteral | ts.NoSubstitutionTemplateLiteral): Generator<Change> {
  const { parent } = node;
  const isName = ts.isPropertyAssignment(parent) && parent.name === node;
  if (isName || ts.isElementAccessExpression(parent) || ts.isCaseClause(parent) || node.text.includes(' ')) return;
  yield { at: node, to: node.text === '' ? `'mutant'` : `''`, operator: 'text' };
}

/** Large numbers are limits and times: one more or less of them changes nothing that a test should see. */
function* numberChanges(node: ts.NumericLiteral): Generator<Change> {
  const value = Number(node.text.replaceAll('_', ''));
  if (value <= 100) yield { at: node, to: String(value + 1), operator: 'number' };
}

/** Methods that have an opposite. */
const OPPOSITES = new Map(
  Object.entries({
    some: 'every',
    every: 'some',
    startsWith: 'endsWith',
    endsWith: 'startsWith',
    min: 'max',
    max: 'min',
    shift: 'pop',
    pop: 'shift',
    push: 'unshift',
    unshift: 'push',
  }),
);

/** Methods whose result is of the kind of what they are called on. */
const LEFT_OUT = ['filter', 'slice', 'sort', 'toSorted', 'reverse', 'toReversed', 'trim', 'toLowerCase', 'subarray'];

function* callChanges(node: ts.CallExpression): Generator<Change> {
  if (!ts.isPropertyAccessExpression(node.expression)) return;
  const { expression, name } = node.expression;
  const opposite = OPPOSITES.get(name.text);
  if (opposite !== undefined) yield { at: name, to: opposite, operator: 'opposite' };
  if (LEFT_OUT.includes(name.text)) yield { at: node, to: expression.getText(), operator: 'call left out' };
}

function* arrayChanges(node: ts.ArrayLiteralExpression): Generator<Change> {
  const isTarget = ts.isBinaryExpression(node.parent) && node.parent.left === node && isAssignment(node.parent);
  if (node.elements.length > 0 && !isTarget) yield { at: node, to: '[]', operator: 'empty array' };
}

const isAssignment = (node: ts.BinaryExpression): boolean => {
  const kind = node.operatorToken.kind;
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
};

/** A statement that does something: a call, an assignment. */
function* statementChanges(node: ts.ExpressionStatement): Generator<Change> {
  let { expression } = node;
  while (ts.isAwaitExpression(expression) || ts.isVoidExpression(expression)) expression = expression.expression;
  if (isLeftAlone(expression)) return;
  // What is called on a super class, or in an assertion, is needed by the language.
  if (ts.isCallExpression(expression) && expression.expression.kind !== ts.SyntaxKind.SuperKeyword) {
    yield { at: node, to: ';', operator: 'statement left out' };
  } else if (ts.isBinaryExpression(expression) && isAssignment(expression)) {
    yield { at: node, to: ';', operator: 'statement left out' };
  } else if (ts.isDeleteExpression(expression)) yield { at: node, to: ';', operator: 'statement left out' };
}

const EMPTY_RESULTS = ['null', 'undefined'];

function* returnChanges({ expression }: ts.ReturnStatement): Generator<Change> {
  if (expression === undefined || EMPTY_RESULTS.includes(expression.getText())) return;
  for (const to of EMPTY_RESULTS) yield { at: expression, to, operator: 'empty result' };
}

/** A function whose body is left out. Whether it may return nothing, the types say. */
function* bodyChanges(node: ts.Block): Generator<Change> {
  if (node.statements.length < 2 || !ts.isFunctionLike(node.parent) || ts.isConstructorDeclaration(node.parent)) return;
  yield { at: node, to: '{}', operator: 'empty body' };
}

function* arrowChanges({ body }: ts.ArrowFunction): Generator<Change> {
  if (ts.isCallExpression(body) || ts.isAwaitExpression(body))
    yield { at: body, to: 'undefined', operator: 'empty result' };
}
