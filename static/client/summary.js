/* What somebody wrote in an exercise, to keep or to print: built from the lines that are on this page, sent nowhere. */
import { make } from "./make.js";

document.head.append(make("link", { rel: "stylesheet", href: new URL("./summary.css", import.meta.url).href }));

// Presses that steer an exercise are no answers to it.
const STEERING = new Set(["skip", "done", "pause", "back", "stop", "carry_on", "next"]);
// With one of these an exercise is over.
const ENDS = /^(menu|closing)\.|^controls\.stopped@|\.(better|same|worse_\w+)@/;
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

let exercise = "";

/** Take note of a line of the log, in order: the one that ends an exercise gets the button. */
export function see(line) {
  const { exercise: step, content } = line.message;
  if (step) exercise = step;
  else if (exercise && ENDS.test(content)) {
    offer(line, exercise);
    exercise = "";
  }
}

/** Put the button under `end`, the line with which the exercise `key` ended, if anything was written in it. */
function offer(end, key) {
  const written = gather(end, key);
  if (!written.some(({ typed }) => typed)) return;
  const place = make("p", { class: "keep" }, make("button", { type: "button", text: "Keep or print what I wrote", click: () => open(written, end) }));
  end.insertBefore(place, end.querySelector(".choices"));
}

/** Questions of the exercise with the own lines that answered them, in order; of a question asked again the last. */
function gather(end, key) {
  const asked = new Map();
  const steering = new Set();
  let question = null;
  for (const line of end.parentElement.children) {
    const { sender, text, content, choices } = line.message ?? {};
    for (const choice of choices ?? []) if (STEERING.has(choice.key)) steering.add(choice.label);
    if (sender === "client") {
      if (question && !steering.has(text)) {
        question.answers.push(text);
        question.typed ||= !question.labels.has(text);
      }
    } else if (content?.startsWith(`${key}.`)) {
      if (content.startsWith(`${key}.offer@`)) asked.clear();
      question = { text, answers: [], typed: false, labels: new Set((choices ?? []).map(({ label }) => label)) };
      // The way into an exercise and the way out are no part of what was written.
      if (/\.(offer|after|better|same|worse_\w+)@/.test(content)) question = null;
      else {
        asked.delete(content);
        asked.set(content, question);
      }
    } else if (sender && !content?.startsWith("controls.")) question = null;
    if (line === end) break;
  }
  return [...asked.values()].filter(({ answers }) => answers.length);
}

function open(written, end) {
  const when = day.format(new Date(end.message.sent_at));
  const pairs = written.map(({ text, answers }) => make("div", {},
    make("dt", { dir: "auto", text }), ...answers.map((answer) => make("dd", { dir: "auto", text: answer }))));
  const dialog = make("dialog", { class: "summary", "aria-labelledby": "summary-title" },
    make("h2", { id: "summary-title", tabindex: "-1", text: "What I wrote" }),
    make("p", { class: "muted", text: when }),
    make("div", { class: "summary-pairs", tabindex: "0", role: "group", label: "Questions and what I wrote" }, make("dl", {}, ...pairs)),
    make("p", { class: "small muted no-print", text: "Nothing is sent. A file or a sheet of paper can be found by others, so keep it where only you look." }),
    make("div", { class: "buttons no-print" },
      make("button", { type: "button", class: "primary", text: "Print", click: () => print() }),
      make("button", { type: "button", text: "Save as a text file", click: () => save(written, when) }),
      make("button", { type: "button", class: "quiet", text: "Close", click: () => dialog.close() })));
  const opener = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    opener?.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("h2").focus();
}

function save(written, when) {
  const parts = written.map(({ text, answers }) => [text, ...answers].join("\n"));
  const address = URL.createObjectURL(new Blob([["What I wrote", when, "", parts.join("\n\n"), ""].join("\n")], { type: "text/plain;charset=utf-8" }));
  // A plain name: it says nothing to somebody who sees the list of downloads.
  make("a", { href: address, download: "notes.txt" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 0);
}
