// Decides once for a stream whether to use colours.
import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;
type ColorWish = 'auto' | 'always' | 'never';

export const colorsFor = (on: boolean): Colors => pc.createColors(on);

/**
 * @returns whether to use colours: an explicit choice takes precedence, then NO_COLOR, then whether the terminal can.
 */
export function wantsColor(
  wish: ColorWish,
  terminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (wish !== 'auto') return wish === 'always';
  return terminal && !env.NO_COLOR && env.TERM !== 'dumb';
}
