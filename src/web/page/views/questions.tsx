// What is asked before something is done that wants a word more, or that others will notice.
import { useState } from 'preact/hooks';
import { countText } from '../../../core/size-text.js';
import { pathsBelow, remove, rename } from '../model/file-acts.js';
import { askHolder, lock as lockNow, unlock } from '../model/lock-acts.js';
import { closeQuestion as close, locks, questioned } from '../model/page-state.js';
import { Question } from '../parts/dialog.js';
import { Name } from '../parts/small.js';
import { shownName } from '../words/names.js';
import { LockQuestion } from './lock-question.js';
import { Shortcuts } from './shortcuts.js';

interface About {
  readonly path: string;
}

export function Questions() {
  const asked = questioned.value;
  if (asked === null) return null;
  const { kind, path } = asked;
  switch (kind) {
    case 'lock':
      return <LockQuestion key={path} path={path} onClose={close} />;
    case 'unlock':
      return <UnlockQuestion path={path} />;
    case 'ask':
      return <AskQuestion key={path} path={path} />;
    case 'steal':
      return <StealQuestion path={path} />;
    case 'force':
      return <ForceQuestion path={path} />;
    case 'rename':
      return <RenameQuestion key={path} path={path} />;
    case 'delete':
      return <DeleteQuestion path={path} />;
    case 'shortcuts':
      return <Shortcuts onClose={close} />;
  }
}

/** Who has it, by name; '' where nobody has. */
const ownerOf = (path: string): string => shownName(locks.value.get(path)?.owner ?? '');

function AskQuestion({ path }: About) {
  const [message, setMessage] = useState('');
  const title = (
    <>
      Ask for <Name text={path} />
    </>
  );
  return (
    <Question title={title} doIt="Ask" onClose={close} onDo={() => void askHolder(path, message)}>
      <p>
        <bdi>{ownerOf(path)}</bdi> is told at once where a page or a view is open, or else at the next command.
      </p>
      <label class="field">
        Why (if you like)
        <textarea
          rows={3}
          maxLength={500}
          value={message}
          onInput={({ currentTarget }) => setMessage(currentTarget.value)}
        />
      </label>
    </Question>
  );
}

function StealQuestion({ path }: About) {
  const held = locks.value.get(path)?.held ?? 0;
  const title = (
    <>
      Take over <Name text={path} />
    </>
  );
  return (
    <Question
      title={title}
      doIt="Take over"
      isDangerous
      onClose={close}
      onDo={() => void lockNow(path, { steal: true })}
    >
      <p>
        The lock of <bdi>{ownerOf(path)}</bdi> is broken and you get it, before everybody in line.{' '}
        <bdi>{ownerOf(path)}</bdi> is told. This cannot be undone; asking first is kinder.
      </p>
      {held === 0 ? null : <p>{countText(held, 'held update')} take effect first.</p>}
    </Question>
  );
}

function ForceQuestion({ path }: About) {
  const title = (
    <>
      Unlock <Name text={path} /> by force
    </>
  );
  return (
    <Question
      title={title}
      doIt="Force unlock"
      isDangerous
      onClose={close}
      onDo={() => void unlock(path, { force: true })}
    >
      <p>
        The lock of <bdi>{ownerOf(path)}</bdi> is broken, held updates take effect, and whoever is next in line gets it.{' '}
        <bdi>{ownerOf(path)}</bdi> is told. This cannot be undone.
      </p>
    </Question>
  );
}

const WAYS = [
  {
    held: 'apply',
    text: 'Let them take effect',
    more: 'What you changed meanwhile keeps the name; theirs becomes a conflict copy then.',
  },
  { held: 'copy', text: 'Keep theirs as a copy beside it', more: 'The last one becomes a conflict copy in any case.' },
  { held: 'discard', text: 'Put them aside', more: 'They go to the versions, and your content goes over.' },
] as const;

function UnlockQuestion({ path }: About) {
  const [held, setHeld] = useState<(typeof WAYS)[number]['held']>('apply');
  const count = locks.value.get(path)?.held ?? 0;
  const title = (
    <>
      Unlock <Name text={path} />
    </>
  );
  return (
    <Question title={title} doIt="Unlock" onClose={close} onDo={() => void unlock(path, { held })}>
      <fieldset class="choices">
        <legend>
          {countText(count, 'update')} of the other side {count === 1 ? 'waits' : 'wait'} for this. What is to become of{' '}
          {count === 1 ? 'it' : 'them'}?
        </legend>
        {WAYS.map((way) => (
          <label key={way.held} class="choice">
            <input type="radio" name="held" checked={held === way.held} onChange={() => setHeld(way.held)} />
            <span>
              {way.text}
              <small>{way.more}</small>
            </span>
          </label>
        ))}
      </fieldset>
    </Question>
  );
}

function RenameQuestion({ path }: About) {
  const isFolder = path.endsWith('/');
  const before = isFolder ? path.slice(0, -1) : path;
  const [to, setTo] = useState(before);
  const title = (
    <>
      Rename <Name text={before} />
    </>
  );
  const onDo = (): void => {
    if (to !== '' && to !== before) void rename(before, to);
  };
  return (
    <Question title={title} doIt="Rename" onClose={close} onDo={onDo}>
      <label class="field">
        New name, with its folders
        <input type="text" required value={to} onInput={({ currentTarget }) => setTo(currentTarget.value)} />
      </label>
      <p class="quiet-text">It is renamed on both sides. A lock goes along.</p>
    </Question>
  );
}

function DeleteQuestion({ path }: About) {
  const files = path.endsWith('/') ? pathsBelow(path).length : 0;
  const title = (
    <>
      Delete <Name text={path} />
    </>
  );
  return (
    <Question title={title} doIt="Delete" isDangerous onClose={close} onDo={() => void remove(path)}>
      <p>
        {files === 0 ? 'It is' : `${countText(files, 'file')} in it are`} deleted on both sides. The content stays among
        the versions, and you can undo it.
      </p>
    </Question>
  );
}
