// Which rows of a long list have to be there: those in the view and as many around it that nobody sees them come. A list
// that is taller than a browser can lay out is scrolled in proportion.

/** Browsers lay out about 17 million pixels. */
const MAX_HEIGHT = 15_000_000;

export interface ListShape {
  readonly rows: number;
  /** The height of a row in pixels. */
  readonly rowHeight: number;
  /** The height of what is seen of the page, in pixels. */
  readonly viewHeight: number;
}

export interface RowWindow {
  /** The first row, and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** Where the first row stands, in pixels below the top of the list. */
  readonly top: number;
}

/** @returns the height of the whole list in pixels. */
export const listHeight = ({ rows, rowHeight }: Pick<ListShape, 'rows' | 'rowHeight'>): number =>
  Math.min(rows * rowHeight, MAX_HEIGHT);

/** @param scrolled how far the top of the list is above the top of the view, in pixels; negative where it is below. */
export function rowWindow(shape: ListShape, scrolled: number): RowWindow {
  const { rows, rowHeight, viewHeight } = shape;
  const inView = Math.ceil(viewHeight / rowHeight) + 1;
  const around = inView;
  const first = firstInView(shape, scrolled);
  const from = Math.max(0, Math.min(first - around, rows - 1));
  const to = Math.min(rows, Math.max(first, 0) + inView + around);
  const at = Math.max(0, Math.min(scrolled, listHeight(shape) - viewHeight));
  const isWhole = rows * rowHeight <= MAX_HEIGHT;
  return { from, to, top: isWhole ? from * rowHeight : at - (first - from) * rowHeight };
}

function firstInView(shape: ListShape, scrolled: number): number {
  const { rows, rowHeight, viewHeight } = shape;
  const height = listHeight(shape);
  if (rows * rowHeight <= height) return Math.floor(scrolled / rowHeight);
  const share = Math.max(0, Math.min(1, scrolled / (height - viewHeight)));
  return Math.floor(share * (rows - Math.floor(viewHeight / rowHeight)));
}

/** @returns how far to scroll so that `row` is in the view; `scrolled` where it is already. */
export function scrolledTo(shape: ListShape, scrolled: number, row: number, above = 0): number {
  const { rows, rowHeight, viewHeight } = shape;
  const height = listHeight(shape);
  if (rows * rowHeight > height) {
    const last = rows - Math.floor(viewHeight / rowHeight);
    const first = firstInView(shape, scrolled);
    const isSeen = row > first && row < first + Math.floor(viewHeight / rowHeight) - 1;
    return isSeen ? scrolled : Math.round((Math.min(row, last) / last) * (height - viewHeight));
  }
  const top = row * rowHeight;
  if (top < scrolled + above) return top - above;
  return top + rowHeight > scrolled + viewHeight ? top + rowHeight - viewHeight : scrolled;
}
