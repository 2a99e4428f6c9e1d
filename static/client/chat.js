/* The chat page: letting somebody in, their return key, urgent help, ending. */
import { converse } from "./conversation.js";
import { Refused, post } from "./doors.js";
import { endSession } from "./leave.js";
import * as store from "./store.js";
import * as urgent from "./urgent.js";

const $ = (id) => document.getElementById(id);
const root = document.documentElement;
const { base, limit } = $("chat").dataset;
const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/chat/`;
let open = null;

function enter({ wish = false } = {}) {
  const session = store.read("session");
  root.dataset.in = "chat";
  if (session.pseudonym) $("pseudonym").textContent = session.pseudonym;
  open = converse({
    url,
    limit: Number(limit),
    token: session.token,
    onStranger: () => goOut("This chat is not open in this browser any more. Your return key opens it again."),
    onEnded: (isEnded) => { $("ended").hidden = !isEnded; },
    onCountry: () => urgent.open({ country: true }),
  });
  showKey();
  if (wish) open.askForPerson();
}

function goOut(notice) {
  open?.close();
  for (const name of ["session", "key", "outbox", "plan", "plan-draft"]) store.remove(name);
  store.write("notice", notice);
  location.reload();
}

async function letIn(what, body, errorId, wish) {
  const place = $(errorId);
  place.hidden = true;
  $("start").setAttribute("aria-disabled", "true");
  try {
    const { token, pseudonym, return_key: key } = await post(base, what, body);
    store.write("session", { token, pseudonym });
    if (key) store.write("key", key);
    enter({ wish });
    if (!key) open.composer.focus();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    place.textContent = error.message;
    place.hidden = false;
    if (what === "return") $("return-key").focus();
  } finally {
    $("start").removeAttribute("aria-disabled");
  }
}

function showKey() {
  const key = store.read("key");
  $("key").hidden = !key;
  open.lines.held = Boolean(key);
  if (!key) return;
  $("key-text").textContent = key;
  $("key-title").focus({ preventScroll: true });
}

function keyDone() {
  store.remove("key");
  $("key").hidden = true;
  $("key-text").textContent = "";
  open.lines.held = false;
  open.composer.focus();
}

async function copyKey() {
  try {
    await navigator.clipboard.writeText($("key-text").textContent);
    $("key-copied").textContent = "Copied. Paste it somewhere that only you can open.";
  } catch {
    // In a frame or on an old browser: mark it, so that the person can copy it by hand.
    getSelection().selectAllChildren($("key-text"));
    $("key-copied").textContent = "The key is marked. Copy it from here, or write it down.";
  }
}

function person() {
  if (open && !$("ended").hidden) again(true);
  else if (open) open.askForPerson();
  else if ($("start").getAttribute("aria-disabled") === null) letIn("start", {}, "start-error", true);
}

async function again(wish = false) {
  try {
    await post(base, "return", { token: store.read("session").token });
    open.restart();
    $("ended").hidden = true;
    open.composer.shown = true;
    open.composer.focus();
    if (wish) open.askForPerson();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.code === "unknown_key") goOut("This chat is not open in this browser any more. You can start a new one.");
    else $("banner").textContent = error.message;
  }
}

function endAndClear() {
  open?.end();
  open?.close();
  endSession();
  store.wipe();
  // A fresh page: nothing of this chat stays in it for whoever sits here next.
  location.reload();
}

/** A link that acts: it works without this script, and as a button with it. */
function acts(link, act) {
  link.setAttribute("role", "button");
  link.addEventListener("click", (event) => { event.preventDefault(); act(); });
  link.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    act();
  });
}

const actions = { person, urgent: () => urgent.open() };
for (const link of document.querySelectorAll("#person, #urgent, [data-acts]")) acts(link, actions[link.dataset.acts ?? link.id]);
urgent.setUp({ onCountry: (code) => { store.write("country", code); open?.country(code); } });
if (store.read("country")) urgent.show(store.read("country"));

$("start").addEventListener("click", () => {
  if ($("start").getAttribute("aria-disabled") === null) letIn("start", {}, "start-error");
});
$("return-form").addEventListener("submit", (event) => {
  event.preventDefault();
  letIn("return", { return_key: $("return-key").value }, "return-error");
});
$("key-copy").addEventListener("click", copyKey);
$("key-saved").addEventListener("click", keyDone);
$("key-skip").addEventListener("click", keyDone);
$("again").addEventListener("click", () => again());
$("end").addEventListener("click", () => $("end-dialog").showModal());
$("end-yes").addEventListener("click", endAndClear);
for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
const more = $("more");
document.addEventListener("click", (event) => { if (!more.contains(event.target)) more.open = false; });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") more.open = false; });

const notice = store.read("notice");
if (notice) {
  store.remove("notice");
  $("start-notice").textContent = notice;
  $("start-notice").hidden = false;
}
const wish = location.hash === "#person";
if (wish) history.replaceState(null, "", location.pathname);
if (store.read("session")) enter({ wish });
else if (wish) person();
else if (root.dataset.pressed === "start") $("start").click();
