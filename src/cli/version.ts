// The version of the package, read where it stands. The path is right from src/cli and from dist/cli alike.
import { readFileSync } from 'node:fs';

/** @returns the version in package.json. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
