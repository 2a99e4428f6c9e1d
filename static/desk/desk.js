// The desk: keeps what the server said, shows it, and passes on what the counsellor does.

import { Alarm } from "./alarm.js";
import { Bars } from "./bars.js";
import { Composer, Conversation } from "./conversation.js";
import { ask, fillDispositions, say } from "./dialogs.js";
import { setHidden, setText } from "./dom.js";
import { Outbox, draftOf, keepDraft } from "./keeping.js";
import * as keyboard from "./keyboard.js";
import { Queue } from "./queue.js";
import { Sending } from "./sending.js";
import { DeskSocket } from "./socket.js";
import { Lines, Transcript } from "./transcript.js";
import { STATES, alertWord, clock } from "./words.js";

const root = document.getElementById("desk");
const find = (name) => root.querySelector(`[data-desk="${name}"]`);
const dialog = (name) => document.getElementById(`dialog-${name}`);

const state = {
  me: null,
  may: new Set(),
  onShift: false,
  cards: [],
  hasQueue: false,
  openId: null,
  lostAt: null,
  toWrite: null, // the conversation whose place to write gets the focus when it appears
  link: "connecting",
};
const known = new Map(); // conversation -> Lines
const last = new Map(); // conversation -> its last card, for what has left the queue
const seen = new Map(); // conversation -> the last seq that was on this screen
const outbox = new Outbox();

const alarm = new Alarm({
  icon: document.querySelector('link[rel="icon"]'),
  calmIcon: root.dataset.icon,
  alertIcon: root.dataset.iconAlert,
  changed: () => bars.showSound(),
});
const queue = new Queue(root.querySelector(".queue"), { open: (id) => openConversation(id), isUnread });
const transcript = new Transcript(
  { scroller: find("scroller"), log: find("log"), newer: find("newer"), typing: find("typing") },
  { recall: (line) => sending.recall(line) },
);
const view = new Conversation(root, { act, goTo: (seq) => goTo(seq) });
const composer = new Composer(find("composer"), {
  send: (text) => sending.send(state.openId, text),
  draft: draftOf,
  keep: (id, text) => id && keepDraft(id, text),
  typing: () => socket.request("typing", { conversation: state.openId }).catch(() => {}),
});
const socket = new DeskSocket(root.dataset.socket, { frame: read, status: linked });
const sending = new Sending({ socket, outbox, changed: show, isShown: (id) => id === state.openId, put: (text) => composer.put(text) });
const bars = new Bars({ find, alarm, openConversation });

// ---- the connection

function linked(status) {
  state.link = status;
  if (status === "lost") state.lostAt ??= new Date().toISOString();
  if (status === "open") hello();
  bars.showLink(state);
  show();
}

async function hello() {
  try {
    await socket.request("hello");
  } catch {
    // A service that cannot answer yet is asked again; a desk without its queue would look like a quiet night.
    setTimeout(() => socket.isOpen && hello(), 1000);
    return;
  }
  const id = state.openId;
  if (id) await follow(id, { back: true }).catch((problem) => problem.code !== "offline" && failOpening(id, problem));
  if (!socket.isOpen) return;
  state.lostAt = null;
  await sending.pump();
}

function read(frame) {
  if (frame.type === "welcome") welcome(frame);
  else if (frame.type === "queue") showQueue(frame);
  else if (frame.type === "message") arrived(frame.conversation, [frame]);
  else if (frame.type === "typing" && frame.conversation === state.openId) transcript.showTyping(true);
  else if (frame.type === "error") view.fail(frame.detail);
}

function welcome({ member, on_shift: onShift, may, dispositions, resolutions }) {
  state.me = member.id;
  state.may = new Set(may);
  state.onShift = onShift;
  view.fillResolutions(resolutions);
  fillDispositions(dialog("close").querySelector("fieldset"), dispositions);
  bars.showLink(state);
}

// ---- the queue

function showQueue({ conversations, on_shift: onShift, scoring }) {
  const before = new Map(state.cards.map((card) => [card.id, card]));
  state.cards = conversations;
  state.onShift = onShift.some(({ id }) => id === state.me);
  for (const card of conversations) {
    last.set(card.id, card);
    if (!seen.has(card.id)) seen.set(card.id, card.last_seq);
  }
  if (state.openId) noteChanges(state.openId, before.get(state.openId));
  const open = conversations.filter(({ alert }) => alert?.state === "open");
  if (state.hasQueue) announce(open, before);
  state.hasQueue = true;
  // Not in `show`, which waits for a frame of the screen: a hidden tab has none, and the alarm must sound there.
  alarm.show(open.map(({ alert }) => alert));
  bars.showPeople(onShift, state);
  bars.showScoring(scoring);
  bars.showLink(state);
  show();
}

function announce(open, before) {
  const news = open.filter(({ id, alert }) => before.get(id)?.alert?.raised_at !== alert.raised_at);
  if (!news.length) return;
  const names = news.slice(0, 3).map((card) => `${card.pseudonym}: ${alertWord(card.alert)}`);
  setText(find("announce"), `New alert. ${names.join(". ")}. ${open.length} not acknowledged.`);
}

function isUnread(card) {
  return card.holder?.id === state.me && card.id !== state.openId && card.last_seq > (seen.get(card.id) ?? card.last_seq);
}

// ---- the open conversation

function openConversation(id, { push = true, write = true } = {}) {
  const former = state.openId;
  if (former && former !== id) {
    socket.request("leave", { conversation: former }).catch(() => {});
    seen.set(former, Math.max(seen.get(former) ?? 0, known.get(former)?.last ?? 0));
  }
  state.openId = id;
  root.dataset.view = id ? "conversation" : "queue";
  const address = id ? `#${id}` : location.pathname;
  if (push && id !== former) history[former || !id ? "replaceState" : "pushState"](null, "", address);
  composer.use(id);
  transcript.showTyping(false);
  view.fail("");
  show();
  if (!id) return;
  follow(id).catch((problem) => problem.code !== "offline" && failOpening(id, problem));
  state.toWrite = write && last.get(id)?.holder?.id === state.me ? id : null;
  if (!state.toWrite) find("title").focus({ preventScroll: true });
}

function failOpening(id, problem) {
  if (state.openId !== id) return;
  if (problem.code === "unknown_conversation") openConversation(null);
  setText(find("queueProblem"), problem.message);
  setHidden(find("queueProblem"), false);
}

// Ask for what this tab does not have of a conversation; the server sends every later line by itself.
async function follow(id, { back = false } = {}) {
  const lines = linesOf(id);
  const had = lines.last;
  const answer = await socket.request("open", { conversation: id, last_seq: had });
  last.set(id, answer.conversation);
  if (back && state.lostAt) {
    const missed = answer.messages.filter(({ seq }) => seq > had).length;
    const told = missed ? `${missed === 1 ? "1 line was" : `${missed} lines were`} written meanwhile` : "nothing was written meanwhile";
    lines.note(`back-${state.lostAt}`, new Date().toISOString(), `Not connected since ${clock(state.lostAt)}; ${told}`);
  }
  arrived(id, answer.messages);
  noteChanges(id, null);
  show();
}

function linesOf(id) {
  if (!known.has(id)) known.set(id, new Lines(id));
  return known.get(id);
}

function arrived(id, messages) {
  const lines = linesOf(id);
  for (const line of messages) {
    if (lines.add(line) && line.client_ref) outbox.remove(line.client_ref);
    if (line.sender === "client" && id === state.openId) transcript.showTyping(false);
  }
  if (lines.hasGap) socket.request("catch_up", { conversation: id, after: lines.last }).catch(() => {});
  if (id === state.openId && !document.hidden) seen.set(id, Math.max(seen.get(id) ?? 0, lines.last));
  show();
}

// What happened around the lines, as far as the cards tell it.
function noteChanges(id, before) {
  const card = last.get(id);
  const lines = linesOf(id);
  const { alert } = card;
  if (alert) {
    lines.note(`alert-${alert.id}-${alert.raised_at}`, alert.raised_at, `Alert: ${alertWord(alert)}`, { tone: "alert", byTime: true });
    if (alert.acknowledged_by) lines.note(`seen-${alert.id}-${alert.raised_at}`, new Date().toISOString(), `Alert acknowledged by ${alert.acknowledged_by}`);
    if (alert.escalation_step) lines.note(`step-${alert.id}-${alert.raised_at}-${alert.escalation_step}`, new Date().toISOString(), `Nobody acknowledged: step ${alert.escalation_step} of the ladder`, { tone: "alert" });
  }
  if (!before) return;
  const now = new Date().toISOString();
  if (before.alert && !alert) lines.note(`resolved-${before.alert.id}`, now, "Alert resolved");
  if (before.state !== card.state) lines.note(`state-${now}`, now, card.holder ? `${STATES[card.state]}: ${card.holder.name}` : STATES[card.state]);
}

function openCard() {
  const card = state.openId && (state.cards.find(({ id }) => id === state.openId) ?? last.get(state.openId));
  if (!card) return null;
  // The queue holds every open conversation, so one that left it is closed.
  const gone = state.hasQueue && state.cards.length < 500 && !state.cards.includes(card);
  return gone ? { ...card, state: "closed", holder: null, alert: null } : card;
}

function goTo(seq) {
  root.dataset.view = "conversation";
  transcript.goTo(seq);
}

// ---- acting

const ACTS = {
  take_over: async () => {
    const card = openCard();
    if (!card?.holder) return { conversation: state.openId };
    // A supervisor steps in for a colleague, who can then no longer write here.
    const said = await ask(dialog("take-over"), { prepare: (box) => setText(box.querySelector("[data-name]"), `${card.pseudonym} from ${card.holder.name}`) });
    return said && { conversation: state.openId, from: card.holder.id };
  },
  hand_back: async () => {
    const hindrance = view.handBackHindrance();
    if (hindrance) throw new Error(hindrance);
    return (await ask(dialog("hand-back"))) && { conversation: state.openId };
  },
  close: async () => {
    const said = await ask(dialog("close"), { prepare: (box) => say(box, openCard()?.alert ? "The alert is not resolved yet. Resolve it with a reason first; closing is refused until then." : "") });
    return said && { conversation: state.openId, disposition: said.disposition };
  },
  // With the time at which the shown alert was raised: one that has risen since is refused, to be read first.
  acknowledge: () => ({ alert: openCard()?.alert?.id, raised_at: openCard()?.alert?.raised_at }),
  resolve: ({ resolution }) => ({ alert: openCard()?.alert?.id, raised_at: openCard()?.alert?.raised_at, resolution }),
};

async function act(name, given = {}) {
  const id = state.openId;
  try {
    const fields = await ACTS[name](given);
    if (!fields) return;
    view.fail("");
    await socket.request(name, fields);
    if (name === "take_over") state.toWrite = id;
    show();
    if (name === "resolve") view.part.resolveForm.reset();
  } catch (problem) {
    if (state.openId !== id) return;
    view.fail(problem.code === "held_by_another" ? `${problem.frame.holder.name} was faster and holds this conversation now.` : problem.message);
  }
}

async function takeOverByKey() {
  const focused = document.activeElement?.closest?.(".card")?.dataset.id ?? state.openId;
  const card = state.cards.find(({ id }) => id === focused);
  if (!card || card.holder || !state.may.has("take_over")) return;
  const box = dialog("take-over");
  const said = await ask(box, { prepare: () => setText(box.querySelector("[data-name]"), card.pseudonym) });
  if (!said) return;
  openConversation(card.id);
  await act("take_over");
}

async function setShift() {
  const button = find("shift");
  if (!socket.isOpen) return;
  try {
    const { on } = await socket.request("shift", { on: !state.onShift });
    state.onShift = on;
    setText(find("shiftProblem"), "");
  } catch (problem) {
    setText(find("shiftProblem"), problem.message);
  }
  button.focus();
  bars.showLink(state);
}

// ---- showing

let planned = false;

function show() {
  if (planned) return;
  planned = true;
  // A hidden tab gets no frames; it is drawn again when it is looked at.
  requestAnimationFrame(() => {
    planned = false;
    draw();
  });
}

function draw() {
  const connected = state.link === "open";
  root.dataset.ready = String(state.hasQueue);
  setHidden(find("loading"), state.hasQueue);
  setHidden(find("sections"), !state.hasQueue);
  if (state.hasQueue) queue.show(state.cards, state.me, state.openId);
  const card = openCard();
  root.classList.toggle("has-open", Boolean(state.openId));
  setHidden(find("none"), Boolean(state.openId));
  setHidden(find("opened"), !card);
  setHidden(find("facts"), !card);
  setHidden(find("shiftList"), !state.hasQueue);
  if (card) {
    const lines = linesOf(card.id);
    view.show(card, { me: state.me, may: state.may, lines, connected });
    transcript.show(lines, outbox.of(card.id));
    focusComposer(card.id);
    const stillLoading = !lines.bySeq.size;
    find("scroller").setAttribute("aria-busy", String(stillLoading));
    setHidden(find("opening"), !stillLoading);
  } else transcript.clear();
  bars.showElsewhere(state);
}

// Once, when the place to write appears: the queue that shows it may come after the answer to "take over".
function focusComposer(id) {
  if (state.toWrite !== id || !composer.field.checkVisibility()) return;
  state.toWrite = null;
  composer.field.focus();
}

// ---- wiring

function back() {
  const id = state.openId;
  if (document.activeElement?.closest?.(".conversation") && id && matchMedia("(min-width: 720px)").matches) {
    queue.focus(id);
    return;
  }
  openConversation(null, { push: false });
  history.replaceState(null, "", location.pathname);
  queue.focus(id);
}

find("shift").addEventListener("click", setShift);
find("back").addEventListener("click", back);
find("reconnect").addEventListener("click", () => socket.connect());
find("keys").addEventListener("click", () => ask(dialog("keys")));
find("moreFacts").addEventListener("click", () => {
  root.dataset.view = root.dataset.view === "facts" ? "conversation" : "facts";
});
find("lessFacts").addEventListener("click", () => {
  root.dataset.view = "conversation";
  find("moreFacts").focus();
});
const single = document.getElementById("single-keys");
single.checked = keyboard.isOn();
single.addEventListener("change", () => keyboard.setOn(single.checked));
keyboard.listen({
  next: () => queue.move(1),
  previous: () => queue.move(-1),
  takeOver: takeOverByKey,
  acknowledge: () => openCard()?.alert?.state === "open" && act("acknowledge"),
  write: () => composer.field.checkVisibility() && composer.field.focus(),
  help: () => ask(dialog("keys")),
  back,
});
addEventListener("popstate", () => openConversation(location.hash.slice(1) || null, { push: false }));
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !state.openId) return;
  seen.set(state.openId, linesOf(state.openId).last);
  show();
});

if (/^#[0-9a-f-]{36}$/.test(location.hash)) openConversation(location.hash.slice(1), { push: false, write: false });
bars.showSound();
socket.connect();
