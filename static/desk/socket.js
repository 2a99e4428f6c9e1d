// The desk's connection: one promise a request, reconnecting with backoff, and a watchdog, because a socket that
// has silently died would hide an alert.

const SIGNED_OUT = 4401;
const BACKOFF = [300, 1000, 2000, 4000, 8000];
const SILENCE = 40_000; // heartbeats come every 15 s
const PATIENCE = 15_000;

class DeskError extends Error {
  constructor(code, detail, frame = {}) {
    super(detail);
    this.code = code;
    this.frame = frame;
  }
}

export class DeskSocket {
  // `frame(frame)` gets everything that is not an answer; `status(word)` one of connecting, open, lost, signed_out.
  constructor(path, { frame, status }) {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.url = `${scheme}//${location.host}${path}`;
    this.onFrame = frame;
    this.onStatus = status;
    this.waiting = new Map();
    this.tries = 0;
    this.last = 0;
    this.stopped = false;
    setInterval(() => this.#watch(), 5000);
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#hurry();
    });
  }

  connect() {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.stopped) return;
    this.onStatus("connecting");
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.last = Date.now();
    socket.onopen = () => {
      this.tries = 0;
      this.onStatus("open");
    };
    socket.onmessage = (event) => socket === this.socket && this.#read(event.data);
    socket.onclose = (event) => socket === this.socket && this.#closed(event.code);
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  // Resolves with the answer; rejects with a DeskError, whose code is "offline" when nothing was sent or answered.
  request(type, fields = {}) {
    if (!this.isOpen) return Promise.reject(new DeskError("offline", "Not connected. Nothing was sent."));
    const ref = crypto.randomUUID();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(ref)?.reject(new DeskError("offline", "No answer came. Please check and try again.")), PATIENCE);
      this.waiting.set(ref, { resolve, reject, timer });
      this.socket.send(JSON.stringify({ type, ref, ...fields }));
    });
  }

  #read(data) {
    this.last = Date.now();
    const frame = JSON.parse(data);
    const asked = frame.ref ? this.#settle(frame.ref) : null;
    if (frame.type === "error") {
      if (asked) asked.reject(new DeskError(frame.code, frame.detail, frame));
      else this.onFrame(frame);
      return;
    }
    // State first: whoever waits for the answer finds it applied.
    this.onFrame(frame);
    asked?.resolve(frame);
  }

  #settle(ref) {
    const asked = this.waiting.get(ref);
    if (!asked) return null;
    clearTimeout(asked.timer);
    this.waiting.delete(ref);
    return asked;
  }

  #closed(code) {
    this.socket = null;
    for (const ref of [...this.waiting.keys()]) this.#settle(ref).reject(new DeskError("offline", "The connection broke off. Please check and try again."));
    if (code === SIGNED_OUT) {
      this.stopped = true;
      this.onStatus("signed_out");
      return;
    }
    this.onStatus("lost");
    const wait = BACKOFF[Math.min(this.tries, BACKOFF.length - 1)];
    this.tries += 1;
    this.timer = setTimeout(() => this.connect(), wait * (0.7 + Math.random() * 0.6));
  }

  #watch() {
    if (!this.socket || Date.now() - this.last < SILENCE) return;
    const dead = this.socket;
    this.socket = null;
    dead.close();
    this.#closed(1006);
  }

  #hurry() {
    if (this.timer) this.connect();
    else this.#watch();
  }
}
