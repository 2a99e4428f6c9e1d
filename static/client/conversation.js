/* One open chat: joins the line, the log and the composer, and says honestly who is there. */
import * as composing from "./composer.js";
import { Lines } from "./lines.js";
import { Line } from "./socket.js";
import * as store from "./store.js";

const $ = (id) => document.getElementById(id);
const WISH = "I would like to talk to a person.";
const TYPING_FOR = 6000;
const PATIENCE = 900; // a line that is back within this is not worth a banner
const BANNERS = {
  reconnecting: "Connecting again. You can read and write; nothing is lost.",
  offline: "You are offline. You can read and write; it goes out when you are back. Urgent help works.",
};
const WHO = {
  with_bot: ["Automated helper: a program, not a person.", "Software reads each message, and our team may read it too."],
  waiting: ["Waiting for a person.", "Our team can see this chat. We cannot say how long it takes. You can go on writing."],
  closed: ["This chat has ended.", "Nobody reads on here."],
};

/** `onStranger()` is called when the token is good no more, `onEnded(isEnded)` when the chat ends or begins anew. */
export function converse({ url, limit, token, onStranger, onEnded, onCountry }) {
  const asked = { person: false };
  let state = "";
  let counsellor = null;
  let banner = 0;
  let hush = 0;

  const line = new Line({ url, token, outbox: store.read("outbox", []), keep: (outbox) => store.write("outbox", outbox) });
  const lines = new Lines({ log: $("log"), scroll: $("scroll"), newer: $("newer"), onChoice: choose, onCountry });
  const composer = composing.setUp({ limit, onSay: say, onTyping: () => { if (state !== "closed") line.send({ type: "typing" }); } });
  lines.quiet = true;
  $("scroll").setAttribute("aria-busy", "true");

  function say(text, wish) {
    const item = line.say(text, wish);
    return lines.pending(item, status === "open" ? "sending" : "waiting");
  }

  function choose(label) {
    const hadFocus = $("log").contains(document.activeElement);
    const element = say(label);
    if (hadFocus) element.focus({ preventScroll: true });
  }

  let status = "connecting";
  line.addEventListener("status", ({ detail }) => {
    if (detail === "stranger") {
      line.close();
      onStranger();
      return;
    }
    if (detail === "connecting") return; // a try, not yet a change
    status = detail;
    clearTimeout(banner);
    if (detail === "open") {
      $("banner").textContent = "";
      lines.markUnsent("sending");
    } else if (BANNERS[detail]) {
      lines.markUnsent("waiting");
      banner = setTimeout(() => { $("banner").textContent = BANNERS[status] ?? ""; }, detail === "offline" ? 0 : PATIENCE);
    }
  });
  line.addEventListener("reset", () => lines.clear());
  line.addEventListener("welcome", ({ detail }) => {
    $("pseudonym").textContent = detail.pseudonym;
    store.write("plan", detail.plan);
    document.documentElement.toggleAttribute("data-plan", detail.plan);
    setState(detail);
    if (line.have >= detail.last_seq) settled();
    else replayUntil = detail.last_seq;
  });

  let replayUntil = 0;
  for (const item of line.outbox) lines.pending(item);
  line.addEventListener("message", ({ detail }) => {
    $("empty").hidden = true;
    hideTyping();
    lines.add(detail);
    if (detail.seq >= replayUntil) settled();
  });
  line.addEventListener("sent", ({ detail }) => lines.mark(detail.client_ref, "sent"));
  line.addEventListener("refused", ({ detail }) => {
    lines.drop(detail.client_ref);
    composer.putBack(detail.text, detail.detail);
    if (detail.code === "closed") setState({ state: "closed" });
  });
  line.addEventListener("state", ({ detail }) => setState(detail));
  line.addEventListener("error", ({ detail }) => lines.note(detail.detail));
  line.addEventListener("country", ({ detail }) => lines.showCard(detail.card));
  line.addEventListener("typing", () => {
    $("typing-name").textContent = counsellor?.name ?? "Somebody";
    $("typing").hidden = false;
    clearTimeout(hush);
    hush = setTimeout(hideTyping, TYPING_FOR);
  });

  function settled() {
    if ($("scroll").getAttribute("aria-busy") === null) return;
    $("scroll").removeAttribute("aria-busy");
    $("empty").hidden = true;
    // After the replay has been painted, so that only what is new is read out.
    requestAnimationFrame(() => { lines.quiet = false; });
    lines.toEnd();
  }

  function hideTyping() {
    $("typing").hidden = true;
  }

  function setState(frame) {
    const before = state;
    ({ state } = frame);
    counsellor = frame.counsellor ?? null;
    const words = state === "with_counsellor"
      ? [`${[counsellor?.name, counsellor?.role].filter(Boolean).join(", ") || "A person from our team"} is here: a person.`, "The automated helper is silent."]
      : WHO[state] ?? WHO.with_bot;
    const [strong, rest] = $("who").children;
    if (strong.textContent !== words[0]) [strong.textContent, rest.textContent] = words;
    $("chat").dataset.state = state;
    if (state === "with_counsellor" || state === "closed") lines.dropChoices();
    if (state !== "with_counsellor") hideTyping();
    if (state === "with_bot" && before && before !== "with_bot") asked.person = false;
    composer.shown = state !== "closed";
    onEnded(state === "closed");
  }

  addEventListener("chat:left", () => line.close());
  line.open();

  return {
    composer,
    lines,
    /** Ask for a person: once is enough, and asking again is answered at once. */
    askForPerson() {
      if (state === "with_counsellor") lines.note(`${counsellor?.name ?? "A person"} is here with you and reads what you write.`);
      else if (asked.person) lines.note("Your wish for a person is with our team. If you need somebody right now, please use Urgent help.");
      else {
        asked.person = true;
        say(WISH, "person");
      }
    },
    country: (code) => line.send({ type: "country", country: code }),
    end: () => line.send({ type: "end" }),
    close: () => line.close(),
    restart() {
      lines.clear();
      lines.quiet = true;
      $("scroll").setAttribute("aria-busy", "true");
      asked.person = false;
      line.restart();
    },
  };
}
