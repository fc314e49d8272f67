/** A message of the PostgreSQL protocol; `type` is its letter, `startup` for the first one of a connection. */
export interface Message {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Cuts one direction of a connection into its messages, as far as a fault has to be placed between them. */
export class MessageSplitter {
  #rest: Buffer = Buffer.alloc(0);
  /** The host's first message has no letter. */
  #startup: boolean;

  constructor(from: 'host' | 'database') {
    this.#startup = from === 'host';
  }

  take(chunk: Buffer): Message[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const messages: Message[] = [];
    for (;;) {
      const letters = this.#startup ? 0 : 1;
      if (this.#rest.length < letters + 4) return messages;
      const length = letters + this.#rest.readInt32BE(letters);
      if (this.#rest.length < length) return messages;
      const bytes = this.#rest.subarray(0, length);
      messages.push({ type: this.#startup ? 'startup' : String.fromCharCode(bytes[0]!), bytes });
      this.#startup = false;
      this.#rest = this.#rest.subarray(length);
    }
  }
}
