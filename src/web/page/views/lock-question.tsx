// Locking with more than a click: why, for how long, and on which side one works.
import { useState } from 'preact/hooks';
import type { Side } from '../../../core/path.js';
import { lock as lockNow } from '../model/lock-acts.js';
import { locks, me } from '../model/page-state.js';
import { Question } from '../parts/dialog.js';
import { Name } from '../parts/small.js';

const HOUR_MS = 3_600_000;
const LENGTHS: readonly (readonly [words: string, ms: number])[] = [
  ['until I unlock it', 0],
  ['30 minutes', HOUR_MS / 2],
  ['2 hours', 2 * HOUR_MS],
  ['8 hours', 8 * HOUR_MS],
  ['a week', 7 * 24 * HOUR_MS],
];

export function LockQuestion({ path, onClose }: { readonly path: string; readonly onClose: () => void }) {
  const present = locks.value.get(path);
  const [message, setMessage] = useState(present?.message ?? '');
  const [ttlMs, setTtlMs] = useState(0);
  const [side, setSide] = useState<Side>(present?.side ?? me.value.side);
  const onDo = (): void => void lockNow(path, { message, side, ...(ttlMs === 0 ? {} : { ttlMs }) });
  const title = (
    <>
      Lock <Name text={path} />
    </>
  );
  return (
    <Question title={title} doIt="Lock" onClose={onClose} onDo={onDo}>
      <label class="field">
        Why, for the others to read
        <input
          type="text"
          maxLength={500}
          value={message}
          onInput={({ currentTarget }) => setMessage(currentTarget.value)}
        />
      </label>
      <label class="field">
        For how long
        <select value={ttlMs} onChange={({ currentTarget }) => setTtlMs(Number(currentTarget.value))}>
          {LENGTHS.map(([words, ms]) => (
            <option key={ms} value={ms}>
              {words}
            </option>
          ))}
        </select>
      </label>
      {present === undefined ? <SideChoice side={side} onChange={setSide} /> : null}
    </Question>
  );
}

const SideChoice = ({ side, onChange }: { readonly side: Side; readonly onChange: (side: Side) => void }) => (
  <fieldset class="choices">
    <legend>Where you work: changes on the other side wait until you unlock</legend>
    {(['a', 'b'] as const).map((one) => (
      <label key={one} class="choice">
        <input type="radio" name="side" checked={side === one} onChange={() => onChange(one)} />
        <span>Side {one}</span>
      </label>
    ))}
  </fieldset>
);
