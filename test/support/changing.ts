// Somebody who changes a file in every turn of the event loop, while something else is under way.

/** @returns what `work` resolves with; `change` is called before it begins, and in each turn until then. */
export async function whileChanging<T>(change: () => void, work: () => Promise<T>): Promise<T> {
  let isOver = false;
  const again = () => {
    if (isOver) return;
    change();
    setImmediate(again);
  };
  again();
  try {
    return await work();
  } finally {
    isOver = true;
  }
}
