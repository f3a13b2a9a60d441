// The version of the package.
import { readFileSync } from 'node:fs';
import { packageFile } from './package-file.js';

/** @returns the version in package.json. */
export function packageVersion(): string {
  const text = readFileSync(packageFile('package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
