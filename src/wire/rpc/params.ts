// A method's params against its schema. The answer names the field and what it should be; it never says what came in.
import * as v from 'valibot';
import { SyncError } from '../../core/errors.js';

/**
 * @returns what the schema makes of `params`.
 * @throws SyncError `bad-params`, naming the first field that is wrong.
 */
export function checkParams(schema: v.GenericSchema, params: unknown): unknown {
  const checked = v.safeParse(schema, params, { abortEarly: true });
  if (checked.success) return checked.output;
  const issue = checked.issues[0];
  throw new SyncError('bad-params', `${fieldOf(issue)}: ${faultOf(issue)}.`, {
    hint: 'docs/protocol.md says what each method takes.',
    facts: { field: fieldOf(issue) },
  });
}

/** Schemas name the keys they want, so a field's name is ours and not the caller's. */
function fieldOf(issue: v.BaseIssue<unknown>): string {
  return v.getDotPath(issue) ?? 'params';
}

function faultOf({ type, expected, received, message }: v.BaseIssue<unknown>): string {
  if (received === 'undefined') return 'it is missing';
  // A check has words of its own; valibot's ready-made ones ("Invalid type: … but received …") quote what came in.
  if (expected === null) return message.startsWith('Invalid') ? 'it is not as it should be' : message;
  return type.endsWith('_length') ? `its length should be ${expected}` : `it should be ${expected}`;
}
