// A queue as an async iterable for one consumer. A producer can wait until the queue is empty, so that a slow consumer
// slows down a socket and the queue does not grow.

export class AsyncQueue<T> implements AsyncIterableIterator<T, undefined> {
  #items: T[] = [];
  #next = 0;
  #ended = false;
  #fault: Error | null = null;
  #take: { resolve: (result: IteratorResult<T, undefined>) => void; reject: (fault: Error) => void } | null = null;
  #emptied: (() => void)[] = [];

  get empty(): boolean {
    return this.#next === this.#items.length;
  }

  get size(): number {
    return this.#items.length - this.#next;
  }

  /** Adds `item`; after the end it is dropped. */
  put(item: T): void {
    if (this.#ended) return;
    if (this.#take === null) {
      this.#items.push(item);
      return;
    }
    const { resolve } = this.#take;
    this.#take = null;
    resolve({ done: false, value: item });
  }

  /**
   * Adds `item`.
   * @returns a promise that resolves when the item is consumed or dropped.
   */
  handOver(item: T): Promise<void> {
    this.put(item);
    return this.whenEmpty();
  }

  /** @returns a promise that resolves when all items are consumed or dropped. */
  whenEmpty(): Promise<void> {
    return this.empty ? Promise.resolve() : new Promise((resolve) => this.#emptied.push(resolve));
  }

  /** Ends the queue. Its items can still be consumed; then the iteration ends or throws `fault`. */
  end(fault: Error | null = null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#fault = fault;
    const take = this.#take;
    this.#take = null;
    if (take === null) return;
    if (fault === null) take.resolve({ done: true, value: undefined });
    else take.reject(fault);
  }

  /** @returns all items, which are consumed. */
  takeAll(): T[] {
    const items = this.#items.slice(this.#next);
    this.clear();
    return items;
  }

  /** Drops all items. */
  clear(): void {
    this.#items = [];
    this.#next = 0;
    for (const resolve of this.#emptied.splice(0)) resolve();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (!this.empty) return Promise.resolve({ done: false, value: this.#shift() });
    if (!this.#ended) return new Promise((resolve, reject) => (this.#take = { resolve, reject }));
    const fault = this.#fault;
    this.#fault = null;
    return fault === null ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(fault);
  }

  /** Called when the consumer leaves its loop: all items are dropped. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.end();
    this.#fault = null;
    this.clear();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #shift(): T {
    const item = this.#items[this.#next++] as T;
    if (this.empty) this.clear();
    return item;
  }
}
