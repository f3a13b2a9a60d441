// Another root than the one that was shared with comes as side b. With files in it, it is a new partner: a first contact.
// With none, where the old one had some, its disk may just not be mounted: nothing is touched until a person has said
// what is meant, or the old one is back.
import type { Look } from './replica.js';

/** As few files as this may be missing without a question. */
const SOME_FILES = 5;

/** A root that is not known yet. */
export class Stranger {
  private isAccepted = false;

  /**
   * @param expected how many files the known root had.
   * @param adopt called when it is to be the pair's own.
   */
  constructor(
    private readonly expected: number,
    private readonly adopt: () => void,
  ) {}

  /** A person says that it is meant. */
  accept(): void {
    this.isAccepted = true;
  }

  /** @returns why nothing may be touched, or null: then it has been adopted. */
  judge(files: number): Look['halt'] {
    if (this.isAccepted || files > 0 || this.expected < SOME_FILES) {
      this.adopt();
      return null;
    }
    return {
      code: 'root-replaced',
      message:
        `The directory of side b is empty and is not the one that was synchronised, which had ${this.expected} files ` +
        '(is a disk not mounted?). Nothing is touched; it goes on when the right one is back. To fill this one from ' +
        'side a, confirm with: client resume --accept-deletes',
    };
  }
}
