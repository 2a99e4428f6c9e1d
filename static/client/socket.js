/* The line to the service. Every own message waits in an outbox until it is acknowledged; every message that comes is
   taken exactly once and in order of its sequence number, through broken lines, restarts and a sleeping phone. */
const STRANGER = 4401;
const CROWDED = 4429; // opened in too many windows; hurrying back would only push out another one
const BEAT = 15_000; // the service shows its last number this often
const SILENT = 35_000; // two missed beats and some: the line is dead although nobody said so
const ANSWER = 10_000; // no welcome or acknowledgement within this: the line can send but not receive
const TICK = 2_000;
const LONGEST_WAIT = 15_000;

function newRef() {
  // randomUUID exists on https pages only.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/** Events, each with `detail`: status, reset, welcome, message, sent, refused, state, typing, country, error. */
export class Line extends EventTarget {
  have = 0;
  conversation = "";
  #socket = null;
  #head = 0;
  #welcomed = false;
  #tries = 0;
  #again = 0;
  #heard = 0;
  #inFlight = 0;
  #holdUntil = 0;
  #asked = 0;
  #over = new AbortController();

  constructor({ url, token, outbox, keep }) {
    super();
    Object.assign(this, { url, token, outbox, keep });
    const { signal } = this.#over;
    addEventListener("online", () => this.wake(), { signal });
    addEventListener("offline", () => this.#tell("status", "offline"), { signal });
    addEventListener("pageshow", () => this.wake(), { signal });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.wake(); }, { signal });
    const ticking = setInterval(() => this.#tick(), TICK);
    signal.addEventListener("abort", () => { clearInterval(ticking); clearTimeout(this.#again); });
  }

  open() {
    clearTimeout(this.#again);
    if (this.#socket || this.#over.signal.aborted) return;
    this.#tell("status", "connecting");
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.#heard = Date.now();
    socket.onopen = () => this.#put({ type: "hello", token: this.token, last_seq: this.have });
    socket.onmessage = (event) => { if (socket === this.#socket) this.#take(JSON.parse(event.data)); };
    socket.onclose = (event) => { if (socket === this.#socket) this.#lost(event.code); };
  }

  /** Hang up for good. */
  close() {
    this.#over.abort();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** Begin anew, for the conversation that the token leads to now. */
  restart() {
    this.have = this.#head = 0;
    this.conversation = "";
    this.#drop(0);
  }

  /** Something says that the world is back (network, page shown again): look at once instead of at the next try. */
  wake() {
    if (this.#over.signal.aborted) return;
    this.#tries = 0;
    if (!this.#socket) this.open();
    else if (Date.now() - this.#heard > BEAT + TICK) this.#drop(0);
    else if (this.#welcomed) this.#tell("status", "open");
  }

  /** Queue a message; it is sent until the service has acknowledged it, always under the same reference. */
  say(text, wish) {
    const item = { client_ref: newRef(), text, ...(wish ? { wish } : {}) };
    this.outbox.push(item);
    this.#kept();
    return item;
  }

  /** Send what may be lost (typing, country, end). False when there is no line. */
  send(frame) {
    if (this.#welcomed) this.#put(frame);
    return this.#welcomed;
  }

  #put(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #take(frame) {
    this.#heard = Date.now();
    this.#head = Math.max(this.#head, frame.last_seq ?? 0);
    if (frame.type === "welcome") this.#welcome(frame);
    else if (frame.type === "message") this.#message(frame);
    else if (frame.type === "ack") this.#settle(frame.client_ref, frame.seq);
    else if (frame.type === "error") this.#refuse(frame);
    else if (frame.type === "heartbeat") this.#checkHead();
    else this.#tell(frame.type, frame);
  }

  #welcome(frame) {
    this.#welcomed = true;
    this.#tries = 0;
    this.#asked = Date.now(); // the replay is on its way
    if (this.conversation && this.conversation !== frame.conversation) {
      // Another tab began a new conversation: the numbers start again.
      this.have = 0;
      this.#head = frame.last_seq;
      this.#tell("reset");
      this.#catchUp();
    }
    this.conversation = frame.conversation;
    this.#tell("welcome", frame);
    this.#tell("status", "open");
    this.#flush();
  }

  #message(frame) {
    if (frame.client_ref) this.#settle(frame.client_ref, frame.seq);
    this.#head = Math.max(this.#head, frame.seq);
    if (frame.seq <= this.have) return;
    if (frame.seq > this.have + 1) {
      this.#checkHead();
      return;
    }
    this.have = frame.seq;
    this.#tell("message", frame);
  }

  #checkHead() {
    if (this.#welcomed && this.have < this.#head && Date.now() - this.#asked > TICK) this.#catchUp();
  }

  #catchUp() {
    this.#asked = Date.now();
    this.#put({ type: "catch_up", after: this.have });
  }

  #settle(ref, seq) {
    const place = this.outbox.findIndex((item) => item.client_ref === ref);
    if (place < 0) return;
    const [item] = this.outbox.splice(place, 1);
    this.#inFlight = 0;
    this.#tell("sent", { ...item, seq });
    this.#kept();
  }

  #refuse(frame) {
    const item = this.outbox.find((waiting) => waiting.client_ref === frame.client_ref);
    if (!this.#welcomed && frame.code === "unavailable") this.#drop();
    else if (item && frame.retry_after_ms !== undefined) {
      this.#inFlight = 0;
      this.#holdUntil = Date.now() + frame.retry_after_ms;
      setTimeout(() => this.#flush(), frame.retry_after_ms + 20);
    } else if (item) {
      this.outbox.splice(this.outbox.indexOf(item), 1);
      this.#inFlight = 0;
      this.#tell("refused", { ...item, code: frame.code, detail: frame.detail });
      this.#kept();
    } else if (frame.retry_after_ms === undefined) this.#tell("error", frame);
  }

  #kept() {
    this.keep(this.outbox);
    this.#flush();
  }

  #flush() {
    // One at a time: a message that has to wait must not be overtaken by the next.
    if (!this.#welcomed || this.#inFlight || !this.outbox.length || Date.now() < this.#holdUntil) return;
    this.#inFlight = Date.now();
    this.#put({ type: "message", ...this.outbox[0] });
  }

  #tick() {
    if (!this.#socket) return;
    const now = Date.now();
    const unanswered = this.#inFlight && now - this.#inFlight > ANSWER;
    const unwelcome = !this.#welcomed && now - this.#heard > ANSWER;
    if (unanswered || unwelcome || now - this.#heard > SILENT) this.#drop();
    else {
      this.#checkHead();
      this.#flush();
    }
  }

  #drop(wait) {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#lost(1006, wait);
  }

  #lost(code, wait) {
    this.#socket = null;
    this.#welcomed = false;
    this.#inFlight = 0;
    if (this.#over.signal.aborted) return;
    if (code === STRANGER) {
      this.close();
      this.#tell("status", "stranger");
      return;
    }
    this.#tell("status", navigator.onLine ? "reconnecting" : "offline");
    const most = code === CROWDED ? LONGEST_WAIT : Math.min(LONGEST_WAIT, 500 * 2 ** this.#tries++);
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.open(), wait ?? most * (0.5 + Math.random() / 2));
  }
}
