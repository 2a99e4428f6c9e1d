/* A circle to breathe with, in for four and out for six. It starts and stops by a button and counts in words, so it
   also serves where motion is reduced. */
import { make } from "./make.js";

document.head.append(make("link", { rel: "stylesheet", href: new URL("./breathing.css", import.meta.url).href }));

const PHASES = [["in", "Breathe in", 4], ["out", "Breathe out", 6]];
const SECOND = 1000;

export function breathing() {
  const circle = make("div", { class: "breath-circle", "aria-hidden": "true" });
  const words = make("p", { class: "breath-words", "aria-hidden": "true", text: "In for four, out for six" });
  const button = make("button", { type: "button", text: "Start the circle" });
  const box = make("div", { class: "breath" }, circle, words, button);
  let ticking = 0;
  let second = 0;

  function tick() {
    if (!box.isConnected) {
      stop();
      return;
    }
    const beat = second++ % (PHASES[0][2] + PHASES[1][2]);
    const [phase, name] = beat < PHASES[0][2] ? PHASES[0] : PHASES[1];
    box.dataset.phase = phase;
    words.textContent = `${name} … ${beat < PHASES[0][2] ? beat + 1 : beat - PHASES[0][2] + 1}`;
  }

  function stop() {
    clearInterval(ticking);
    ticking = second = 0;
    delete box.dataset.phase;
    words.textContent = "In for four, out for six";
    button.textContent = "Start the circle";
  }

  button.addEventListener("click", () => {
    if (ticking) {
      stop();
      return;
    }
    button.textContent = "Stop the circle";
    ticking = setInterval(tick, SECOND);
    tick();
  });
  return box;
}
