// What an owner is told at his next command.

/**
 * A lock that its owner lost without releasing it (`forced`, `stolen`, `expired`), or that somebody asks him for
 * (`asked`); or a path that he wanted to lock and that became free (`free`).
 */
export interface NoticeRow {
  readonly path: string;
  readonly reason: 'forced' | 'stolen' | 'expired' | 'asked' | 'free';
  /** Who took, broke or asks for it; for an expired lock its owner, for a free path who is told. */
  readonly by: string;
  readonly time: string;
  /** Why somebody asks, where he says it. */
  readonly message?: string;
  /** Who has locked the path since it became free, if somebody has. */
  readonly holder?: string;
}
