// One conversation's lines: kept in order of `seq`, gapless, each shown once.

import { arrange, el, marked, setHidden, tag } from "./dom.js";
import { LEVELS, LIMIT, clock, day, whole } from "./words.js";

const LABELS = { client: "Client", bot: "Automated helper", counsellor: "Counsellor", system: "Notice" };
const NEAR = 120;

// What this tab knows of one conversation. It outlives the showing, so coming back costs one small request.
export class Lines {
  constructor(id) {
    this.id = id;
    this.bySeq = new Map();
    this.notes = [];
    this.last = 0;
  }

  // True when the line was not known yet.
  add(line) {
    if (this.bySeq.has(line.seq)) return false;
    this.bySeq.set(line.seq, line);
    while (this.bySeq.has(this.last + 1)) this.last += 1;
    return true;
  }

  get hasGap() {
    return this.bySeq.size > this.last;
  }

  // Something that happened between lines; `key` keeps it from being told twice. Its place is after the lines that are
  // here now. Only what carries the server's own time is placed by time: this machine's clock may be wrong.
  note(key, at, text, { tone = "", byTime = false } = {}) {
    if (this.notes.some((note) => note.key === key)) return;
    this.notes.push({ key, at, text, tone, byTime, after: Math.max(0, ...this.bySeq.keys()) });
  }

  inOrder() {
    return [...this.bySeq.values()].sort((a, b) => a.seq - b.seq);
  }

  levels() {
    return this.inOrder().filter((line) => line.sender === "client" && LEVELS[line.assessment?.level]);
  }
}

export class Transcript {
  constructor({ scroller, log, newer, typing }, { recall }) {
    Object.assign(this, { scroller, log, newer, typing, recall });
    this.nodes = new Map();
    this.shownId = null;
    this.stuck = true;
    newer.addEventListener("click", () => this.toEnd());
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // The pane also changes when the composer grows or the alert goes: the last line stays in sight.
    const resized = new ResizeObserver(() => this.stuck && this.toEnd());
    resized.observe(scroller);
    resized.observe(log);
  }

  show(lines, pending) {
    const fresh = lines.id !== this.shownId;
    if (fresh) {
      this.nodes.clear();
      this.shownId = lines.id;
      setHidden(this.newer, true);
      // Opening is not news: two hundred old lines must not be read out.
      this.scroller.setAttribute("aria-live", "off");
    }
    if (fresh) this.stuck = true;
    const before = this.log.lastElementChild;
    const confirmed = new Set([...lines.bySeq.values()].map((line) => line.client_ref).filter(Boolean));
    const nodes = this.#told(lines, pending.filter((line) => !confirmed.has(line.client_ref)));
    arrange(this.log, nodes);
    if (this.stuck) this.toEnd();
    else if (before !== this.log.lastElementChild) setHidden(this.newer, false);
    if (fresh) setTimeout(() => this.scroller.setAttribute("aria-live", "polite"), 500);
  }

  clear() {
    this.shownId = null;
    this.nodes.clear();
    this.log.replaceChildren();
    this.showTyping(false);
  }

  toEnd() {
    this.stuck = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    setHidden(this.newer, true);
  }

  goTo(seq) {
    const node = this.nodes.get(`line-${seq}`);
    node?.scrollIntoView({ block: "center" });
    node?.focus({ preventScroll: true });
  }

  showTyping(is) {
    clearTimeout(this.typingTimer);
    setHidden(this.typing, !is);
    if (is && this.stuck) this.toEnd();
    if (is) this.typingTimer = setTimeout(() => this.showTyping(false), 5000);
  }

  #scrolled() {
    this.stuck = this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < NEAR;
    if (this.stuck) setHidden(this.newer, true);
  }

  #told(lines, pending) {
    const nodes = [];
    let notes = lines.notes;
    let today = "";
    for (const line of lines.inOrder()) {
      const due = notes.filter((note) => comesBefore(note, line));
      notes = notes.filter((note) => !due.includes(note));
      nodes.push(...due.map((note) => this.#note(note)));
      const date = day(line.sent_at);
      if (date !== today) {
        today = date;
        nodes.push(this.#kept(`day-${date}`, () => el("li", { class: "day" }, el("span", { text: date }))));
      }
      nodes.push(this.#kept(`line-${line.seq}`, () => lineNode(line)));
    }
    nodes.push(...notes.map((note) => this.#note(note)));
    nodes.push(...pending.map((line) => this.#pending(line)));
    return nodes;
  }

  #note(note) {
    return this.#kept(`note-${note.key}`, () => noteNode(note));
  }

  #kept(key, make) {
    let node = this.nodes.get(key);
    if (!node) {
      node = make();
      this.nodes.set(key, node);
    }
    return node;
  }

  #pending(line) {
    const node = this.#kept(`pending-${line.client_ref}`, () => {
      const status = el("p", { class: "line-status" });
      return el("li", { class: "line line-counsellor pending" }, el("p", { class: "line-head" }, el("strong", { text: "You" })), el("p", { class: "line-text", text: line.text }), status);
    });
    const status = node.querySelector(".line-status");
    const word = line.refused ? `Not sent: ${line.refused}` : navigator.onLine && line.sending ? "Sending…" : "Not sent yet. It is sent as soon as the desk is connected.";
    if (status.dataset.word !== word) {
      status.dataset.word = word;
      status.replaceChildren(word);
      if (line.refused) status.append(" ", el("button", { type: "button", class: "small-button", text: "Back to the draft", on: { click: () => this.recall(line) } }));
    }
    node.classList.toggle("refused", Boolean(line.refused));
    return node;
  }
}

// An alert stands right after the message that raised it, before the replies that share its moment.
function comesBefore(note, line) {
  if (!note.byTime) return note.after < line.seq;
  const later = Date.parse(line.sent_at) - Date.parse(note.at);
  return later > 0 || (later === 0 && line.sender !== "client");
}

function lineNode(line) {
  const name = line.sender === "counsellor" ? `${line.name || LABELS.counsellor}` : LABELS[line.sender] ?? line.sender;
  const head = el("p", { class: "line-head" }, el("strong", { text: name }));
  if (line.sender === "counsellor") head.append(el("span", { class: "line-role", text: line.role || "Counsellor" }));
  if (line.sender === "bot") head.append(el("span", { class: "line-role", title: "Approved content and its version", text: line.content }));
  head.append(el("time", { datetime: line.sent_at, title: whole(line.sent_at), text: clock(line.sent_at) }));
  const reasons = spoken(line) ? line.assessment.reasons : [];
  const node = el("li", { class: `line line-${line.sender}`, tabindex: "-1", data: { seq: line.seq } }, head);
  if (spoken(line)) node.dataset.tone = line.assessment.level;
  node.append(el("p", { class: "line-text", dir: "auto" }, ...marked(line.text, reasons)));
  if (line.card) node.append(el("p", { class: "line-status", text: "With the crisis card of the client’s country" }));
  if (line.sender === "client") node.append(...assessment(line));
  if (line.sender === "counsellor") node.append(el("p", { class: "line-status", text: "Sent ✓" }));
  return node;
}

function spoken(line) {
  return Boolean(line.sender === "client" && line.assessment && LEVELS[line.assessment.level]);
}

function assessment(line) {
  if (!line.assessment) return [el("p", { class: "line-status", text: "Not scored. Read it." })];
  const level = LEVELS[line.assessment.level];
  if (!level) return [];
  const loose = line.assessment.reasons.filter(({ start }) => !Number.isInteger(start)).map(({ text }) => text);
  const more = el("details", { class: "how" }, el("summary", { text: "About this mark" }));
  if (line.assessment.categories.length) more.append(el("p", { text: `Themes: ${line.assessment.categories.map((one) => one.replaceAll("_", " ")).join(", ")}` }));
  if (loose.length) more.append(el("p", { text: `Also weighed: ${loose.join(", ")}` }));
  more.append(el("p", { text: `Model ${line.assessment.model_version}` }));
  return [el("div", { class: "assessment" }, el("p", { class: "assessment-head" }, tag(line.assessment.level, level.word, level.shape), el("span", { class: "limit", text: LIMIT })), more)];
}

function noteNode(note) {
  return el("li", { class: "note", data: { tone: note.tone } }, el("span", { text: note.text }), el("time", { datetime: note.at, text: clock(note.at) }));
}
