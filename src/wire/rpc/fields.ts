// Schemas of single fields that several methods share.

import * as v from 'valibot';
import { HASH_PATTERN } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import { pathFault } from '../../core/path.js';

export const MAX_NAME_CHARS = 256;

/** The maximum number of items in a list of one call. */
export const MAX_COUNT = 100_000;

export const MAX_INDEX = 1_000_000_000;

/** Whole numbers from `least` to `most`. */
export const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(most));

/** Text of `least` to `most` UTF-16 units that is valid Unicode. */
export const text = (least: number, most: number) =>
  v.pipe(
    v.string(),
    v.minLength(least),
    v.maxLength(most),
    v.check((value) => value.isWellFormed(), 'it is not valid Unicode'),
  );

/** Parses a path to a RelPath or refuses it with the reason. */
export const path = v.pipe(
  v.string(),
  v.check(
    (value) => pathFault(value) === null,
    (issue) => pathFault(issue.input) ?? 'it is not a path',
  ),
  v.transform((value) => value as RelPath),
);

export const hash = v.pipe(
  v.string(),
  v.regex(new RegExp(`^${HASH_PATTERN}$`), 'it is not a SHA-256 in 64 hexadecimal digits'),
);

export const side = v.picklist(['a', 'b']);

export const none = v.object({});
