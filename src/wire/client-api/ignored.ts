// What `checkIgnore` answers.
import type { Side } from '../../core/path.js';

/** Whether a path is left out of synchronisation, and by which rule. */
export interface Ignored {
  readonly path: string;
  readonly ignored: boolean;
  readonly rule?: string;
  /** `.lockstepignore`, `--ignore` of a server, one of its stock sets, or the program itself. */
  readonly source?: 'file' | 'flag' | 'set' | 'built-in';
  /** The name of the stock set. */
  readonly set?: string;
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** The side on which the rule is in force. */
  readonly side?: Side | 'both';
}
