// Two texts side by side; in a narrow window one below the other, line by line. What differs has a sign, not only a colour.
import { useEffect, useState } from 'preact/hooks';
import { SyncError } from '../../../core/errors.js';
import { textOf } from '../calls/files.js';
import type { Content } from '../words/conflicts.js';
import type { DiffRow, Line } from '../words/side-by-side.js';

type Compared = readonly DiffRow[] | 'reading' | 'no text' | 'too different' | 'refused';

const WORDS = {
  reading: 'Reading both …',
  'no text': 'At least one of them is no text: download both to compare them.',
  'too different': 'They are too different to be compared line by line: download both.',
  refused: 'They cannot be read now.',
};

export function TextDifference({ a, b }: { readonly a: Content; readonly b: Content }) {
  const [compared, setCompared] = useState<Compared>('reading');
  useEffect(() => {
    let isOld = false;
    void compare(a.path, b.path).then((result) => isOld || setCompared(result));
    return () => {
      isOld = true;
    };
  }, [a.path, a.mtime, b.path, b.mtime]);
  if (typeof compared === 'string') return <p class="quiet-text">{WORDS[compared]}</p>;
  if (!compared.some(({ kind }) => kind === 'differs')) return <p class="quiet-text">Both have the same text.</p>;
  return (
    <table class="difference">
      <caption class="unseen">The differences, side a left, side b right</caption>
      <colgroup>
        <col class="numbers" />
        <col />
        <col class="numbers" />
        <col />
      </colgroup>
      <thead>
        <tr>
          <th scope="col" colSpan={2}>
            Side a
          </th>
          <th scope="col" colSpan={2}>
            Side b
          </th>
        </tr>
      </thead>
      <tbody>
        {compared.map((row, n) => (
          <Row key={n} row={row} />
        ))}
      </tbody>
    </table>
  );
}

async function compare(a: string | null, b: string | null): Promise<Compared> {
  try {
    const [left, right] = await Promise.all([a, b].map((path) => (path === null ? '' : textOf(path))));
    const { sideBySide } = await import('../words/side-by-side.js'); // most people never see a conflict
    return left == null || right == null ? 'no text' : (sideBySide(left, right) ?? 'too different');
  } catch (error) {
    if (error instanceof SyncError || error instanceof TypeError) return 'refused';
    throw error;
  }
}

function Row({ row }: { readonly row: DiffRow }) {
  if (row.kind === 'folded') {
    return (
      <tr class="folded">
        <td colSpan={4}>{row.lines} equal lines</td>
      </tr>
    );
  }
  const { kind, a, b } = row;
  return (
    <tr class={kind}>
      <Half line={a} isMarked={kind === 'differs'} side="a" />
      <Half line={b} isMarked={kind === 'differs'} side="b" />
    </tr>
  );
}

function Half({
  line,
  isMarked,
  side,
}: {
  readonly line: Line | null;
  readonly isMarked: boolean;
  readonly side: 'a' | 'b';
}) {
  if (line === null) return <td colSpan={2} class={`none of-${side}`} />;
  return (
    <>
      <td class={`number of-${side}`}>
        {line.number}
        {isMarked ? <span class="mark">{side === 'a' ? '−' : '+'}</span> : null}
      </td>
      <td class={`text of-${side}`} dir="auto">
        {line.pieces.map(({ text, changed }, n) =>
          changed ? <mark key={n}>{text}</mark> : <span key={n}>{text}</span>,
        )}
      </td>
    </>
  );
}
