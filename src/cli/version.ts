// The version of the package. The path to package.json is the same from src/cli and from dist/cli.
import { readFileSync } from 'node:fs';

/** @returns the version in package.json. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
