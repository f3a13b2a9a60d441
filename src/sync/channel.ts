// A stream with one consumer whose producer waits: `put` resolves when the item has been taken, so nothing piles up.

/** Items from a producer that pushes to a consumer that pulls. */
export class Channel<T> implements AsyncIterable<T> {
  private readonly items: { readonly value: T; readonly taken: () => void }[] = [];
  private ended: { readonly error: unknown } | null = null;
  private wake: (() => void) | null = null;
  private abandoned = false;

  /** @returns a promise that resolves when the item was taken, or nobody wants it any more. */
  put(value: T): Promise<void> {
    if (this.abandoned || this.ended !== null) return Promise.resolve();
    return new Promise((taken) => {
      this.items.push({ value, taken });
      this.wake?.();
    });
  }

  /** Nothing more comes; with an error, the consumer gets it after the items that are there. */
  end(error: unknown = null): void {
    this.ended ??= { error };
    this.wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        const item = this.items.shift();
        if (item !== undefined) {
          item.taken();
          yield item.value;
        } else if (this.ended === null) await this.more();
        else if (this.ended.error !== null) throw this.ended.error;
        else return;
      }
    } finally {
      this.abandoned = true;
      for (const { taken } of this.items.splice(0)) taken();
    }
  }

  private more(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = () => {
        this.wake = null;
        resolve();
      };
    });
  }
}
