// Looks at one side, one look at a time: whoever wants one gets the number of the look that will answer, and what comes
// in while one is under way is joined into the next.
import type { RelPath, Side } from '../core/path.js';
import type { Look, LookScope, Replica } from './replica.js';

export type LookoutEvent =
  | {
      readonly kind: 'looked';
      readonly side: Side;
      readonly look: Look;
      readonly scope: LookScope;
      readonly ms: number;
    }
  | { readonly kind: 'look-failed'; readonly side: Side; readonly error: unknown };

/** The looks at one side. */
export class Lookout {
  private wanted: LookScope | null = null;
  private readonly paths = new Set<RelPath>();
  private running = false;
  private begun = 0;
  /** The number of the last look that has been taken in. */
  finished = 0;

  constructor(
    private readonly side: Side,
    private readonly replica: Replica,
    private readonly post: (event: LookoutEvent) => void,
    private readonly now: () => number,
  ) {}

  /** Asks for a look at what is hinted at (and at `paths`), or at everything. @returns its number. */
  ask(scope: LookScope, paths: readonly RelPath[] = []): number {
    if (this.wanted !== 'everything') this.wanted = scope;
    for (const path of paths) this.paths.add(path);
    return this.begun + 1;
  }

  get isIdle(): boolean {
    return !this.running && this.wanted === null;
  }

  /** Begins the look that is wanted, unless one is under way. */
  start(): void {
    if (this.running || this.wanted === null) return;
    const scope = this.wanted;
    const paths = [...this.paths];
    this.wanted = null;
    this.paths.clear();
    this.running = true;
    this.begun++;
    const since = this.now();
    this.replica.look(scope, paths).then(
      (look) => this.post({ kind: 'looked', side: this.side, look, scope, ms: this.now() - since }),
      (error: unknown) => this.post({ kind: 'look-failed', side: this.side, error }),
    );
  }

  /** The look under way has been taken in. */
  end(): void {
    this.running = false;
    this.finished = this.begun;
  }
}
