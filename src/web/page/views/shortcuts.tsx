// The keys of the page, and the switch for those that are a single letter: whoever speaks to the computer may need them off.

import { singleKeys, switchSingleKeys } from '../model/shortcuts.js';
import { Dialog } from '../parts/dialog.js';

const KEYS: readonly (readonly [keys: readonly string[], words: string])[] = [
  [['/'], 'find files'],
  [['1', '…', '7'], 'go to a view, in their order'],
  [['z'], 'undo what was done last'],
  [['?'], 'show these keys'],
];
const IN_LIST: readonly (readonly [keys: readonly string[], words: string])[] = [
  [['↑', '↓'], 'the file above or below'],
  [['Page ↑', 'Page ↓', 'Home', 'End'], 'far up and down'],
  [['Enter', 'o'], 'all about the file'],
  [['Tab'], 'the button of its row'],
  [['l'], 'lock, unlock or ask'],
  [['F2'], 'rename'],
  [['Delete'], 'delete'],
];

export const Shortcuts = ({ onClose }: { readonly onClose: () => void }) => (
  <Dialog title="Keys" onClose={onClose}>
    <div class="dialog-body">
      <h3>Everywhere</h3>
      <KeyList keys={KEYS} />
      <label class="choice">
        <input
          type="checkbox"
          checked={singleKeys.value}
          onChange={({ currentTarget }) => switchSingleKeys(currentTarget.checked)}
        />
        <span>Use these keys</span>
      </label>
      <h3>In the list of files</h3>
      <KeyList keys={IN_LIST} />
      <h3>In dialogs</h3>
      <KeyList keys={[[['Esc'], 'close without doing anything']]} />
    </div>
  </Dialog>
);

const KeyList = ({ keys }: { readonly keys: typeof KEYS }) => (
  <dl class="keys">
    {keys.map(([names, words]) => (
      <div key={words}>
        <dt>
          {names.map((name) => (
            <kbd key={name}>{name}</kbd>
          ))}
        </dt>
        <dd>{words}</dd>
      </div>
    ))}
  </dl>
);
