// Small parts that every view uses: names that cannot turn the text around them, tags, times, buttons and empty places.
import type { ComponentChildren } from 'preact';
import { now } from '../model/page-state.js';
import { partsOf, shownName } from '../words/names.js';
import { exactText, whenText } from '../words/times.js';
import type { IconName, Tag } from '../words/tones.js';
import { Icon } from './icon.js';

/** A name, isolated from the direction of the text around it. */
export const Name = ({ text }: { readonly text: string }) => <bdi>{shownName(text)}</bdi>;

/** A path: its folder quieter than its name. */
export function Path({ path }: { readonly path: string }) {
  const { folder, name } = partsOf(path);
  return (
    <span class="path" title={shownName(path)}>
      {folder === '' ? null : (
        <bdi class="path-folder">
          <span>{shownName(folder)}</span>
        </bdi>
      )}
      <bdi class="path-name">{shownName(name)}</bdi>
    </span>
  );
}

export const TagMark = ({ tag: { icon, tone, text } }: { readonly tag: Tag }) => (
  <span class={`tag ${tone}`}>
    <Icon name={icon} spins={icon === 'sync'} />
    <bdi>{text}</bdi>
  </span>
);

/** A time: short, with the exact one behind it. */
export const When = ({ iso }: { readonly iso: string }) => (
  <time dateTime={iso} title={exactText(iso)}>
    {whenText(iso, now.value)}
  </time>
);

interface ButtonProps {
  readonly label: string;
  readonly icon?: IconName;
  readonly onClick: () => void;
  /** What it acts on, for those who hear only the button. */
  readonly about?: string;
  readonly kind?: 'plain' | 'first' | 'danger' | 'quiet';
  readonly disabled?: boolean;
  readonly tabIndex?: number;
}

export const Button = ({ label, icon, onClick, about, kind = 'plain', disabled = false, tabIndex }: ButtonProps) => (
  <button
    type="button"
    class={`button ${kind}`}
    onClick={onClick}
    disabled={disabled}
    {...(about === undefined ? {} : { 'aria-label': `${label}: ${shownName(about)}` })}
    {...(tabIndex === undefined ? {} : { tabIndex })}
  >
    {icon === undefined ? null : <Icon name={icon} />}
    <span>{label}</span>
  </button>
);

/** What is said where there is nothing to show. */
export const Empty = ({
  icon,
  text,
  children,
}: {
  readonly icon: IconName;
  readonly text: string;
  readonly children?: ComponentChildren;
}) => (
  <div class="empty">
    <Icon name={icon} />
    <p class="empty-text">{text}</p>
    {children}
  </div>
);

/** The head of a view: its name, a count, and what can be done. */
export const ViewHead = ({
  title,
  about,
  children,
}: {
  readonly title: string;
  readonly about?: string;
  readonly children?: ComponentChildren;
}) => (
  <div class="view-head">
    <h1 tabIndex={-1}>{title}</h1>
    {about === undefined ? null : <p class="view-about">{about}</p>}
    {children === undefined ? null : <div class="view-acts">{children}</div>}
  </div>
);
