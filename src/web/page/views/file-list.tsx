// The list of files: a grid in which only the rows near the view exist. Arrow keys go from row to row; Tab goes to the
// buttons of the row and then out of the list.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ListEntry } from '../../../wire/client-api/methods.js';
import { may, openFile, question } from '../model/page-state.js';
import { type ListShape, listHeight, type RowWindow, rowWindow, scrolledTo } from '../words/window.js';
import { FileRow, toggleLock } from './file-row.js';

/** The height of a row, in the size of the text of the page; a narrow window has two lines a row. */
const ROW_REM = 3;
const NARROW_ROW_REM = 4.25;
const NARROW = '(max-width: 47.99rem)';

export function FileList({ rows }: { readonly rows: readonly ListEntry[] }) {
  const body = useRef<HTMLDivElement>(null);
  const [shape, setShape] = useState<ListShape>(() => shapeFor(rows.length));
  const [view, setView] = useState<RowWindow>(() => rowWindow(shape, 0));
  const [current, setCurrent] = useState(0);
  const wantsFocus = useRef(false);

  const look = (): void => {
    const next = shapeFor(rows.length);
    setShape((before) => (isSame(before, next) ? before : next));
    const seen = rowWindow(next, scrolledAbove(body.current));
    setView((before) =>
      before.from === seen.from && before.to === seen.to && before.top === seen.top ? before : seen,
    );
  };
  useLayoutEffect(() => {
    look();
    window.addEventListener('scroll', look, { passive: true });
    window.addEventListener('resize', look);
    return () => {
      window.removeEventListener('scroll', look);
      window.removeEventListener('resize', look);
    };
  }, [rows]);
  useLayoutEffect(() => {
    if (!wantsFocus.current) return;
    const button = body.current?.querySelector<HTMLElement>(`[data-row="${current}"]`);
    if (button === null || button === undefined) return;
    wantsFocus.current = false;
    button.focus({ preventScroll: true });
  });

  const goTo = (row: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, row));
    const above = scrolledAbove(body.current);
    const wanted = scrolledTo(shape, above, next, stickyHeight());
    if (wanted !== above) window.scrollBy({ top: wanted - above, behavior: 'instant' });
    wantsFocus.current = true;
    setCurrent(next);
    look();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.altKey || event.metaKey || target.closest('[role="row"]') === null) return;
    const row = rows[current];
    const page = Math.max(1, Math.floor(shape.viewHeight / shape.rowHeight) - 4);
    const places: Record<string, number> = {
      ...{ ArrowDown: current + 1, ArrowUp: current - 1, PageDown: current + page, PageUp: current - page },
      ...{ Home: 0, End: rows.length - 1 },
    };
    const place = places[event.key];
    if (place !== undefined) goTo(place);
    else if (row === undefined || !actOn(row.path, event.key)) return;
    event.preventDefault();
  };
  const first = Math.max(0, Math.min(current, rows.length - 1));
  const tabbed = first >= view.from && first < view.to ? first : view.from;
  return (
    <div
      class="files"
      role="grid"
      aria-label="Files"
      aria-rowcount={rows.length + 1}
      aria-colcount={5}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      <div role="rowgroup" class="files-head">
        <div role="row" aria-rowindex={1} class="file-row head">
          <span role="columnheader">Name</span>
          <span role="columnheader">Who and what</span>
          <span role="columnheader">Size</span>
          <span role="columnheader">Modified</span>
          <span role="columnheader">
            <span class="unseen">What can be done</span>
          </span>
        </div>
      </div>
      <div ref={body} role="rowgroup" class="files-body" style={{ height: `${listHeight(shape)}px` }}>
        <div role="presentation" class="files-window" style={{ transform: `translateY(${view.top}px)` }}>
          {rows.slice(view.from, view.to).map((row, n) => (
            <FileRow
              key={row.path}
              row={row}
              index={view.from + n}
              isTabbed={view.from + n === tabbed}
              onFocus={() => setCurrent(view.from + n)}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

/** Keys that act on the row which has the focus. @returns whether there is such a key. */
function actOn(path: string, key: string): boolean {
  if (key === 'F2' && may('user')) question('rename', path);
  else if (key === 'Delete' && may('user')) question('delete', path);
  else if (key === 'l') toggleLock(path);
  else if (key === 'o') openFile(path);
  else return false;
  return true;
}

function shapeFor(rows: number): ListShape {
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const rowRem = window.matchMedia(NARROW).matches ? NARROW_ROW_REM : ROW_REM;
  return { rows, rowHeight: Math.round(rowRem * rem), viewHeight: window.innerHeight };
}

const isSame = (x: ListShape, y: ListShape): boolean =>
  x.rows === y.rows && x.rowHeight === y.rowHeight && x.viewHeight === y.viewHeight;

const scrolledAbove = (body: HTMLElement | null): number => (body === null ? 0 : -body.getBoundingClientRect().top);

/** How much of the view is covered at its top. */
const stickyHeight = (): number => document.querySelector('.sticks')?.getBoundingClientRect().bottom ?? 0;
