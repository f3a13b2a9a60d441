// Repeats the queries that an event affects: the first at once, then with pauses that grow with the time that the server
// takes. Of an idle pair only the state is asked for, in case that no event came.
import { type LiveState, type Question, questionsAfterAnswers, withAnswers } from '../../../client/live-state.js';
import { SyncError } from '../../../core/errors.js';
import { comparePaths } from '../../../core/path.js';
import { call } from '../calls/rpc.js';
import { reloadList } from './list-model.js';
import { live, stage } from './page-state.js';

const ASK_MS = 100;
const BUSY_MS = 500;
const IDLE_MS = 5_000;
const PAUSE_PER_ANSWER = 4;
const MAX_PAUSE_MS = 5_000;

/** What counts. */
const COUNTS: readonly Question[] = ['status', 'transfers'];

const wanted = new Set<Question>();
/** When questions were asked last. */
let askedAt = 0;
let isAsking = false;
let wake: () => void = () => {};

/** Has the questions asked as soon as may be. */
export function ask(questions: readonly Question[]): void {
  for (const question of questions) wanted.add(question);
  wake();
  if (!isAsking) void keepAsking();
}

async function keepAsking(): Promise<void> {
  isAsking = true;
  while (stage.value === 'inside') {
    const begun = performance.now();
    const questions = [...wanted];
    wanted.clear();
    if (questions.length > 0 && live.value.lostSince === null) await learn(questions);
    askedAt = performance.now();
    const pause = Math.min(PAUSE_PER_ANSWER * (askedAt - begun), MAX_PAUSE_MS);
    await new Promise((resolve) => setTimeout(resolve, Math.max(ASK_MS, pause)));
    for (let ms = dueIn(); ms > 0; ms = dueIn()) await untilWanted(ms);
    if (wanted.size === 0) for (const question of COUNTS) wanted.add(question);
  }
  isAsking = false;
}

/** @returns in how many milliseconds the next questions are due. Counts can wait: events say the rest, and many pages ask. */
function dueIn(): number {
  if ([...wanted].some((question) => !COUNTS.includes(question))) return 0;
  const every = wanted.size > 0 || isBusy(live.value) ? BUSY_MS : IDLE_MS;
  return askedAt + every - performance.now();
}

const untilWanted = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    const late = setTimeout(resolve, ms);
    wake = () => {
      clearTimeout(late);
      resolve();
    };
  });

async function learn(questions: readonly Question[]): Promise<void> {
  try {
    const answers = await answersTo(questions);
    const before = live.value; // events have come meanwhile
    live.value = withAnswers(before, answers);
    for (const question of questionsAfterAnswers(before, live.value)) wanted.add(question);
    if (isOtherTree(before, live.value)) reloadList();
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    // That the server is gone is seen by the stream; who is not known any more has to sign in again.
    if (error.code === 'not-allowed') stage.value = 'outside';
  }
}

/** Whether files came or went without an event, as while the other side is away. */
function isOtherTree({ status: was }: LiveState, { status: is }: LiveState): boolean {
  if (was === null || is === null) return false;
  const figures = ({ a, b }: typeof is) => [a.files, a.bytes, b?.files, b?.bytes].join();
  return figures(was) !== figures(is);
}

type Answers = Parameters<typeof withAnswers>[1];

async function answersTo(questions: readonly Question[]): Promise<Answers> {
  return Object.assign({}, ...(await Promise.all(questions.map(answerTo))));
}

async function answerTo(question: Question): Promise<Answers> {
  switch (question) {
    case 'status':
      return { status: await call('status', {}) };
    case 'locks': {
      const { locks } = await call('locks', {});
      return { locks: locks.toSorted((x, y) => comparePaths(x.path, y.path)) };
    }
    case 'held':
      return { held: (await call('held', {})).held };
    case 'conflicts':
      return { conflicts: (await call('conflicts', {})).conflicts };
    case 'transfers':
      return { transfers: await call('transfers', {}) };
  }
}

const isBusy = ({ status, transfers }: LiveState): boolean =>
  status?.state === 'syncing' || status?.state === 'scanning' || transfers.left.files > 0;
