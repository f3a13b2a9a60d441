// The messages about what was done here, at the lower edge: they stay while they are pointed at or have the focus.
import { useEffect, useState } from 'preact/hooks';
import { close, type Toast, toasts } from '../model/toasts.js';
import { Icon } from './icon.js';

const SHOWN_MS = 20_000;

export const Toasts = () => (
  <section class="toasts" aria-label="What was done here">
    {toasts.value.map((toast) => (
      <ToastBox key={toast.id} toast={toast} />
    ))}
  </section>
);

function ToastBox({ toast: { id, icon, tone, text, more, actions, stays } }: { readonly toast: Toast }) {
  const [isUsed, setUsed] = useState(false);
  useEffect(() => {
    if (stays || isUsed) return undefined;
    const timer = setTimeout(() => close(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id, stays, isUsed]);
  const run = (action: (typeof actions)[number]): void => {
    close(id);
    action.run();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only holds its time while it is used
    <div
      class={`toast ${tone}`}
      onMouseEnter={() => setUsed(true)}
      onMouseLeave={() => setUsed(false)}
      onFocusIn={() => setUsed(true)}
      onFocusOut={() => setUsed(false)}
    >
      <Icon name={icon} />
      <div class="toast-text">
        <p>
          <bdi>{text}</bdi>
        </p>
        {more === '' ? null : (
          <p class="toast-more">
            <bdi>{more}</bdi>
          </p>
        )}
        {actions.length === 0 ? null : (
          <div class="toast-acts">
            {actions.map((action) => (
              <button key={action.label} type="button" class="button" onClick={() => run(action)}>
                {action.label}
              </button>
            ))}
          </div>
        )}
      </div>
      <button type="button" class="button quiet only-icon" aria-label="Close this message" onClick={() => close(id)}>
        <Icon name="close" />
      </button>
    </div>
  );
}
