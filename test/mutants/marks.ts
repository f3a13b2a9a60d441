// Marks: which parts of a file a test comes through. Each block, case and expression of an arrow function gets a number,
// and a mutant needs only those tests that came through the smallest part around it.
import ts from 'typescript';
import { parse } from './mutation.js';

/** The function that marked code calls. It is defined in marks-setup. */
export const MARK = '__lockstepMark';

interface Part {
  readonly start: number;
  readonly end: number;
}

function partsOf(file: string, text: string): (Part & { isBlock: boolean })[] {
  const tree = parse(file, text);
  const found: (Part & { isBlock: boolean })[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isBlock(node)) found.push({ start: node.getStart(tree) + 1, end: node.getEnd(), isBlock: true });
    else if (ts.isCaseOrDefaultClause(node) && node.statements.length > 0) {
      found.push({ start: node.statements[0]!.getStart(tree), end: node.getEnd(), isBlock: true });
    } else if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) {
      found.push({ start: node.body.getStart(tree), end: node.body.getEnd(), isBlock: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** @returns the text of `file` that says through which of its parts it comes. */
export function marked(file: string, text: string): string {
  const inserts = partsOf(file, text).flatMap(({ start, end, isBlock }, n) => {
    const call = `${MARK}(${JSON.stringify(`${file}:${n}`)})`;
    if (isBlock) return [{ at: start, order: n, put: `${call};` }];
    // What ends at the same place is closed in the reverse order.
    return [
      { at: start, order: n, put: `(${call}, ` },
      { at: end, order: -n, put: ')' },
    ];
  });
  let result = '';
  let from = 0;
  for (const { at, put } of inserts.sort((x, y) => x.at - y.at || x.order - y.order)) {
    result += text.slice(from, at) + put;
    from = at;
  }
  return result + text.slice(from);
}

/** @returns the mark of the smallest part around a place; null where the module itself runs it. */
export function markAt(file: string, text: string, place: Part): string | null {
  let smallest: { n: number; size: number } | null = null;
  for (const [n, { start, end }] of partsOf(file, text).entries()) {
    // A part whose whole is replaced, braces included, is the part.
    const isAround = start - 1 <= place.start && place.end <= end;
    if (isAround && (smallest === null || end - start <= smallest.size)) smallest = { n, size: end - start };
  }
  return smallest === null ? null : `${file}:${smallest.n}`;
}
