/* Where the client writes. The draft survives a reload, a refusal and a lost line. */
import * as store from "./store.js";

const form = document.getElementById("composer");
const text = document.getElementById("text");
const count = document.getElementById("text-count");
const error = document.getElementById("text-error");
const TYPING_EVERY = 3000;
const NEAR = 0.9;

/** `onSay(text)` takes a message; `onTyping()` is called now and then while the client writes. */
export function setUp({ limit, onSay, onTyping }) {
  let told = 0;
  text.value = store.read("draft", "");
  change();

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const words = text.value;
    const length = [...words].length;
    if (!words.trim()) return;
    if (length > limit) {
      refuse(`A message can have ${limit.toLocaleString()} characters; this one has ${length.toLocaleString()}. Nothing is lost: please shorten it or send it in parts.`);
      return;
    }
    fill("");
    onSay(words);
    text.focus({ preventScroll: true });
  });

  text.addEventListener("keydown", (event) => {
    // While a word is being composed (Japanese, Chinese, Korean) Enter belongs to the keyboard.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    form.requestSubmit();
  });

  text.addEventListener("input", () => {
    store.write("draft", text.value);
    change();
    if (Date.now() - told < TYPING_EVERY || !text.value) return;
    told = Date.now();
    onTyping();
  });

  function change() {
    const length = [...text.value].length;
    count.hidden = length < limit * NEAR;
    count.textContent = length > limit
      ? `${(length - limit).toLocaleString()} characters too many`
      : `${(limit - length).toLocaleString()} characters left`;
    if (length <= limit) refuse("");
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight + 2}px`;
  }

  function fill(words) {
    text.value = words;
    if (words) store.write("draft", words);
    else store.remove("draft");
    change();
  }

  return {
    /** Put a refused text back, in front of what has been written since. */
    putBack(words, why) {
      fill(text.value ? `${words}\n${text.value}` : words);
      refuse(why);
    },
    focus() { text.focus({ preventScroll: true }); },
    set shown(isShown) { form.hidden = !isShown; },
  };
}

function refuse(why) {
  error.textContent = why;
  if (why) text.setAttribute("aria-invalid", "true");
  else text.removeAttribute("aria-invalid");
}
