/* The log: one element a line, told apart by its label and its side, never by colour alone. */
import { card } from "./card.js";
import { make } from "./make.js";

const NAMES = { client: "You", bot: "Automated helper", system: "Notice" };
const MARKS = { sending: "Sending…", waiting: "Not sent yet. It goes out when the line is back.", sent: "Sent" };
const KINDS = { client: "mine", bot: "bot", counsellor: "person", system: "system" };
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const near = 120;

export class Lines {
  /** While something above wants to be read first, new lines do not pull the page down. */
  held = false;
  #log;
  #scroll;
  #newer;
  #onChoice;
  #onCountry;
  #own = new Map();
  #choices = null;
  #day = "";
  #exercised = false;
  #quiet = true;
  #ended = true;

  constructor({ log, scroll, newer, onChoice, onCountry }) {
    this.#log = log;
    this.#scroll = scroll;
    this.#newer = newer;
    this.#onChoice = onChoice;
    this.#onCountry = onCountry;
    newer.addEventListener("click", () => this.toEnd());
    scroll.addEventListener("scroll", () => { if (this.#ended = this.#atEnd()) newer.hidden = true; }, { passive: true });
    // A keyboard that slides in, or a growing draft, must not cover the last line.
    new ResizeObserver(() => { if (this.#ended) this.toEnd(); }).observe(scroll);
  }

  /** While the past is replayed nobody wants to hear it all again. */
  set quiet(isQuiet) {
    this.#quiet = isQuiet;
    this.#log.setAttribute("aria-live", isQuiet ? "off" : "polite");
  }

  /** A line of the conversation, in the order of its number. */
  add(message) {
    const own = message.client_ref && this.#own.get(message.client_ref);
    if (message.sender !== "bot" || message.choices?.length) this.dropChoices();
    if (own) {
      this.#own.delete(message.client_ref);
      // A line that already stands in its place is not moved: moving it would take the keyboard's focus away.
      if (own.previousElementSibling?.matches("[data-unsent]")) this.#insert(own);
      this.#finish(own, message);
      return own;
    }
    return this.#keepingEnd(() => {
      this.#markDay(new Date(message.sent_at));
      const line = this.#line(message);
      this.#finish(line, message);
      this.#insert(line);
      return line;
    });
  }

  /** An own line that the service has not acknowledged. */
  pending(item, state = "sending") {
    this.dropChoices();
    const line = this.#line({ sender: "client", text: item.text });
    line.dataset.unsent = "";
    line.tabIndex = -1;
    this.#own.set(item.client_ref, line);
    this.#log.append(line);
    this.mark(item.client_ref, state);
    this.held = false;
    this.toEnd();
    return line;
  }

  mark(ref, state) {
    const line = this.#own.get(ref);
    if (line) line.querySelector(".mark").textContent = MARKS[state] ?? state;
    if (line && state === "sent") delete line.dataset.unsent;
  }

  markUnsent(state) {
    for (const [ref, line] of this.#own) if ("unsent" in line.dataset) this.mark(ref, state);
  }

  /** Take back a line that was refused. */
  drop(ref) {
    this.#own.get(ref)?.remove();
    this.#own.delete(ref);
  }

  /** The client has named their country: the cards that are already here show its numbers. */
  showCard(data) {
    for (const old of this.#log.querySelectorAll(".line > .card")) old.replaceWith(card(data, { chooseCountry: this.#onCountry }));
  }

  /** A remark of the page itself, not part of the conversation. */
  note(text) {
    this.#keepingEnd(() => this.#log.append(make("p", { class: "page-note", text })));
  }

  clear() {
    this.#log.replaceChildren();
    this.#own.clear();
    this.#choices = null;
    this.#day = "";
    this.#newer.hidden = true;
  }

  toEnd() {
    if (this.held) return;
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#newer.hidden = true;
  }

  #line({ sender, text, name, role }) {
    const who = sender === "counsellor" ? [name, role].filter(Boolean).join(", ") : NAMES[sender] ?? "Notice";
    const line = make("div", { class: `line ${KINDS[sender] ?? "system"}${this.#quiet ? "" : " arriving"}`, "data-who": who },
      make("p", { class: "line-who", dir: "auto", text: who }),
      make("p", { class: "bubble", dir: "auto", text }),
      make("p", { class: "line-when" }, make("time"), sender === "client" && make("span", { class: "mark" })));
    return line;
  }

  #finish(line, message) {
    const when = new Date(message.sent_at);
    line.message = message;
    delete line.dataset.unsent;
    line.dataset.seq = message.seq;
    const time = line.querySelector("time");
    time.dateTime = message.sent_at;
    time.textContent = clock.format(when);
    const mark = line.querySelector(".mark");
    if (mark) mark.textContent = MARKS.sent;
    if (message.card?.kind === "crisis") line.append(card(message.card, { chooseCountry: this.#onCountry }));
    if (message.content?.startsWith("my_plan.")) line.append(make("a", { class: "button primary", href: "plan/", text: "Open my safety plan" }));
    if (message.exercise === "paced_breathing") this.#breathe(line);
    if (message.choices?.length) line.append(this.#choicesOf(message.choices));
    this.#join(line);
    if (this.#exercised ||= message.exercise) import("./summary.js").then(({ see }) => this.#keepingEnd(() => see(line)));
  }

  /** Lines of one writer in one minute stand together: one label, one time. */
  #join(line) {
    const before = line.previousElementSibling;
    const follows = before?.dataset.who === line.dataset.who;
    line.classList.toggle("follows", follows);
    const time = line.querySelector("time").textContent;
    if (follows && time && before.querySelector("time").textContent === time && !before.matches(".mine")) before.classList.add("untimed");
  }

  async #breathe(line) {
    const { breathing } = await import("./breathing.js");
    this.#keepingEnd(() => line.insertBefore(breathing(), line.querySelector(".choices")));
  }

  #choicesOf(choices) {
    const buttons = choices.map(({ label }) => make("button", {
      type: "button", class: "choice", text: label, click: () => this.#onChoice(label),
    }));
    this.#choices = make("div", { class: "choices", role: "group", label: "Answers to choose from" }, ...buttons);
    return this.#choices;
  }

  dropChoices() {
    this.#choices?.remove();
    this.#choices = null;
  }

  #insert(line) {
    this.#log.insertBefore(line, this.#log.querySelector("[data-unsent]"));
    this.#join(line);
  }

  #markDay(when) {
    const name = day.format(when);
    if (name === this.#day) return;
    this.#day = name;
    this.#log.insertBefore(
      make("p", { class: "day", text: name }),
      this.#log.querySelector("[data-unsent]"),
    );
  }

  #atEnd() {
    return !this.held && this.#scroll.scrollHeight - this.#scroll.scrollTop - this.#scroll.clientHeight < near;
  }

  #keepingEnd(change) {
    const wasAtEnd = this.#atEnd();
    const result = change();
    if (wasAtEnd) this.toEnd();
    else this.#newer.hidden = this.held;
    return result;
  }
}
