/* "Urgent help": a dialog whose card is already in the page. Another country's emergency number is, too; its other
   lines are fetched, and when that fails the emergency number stays. */
import { card } from "./card.js";
import { make } from "./make.js";

const dialog = document.getElementById("urgent-dialog");
const place = document.getElementById("urgent-card");
const form = dialog.querySelector("[data-country]");
const select = form.querySelector("select");
const numbers = JSON.parse(document.getElementById("numbers").textContent);
const FRESH = 3_600_000;
const PATIENCE = 5000;
const loaded = Date.now();
let chosen = () => {};

/** `onCountry(code)` is told when the client names where they are. */
export function setUp({ onCountry }) {
  chosen = onCountry;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (select.value) choose(select.value);
    else select.focus();
  });
  select.addEventListener("change", () => { if (select.value) choose(select.value); });
}

export function open({ country = false } = {}) {
  // Opening hours grow old with the page; the numbers do not.
  if (Date.now() - loaded > FRESH) place.querySelectorAll("[data-open]").forEach((mark) => mark.remove());
  if (!dialog.open) dialog.showModal();
  if (country) select.focus();
}

/** Show the card of a country: at once what the page holds, then the rest. */
export async function show(code) {
  if (!numbers[code]) return;
  select.value = code;
  place.replaceChildren(card({ country: code, ...numbers[code] }));
  try {
    const answer = await fetch(`${form.getAttribute("action")}?country=${code}`, {
      headers: { accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE),
    });
    if (!answer.ok) throw new Error(String(answer.status));
    const full = await answer.json();
    if (select.value === code) place.replaceChildren(card(full));
  } catch {
    place.append(make("p", { class: "muted", text: "More lines show here when the connection is back." }));
  }
}

function choose(code) {
  chosen(code);
  show(code);
}
