// Divides the lines of a window among sections: short sections are shown completely, long ones are cut.

/** The number of lines that a section needs besides its title. */
interface Wish {
  readonly wanted: number;
}

/**
 * @param wishes in the order of their importance; a section that needs no lines gets none.
 * @param lines the lines to divide.
 * @returns the lines of each section besides its title; -1 means not even a title.
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
