// The few statistics that a bench needs.

/** @returns the middle of some values; of an even number of them the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return (percentile(values, 0.5, Math.floor) + percentile(values, 0.5, Math.ceil)) / 2;
}

/**
 * @param part of the values, 0 to 1, that are at most as large as the result.
 * @returns one of the values, NaN where there are none.
 */
export function percentile(values: readonly number[], part: number, round = Math.ceil): number {
  const sorted = [...values].sort((x, y) => x - y);
  return sorted[round(part * (sorted.length - 1))] ?? Number.NaN;
}
