// Decides once for a stream whether to use colours.
import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;
type ColorWish = 'auto' | 'always' | 'never';

export const colorsFor = (on: boolean): Colors => pc.createColors(on);

type Env = Readonly<Record<string, string | undefined>>;

/** Whether the terminal understands no escape codes. */
export const isDumb = ({ TERM }: Env): boolean => TERM === 'dumb';

/**
 * @returns whether to use colours: an explicit choice takes precedence, then NO_COLOR, then whether the terminal can.
 */
export function wantsColor(wish: ColorWish, terminal: boolean, env: Env): boolean {
  if (wish !== 'auto') return wish === 'always';
  return terminal && !env.NO_COLOR && !isDumb(env);
}
