// Acts of whoever looks: each is done by one call, says what became of it, and offers what takes it back.
import type { Step } from '../../../core/advice.js';
import { SyncError } from '../../../core/errors.js';
import type { Acted, Refused } from '../../../wire/client-api/methods.js';
import { call } from '../calls/rpc.js';
import { plainAdvice, stepLabel, stepsOf } from '../words/advice-words.js';
import { shownName } from '../words/names.js';
import { type Done, type UndoStep, undoOf } from '../words/undo.js';
import { ask } from './asking.js';
import { reloadList } from './list-model.js';
import { goTo, openFile } from './page-state.js';
import { show, type ToastAction } from './toasts.js';

/** How many steps are taken at one time where there are many. */
const AT_ONCE = 8;

/** @throws SyncError the refusal of the one target. */
export function actedOn([result]: readonly (Acted | Refused)[]): Acted {
  if (result === undefined) throw new SyncError('failed', 'The server has answered nothing.');
  if (!('error' in result)) return result;
  const { code, message, hint, advice = [] } = (result as Refused).error;
  throw new SyncError(code, message, { hint, advice });
}

/** What is done for a step of advice where more than a view is needed; set by those who know how. */
export const stepActs: { [D in Step['do']]?: (step: Step & { readonly do: D }) => void } = {
  conflicts: () => goTo('conflicts'),
  locks: () => goTo('locks'),
  status: () => goTo('status'),
  resume: () => goTo('status'),
};

/** Shows a refusal with what can be done about it. @param more buttons that are offered before those of the server. */
export function showRefusal(error: unknown, more: readonly ToastAction[] = []): void {
  if (!(error instanceof SyncError)) throw error;
  if (error.code === 'interrupted') return;
  const actions = stepsOf(error.advice).flatMap((step): ToastAction[] => {
    const label = stepLabel(step);
    const run = stepActs[step.do] as ((step: Step) => void) | undefined;
    return label === null || run === undefined ? [] : [{ label, run: () => run(step) }];
  });
  const text = shownName(error.message);
  show({
    icon: 'warn',
    tone: 'stop',
    text,
    more: shownName(plainAdvice(error.hint, error.advice)),
    actions: [...more, ...actions],
  });
}

interface Act<T> {
  readonly run: () => Promise<T>;
  /** What is said afterwards; null says nothing. */
  readonly said: (result: T) => { readonly text: string; readonly more?: string } | null;
  /** What was done; null where nothing was, or where it cannot be taken back. */
  readonly done: (result: T) => Done | null;
  /** Buttons beside a refusal. */
  readonly instead?: (error: SyncError) => readonly ToastAction[];
}

/** @returns whether it was done. */
export async function act<T>({ run, said, done, instead }: Act<T>): Promise<boolean> {
  try {
    const result = await run();
    learnAnew();
    const text = said(result);
    if (text !== null) offer(text, done(result));
    return true;
  } catch (error) {
    showRefusal(error, error instanceof SyncError ? instead?.(error) : []);
    return false;
  }
}

/** Says what was done and offers to take it back. */
export function offer(text: { readonly text: string; readonly more?: string }, done: Done | null): void {
  const actions = done === null ? [] : [{ label: 'Undo', run: () => void undo(done) }];
  show({ ...text, actions });
}

/** What an act has changed is seen at once, also where no event tells of it. */
export function learnAnew(): void {
  ask(['status', 'locks', 'held', 'conflicts', 'transfers']);
  reloadList();
}

async function undo(done: Done): Promise<void> {
  try {
    await inGroups(undoOf(done), takeBack);
    show({ icon: 'undo', text: 'Undone.' });
  } catch (error) {
    showRefusal(error);
  }
  learnAnew();
}

/** Files are put back several at a time; other steps need each other's outcome. */
async function inGroups(steps: readonly UndoStep[], take: (step: UndoStep) => Promise<unknown>): Promise<void> {
  const together = steps.every((step) => step.do === 'restore') ? AT_ONCE : 1;
  for (let at = 0; at < steps.length; at += together) await Promise.all(steps.slice(at, at + together).map(take));
}

async function takeBack(step: UndoStep): Promise<void> {
  switch (step.do) {
    case 'lock':
      actedOn((await call('lock', { targets: [{ path: step.path }], message: step.message, side: step.side })).targets);
      return;
    case 'unlock':
      actedOn((await call('unlock', { targets: [{ path: step.path }] })).targets);
      return;
    case 'delete':
      actedOn((await call('delete', { targets: [{ path: step.path }] })).targets);
      return;
    case 'restore':
      await call('restore', { target: { path: step.path } });
      return;
    case 'rename':
      await call('rename', { target: { path: step.path }, to: step.to });
      return;
    default:
      await call(step.do, {});
  }
}

stepActs.versions = ({ path }) => (path === undefined ? goTo('history') : openFile(path));
