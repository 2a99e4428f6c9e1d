/* "Leave now": blank first, then tell the service, forget, and go. Button, or Shift three times on its own. */
import * as store from "./store.js";

const link = document.getElementById("leave");
const progress = document.getElementById("leave-progress");
const embedded = parent !== window;
const others = "BroadcastChannel" in window ? new BroadcastChannel("chat-leave") : null;
const TIMES = 3;
const WITHIN = 5000;

/** Tell the service that this tab's token is over, in a way that outlives the page. */
export function endSession() {
  const session = store.read("session");
  if (!session || !link.dataset.sessionEnd) return;
  const body = new Blob([JSON.stringify({ token: session.token })], { type: "application/json" });
  navigator.sendBeacon(link.dataset.sessionEnd, body);
}

export function leaveNow({ alone = false } = {}) {
  const to = document.documentElement.dataset.leaveTo || link.href;
  document.body.replaceChildren();
  document.documentElement.removeAttribute("data-in");
  document.title = "Weather";
  endSession();
  store.wipe();
  window.dispatchEvent(new Event("chat:left"));
  if (!alone) others?.postMessage("leave");
  if (!embedded) {
    location.replace(to);
    return;
  }
  // The page around this frame has to go as well; its script does it, or the browser lets us.
  parent.postMessage({ type: "chat:leave", to }, "*");
  try { top.location.replace(to); } catch { /* the script of the page around does it */ }
}

link.addEventListener("click", (event) => {
  event.preventDefault();
  leaveNow();
});
others?.addEventListener("message", () => leaveNow({ alone: true }));

if (embedded) {
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && !document.querySelector("dialog[open], .more[open]")) parent.postMessage({ type: "chat:close" }, "*");
  });
  parent.postMessage({ type: "chat:ready" }, "*");
}

let presses = 0;
let last = 0;
let onItsOwn = false;
document.addEventListener("keydown", (event) => {
  if (event.key !== "Shift") presses = 0;
  onItsOwn = event.key === "Shift" && !event.ctrlKey && !event.altKey && !event.metaKey;
}, true);
document.addEventListener("keyup", (event) => {
  // A Shift that made a capital letter is writing, not a wish to leave.
  if (event.key !== "Shift" || !onItsOwn) return;
  const now = Date.now();
  presses = now - last < WITHIN ? presses + 1 : 1;
  last = now;
  if (presses >= TIMES) leaveNow();
  else say(`Leave now: press Shift ${TIMES - presses} more ${TIMES - presses === 1 ? "time" : "times"}.`);
}, true);

let quiet = 0;
function say(words) {
  progress.textContent = words;
  link.dataset.presses = presses;
  clearTimeout(quiet);
  quiet = setTimeout(() => { progress.textContent = ""; delete link.dataset.presses; presses = 0; }, WITHIN);
}
