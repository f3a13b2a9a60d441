// How the lines of a window are shared among sections: what is short shows whole, what is long gives way.

/** A section wants so many lines besides its title. */
interface Wish {
  readonly wanted: number;
}

/**
 * @param wishes in the order of their importance; a section without wishes gets nothing.
 * @param lines to share.
 * @returns for each section how many lines it has besides its title; -1: not even a title.
 */
export function shareLines(wishes: readonly Wish[], lines: number): number[] {
  const given = wishes.map(() => -1);
  let left = lines;
  for (const [i, { wanted }] of wishes.entries()) {
    if (wanted === 0 || left < 2) continue;
    given[i] = 1;
    left -= 2;
  }
  let moved = true;
  while (left > 0 && moved) {
    moved = false;
    for (const [i, { wanted }] of wishes.entries()) {
      if (left === 0 || given[i]! < 0 || given[i]! >= wanted) continue;
      given[i]!++;
      left--;
      moved = true;
    }
  }
  return given;
}
