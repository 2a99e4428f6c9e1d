// What must outlive a reload of this tab: drafts, and lines that the server has not confirmed yet.

const DRAFT = "desk.draft.";
const OUTBOX = "desk.outbox";

export function draftOf(id) {
  return sessionStorage.getItem(DRAFT + id) ?? "";
}

export function keepDraft(id, text) {
  if (text) sessionStorage.setItem(DRAFT + id, text);
  else sessionStorage.removeItem(DRAFT + id);
}

// Lines on their way: {client_ref, conversation, text, written_at, refused?}.
export class Outbox {
  constructor() {
    this.lines = JSON.parse(sessionStorage.getItem(OUTBOX) ?? "[]");
  }

  of(id) {
    return this.lines.filter((line) => line.conversation === id);
  }

  // The oldest line that still has to be sent.
  next() {
    return this.lines.find((line) => !line.refused && !line.sent);
  }

  add(conversation, text) {
    const line = { client_ref: crypto.randomUUID(), conversation, text, written_at: new Date().toISOString() };
    this.lines.push(line);
    this.#keep();
    return line;
  }

  refuse(ref, reason) {
    const line = this.lines.find((one) => one.client_ref === ref);
    if (line) line.refused = reason;
    this.#keep();
  }

  remove(ref) {
    const before = this.lines.length;
    this.lines = this.lines.filter((line) => line.client_ref !== ref);
    if (this.lines.length !== before) this.#keep();
  }

  #keep() {
    sessionStorage.setItem(OUTBOX, JSON.stringify(this.lines));
  }
}
