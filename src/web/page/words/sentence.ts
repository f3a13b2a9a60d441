// The state of the pair in one sentence, with what it means and what can be done. It never says "in sync" while something
// is on its way or the server does not answer.
import type { LiveState } from '../../../client/live-state.js';
import { countText, sizeText } from '../../../core/size-text.js';
import type { Status } from '../../../wire/client-api/methods.js';
import { foundText, haltAdvice } from './halts.js';
import { shownName } from './names.js';
import { sinceText, whenText } from './times.js';
import type { IconName, Tone } from './tones.js';

interface StateSentence {
  readonly icon: IconName;
  readonly tone: Tone;
  /** The sentence. */
  readonly text: string;
  /** What it means; '' where the sentence says all. */
  readonly more: string;
  /** The sentence without what counts up or down, for those who hear it. */
  readonly spoken: string;
}

/** @returns the sentence for what is known now. */
export function stateSentence({ lostSince, status, transfers }: LiveState, now: Date): StateSentence {
  if (lostSince !== null) return gone(lostSince, now);
  if (status === null) return sentence('sync', 'plain', 'Asking the server how things are');
  switch (status.state) {
    case 'in-sync':
      return inSync(status);
    case 'syncing':
      return syncing(status, transfers.percent);
    case 'scanning':
      return sentence('sync', 'busy', 'Looking through both directories', 'This page shows what is known so far.');
    case 'paused':
      return paused(status, now);
    case 'halted':
      return halted(status);
    case 'peer-lost':
      return peerLost(status, now);
    default:
      return sentence('status', 'plain', shownName(String(status.state)));
  }
}

const sentence = (icon: IconName, tone: Tone, text: string, more = '', spoken = text): StateSentence => ({
  ...{ icon, tone, text, more, spoken },
});

const gone = (since: Date, now: Date): StateSentence =>
  sentence(
    'away',
    'wait',
    `The server does not answer ${sinceText(since.toISOString(), now)}`,
    'What is shown is what was last known. Nothing is lost; the page goes on by itself when the server is back.',
  );

function inSync({ a, held, conflicts, problems }: Status): StateSentence {
  const rest = [
    held > 0 && countText(held, 'held update'),
    conflicts > 0 && countText(conflicts, 'conflict copy').replace('copys', 'copies'),
    problems.length > 0 && countText(problems.length, 'problem'),
  ].filter((one) => one !== false);
  const files = a.files === 0 ? 'Both sides are empty.' : `${countText(a.files, 'file')} on both sides.`;
  if (rest.length === 0) return sentence('check', 'good', 'In sync', files);
  const but = rest.length === 1 ? rest[0] : `${rest.slice(0, -1).join(', ')} and ${rest.at(-1)}`;
  return sentence('check', problems.length > 0 ? 'wait' : 'good', `In sync, but for ${but}`, files);
}

function syncing({ left, pending }: Status, percent: number): StateSentence {
  const files = Math.max(left.files, pending > 0 ? 1 : 0);
  const bytes = left.bytes === 0 ? '' : `, ${sizeText(left.bytes)} to go`;
  const share = percent === 0 ? '' : ` ${percent} % is done.`;
  const text = files === 0 ? 'Comparing both sides' : `${countText(files, 'file')} on the way${bytes}`;
  return sentence('sync', 'busy', text, `Everything else can be used as always.${share}`, 'Files are on the way');
}

function paused({ paused: pause, left }: Status, now: Date): StateSentence {
  if (pause === null)
    return sentence('pause', 'wait', 'Waiting for an answer', 'Somebody is asked before anything is carried over.');
  const waits = left.files === 0 ? '' : ` ${countText(left.files, 'change')} to carry over so far.`;
  const text = `Paused by ${shownName(pause.by)} ${sinceText(pause.since, now)}`;
  return sentence('pause', 'wait', text, `Nothing is carried over until somebody goes on.${waits}`);
}

function halted({ problems }: Status): StateSentence {
  const halt = problems.find(({ code }) => haltAdvice(code) !== null);
  const found = halt === undefined ? 'No file is touched.' : shownName(foundText(halt.message));
  return sentence('stop', 'stop', 'Stopped for safety: somebody has to look', found);
}

function peerLost({ peer, left, lastInSync }: Status, now: Date): StateSentence {
  const since = lastInSync === null ? '' : `; both sides last agreed ${whenText(lastInSync, now)}`;
  const waits =
    left.files === 0 ? 'Changes wait' : `${countText(left.files, 'change')} wait${left.files === 1 ? 's' : ''}`;
  const more = `${waits} here and go over when it is back at ${shownName(peer.address)}. Locks work.`;
  return sentence('away', 'wait', `The other side is away${since}`, more, 'The other side is away');
}
