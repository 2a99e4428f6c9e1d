// The desk: keeps what the server said, shows it, and passes on what the counsellor does.

import { Alarm } from "./alarm.js";
import { Composer, Conversation } from "./conversation.js";
import { ask, fillDispositions, say } from "./dialogs.js";
import { arrange, el, setHidden, setText } from "./dom.js";
import { Outbox, draftOf, keepDraft } from "./keeping.js";
import * as keyboard from "./keyboard.js";
import { Queue } from "./queue.js";
import { DeskSocket } from "./socket.js";
import { Lines, Transcript } from "./transcript.js";
import { STATES, alertWord, clock, span } from "./words.js";

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
  changed: () => showSound(),
});
const queue = new Queue(root.querySelector(".queue"), { open: (id) => openConversation(id), isUnread });
const transcript = new Transcript(
  { scroller: find("scroller"), log: find("log"), newer: find("newer"), typing: find("typing") },
  { recall },
);
const view = new Conversation(root, { act, goTo: (seq) => goTo(seq) });
const composer = new Composer(find("composer"), {
  send,
  draft: draftOf,
  keep: (id, text) => id && keepDraft(id, text),
  typing: () => socket.request("typing", { conversation: state.openId }).catch(() => {}),
});
const socket = new DeskSocket(root.dataset.socket, { frame: read, status: linked });

// ---- the connection

function linked(status) {
  state.link = status;
  if (status === "lost") state.lostAt ??= new Date().toISOString();
  if (status === "open") hello();
  showLink();
  show();
}

async function hello() {
  try {
    await socket.request("hello");
  } catch {
    // A service that cannot answer yet is asked again; a desk without its queue would look like a quiet night.
    await pause(1000);
    if (socket.isOpen) hello();
    return;
  }
  const id = state.openId;
  if (id) await follow(id, { back: true }).catch((problem) => problem.code !== "offline" && failOpening(id, problem));
  if (!socket.isOpen) return;
  state.lostAt = null;
  await pump();
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
  showLink();
}

// ---- the queue

function showQueue({ conversations, on_shift: onShift }) {
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
  showPeople(onShift);
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

// ---- writing

function send(text) {
  outbox.add(state.openId, text);
  show();
  pump();
}

let pumping = false;

// One at a time, so that lines stay in the order in which they were written, whatever fails in between.
async function pump() {
  if (pumping) return;
  pumping = true;
  try {
    for (let line = outbox.next(); line && socket.isOpen; line = outbox.next()) await deliver(line);
  } finally {
    pumping = false;
    show();
  }
}

async function deliver(line) {
  line.sending = true;
  show();
  try {
    await socket.request("message", { conversation: line.conversation, client_ref: line.client_ref, text: line.text });
    // The stored line comes by the socket and takes this one's place.
    line.sent = true;
    if (line.conversation !== state.openId) outbox.remove(line.client_ref);
  } catch (problem) {
    line.sending = false;
    if (problem.code === "unavailable" || problem.code === "too_fast") await pause(problem.frame.retry_after_ms ?? 1000);
    else if (problem.code !== "offline") outbox.refuse(line.client_ref, problem.message);
    else await pause(1000);
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function recall(line) {
  outbox.remove(line.client_ref);
  composer.put(line.text);
  show();
}

// ---- acting

const ACTS = {
  take_over: () => ({ conversation: state.openId }),
  hand_back: async () => {
    const hindrance = view.handBackHindrance();
    if (hindrance) throw new Error(hindrance);
    return (await ask(dialog("hand-back"))) && { conversation: state.openId };
  },
  close: async () => {
    const said = await ask(dialog("close"), { prepare: (box) => say(box, openCard()?.alert ? "The alert is not resolved yet. Resolve it with a reason first; closing is refused until then." : "") });
    return said && { conversation: state.openId, disposition: said.disposition };
  },
  acknowledge: () => ({ alert: openCard()?.alert?.id }),
  resolve: ({ resolution }) => ({ alert: openCard()?.alert?.id, resolution }),
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
  showLink();
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
  showElsewhere();
}

// Once, when the place to write appears: the queue that shows it may come after the answer to "take over".
function focusComposer(id) {
  if (state.toWrite !== id || !composer.field.checkVisibility()) return;
  state.toWrite = null;
  composer.field.focus();
}

function showLink() {
  const { link } = state;
  root.dataset.link = link;
  setHidden(find("offline"), link === "open" || (link === "connecting" && !state.lostAt));
  setHidden(find("signedOut"), link !== "signed_out");
  setHidden(find("retrying"), link === "signed_out");
  const shift = find("shift");
  setHidden(find("shiftBox"), !state.may.has("set_shift"));
  shift.setAttribute("aria-pressed", String(state.onShift));
  setText(shift, state.onShift ? "End my shift" : "Start my shift");
  setText(find("shiftState"), state.onShift ? "You are on shift" : "You are off shift");
}

function showSound() {
  const sound = alarm.state;
  root.dataset.sound = sound;
  setHidden(find("soundOff"), sound !== "off");
  setHidden(find("soundOn"), sound !== "on");
  setHidden(find("soundMuted"), sound !== "muted");
  if (sound === "muted") setText(find("mutedFor"), span(alarm.mutedFor));
}

function showPeople(people) {
  const list = find("people");
  setHidden(find("nobody"), people.length > 0);
  arrange(list, people.map(({ id, name, role }) => [...list.children].find((node) => node.dataset.id === id) ?? el("li", { data: { id }, text: id === state.me ? `${name} (you)` : `${name}, ${role.toLowerCase()}` })));
  showLink();
}

// Who waits while another conversation fills the screen.
function showElsewhere() {
  const others = state.cards.filter(({ id, alert }) => alert?.state === "open" && id !== state.openId);
  setHidden(find("elsewhere"), !state.openId || !others.length);
  if (!others.length) return;
  setText(find("elsewhereText"), others.length === 1 ? `${others[0].pseudonym} waits: ${alertWord(others[0].alert)}` : `${others.length} alerts wait. First: ${others[0].pseudonym}, ${alertWord(others[0].alert)}`);
  find("elsewhereOpen").dataset.id = others[0].id;
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
find("turnSoundOn").addEventListener("click", () => alarm.turnOn());
find("unmute").addEventListener("click", () => alarm.turnOn());
find("mute").addEventListener("click", () => alarm.mute());
find("back").addEventListener("click", back);
find("elsewhereOpen").addEventListener("click", (event) => openConversation(event.currentTarget.dataset.id));
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
setInterval(() => alarm.state === "muted" && showSound(), 1000);

if (/^#[0-9a-f-]{36}$/.test(location.hash)) openConversation(location.hash.slice(1), { push: false, write: false });
showSound();
socket.connect();
