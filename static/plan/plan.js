/* The client's safety plan: shown as the service has stored it, and changed here when nobody has been called. What is
   typed stays in this tab until it is saved, through refusals, a broken line and a reload. */
import { Refused, post } from "../client/doors.js";
import * as store from "../client/store.js";

const $ = (id) => document.getElementById(id);
const root = $("plan");
const { base, limit } = root.dataset;
const form = $("plan-form");
const session = store.read("session");
const boxes = new Map([...form.querySelectorAll("[data-part]")].map((item) => [item.dataset.part, item.querySelector("textarea")]));
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });
let saved = { version: 0, parts: {}, may_edit: false };
let begunWith = 0;
let sending = false;

function say(words) { $("plan-said").textContent = words; }

function fail(words) {
  $("plan-error").textContent = words;
  $("plan-error").hidden = !words;
}

function typed() {
  return Object.fromEntries([...boxes].map(([key, box]) => [key, box.value]));
}

/** The saved plan, or why there is none; the form goes away. */
function showSaved() {
  const has = saved.version > 0;
  form.hidden = true;
  $("plan-both").hidden = true;
  $("plan-read").hidden = !has && !saved.may_edit;
  $("plan-read").classList.toggle("is-empty", !has);
  $("plan-none").hidden = has || !saved.may_edit;
  $("plan-none-flagged").hidden = has || saved.may_edit;
  $("plan-flagged").hidden = !has || saved.may_edit;
  $("plan-change").hidden = !saved.may_edit;
  $("plan-change").textContent = has ? "Change my plan" : "Begin my plan";
  $("plan-print").hidden = !has;
  $("plan-when").textContent = has ? `Saved ${saved.by_client ? "by you" : "with our team"}, ${day.format(new Date(saved.written_at))}` : "";
  for (const item of $("plan-read").querySelectorAll("[data-part]")) {
    const words = item.querySelector(".plan-words");
    words.textContent = saved.parts[item.dataset.part] || "Open so far";
    words.classList.toggle("is-open", !saved.parts[item.dataset.part]);
  }
  store.write("plan", has);
}

function openForm(parts, from) {
  begunWith = from;
  for (const [key, box] of boxes) box.value = parts[key] ?? "";
  $("plan-read").hidden = true;
  $("plan-none").hidden = true;
  form.hidden = false;
}

/** What is saved now stands under each box that says something else. */
function showTheirs(isShown) {
  $("plan-both").hidden = !isShown;
  for (const item of form.querySelectorAll("[data-part]")) {
    const theirs = saved.parts[item.dataset.part] ?? "";
    const place = item.querySelector(".plan-theirs");
    place.hidden = !isShown || theirs.trim() === boxes.get(item.dataset.part).value.trim();
    place.querySelector(".plan-words").textContent = theirs || "Open so far";
  }
}

async function read() {
  saved = await post(base, "plan/read", { token: session.token });
}

async function load() {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say("");
    if (error.code === "unknown_key") $("plan-closed").hidden = false;
    else fail(error.code === "offline" ? "We cannot reach your plan right now. Please try again in a moment. Urgent help works without it." : error.message);
    return;
  }
  say("");
  showSaved();
  const draft = store.read("plan-draft");
  if (!draft || !saved.may_edit) return;
  openForm(draft.parts, draft.base);
  say("What you wrote before is still here. It is not saved yet.");
  if (draft.base !== saved.version) takeTurn();
}

/** Somebody else has saved: from now on this change follows theirs, which the client sees beside their own. */
function takeTurn() {
  begunWith = saved.version;
  keep();
  showTheirs(true);
}

function keep() { store.write("plan-draft", { base: begunWith, parts: typed() }); }

function tooLong() {
  let first = null;
  for (const [key, box] of boxes) {
    const length = [...box.value.trim()].length;
    const words = length > limit ? `This part has ${length} characters; ${limit} fit. Nothing was cut off.` : "";
    $(`plan-${key}-error`).textContent = words;
    box.toggleAttribute("aria-invalid", false);
    if (words) { box.setAttribute("aria-invalid", "true"); first ??= box; }
  }
  first?.focus();
  return first !== null;
}

async function save() {
  fail("");
  if (sending || tooLong()) return;
  sending = true;
  say("Saving…");
  try {
    await post(base, "plan/save", { token: session.token, parts: typed(), base: begunWith });
    store.remove("plan-draft");
    await read();
    showTheirs(false);
    showSaved();
    say("Your plan is saved.");
    $("plan-said").focus();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say("");
    fail(error.code === "offline" ? "Your plan is not saved yet. What you wrote stays in this tab. Please try again in a moment." : error.message);
    if (error.code === "changed") await read().then(takeTurn, () => {});
  } finally {
    sending = false;
  }
}

if (session) {
  form.addEventListener("submit", (event) => { event.preventDefault(); save(); });
  form.addEventListener("input", keep);
  $("plan-change").addEventListener("click", () => {
    openForm(saved.parts, saved.version);
    say("");
    form.querySelector("textarea").focus();
  });
  $("plan-cancel").addEventListener("click", () => {
    store.remove("plan-draft");
    fail("");
    showTheirs(false);
    showSaved();
    say("Nothing was changed.");
    $("plan-said").focus();
  });
  $("plan-print").addEventListener("click", () => print());
  load();
} else {
  say("");
  $("plan-closed").hidden = false;
}
// A page from the browser's memory must not show the plan after the chat was left.
addEventListener("pageshow", (event) => { if (event.persisted && session && !store.read("session")) location.reload(); });
