// What the sides of a pair are called, for commands that show the letters otherwise.
import { type SideNames, sideNamesIn, UNNAMED } from '../core/side-name.js';
import type { Api } from './context.js';

/** @returns the letters where the server does not tell names. */
export const sidesOf = (api: Pick<Api, 'status'>): Promise<SideNames> =>
  api.status().then(
    ({ names }) => sideNamesIn(names),
    () => UNNAMED,
  );
