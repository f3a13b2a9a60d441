// What an owner is told at his next command.

/** A lock that its owner lost without releasing it (`forced`, `stolen`, `expired`), or that somebody asks him for. */
export interface NoticeRow {
  readonly path: string;
  readonly reason: 'forced' | 'stolen' | 'expired' | 'asked';
  /** Who took, broke or asks for it; for an expired lock its owner. */
  readonly by: string;
  readonly time: string;
  /** Why somebody asks, where he says it. */
  readonly message?: string;
}
