/* What the service remembers about this client: shown as it is stored, changed and erased here. */
import { Refused, post } from "../client/doors.js";
import { make } from "../client/make.js";
import * as store from "../client/store.js";

const $ = (id) => document.getElementById(id);
const { base, limit } = $("mine").dataset;
const session = store.read("session");
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const TICKS = { remember: $("mine-remember"), no_breath: $("mine-no-breath"), no_religion: $("mine-no-religion") };
const ERASES = {
  name: "This erases the name.",
  preferences: "This erases both wishes.",
  helped: "This erases the list of what helped before.",
  unfinished: "This erases the note of the exercise that you left in the middle.",
  mood: "This erases all check-ins.",
  all: "This erases the name, the wishes, the exercises and the check-ins. Nobody can bring them back.",
};
let shown = null;
let last = Promise.resolve();

function say(words) {
  $("mine-said").textContent = words;
}

function fail(words) {
  $("mine-error").textContent = words;
  $("mine-error").hidden = !words;
}

function show(found) {
  shown = found;
  $("mine-parts").hidden = false;
  $("mine-parts").toggleAttribute("data-off", !found.remember);
  for (const [key, box] of Object.entries(TICKS)) box.checked = found[key];
  $("mine-language").replaceChildren(...found.languages.map(({ code, name }) => make("option", { value: code, lang: code, text: name })));
  $("mine-language").value = found.language;
  $("mine-name").value = found.name;
  $("mine-helped").replaceChildren(...found.helped.map((text) => make("li", { text })));
  $("mine-helped-none").hidden = found.helped.length > 0;
  $("mine-unfinished").textContent = found.unfinished ? `${found.unfinished}. You find it in the chat under “Try a short exercise”.` : "Nothing.";
  $("mine-mood").hidden = !found.moods.length;
  $("mine-mood-none").hidden = found.moods.length > 0;
  $("mine-rows").replaceChildren(...found.moods.toReversed().map(({ value, at }) => make("tr", {},
    make("td", {}, make("time", { datetime: at, text: moment.format(new Date(at)) })), make("td", { text: `${value} of 10` }))));
  draw(found.chart);
  const has = { name: found.name, preferences: found.no_breath || found.no_religion, helped: found.helped.length, unfinished: found.unfinished, mood: found.moods.length };
  has.all = Object.values(has).some(Boolean);
  for (const button of document.querySelectorAll("[data-erase]")) button.hidden = !has[button.dataset.erase];
}

/** The service draws the chart; here it is read as a picture and never as a page. */
function draw(svg) {
  const drawn = svg && new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  $("mine-chart").replaceChildren(...(drawn ? [document.importNode(drawn, true)] : []));
}

function away(error) {
  if (!(error instanceof Refused)) throw error;
  say("");
  if (error.code === "unknown_key") {
    $("mine-parts").hidden = true;
    $("mine-closed").hidden = false;
  } else fail(error.code === "offline" ? "We cannot tell whether this was saved. Please try again in a moment." : error.message);
}

/** One after the other: of two quick changes both are kept, and the page ends with what is stored. */
function send(what, body, words) {
  fail("");
  last = last.then(async () => {
    try {
      show(await post(base, what, { token: session.token, ...body }));
      say(words);
      // A button that has gone takes the focus with it; nobody is thrown back to the top of the page.
      if (!document.activeElement?.checkVisibility() || document.activeElement === document.body) $("mine-said").focus({ preventScroll: true });
    } catch (error) {
      away(error);
      if (shown && what === "mine/save" && !("name" in body)) show(shown);
    }
  });
  return last;
}

function ask(words, act) {
  const dialog = $("mine-sure");
  $("mine-sure-what").textContent = words;
  $("mine-sure-yes").onclick = () => { dialog.close(); act(); };
  $("mine-sure-no").onclick = () => dialog.close();
  dialog.showModal();
  $("mine-sure-no").focus();
}

function saveName(event) {
  event.preventDefault();
  const name = $("mine-name").value.trim();
  const length = [...name].length;
  const wrong = length > Number(limit) ? `A name can have ${limit} characters; this one has ${length}.` : length ? "" : "Please write a name first.";
  $("mine-name-error").textContent = wrong;
  $("mine-name").toggleAttribute("aria-invalid", Boolean(wrong));
  if (wrong) $("mine-name").focus();
  else send("mine/save", { name }, "The name is saved.");
}

if (session) {
  $("mine-name-form").addEventListener("submit", saveName);
  $("mine-language").addEventListener("change", () => send("mine/save", { language: $("mine-language").value }, "The language is saved."));
  for (const key of ["no_breath", "no_religion"]) {
    TICKS[key].addEventListener("change", () => send("mine/save", { [key]: TICKS[key].checked }, "Your wish is saved."));
  }
  TICKS.remember.addEventListener("change", () => {
    if (TICKS.remember.checked) send("mine/save", { remember: true }, "From now on things are remembered.");
    else {
      TICKS.remember.checked = true;
      ask(`${ERASES.all} From then on nothing of this is kept.`, () => send("mine/save", { remember: false }, "Everything is erased, and nothing is kept from now on."));
    }
  });
  for (const button of document.querySelectorAll("[data-erase]")) {
    const part = button.dataset.erase;
    button.addEventListener("click", () => ask(ERASES[part], () => send("mine/erase", { part }, "It is erased.")));
  }
  post(base, "mine/read", { token: session.token }).then((found) => { show(found); say(""); }, (error) => {
    if (error.code === "offline") {
      say("");
      fail("We cannot reach this right now. Please try again in a moment. Urgent help works without it.");
    } else away(error);
  });
} else {
  say("");
  $("mine-closed").hidden = false;
}
// A page from the browser's memory must not show this after the chat was left.
addEventListener("pageshow", (event) => { if (event.persisted && session && !store.read("session")) location.reload(); });
