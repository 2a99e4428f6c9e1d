// The list of conversations. Cards are kept by conversation, so an update never takes the focus or the place away.

import { arrange, el, icon, setHidden, setText } from "./dom.js";
import { markOf, since, stepWord } from "./words.js";

const SECTIONS = [
  ["waiting", (card) => card.state === "waiting"],
  ["mine", (card, me) => card.state === "with_counsellor" && card.holder?.id === me],
  ["colleagues", (card) => card.state === "with_counsellor"],
  ["bot", () => true],
];
const REASON_LENGTH = 36;

export class Queue {
  constructor(root, { open, isUnread }) {
    this.root = root;
    this.open = open;
    this.isUnread = isUnread;
    this.nodes = new Map();
    this.lists = Object.fromEntries(SECTIONS.map(([name]) => [name, root.querySelector(`[data-section="${name}"]`)]));
    setInterval(() => this.tick(), 1000);
  }

  show(cards, me, openId) {
    const focused = document.activeElement?.closest?.(".card")?.dataset.id;
    const before = focused ? this.#buttons().findIndex((button) => button.dataset.id === focused) : -1;
    const groups = Object.fromEntries(SECTIONS.map(([name]) => [name, []]));
    for (const card of cards) groups[SECTIONS.find(([, fits]) => fits(card, me))[0]].push(this.#node(card, me, openId));
    const present = new Set(cards.map((card) => card.id));
    for (const id of [...this.nodes.keys()]) if (!present.has(id)) this.nodes.delete(id);
    for (const [name, section] of Object.entries(this.lists)) {
      setText(section.querySelector("[data-count]"), String(groups[name].length));
      setHidden(section.querySelector("[data-empty]"), groups[name].length > 0);
      arrange(section.querySelector("ul"), groups[name]);
    }
    if (focused) this.#keepFocus(focused, before);
  }

  tick() {
    for (const node of this.root.querySelectorAll("time[data-since]")) setText(node, since(node.dataset.since));
  }

  move(step) {
    const buttons = this.#buttons();
    if (!buttons.length) return;
    const at = buttons.indexOf(document.activeElement);
    const next = at < 0 ? (step > 0 ? 0 : buttons.length - 1) : Math.min(buttons.length - 1, Math.max(0, at + step));
    buttons[next].focus();
    buttons[next].scrollIntoView({ block: "nearest" });
  }

  focus(id) {
    const button = this.nodes.get(id)?.querySelector(".card");
    (button?.checkVisibility() ? button : this.#buttons()[0])?.focus();
  }

  // Hidden ones (a folded section) are no stops of the keyboard.
  #buttons() {
    return [...this.root.querySelectorAll(".card")].filter((button) => button.checkVisibility());
  }

  // A card that moved to another section, or left, must not drop a keyboard user to the top of the page.
  #keepFocus(id, place) {
    const button = this.nodes.get(id)?.querySelector(".card");
    if (button === document.activeElement) return;
    if (button?.checkVisibility()) button.focus({ preventScroll: true });
    else if (document.activeElement === document.body) this.#buttons()[Math.max(0, place - 1)]?.focus({ preventScroll: true });
  }

  #node(card, me, openId) {
    let node = this.nodes.get(card.id);
    if (!node) {
      node = el("li", {}, el("button", { class: "card", type: "button", data: { id: card.id }, on: { click: () => this.open(card.id) } }));
      this.nodes.set(card.id, node);
    }
    const button = node.firstChild;
    const unread = this.isUnread(card);
    const shown = JSON.stringify([card, unread]);
    if (button.dataset.shown !== shown) {
      button.dataset.shown = shown;
      button.replaceChildren(...face(card, unread, me));
      button.dataset.tone = markOf(card)?.tone ?? "";
      button.dataset.alert = card.alert?.state ?? "";
    }
    if (card.id === openId) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    return node;
  }
}

function face(card, unread, me) {
  const mark = markOf(card);
  const top = el("span", { class: "card-top" }, el("span", { class: "card-name", text: card.pseudonym }));
  if (unread) top.append(el("span", { class: "unread", text: "New" }));
  top.append(waiting(card));
  const parts = [top];
  if (mark) parts.push(el("span", { class: "card-mark", data: { tone: mark.tone } }, icon(mark.shape), el("strong", { text: mark.word })));
  if (card.alert?.reasons.length) parts.push(el("span", { class: "card-reasons", text: card.alert.reasons.map(quoted).join(" · ") }));
  const notes = status(card, me).map((text) => el("span", { text }));
  if (card.rehearsal) notes.unshift(el("span", { class: "tag", text: "Rehearsal" }));
  if (notes.length) parts.push(el("span", { class: "card-notes" }, ...notes));
  return parts;
}

function waiting(card) {
  const [moment, before, after] = card.waiting_since ? [card.waiting_since, "waits ", ""] : [card.last_message_at, "", " ago"];
  const time = el("time", { datetime: moment, data: { since: moment }, text: since(moment) });
  return el("span", { class: card.waiting_since ? "card-wait" : "card-wait quiet" }, before, time, after);
}

function status(card, me) {
  const notes = [];
  if (card.alert?.state === "open" && card.alert.escalation_step) notes.push(stepWord(card.alert.escalation_step));
  if (card.alert?.state === "acknowledged" && card.alert.acknowledged_by !== card.holder?.name) notes.push(`Alert acknowledged by ${card.alert.acknowledged_by ?? "a colleague"}`);
  if (card.holder && card.holder.id !== me) notes.push(`Held by ${card.holder.name}`);
  return notes;
}

// Short on purpose: what is graphic is read in the conversation, not in passing.
function quoted(reason) {
  const characters = Array.from(reason);
  return `“${characters.length > REASON_LENGTH ? `${characters.slice(0, REASON_LENGTH).join("")}…` : reason}”`;
}
