// Sends what a counsellor wrote: in order, until the server has it, and never twice.

export class Sending {
  // `changed` draws again; `isShown(id)` tells whether a conversation is open; `put(text)` gives a text back to write.
  constructor({ socket, outbox, changed, isShown, put }) {
    Object.assign(this, { socket, outbox, changed, isShown, put });
    this.busy = false;
  }

  send(conversation, text) {
    this.outbox.add(conversation, text);
    this.changed();
    this.pump();
  }

  // One at a time, so that lines stay in the order in which they were written, whatever fails in between.
  async pump() {
    if (this.busy) return;
    this.busy = true;
    try {
      for (let line = this.outbox.next(); line && this.socket.isOpen; line = this.outbox.next()) await this.#deliver(line);
    } finally {
      this.busy = false;
      this.changed();
    }
  }

  recall(line) {
    this.outbox.remove(line.client_ref);
    this.put(line.text);
    this.changed();
  }

  async #deliver(line) {
    line.sending = true;
    this.changed();
    try {
      await this.socket.request("message", { conversation: line.conversation, client_ref: line.client_ref, text: line.text });
      // The stored line comes by the socket and takes this one's place.
      line.sent = true;
      if (!this.isShown(line.conversation)) this.outbox.remove(line.client_ref);
    } catch (problem) {
      line.sending = false;
      if (problem.code === "unavailable" || problem.code === "too_fast") await pause(problem.frame.retry_after_ms ?? 1000);
      else if (problem.code !== "offline") this.outbox.refuse(line.client_ref, problem.message);
      else await pause(1000);
    }
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
