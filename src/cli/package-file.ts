// Files of the package. The way to them is the same from src/cli, dist/cli and dist/programs.

/**
 * @param name a path in the package, with slashes: `package.json`, `bin/server-b`.
 * @returns where it is.
 */
export function packageFile(name: string): URL {
  return new URL(`../../${name}`, import.meta.url);
}
