// Reads /proc. A process can end at any moment, and those of other users cannot be looked into: then there is nothing.
import fs from 'node:fs';

/** @returns the ids of all processes. */
export const processes = (): string[] => namesIn('/proc').filter((name) => /^\d+$/.test(name));

export const namesIn = (directory: string): string[] => orElse(() => fs.readdirSync(directory), []);
export const linkAt = (file: string): string => orElse(() => fs.readlinkSync(file), '');
export const textAt = (file: string): string => orElse(() => fs.readFileSync(file, 'utf8'), '');

function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
