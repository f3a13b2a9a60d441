// Finds where messages end in a stream of server-a's answers that is passed on unread, whatever their length. It keeps a
// few bytes of a line: the encoder writes the length of a payload last, and what concerns no request begins with `id: null`.

const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);
/** More than the end of a line with a payload of any length. */
const END_BYTES = 32;
const PAYLOAD = /,"payload":(\d{1,9})\}$/;
/** How an error begins after which the connection is closed. */
const FINAL = Buffer.from('{"jsonrpc":"2.0","id":null,"error"');

/** Follows a stream of encoded messages. */
export class MessageEnds {
  #begin = NOTHING;
  #end = NOTHING;
  #lineBytes = 0;
  #payloadLeft = 0;
  #isFinal = false;

  /** Whether no message is incomplete. */
  get isWhole(): boolean {
    return this.#lineBytes === 0 && this.#payloadLeft === 0;
  }

  /** Whether the last message was an error that concerns no request: the connection ends for it. */
  get isFinal(): boolean {
    return this.#isFinal;
  }

  /** @param chunk the next bytes, in pieces of any size. */
  pass(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#payloadLeft > 0) {
        const passed = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= passed;
        at += passed;
      } else at = this.#passLine(chunk, at);
    }
  }

  #passLine(chunk: Buffer, at: number): number {
    const newline = chunk.indexOf(NEWLINE, at);
    const end = newline < 0 ? chunk.length : newline;
    const missing = Math.max(0, FINAL.length - this.#begin.length);
    if (missing > 0) this.#begin = Buffer.concat([this.#begin, chunk.subarray(at, Math.min(end, at + missing))]);
    const last = chunk.subarray(Math.max(at, end - END_BYTES), end);
    this.#end = Buffer.concat([this.#end, last]).subarray(-END_BYTES);
    this.#lineBytes += end - at;
    if (newline < 0) return end;
    this.#payloadLeft = Number(PAYLOAD.exec(this.#end.toString('latin1'))?.[1] ?? 0);
    this.#isFinal = this.#begin.equals(FINAL);
    this.#begin = this.#end = NOTHING;
    this.#lineBytes = 0;
    return newline + 1;
  }
}
