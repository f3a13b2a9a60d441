// Whether to colour, decided once for a stream.
import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;
type ColorWish = 'auto' | 'always' | 'never';

export const colorsFor = (on: boolean): Colors => pc.createColors(on);

/** @returns whether to colour: on a terminal that can, unless NO_COLOR says otherwise; a wish wins. */
export function wantsColor(
  wish: ColorWish,
  terminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (wish !== 'auto') return wish === 'always';
  return terminal && !env.NO_COLOR && env.TERM !== 'dumb';
}
