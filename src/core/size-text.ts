// Sizes for people, in steps of 1024.

const UNITS = ['KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** @returns `661 B`, `128.90 KB`: two decimals, in every view, line and message. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes / 1024;
  let unit = 0;
  while (unit < UNITS.length - 1 && Number(value.toFixed(2)) >= 1024) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)} ${UNITS[unit]}`;
}

/** @returns `1 file`, `12 files`. */
export const countText = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
