/* The client's choice whether the clinic may learn from this chat. Shows what the service has stored, never a wish. */
import { Refused, post } from "./doors.js";
import * as store from "./store.js";

const place = document.getElementById("learning");
const box = document.getElementById("learning-yes");
const said = document.getElementById("learning-said");
const session = store.read("session");
let stored = false;
let last = Promise.resolve();

function show(learning) {
  stored = learning;
  box.checked = learning;
}

async function ask(body) {
  const { learning } = await post(place.dataset.base, "consent", { token: session.token, ...body });
  show(learning);
}

async function save(wanted) {
  said.textContent = "";
  try {
    await ask({ learning: wanted });
    said.textContent = stored ? "Saved: yes, you may learn from my messages." : "Saved: no.";
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    show(stored);
    said.textContent = "We cannot tell whether your choice was saved. Please try again in a minute.";
  }
}

/** Only while the chat is open here is there somebody whose answer it could be. */
function allow(isOpen) {
  box.disabled = !isOpen;
  document.getElementById("learning-closed").hidden = isOpen;
}

if (session) {
  // Of two clicks the last one counts: each is sent when the one before has been answered.
  box.addEventListener("change", () => { const wanted = box.checked; last = last.then(() => save(wanted)); });
  ask({}).then(
    () => allow(true),
    (error) => {
      if (!(error instanceof Refused)) throw error;
      if (error.code !== "unknown_key") said.textContent = "We cannot reach the chat right now. Nothing was changed.";
    },
  );
}
