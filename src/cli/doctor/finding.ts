// What `lockstep doctor` finds: one line each, with what to type where something is wrong.

/** What was checked. */
type Check =
  | 'version'
  | 'config'
  | 'secret'
  | 'directory'
  | 'file-system'
  | 'space'
  | 'files'
  | 'owner-file'
  | 'watches'
  | 'state'
  | 'server'
  | 'clock'
  | 'port';

/** One result of a check. */
export interface Finding {
  /** `warn`: it works, but not as well as it could, or somebody should look. `wrong`: it does not work. */
  readonly level: 'ok' | 'warn' | 'wrong';
  readonly check: Check;
  readonly message: string;
  /** What to do or to type; empty where there is nothing to do. */
  readonly hint: string;
}

export const ok = (check: Check, message: string): Finding => ({ level: 'ok', check, message, hint: '' });

export const warn = (check: Check, message: string, hint = ''): Finding => ({ level: 'warn', check, message, hint });

export const wrong = (check: Check, message: string, hint: string): Finding => ({
  level: 'wrong',
  check,
  message,
  hint,
});

/** @returns the finding for an error, whose message and hint a person can follow. */
export const wrongBy = (
  check: Check,
  { message, hint }: { readonly message: string; readonly hint: string },
): Finding => wrong(check, message, hint);
