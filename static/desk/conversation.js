// The open conversation: who it is, what may be done, and the place to write. Buttons show what the role may do.

import { arrange, el, setHidden, setText, tag } from "./dom.js";
import { LEVELS, SCORING_OFF_HERE, STATES, alertShape, alertWord, clock, markOf, since, stepWord, whole } from "./words.js";

const NO_HAND_BACK = new Set(["unscored", "high", "imminent"]);
const WISHES = { no_breath: "no breathing exercises", no_religion: "no religion" };

export class Conversation {
  constructor(root, { act, goTo }) {
    this.root = root;
    this.act = act;
    this.goTo = goTo;
    this.part = Object.fromEntries([...root.querySelectorAll("[data-part]")].map((node) => [node.dataset.part, node]));
    this.levelNodes = new Map();
    this.card = null;
    for (const button of root.querySelectorAll("button[data-act]")) button.addEventListener("click", () => act(button.dataset.act));
    this.part.resolveForm.addEventListener("submit", (event) => {
      event.preventDefault();
      act("resolve", { resolution: this.part.resolution.value });
    });
  }

  fillResolutions(resolutions) {
    if (this.part.resolution.options.length > 1) return;
    for (const [key, label] of resolutions) this.part.resolution.append(el("option", { value: key, text: label }));
  }

  show(card, { me, may, lines, connected }) {
    const { part } = this;
    const changed = this.card?.id !== card.id;
    this.card = card;
    const mine = card.holder?.id === me;
    setText(part.name, card.pseudonym);
    setText(part.state, card.holder && !mine ? `With ${card.holder.name}` : mine ? "With you" : STATES[card.state]);
    const wishes = (card.wishes ?? []).map((name) => WISHES[name] ?? name).join(", ");
    setText(part.wishes, [card.called && `Call them ${card.called}.`, wishes && `Wishes: ${wishes}.`].filter(Boolean).join(" "));
    setHidden(part.rehearsal, !card.rehearsal);
    this.#mark(card);
    this.#alert(card, may);
    const held = Boolean(card.holder);
    setHidden(part.takeOver, mine || card.state === "closed" || !may.has(held ? "take_from_holder" : "take_over"));
    setText(part.takeOver, held ? `Take over from ${card.holder.name}…` : "Take over");
    setHidden(part.handBack, !mine || !may.has("hand_back"));
    setHidden(part.close, !mine || !may.has("close"));
    setHidden(part.composer, !mine || !may.has("write"));
    this.#silence(card, mine, may);
    this.#scoring(card, may);
    setHidden(part.screeningsBox, !may.has("care"));
    part.screeningsLink.setAttribute("href", part.screeningsLink.dataset.path.replace("{id}", card.client));
    setHidden(part.planBox, !may.has("write_plan"));
    part.planLink.setAttribute("href", part.planLink.dataset.path.replace("{id}", card.client));
    for (const button of this.root.querySelectorAll("button[data-act]")) button.setAttribute("aria-disabled", String(!connected));
    this.#facts(card, lines);
    if (changed) this.fail("");
  }

  // The reason why something was not done, beside the buttons.
  fail(detail) {
    setText(this.part.error, detail);
    setHidden(this.part.error, !detail);
  }

  handBackHindrance() {
    const alert = this.card?.alert;
    if (!alert || ((alert.kind === "risk" || alert.kind === "screening") && !NO_HAND_BACK.has(alert.level)) || alert.kind === "person") return "";
    return "The alert is not resolved yet. Resolve it with a reason first; then you can hand back.";
  }

  #mark(card) {
    // While there is an alert its own strip says it.
    const mark = card.alert ? null : markOf(card);
    const key = mark ? `${mark.tone} ${mark.word}` : "";
    if (this.part.mark.dataset.key === key) return;
    this.part.mark.dataset.key = key;
    this.part.mark.replaceChildren(...(mark ? [tag(mark.tone, mark.word, mark.shape)] : []));
  }

  #alert(card, may) {
    const { part } = this;
    const { alert } = card;
    setHidden(part.alert, !alert);
    if (!alert) return;
    part.alert.dataset.tone = alert.kind === "person" ? "person" : alert.level;
    const title = `${alertWord(alert)} ${alert.state === "open" ? "" : alert.state}`;
    if (part.alertTitle.dataset.key !== title) {
      part.alertTitle.dataset.key = title;
      part.alertTitle.replaceChildren(tag(part.alert.dataset.tone, alertWord(alert), alertShape(alert)));
    }
    const steps = [`Raised at ${clock(alert.raised_at)}`];
    if (alert.escalation_step && alert.state === "open") steps.push(stepWord(alert.escalation_step));
    if (alert.state === "acknowledged") steps.push(`acknowledged by ${alert.acknowledged_by ?? "a colleague"}`);
    setText(part.alertFacts, steps.join(" · "));
    setText(part.alertReasons, alert.reasons.map((reason) => `“${reason}”`).join(" · "));
    setHidden(part.alertReasons, !alert.reasons.length);
    setHidden(part.acknowledge, alert.state !== "open" || !may.has("acknowledge_alert"));
    // First "I have seen it", then, when it is known what became of it, the reason.
    setHidden(part.resolveForm, alert.state === "open" || !may.has("resolve_alert"));
  }

  // Why nobody can write here, in place of the composer.
  #silence(card, mine, may) {
    const reason = mine
      ? ""
      : card.state === "closed"
        ? "This conversation is closed. A new contact of this client opens a new one."
        : card.holder
          ? `${card.holder.name} holds this conversation. You can read along; only the holder writes.`
          : may.has("take_over")
            ? `${card.state === "waiting" ? "The automated helper only holds the line until a person comes." : "The automated helper answers here."} Take over to write; from that moment it is silent.`
            : "You can read along. Your role does not take conversations over.";
    setText(this.part.silence, reason);
    setHidden(this.part.silence, !reason);
  }

  // Whether the model reads along here, and the way to the page that changes it.
  #scoring(card, may) {
    const { scoringOff, switchBox, switchLink } = this.part;
    const off = card.scoring_off;
    setText(scoringOff, SCORING_OFF_HERE[off] ?? "");
    setHidden(scoringOff, !off || card.state === "closed");
    setHidden(switchBox, card.state === "closed" || !may.has("switch_scoring"));
    setText(switchLink, off ? "Switch scoring on for this conversation…" : "Switch scoring off for this conversation…");
    const path = (off ? switchLink.dataset.on : switchLink.dataset.off).replace("{id}", card.id);
    switchLink.setAttribute("href", `${path}?next=${encodeURIComponent(`${location.pathname}#${card.id}`)}`);
  }

  #facts(card, lines) {
    const { part } = this;
    setText(part.started, whole(card.started_at));
    setText(part.holder, card.holder?.name ?? "Nobody");
    setText(part.count, String(card.last_seq));
    part.waits.replaceChildren(...(card.waiting_since ? [el("time", { data: { since: card.waiting_since }, text: since(card.waiting_since) })] : ["Not waiting"]));
    const levels = lines.levels();
    setHidden(part.noLevels, levels.length > 0);
    const present = new Set(levels.map(({ seq }) => `${card.id}-${seq}`));
    for (const key of [...this.levelNodes.keys()]) if (!present.has(key)) this.levelNodes.delete(key);
    arrange(part.levels, levels.map((line) => this.#level(card.id, line)));
  }

  #level(id, line) {
    const key = `${id}-${line.seq}`;
    let node = this.levelNodes.get(key);
    if (!node) {
      const level = LEVELS[line.assessment.level];
      const button = el("button", { type: "button", class: "level-link", on: { click: () => this.goTo(line.seq) } }, tag(line.assessment.level, level.word, level.shape), el("time", { datetime: line.sent_at, text: clock(line.sent_at) }));
      node = el("li", {}, button);
      this.levelNodes.set(key, node);
    }
    return node;
  }
}

export class Composer {
  constructor(form, { send, typing, draft, keep, limit = 4000 }) {
    Object.assign(this, { form, send, typing, draft, keep, limit });
    this.field = form.querySelector("textarea");
    this.counter = form.querySelector("[data-counter]");
    this.problem = form.querySelector("[data-problem]");
    this.told = 0;
    this.field.addEventListener("input", () => this.#changed());
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  // Show the draft of another conversation; the one before is kept.
  use(id) {
    if (this.id === id) return;
    this.id = id;
    this.field.value = id ? this.draft(id) : "";
    this.#fit();
    this.#say("");
  }

  put(text) {
    this.field.value = this.field.value.trim() ? `${text}\n${this.field.value}` : text;
    this.#changed();
    this.field.focus();
  }

  #changed() {
    this.keep(this.id, this.field.value);
    this.#fit();
    if (this.field.value.trim() && Date.now() - this.told > 3000) {
      this.told = Date.now();
      this.typing();
    }
  }

  #submit() {
    const text = this.field.value;
    if (!text.trim()) return;
    if (Array.from(text).length > this.limit) {
      this.#say(`A message can have ${this.limit.toLocaleString("en-GB")} characters. Your text is kept; please shorten it.`);
      return;
    }
    this.field.value = "";
    this.keep(this.id, "");
    this.#fit();
    this.#say("");
    this.told = 0;
    this.send(text);
    this.field.focus();
  }

  #fit() {
    const length = Array.from(this.field.value).length;
    setText(this.counter, length > this.limit - 500 ? `${length} of ${this.limit}` : "");
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 220)}px`;
  }

  #say(problem) {
    setText(this.problem, problem);
    setHidden(this.problem, !problem);
    if (problem) this.field.setAttribute("aria-invalid", "true");
    else this.field.removeAttribute("aria-invalid");
  }
}
