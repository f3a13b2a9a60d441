// The header Range: one range of bytes. Several at once, and other units, are not served: then the whole is sent.

/** Both ends are part of it. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** @returns null where the whole is to be sent; `none` where the file has nothing in that range. */
export function rangeOf(header: string | undefined, size: number): Range | 'none' | null {
  const parts = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (parts === null || (parts[1] === '' && parts[2] === '')) return null;
  const [first, last] = [parts[1]!, parts[2]!];
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < from) return null;
  return from >= size || to < from ? 'none' : { from, to };
}
