/* The page behind the link of a note: opens the client's chat in this tab when they say so, never before. */
import { post } from "./doors.js";
import * as store from "./store.js";

const open = document.getElementById("note-open");

open.addEventListener("click", async () => {
  open.disabled = true;
  try {
    const { token, pseudonym } = await post(open.dataset.base, "note", { link: open.dataset.link });
    store.write("session", { token, pseudonym });
    location.replace(open.dataset.base);
  } catch (problem) {
    document.getElementById("note-said").textContent = problem.message;
    open.disabled = false;
  }
});
