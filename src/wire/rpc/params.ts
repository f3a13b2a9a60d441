// Checks the params of a method against its schema. The error names the field and what is expected; it never quotes the
// input.
import * as v from 'valibot';
import { SyncError } from '../../core/errors.js';

/**
 * @returns the output of the schema for `params`.
 * @throws SyncError `bad-params`, naming the first invalid field.
 */
export function checkParams(schema: v.GenericSchema, params: unknown): unknown {
  const checked = v.safeParse(schema, params, { abortEarly: true });
  if (checked.success) return checked.output;
  const issue = checked.issues[0];
  const field = fieldOf(issue) ?? 'params';
  throw new SyncError('bad-params', `${field}: ${faultOf(issue)}.`, {
    hint: 'See the method in docs/protocol.md.',
    facts: { field },
  });
}

/**
 * @returns the output of the schema for `value`.
 * @throws what `fault` makes of the first invalid field, such as `epoch: it is missing`.
 */
export function checked<T>(schema: v.GenericSchema<unknown, T>, value: unknown, fault: (why: string) => Error): T {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const field = fieldOf(issue);
  throw fault(field === null ? faultOf(issue) : `${field}: ${faultOf(issue)}`);
}

/** The schema contains only our own keys, so the field's name does not come from the caller. */
const fieldOf = (issue: v.BaseIssue<unknown>): string | null => v.getDotPath(issue);

function faultOf({ type, expected, received, message }: v.BaseIssue<unknown>): string {
  if (received === 'undefined') return 'it is missing';
  // Our own checks have their own messages. Valibot's messages ("Invalid type: … but received …") quote the input.
  if (expected === null) return message.startsWith('Invalid') ? 'it is invalid' : message;
  return type.endsWith('_length') ? `its length should be ${expected}` : `it should be ${expected}`;
}
