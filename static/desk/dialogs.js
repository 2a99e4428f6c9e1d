// Questions before what cannot be undone, and the list of keys. Native dialogs keep the focus inside by themselves.

import { el, setHidden, setText } from "./dom.js";

// Resolves with the form's values when it is confirmed, with null when it is left.
export function ask(dialog, { prepare } = {}) {
  return new Promise((resolve) => {
    const form = dialog.querySelector("form");
    form.reset();
    const problem = dialog.querySelector("[data-problem]");
    if (problem) {
      setText(problem, "");
      setHidden(problem, true);
    }
    prepare?.(dialog);
    const done = () => {
      dialog.removeEventListener("close", done);
      resolve(dialog.returnValue === "confirm" ? Object.fromEntries(new FormData(form)) : null);
    };
    dialog.addEventListener("close", done);
    dialog.returnValue = "";
    dialog.showModal();
    dialog.querySelector("[data-first]")?.focus();
  });
}

export function say(dialog, problem) {
  const place = dialog.querySelector("[data-problem]");
  setText(place, problem);
  setHidden(place, !problem);
}

export function fillDispositions(fieldset, dispositions) {
  if (fieldset.querySelector("input")) return;
  for (const [key, label] of dispositions) {
    fieldset.append(el("label", { class: "check" }, el("input", { type: "radio", name: "disposition", value: key, required: true }), el("span", { text: label })));
  }
}
