// The address of a view: the part after `#`. It never looks like a token, which has no slash.

export const VIEWS = ['files', 'locks', 'held', 'conflicts', 'history', 'activity', 'status'] as const;
export type View = (typeof VIEWS)[number];

/** Which view, and what in it: a path, in conflicts, history and activity. */
export interface Route {
  readonly view: View;
  readonly path: string;
}

/** @param hash of the address, with its `#`. @returns the route; the files where it names none. */
export function parseRoute(hash: string): Route {
  const [, view = '', path = ''] = /^#\/([a-z]*)\/?(.*)$/s.exec(hash) ?? [];
  const known = VIEWS.find((one) => one === view);
  return known === undefined ? { view: 'files', path: '' } : { view: known, path: decoded(path) };
}

export const routeText = ({ view, path }: Route): string =>
  path === '' ? `#/${view}` : `#/${view}/${encodeURIComponent(path)}`;

/** @returns the token in `hash`; null where there is none. */
export function tokenIn(hash: string): string | null {
  const text = hash.replace(/^#/, '');
  return text === '' || text.includes('/') ? null : text;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
