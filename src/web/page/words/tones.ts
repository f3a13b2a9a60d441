// What a thing is about, at a glance: an icon and a tone always come with words, so that nothing is said by colour alone.

export type Tone = 'good' | 'busy' | 'mine' | 'wait' | 'stop' | 'plain';

export type IconName =
  | 'ask'
  | 'away'
  | 'check'
  | 'clock'
  | 'close'
  | 'conflict'
  | 'copy'
  | 'delete'
  | 'deleted'
  | 'download'
  | 'file'
  | 'folder'
  | 'held'
  | 'keyboard'
  | 'link'
  | 'list'
  | 'lock'
  | 'pause'
  | 'person'
  | 'play'
  | 'pulse'
  | 'rename'
  | 'restore'
  | 'search'
  | 'side'
  | 'status'
  | 'steal'
  | 'stop'
  | 'sync'
  | 'undo'
  | 'unlock'
  | 'upload'
  | 'warn';

/** A few words with their icon and tone. */
export interface Tag {
  readonly icon: IconName;
  readonly tone: Tone;
  readonly text: string;
}
