// The decision, by table. Trees are in the notation of support/core/tree; every row is run as it stands and with the
// sides exchanged (rows whose outcome hangs on "equal times: a" say so). `toA` and `toB` are the first plan in its
// order, `end` is what both sides and the archive have once nothing is left to do.
import { describe, expect, test } from 'vitest';
import { otherSide, type RelPath, type Side } from '../../../src/core/path.js';
import { PathSet } from '../../../src/core/path-set.js';
import { reconcile } from '../../../src/core/reconcile/reconcile.js';
import type { Snapshot } from '../../../src/core/snapshot.js';
import { type Circumstances, isEmpty, pairOf, planOf, settle } from '../../support/core/apply.js';
import { showChanges, showConflicts, showEntry, showTree, snapshotOf, tree } from '../../support/core/tree.js';

interface Row {
  readonly it: string;
  /** The archive; a pair that never met where absent. */
  readonly was?: string;
  readonly a: string;
  readonly b: string;
  readonly toA?: string;
  readonly toB?: string;
  readonly end: string;
  /** `path=kept|copy`. */
  readonly conflicts?: string;
  /** Paths on which both sides agree already. */
  readonly agreed?: string;
  /** What went to versions, sorted; looked at where given. */
  readonly versions?: string;
  readonly pinned?: string;
  /** Who keeps the name in any conflict of two files; time decides where absent. */
  readonly winner?: Side;
  /** What the keeper said is to become of the other content of x, whoever changed it. */
  readonly other?: 'copy' | 'discard';
  /** A first contact that was cut off: the archive has a part. */
  readonly first?: true;
  /** Where pinned paths keep the sides apart: what b has at the end (`end` is a's then). */
  readonly endB?: string;
  /** The outcome hangs on the tie that goes to a: not run with the sides exchanged. */
  readonly tie?: true;
}

// biome-ignore format: a row is a line
const oneSided: Row[] = [
  { it: 'nothing anywhere', was: '', a: '', b: '', end: '' },
  { it: 'nothing changed', was: 'x:1 d/y:2', a: 'x:1 d/y:2', b: 'x:1 d/y:2', end: 'x:1 d/y:2' },
  { it: 'a new file', was: '', a: 'x:1', b: '', toB: '+x', end: 'x:1' },
  { it: 'a new empty file', was: '', a: 'x:', b: '', toB: '+x', end: 'x:' },
  { it: 'an edit', was: 'x:1', a: 'x:2@5', b: 'x:1', toB: '*x', end: 'x:2@5', versions: 'x:1' },
  { it: 'an edit with an older time', was: 'x:1@9', a: 'x:2@3', b: 'x:1@9', toB: '*x', end: 'x:2@3' },
  { it: 'an edit within one tick', was: 'x:1@9', a: 'x:2@9', b: 'x:1@9', toB: '*x', end: 'x:2@9' },
  { it: 'a deletion', was: 'x:1', a: '', b: 'x:1', toB: '-x', end: '', versions: 'x:1' },
  { it: 'the last file of a directory', was: 'd/x:1', a: 'd/', b: 'd/x:1', toB: '-d/x', end: 'd/' },
  { it: 'an empty directory comes', was: '', a: 'd/e/', b: '', toB: '+d +d/e', end: 'd/e/' },
  { it: 'an empty directory goes', was: 'd/e/', a: '', b: 'd/e/', toB: '-d/e -d', end: '' },
  { it: 'a deep file comes with its parents', was: '', a: 'd/e/f/x:1', b: '', toB: '+d +d/e +d/e/f +d/e/f/x', end: 'd/e/f/x:1' },
  { it: 'a deep tree goes, children first', was: 'd/e/x:1 d/y:2', a: '', b: 'd/e/x:1 d/y:2', toB: '-d/y -d/e/x -d/e -d', end: '' },
  { it: 'nested deletions leave what is beside', was: 'd/e/x:1 d/y:2', a: 'd/y:2', b: 'd/e/x:1 d/y:2', toB: '-d/e/x -d/e', end: 'd/y:2' },
  { it: 'a file replaces an unchanged directory', was: 'd/x:1', a: 'd:2', b: 'd/x:1', toB: '-d/x *d', end: 'd:2', versions: 'd/x:1' },
  { it: 'a link replaces an unchanged directory', was: 'd/x:1', a: 'd->x', b: 'd/x:1', toB: '-d/x *d', end: 'd->x' },
  { it: 'a directory replaces an unchanged file', was: 'x:1', a: 'x/y:2', b: 'x:1', toB: '*x +x/y', end: 'x/y:2', versions: 'x:1' },
  { it: 'a directory replaces a file that only changed its mode', was: 'x:1', a: 'x/y:2', b: 'x:1!600', toB: '*x +x/y', end: 'x/y:2' },
  { it: 'a file replaces a tree of empty directories', was: 'd/e/f/', a: 'd:1', b: 'd/e/f/', toB: '-d/e/f -d/e *d', end: 'd:1' },
  { it: 'a new mode', was: 'x:1', a: 'x:1!755', b: 'x:1', toB: '~x', end: 'x:1!755', versions: '' },
  { it: 'a new time', was: 'x:1@5', a: 'x:1@3', b: 'x:1@5', toB: '~x', end: 'x:1@3' },
  { it: "a directory's mode, after what is in it", was: 'd/x:1', a: 'd/!700 d/x:1 d/y:2', b: 'd/x:1', toB: '+d/y ~d', end: 'd/!700 d/x:1 d/y:2' },
];

// biome-ignore format: a row is a line
const renames: Row[] = [
  { it: 'a file', was: 'x:1', a: 'y:1', b: 'x:1', toB: 'x>y', end: 'y:1', versions: '' },
  { it: 'a file into a new directory', was: 'x:1', a: 'd/x:1', b: 'x:1', toB: '+d x>d/x', end: 'd/x:1' },
  { it: 'a file out of a directory that goes', was: 'd/x:1', a: 'x:1', b: 'd/x:1', toB: 'd/x>x -d', end: 'x:1' },
  { it: 'a directory with three files', was: 'd/x:1 d/y:2 d/z:3', a: 'e/x:1 e/y:2 e/z:3', b: 'd/x:1 d/y:2 d/z:3', toB: '+e d/x>e/x d/y>e/y d/z>e/z -d', end: 'e/x:1 e/y:2 e/z:3', versions: '' },
  { it: 'a directory with equal files keeps their names', was: 'd/x:1 d/y:1', a: 'e/x:1 e/y:1', b: 'd/x:1 d/y:1', toB: '+e d/x>e/x d/y>e/y -d', end: 'e/x:1 e/y:1' },
  { it: 'a file, with a new mode and time', was: 'x:1', a: 'y:1@7!600', b: 'x:1', toB: 'x>y', end: 'y:1@7!600' },
  { it: 'an empty file is no rename: any other would do', was: 'x:', a: 'y:', b: 'x:', toB: '+y -x', end: 'y:' },
  { it: 'a link is created again', was: 'l->x', a: 'm->x', b: 'l->x', toB: '+m -l', end: 'm->x' },
  { it: 'two names are swapped', was: 'x:1 y:2', a: 'x:2 y:1', b: 'x:1 y:2', toB: '*x *y', end: 'x:2 y:1', versions: 'x:1 y:2' },
  { it: 'a chain', was: 'x:1 y:2', a: 'y:1 z:2', b: 'x:1 y:2', toB: '*y +z -x', end: 'y:1 z:2' },
  { it: 'over another file', was: 'x:1 y:2', a: 'y:1', b: 'x:1 y:2', toB: '*y -x', end: 'y:1', versions: 'x:1 y:2' },
  { it: 'and an edit of the new name', was: 'x:1', a: 'y:2', b: 'x:1', toB: '+y -x', end: 'y:2' },
  { it: 'and an edit on the other side: both survive', was: 'x:1', a: 'y:1', b: 'x:2', toA: '+x', toB: '+y', end: 'x:2 y:1' },
  { it: 'of a directory, and an edit in it on the other side', was: 'd/x:1 d/y:2', a: 'e/x:1 e/y:2', b: 'd/x:3 d/y:2', toA: '+d +d/x', toB: '+e d/y>e/y +e/x', end: 'd/x:3 e/x:1 e/y:2' },
  { it: 'to two names', was: 'x:1', a: 'y:1', b: 'z:1', toA: '+z', toB: '+y', end: 'y:1 z:1', agreed: 'x' },
  { it: 'to one name on both sides', was: 'x:1', a: 'y:1', b: 'y:1', agreed: 'x y', end: 'y:1' },
  { it: 'a file takes the place of its own directory', was: 'd/x:1', a: 'd:1', b: 'd/x:1', toB: '-d/x *d', end: 'd:1' },
  { it: 'a file goes down into a directory of its name', was: 'x:1', a: 'x/x:1', b: 'x:1', toB: '*x +x/x', end: 'x/x:1' },
];

// biome-ignore format: a row is a line
const bothSame: Row[] = [
  { it: 'the same new file', was: '', a: 'x:1', b: 'x:1', agreed: 'x', end: 'x:1' },
  { it: 'the same edit', was: 'x:1', a: 'x:2@4', b: 'x:2@4', agreed: 'x', end: 'x:2@4' },
  { it: 'the same edit at two times: the newest', was: 'x:1', a: 'x:2@4', b: 'x:2@6', toA: '~x', end: 'x:2@6', versions: '' },
  { it: 'the same edit, on one side with the time of before: still the newest', was: 'x:1@5', a: 'x:2@5', b: 'x:2@3', toB: '~x', end: 'x:2@5' },
  { it: 'the same deletion', was: 'x:1', a: '', b: '', agreed: 'x', end: '' },
  { it: 'the same directory deleted', was: 'd/x:1', a: '', b: '', agreed: 'd', end: '' },
  { it: 'one file of a directory and the directory', was: 'd/x:1 d/y:2', a: '', b: 'd/y:2', toB: '-d/y -d', agreed: 'd/x', end: '' },
  { it: 'the same file for a directory', was: 'd/x:1', a: 'd:2', b: 'd:2', agreed: 'd', end: 'd:2' },
  { it: 'the same directory for a file', was: 'x:1', a: 'x/y:2', b: 'x/y:2', agreed: 'x x/y', end: 'x/y:2' },
  { it: 'the same link', was: '', a: 'l->x', b: 'l->x@9', agreed: 'l', end: 'l->x' },
  { it: 'the same new directory with other files', was: '', a: 'd/x:1', b: 'd/y:2', toA: '+d/y', toB: '+d/x', agreed: 'd', end: 'd/x:1 d/y:2' },
  { it: 'modes only, at one time: a', was: 'x:1', a: 'x:1!600', b: 'x:1!755', toB: '~x', end: 'x:1!600', tie: true },
  { it: 'mode here, newer time there: the newest as a whole', was: 'x:1@1', a: 'x:1@1!600', b: 'x:1@5', toA: '~x', end: 'x:1@5' },
  { it: 'times only: the newest', was: 'x:1', a: 'x:1@3', b: 'x:1@8', toA: '~x', end: 'x:1@8' },
  { it: "a directory's mode on both sides: a", was: 'd/', a: 'd/!700', b: 'd/!750', toB: '~d', end: 'd/!700', tie: true },
  { it: "a directory's mode on b alone", was: 'd/', a: 'd/', b: 'd/!750', toA: '~d', end: 'd/!750' },
  { it: 'different things each', was: 'x:1 y:2 z:3', a: 'x:4 y:2', b: 'x:1 y:5 z:3', toA: '*y', toB: '*x -z', end: 'x:4 y:5' },
];

// biome-ignore format: a row is a line
const survival: Row[] = [
  { it: 'deleted against edited', was: 'x:1', a: '', b: 'x:2', toA: '+x', end: 'x:2' },
  { it: 'deleted against edited with an older time', was: 'x:1@9', a: '', b: 'x:2@1', toA: '+x', end: 'x:2@1' },
  { it: 'deleted against a new mode', was: 'x:1', a: '', b: 'x:1!600', toA: '+x', end: 'x:1!600' },
  { it: 'deleted against a new time', was: 'x:1', a: '', b: 'x:1@7', toA: '+x', end: 'x:1@7' },
  { it: 'deleted against a link in its place', was: 'x:1', a: '', b: 'x->y', toA: '+x', end: 'x->y' },
  { it: 'deleted against a directory in its place', was: 'x:1', a: '', b: 'x/y:2', toA: '+x +x/y', end: 'x/y:2' },
  { it: 'an edit against a new mode: the edit as a whole', was: 'x:1', a: 'x:2@5', b: 'x:1!600', toB: '*x', end: 'x:2@5' },
  { it: 'directory deleted against a new file in it', was: 'd/x:1', a: '', b: 'd/x:1 d/y:2', toA: '+d +d/y', toB: '-d/x', end: 'd/y:2' },
  { it: 'directory deleted against a new file deep in it', was: 'd/e/x:1', a: '', b: 'd/e/x:1 d/e/f/y:2', toA: '+d +d/e +d/e/f +d/e/f/y', toB: '-d/e/x', end: 'd/e/f/y:2' },
  { it: 'directory deleted against an edit in it', was: 'd/x:1 d/y:2', a: '', b: 'd/x:3 d/y:2', toA: '+d +d/x', toB: '-d/y', end: 'd/x:3' },
  { it: 'directory deleted against a new empty directory in it', was: 'd/', a: '', b: 'd/e/', toA: '+d +d/e', end: 'd/e/' },
  { it: 'directory deleted against a file moved within it', was: 'd/x:1', a: '', b: 'd/y:1', toA: '+d +d/y', agreed: 'd/x', end: 'd/y:1' },
  { it: 'directory deleted against a file moved out of it', was: 'd/x:1', a: '', b: 'd/ y:1', toA: '+y', toB: '-d', agreed: 'd/x', end: 'y:1' },
  { it: 'directory deleted against its own new mode: nothing below survives, so it goes', was: 'd/x:1', a: '', b: 'd/!700 d/x:1', toB: '-d/x -d', end: '' },
  { it: 'one of two nested directories is needed still', was: 'd/e/x:1 d/f/y:2', a: '', b: 'd/e/x:9 d/f/y:2', toA: '+d +d/e +d/e/x', toB: '-d/f/y -d/f', end: 'd/e/x:9' },
  { it: 'file for a directory, where all in it is deleted too', was: 'd/x:1', a: 'd:2', b: 'd/', toB: '*d', agreed: 'd/x', end: 'd:2' },
  { it: 'file for a directory with a new file in it', was: 'd/x:1', a: 'd:2', b: 'd/x:1 d/y:3', toA: '*d|d~a +d/x +d/y', end: 'd/x:1 d/y:3 d~a:2', conflicts: 'd=b|d~a' },
  { it: 'file for a directory with an edit in it', was: 'd/x:1', a: 'd:2', b: 'd/x:3', toA: '*d|d~a +d/x', end: 'd/x:3 d~a:2', conflicts: 'd=b|d~a' },
  { it: 'file for a directory with a new empty directory', was: 'd/', a: 'd:2', b: 'd/e/', toA: '*d|d~a +d/e', end: 'd/e/ d~a:2', conflicts: 'd=b|d~a' },
  { it: 'directory for a file that was edited', was: 'x:1', a: 'x/y:2', b: 'x:3', toB: '*x|x~b +x/y', end: 'x/y:2 x~b:3', conflicts: 'x=a|x~b' },
  { it: 'directory for a file that became a link', was: 'x:1', a: 'x/y:2', b: 'x->q', toB: '*x|x~b +x/y', end: 'x/y:2 x~b->q', conflicts: 'x=a|x~b' },
];

// biome-ignore format: a row is a line
const conflicts: Row[] = [
  { it: 'both edited: the newer keeps the name', was: 'x:1', a: 'x:2@5', b: 'x:3@6', toA: '*x|x~a', end: 'x:3@6 x~a:2@5', conflicts: 'x=b|x~a', versions: '' },
  { it: 'both edited at one time: a', was: 'x:1', a: 'x:2@5', b: 'x:3@5', toB: '*x|x~b', end: 'x:2@5 x~b:3@5', conflicts: 'x=a|x~b', tie: true },
  { it: 'the keeper is named: no time counts', was: 'x:1', a: 'x:2@5', b: 'x:3@6', winner: 'a', toB: '*x|x~b', end: 'x:2@5 x~b:3@6', conflicts: 'x=a|x~b' },
  { it: 'a copy is wanted of what only the other side changed', was: 'x:1', a: 'x:1', b: 'x:3@6', winner: 'a', other: 'copy', toB: '*x|x~b', end: 'x:1 x~b:3@6', conflicts: 'x=a|x~b' },
  { it: 'a copy is wanted of what both changed', was: 'x:1', a: 'x:2@5', b: 'x:3@6', winner: 'a', other: 'copy', toB: '*x|x~b', end: 'x:2@5 x~b:3@6', conflicts: 'x=a|x~b' },
  { it: 'a copy is wanted of what is gone: it comes back', was: 'x:1', a: 'x:1', b: '', winner: 'a', other: 'copy', toB: '+x', end: 'x:1' },
  { it: 'a copy is wanted where the keeper has deleted: the change survives', was: 'x:1', a: '', b: 'x:3', winner: 'a', other: 'copy', toA: '+x', end: 'x:3' },
  { it: 'what only the other side changed is discarded', was: 'x:1', a: 'x:1', b: 'x:3@6', winner: 'a', other: 'discard', toB: '*x', end: 'x:1', versions: 'x:3@6' },
  { it: 'what both changed is discarded', was: 'x:1', a: 'x:2@5', b: 'x:3@6', winner: 'a', other: 'discard', toB: '*x', end: 'x:2@5', versions: 'x:3@6' },
  { it: 'a deletion is discarded', was: 'x:1', a: 'x:1', b: '', winner: 'a', other: 'discard', toB: '+x', end: 'x:1' },
  { it: 'a change is discarded where the keeper has deleted', was: 'x:1', a: '', b: 'x:3', winner: 'a', other: 'discard', toB: '-x', end: '', versions: 'x:3' },
  { it: 'the same on both sides is the same', was: 'x:1', a: 'x:1', b: 'x:1', winner: 'a', other: 'discard', end: 'x:1' },
  { it: 'a directory in its place does not take the name of a file that is to stay', was: 'x:1', a: 'x:1', b: 'x/y:2', winner: 'a', other: 'discard', toA: '*x|x~a +x/y', end: 'x~a:1 x/y:2', conflicts: 'x=b|x~a' },
  { it: 'both new', was: 'q:1', a: 'q:1 x:2@5', b: 'q:1 x:3@6', toA: '*x|x~a', end: 'q:1 x:3@6 x~a:2@5', conflicts: 'x=b|x~a' },
  { it: 'both new in a new directory', was: 'q:1', a: 'q:1 d/x:2@5', b: 'q:1 d/x:3@6', toA: '*d/x|d/x~a', agreed: 'd', end: 'd/x:3@6 d/x~a:2@5 q:1', conflicts: 'd/x=b|d/x~a' },
  { it: 'the free name', was: 'x:1 x~a:7', a: 'x:2@5 x~a:7', b: 'x:3@6 x~a:7', toA: '*x|x~a2', end: 'x:3@6 x~a:7 x~a2:2@5', conflicts: 'x=b|x~a2' },
  { it: 'a name that only the other side has is not free', was: 'x:1', a: 'x:2@5', b: 'x:3@6 x~a:7', toA: '*x|x~a2 +x~a', end: 'x:3@6 x~a:7 x~a2:2@5', conflicts: 'x=b|x~a2' },
  { it: 'a copy and its original at once: two names', was: 'x:1 x~a:1', a: 'x:2@5 x~a:3@5', b: 'x:4@6 x~a:5@6', toA: '*x|x~a2 *x~a|x~a3', end: 'x:4@6 x~a:5@6 x~a2:2@5 x~a3:3@5', conflicts: 'x=b|x~a2 x~a=b|x~a3' },
  { it: 'link against link', was: 'l->x', a: 'l->y@5', b: 'l->z@6', toA: '*l|l~a', end: 'l->z l~a->y', conflicts: 'l=b|l~a' },
  { it: 'file against link', was: 'x:1', a: 'x:2@5', b: 'x->z@6', toA: '*x|x~a', end: 'x->z x~a:2@5', conflicts: 'x=b|x~a' },
  { it: 'directory against file, both new: the directory', was: 'q:1', a: 'q:1 d/x:2', b: 'q:1 d:3@9', toB: '*d|d~b +d/x', end: 'd/x:2 d~b:3@9 q:1', conflicts: 'd=a|d~b' },
  { it: 'empty directory against file, both new', was: 'q:1', a: 'q:1 d/', b: 'q:1 d:3', toB: '*d|d~b', end: 'd/ d~b:3 q:1', conflicts: 'd=a|d~b' },
  { it: 'a deleted directory with other files of one name in its place', was: 'd/x:1', a: 'd:2@5', b: 'd:3@6', toA: '*d|d~a', end: 'd:3@6 d~a:2@5', conflicts: 'd=b|d~a' },
  { it: 'an edit and back again is no change', was: 'x:1@1', a: 'x:1@5', b: 'x:2@3', toA: '*x', end: 'x:2@3', versions: 'x:1@5' },
];

// biome-ignore format: a row is a line
const firstContact: Row[] = [
  { it: 'empty pair', a: '', b: '', end: '' },
  { it: 'one-sided files are copied', a: 'x:1', b: 'd/y:2', toA: '+d +d/y', toB: '+x', end: 'd/y:2 x:1' },
  { it: 'equal ones are noted', a: 'x:1 d/y:2', b: 'x:1 d/y:2', agreed: 'd d/y x', end: 'd/y:2 x:1' },
  { it: 'equal contents, the newest time', a: 'x:1@4', b: 'x:1@2', toB: '~x', end: 'x:1@4' },
  { it: 'the newest wins, the loser goes to versions', a: 'x:1@4', b: 'x:2@6', toA: '*x', end: 'x:2@6', conflicts: 'x=b', versions: 'x:1@4' },
  { it: 'equal times: a', a: 'x:1@4', b: 'x:2@4', toB: '*x', end: 'x:1@4', conflicts: 'x=a', versions: 'x:2@4', tie: true },
  { it: 'nothing is deleted, nested or not', a: 'd/e/x:1', b: 'd/f/y:2', toA: '+d/f +d/f/y', toB: '+d/e +d/e/x', agreed: 'd', end: 'd/e/x:1 d/f/y:2' },
  { it: 'equal contents under two names are two files', a: 'x:1', b: 'y:1', toA: '+y', toB: '+x', end: 'x:1 y:1' },
  { it: 'directory against file: a copy, for a directory has no time', a: 'd/x:1', b: 'd:2@9', toB: '*d|d~b +d/x', end: 'd/x:1 d~b:2@9', conflicts: 'd=a|d~b' },
  { it: 'link against file by time', a: 'x->y@9', b: 'x:1@2', toB: '*x', end: 'x->y', conflicts: 'x=a', versions: 'x:1@2' },
  { it: 'cut off: what both have shared since is edited like anything', was: 'x:1', a: 'x:2@5 y:1@4', b: 'x:3@6 y:2@6', first: true, toA: '*x|x~a *y', end: 'x:3@6 x~a:2@5 y:2@6', conflicts: 'x=b|x~a y=b' },
  { it: "directories' modes: a", a: 'd/!700 d/x:1', b: 'd/ d/x:1', toB: '~d', agreed: 'd/x', end: 'd/!700 d/x:1', tie: true },
];

// biome-ignore format: a row is a line
const links: Row[] = [
  { it: 'a new link', was: '', a: 'l->x', b: '', toB: '+l', end: 'l->x' },
  { it: 'another target', was: 'l->x', a: 'l->y', b: 'l->x', toB: '*l', end: 'l->y', versions: 'l->x' },
  { it: 'a deleted link', was: 'l->x', a: '', b: 'l->x', toB: '-l', end: '' },
  { it: 'a time is nothing', was: 'l->x', a: 'l->x@5', b: 'l->x@9', end: 'l->x' },
  { it: 'a file for a link', was: 'l->x', a: 'l:1', b: 'l->x', toB: '*l', end: 'l:1' },
  { it: 'a link for a file', was: 'x:1', a: 'x->y', b: 'x:1', toB: '*x', end: 'x->y' },
  { it: 'a link against a deletion, with another time: unchanged, so it goes', was: 'l->x', a: '', b: 'l->x@5', toB: '-l', end: '' },
];

// biome-ignore format: a row is a line
const pinned: Row[] = [
  { it: 'an edit waits', was: 'x:1 y:1', a: 'x:1 y:1', b: 'x:2 y:2', pinned: 'x', toA: '*y', end: 'x:1 y:2', endB: 'x:2 y:2' },
  { it: 'a deletion waits', was: 'x:1', a: 'x:1', b: '', pinned: 'x', end: 'x:1', endB: '' },
  { it: 'a rename is half held: the new name comes by content', was: 'x:1', a: 'x:1', b: 'y:1', pinned: 'x', toA: '+y', end: 'x:1 y:1', endB: 'y:1' },
  { it: 'below a directory that the other side deleted: neither recreated nor removed', was: 'd/x:1', a: 'd/x:1', b: '', pinned: 'd/x', end: 'd/x:1', endB: '' },
  { it: 'beside it, unlocked files go on', was: 'd/x:1 d/y:2', a: 'd/x:1 d/y:2', b: '', pinned: 'd/x', toA: '-d/y', end: 'd/x:1', endB: '' },
  { it: 'deep below a deleted directory', was: 'd/e/x:1 d/f/y:2', a: 'd/e/x:1 d/f/y:2', b: '', pinned: 'd/e/x', toA: '-d/f/y -d/f', end: 'd/e/x:1', endB: '' },
  { it: 'a new file beside it recreates the directory, not the pinned one', was: 'd/x:1', a: 'd/x:1 d/n:3', b: '', pinned: 'd/x', toB: '+d +d/n', end: 'd/n:3 d/x:1', endB: 'd/n:3' },
  { it: 'an edit before it in the same directory', was: 'd/n:1 d/x:1', a: 'd/n:2 d/x:1', b: '', pinned: 'd/x', toB: '+d +d/n', end: 'd/n:2 d/x:1', endB: 'd/n:2' },
  { it: 'a file in the place of its directory waits', was: 'd/x:1 d/y:2', a: 'd/x:1 d/y:2', b: 'd:3', pinned: 'd/x', end: 'd/x:1 d/y:2', endB: 'd:3' },
  { it: 'a whole directory: all below stays', was: 'd/x:1', a: 'd/x:2 d/y:3', b: '', pinned: 'd', end: 'd/x:2 d/y:3', endB: '' },
  { it: 'a conflict waits', was: 'x:1', a: 'x:2', b: 'x:3', pinned: 'x', end: 'x:2', endB: 'x:3' },
  { it: 'what is in a new directory is not brought', was: '', a: 'd/x:1 d/y:2', b: '', pinned: 'd/x', toB: '+d +d/y', end: 'd/x:1 d/y:2', endB: 'd/y:2' },
  { it: 'its directory is renamed: the rest moves', was: 'd/x:1 d/y:2', a: 'd/x:1 d/y:2', b: 'e/x:1 e/y:2', pinned: 'd/x', toA: '+e d/y>e/y +e/x', end: 'd/x:1 e/x:1 e/y:2', endB: 'e/x:1 e/y:2' },
  { it: 'a path that only the archive has', was: 'd/x:1', a: 'd/', b: '', pinned: 'd/x', end: 'd/', endB: '' },
];

/** Exchanges the sides of everything that a row says. */
function mirrored(row: Row): Row {
  const names = (text: string | undefined) => text?.replace(/~([ab])/g, (_, side) => (side === 'a' ? '~b' : '~a'));
  const sides = names(row.conflicts)?.replace(/=([ab])/g, (_, side) => (side === 'a' ? '=b' : '=a'));
  const [end, endB] = row.endB === undefined ? [row.end, undefined] : [row.endB, row.end];
  const said = {
    was: row.was,
    toA: row.toB,
    toB: row.toA,
    versions: row.versions,
    pinned: row.pinned,
    agreed: row.agreed,
  };
  const exchanged = Object.entries(said).map(([key, text]) => [key, names(text)] as const);
  const given = [...exchanged, ['conflicts', sides] as const, ['endB', names(endB)] as const];
  return {
    it: `${row.it} (sides exchanged)`,
    a: names(row.b)!,
    b: names(row.a)!,
    end: names(end)!,
    ...(row.winner === undefined ? {} : { winner: otherSide(row.winner) }),
    ...(row.other === undefined ? {} : { other: row.other }),
    ...(row.first === undefined ? {} : { first: row.first }),
    ...Object.fromEntries(given.filter(([, text]) => text !== undefined)),
  };
}

const insisting = (side: Side, other: 'copy' | 'discard') => (path: RelPath) => (path === 'x' ? { side, other } : null);

function check(row: Row): void {
  const pins = new Set((row.pinned ?? '').split(' '));
  const circumstances: Circumstances = {
    firstContact: row.was === undefined || row.first === true,
    ...(row.winner === undefined ? {} : { winner: () => row.winner ?? null }),
    ...(row.other === undefined ? {} : { overrides: insisting(row.winner!, row.other) }),
    pinned: (path: RelPath) => pins.has(path),
  };
  const pair = pairOf(tree(row.was ?? ''), tree(row.a), tree(row.b));
  const plan = planOf(pair, circumstances);
  const agreed = plan.agreed.map(({ path }) => path).sort();
  settle(pair, circumstances);
  const versions = pair.versions.map(({ path, entry }) => showEntry(path, entry)).sort();
  expect({
    toA: showChanges(plan.toA),
    toB: showChanges(plan.toB),
    conflicts: showConflicts(plan.conflicts),
    agreed: agreed.join(' '),
    a: showTree(pair.a),
    b: showTree(pair.b),
  }).toEqual({
    toA: row.toA ?? '',
    toB: row.toB ?? '',
    conflicts: row.conflicts ?? '',
    agreed: row.agreed ?? '',
    a: showTree(tree(row.end)),
    b: showTree(tree(row.endB ?? row.end)),
  });
  if (row.pinned === undefined) expect(showTree(pair.archive)).toBe(showTree(pair.a));
  if (row.versions !== undefined) expect(versions.join(' ')).toBe(row.versions);
  expect(isEmpty(planOf(pair, circumstances))).toBe(true);
}

const tables = { oneSided, renames, bothSame, survival, conflicts, firstContact, links, pinned };

describe.each(Object.entries(tables))('reconcile: %s', (_, rows) => {
  test.each([...rows, ...rows.filter((row) => row.tie !== true).map(mirrored)])('$it', check);
});

test('what is discarded is kept in the versions as that', () => {
  const pair = pairOf(tree('x:1 y:1'), tree('x:2@5 y:2@5'), tree('x:3@6 y:1'));
  const { toB } = planOf(pair, { firstContact: false, overrides: insisting('a', 'discard'), pinned: () => false });
  expect(toB.map(({ path, reason }) => [path, reason])).toEqual([
    ['x', 'discarded'],
    ['y', undefined],
  ]);
});

test('a mark on a path without entries has no effect', () => {
  const marks = new PathSet();
  marks.add('x' as RelPath);
  marks.add('y' as RelPath);
  const snapshots = [snapshotOf(tree('y:1')), snapshotOf(tree('')), snapshotOf(tree(''))] as const;
  const plan = reconcile(...snapshots, {
    firstContact: false,
    pinned: () => false,
    copyName: (path) => path,
    marks: marks.root,
  });
  expect(plan.agreed).toEqual([{ path: 'y', entry: null }]);
});

test('of a directory of both sides only what is marked is compared', () => {
  const marks = new PathSet();
  marks.add('d/x' as RelPath);
  const was = tree('d/ d/x:1 d/y:1');
  const snapshots = [was, tree('d/!700 d/x:2 d/y:2'), was].map(snapshotOf) as [Snapshot, Snapshot, Snapshot];
  const options = { firstContact: false, pinned: () => false, copyName: (path: RelPath) => path };
  const changes = () => showChanges(reconcile(...snapshots, { ...options, marks: marks.root }).toB);
  expect(changes()).toBe('*d/x');
  marks.add('d' as RelPath);
  expect(changes()).toBe('*d/x ~d');
});

test('a pinned path is postponed with its marks', () => {
  const marks = new PathSet();
  marks.add('d/x' as RelPath);
  marks.add('y' as RelPath, true);
  const snapshots = [snapshotOf(tree('')), snapshotOf(tree('d/x:1 y:1')), snapshotOf(tree('d/'))] as const;
  const options = { firstContact: false, pinned: (path: RelPath) => path !== 'd', copyName: (path: RelPath) => path };
  const { postponed, toB } = reconcile(...snapshots, { ...options, marks: marks.root });
  expect(postponed.map(({ path, marks: on }) => [path, on === null ? 'all' : on.deep])).toEqual([
    ['d/x', false],
    ['y', 'all'],
  ]);
  expect(toB).toEqual([]);
});
