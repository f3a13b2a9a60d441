// Dialogs: the browser's own, which keep the focus inside, close by Escape, and give the focus back.
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Icon } from './icon.js';

interface DialogProps {
  readonly title: ComponentChildren;
  readonly onClose: () => void;
  /** `sheet`: at the side of a wide window, with room for much. */
  readonly kind?: 'sheet' | 'box';
  readonly children: ComponentChildren;
}

export function Dialog({ title, onClose, kind = 'box', children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    const opener = document.activeElement as HTMLElement | null;
    dialog?.showModal();
    // What is asked for comes first, not the button that closes it.
    dialog?.querySelector<HTMLElement>('form :is(input, textarea, select, footer button)')?.focus();
    return () => {
      dialog?.close();
      if (opener?.isConnected) opener.focus();
    };
  }, []);
  const onCancel = (event: Event): void => {
    event.preventDefault();
    onClose();
  };
  const onBackdrop = (event: MouseEvent): void => {
    if (event.target === ref.current) onClose();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it by the browser
    <dialog ref={ref} class={kind} aria-labelledby={id} onCancel={onCancel} onClick={onBackdrop}>
      <div class="dialog-inside">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="button quiet only-icon" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

interface QuestionProps {
  readonly title: ComponentChildren;
  readonly onClose: () => void;
  /** The word of the button that does it. */
  readonly doIt: string;
  readonly isDangerous?: boolean;
  readonly onDo: () => void;
  readonly children: ComponentChildren;
}

/** A dialog that asks: a form with a button that does it and one that leaves it. */
export function Question({ title, onClose, doIt, isDangerous = false, onDo, children }: QuestionProps) {
  const submit = (event: Event): void => {
    event.preventDefault();
    onDo();
    onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="question" onSubmit={submit}>
        {children}
        <footer class="dialog-acts">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class={`button ${isDangerous ? 'danger' : 'first'}`}>
            {doIt}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
