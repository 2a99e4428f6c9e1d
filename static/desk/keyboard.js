// Single keys for what is done all day. They can be switched off, because speech input types letters too (WCAG 2.1.4).

const OFF = "desk.keys";

export function isOn() {
  return localStorage.getItem(OFF) !== "off";
}

export function setOn(on) {
  localStorage.setItem(OFF, on ? "on" : "off");
}

export function listen(keys) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    const writes = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "Escape") {
      keys.back();
      return;
    }
    if (writes || !isOn()) return;
    const act = { j: keys.next, k: keys.previous, t: keys.takeOver, a: keys.acknowledge, w: keys.write, "?": keys.help }[event.key];
    const arrow = event.target.closest(".card") ? { ArrowDown: keys.next, ArrowUp: keys.previous }[event.key] : null;
    if (!act && !arrow) return;
    event.preventDefault();
    (act ?? arrow)();
  });
}
