// One lock in words: who has it and why, who asks for it, and who waits in which order.
import type { LockRow } from '../../../wire/client-api/methods.js';
import { me, now } from '../model/page-state.js';
import { shownName } from '../words/names.js';
import { isMine, lockSentence } from '../words/row-words.js';
import { Icon } from './icon.js';
import { Name, When } from './small.js';

export function LockFacts({ lock }: { readonly lock: LockRow }) {
  const { name } = me.value;
  return (
    <div class={`lock-facts ${isMine(lock, name) ? 'mine' : 'wait'}`}>
      <p class="lock-who">
        <Icon name="lock" />
        <bdi>{lockSentence(lock, name, now.value)}</bdi>
      </p>
      {lock.message === '' ? null : (
        <p class="lock-why">
          “<Name text={lock.message} />”
        </p>
      )}
      {(lock.asked ?? []).map(({ by, message, time }) => (
        <p key={by} class="lock-asked">
          <Icon name="ask" />
          <span>
            <Name text={by} /> asks for it{message === '' ? '' : `: “${shownName(message)}”`} (<When iso={time} />)
          </span>
        </p>
      ))}
      {lock.waiting.length === 0 ? null : <Line waiting={lock.waiting} />}
    </div>
  );
}

const Line = ({ waiting }: Pick<LockRow, 'waiting'>) => (
  <div class="line">
    <p class="line-head">
      <Icon name="clock" /> In line
    </p>
    <ol>
      {waiting.map(({ owner, since }) => (
        <li key={`${owner} ${since}`}>
          {owner === me.value.name ? 'you' : <Name text={owner} />}, since <When iso={since} />
        </li>
      ))}
    </ol>
  </div>
);
