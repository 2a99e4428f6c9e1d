// Above and beside the panes: connection, shift, sound, who is here, and who waits while another conversation is open.

import { arrange, el, setHidden, setText } from "./dom.js";
import { SCORING_OFF, alertWord, span } from "./words.js";

export class Bars {
  constructor({ find, alarm, openConversation }) {
    this.find = find;
    this.alarm = alarm;
    find("turnSoundOn").addEventListener("click", () => alarm.turnOn());
    find("unmute").addEventListener("click", () => alarm.turnOn());
    find("mute").addEventListener("click", () => alarm.mute());
    find("elsewhereOpen").addEventListener("click", (event) => openConversation(event.currentTarget.dataset.id));
    setInterval(() => alarm.state === "muted" && this.showSound(), 1000);
  }

  showLink({ link, lostAt, may, onShift }) {
    const { find } = this;
    document.getElementById("desk").dataset.link = link;
    setHidden(find("offline"), link === "open" || (link === "connecting" && !lostAt));
    setHidden(find("signedOut"), link !== "signed_out");
    setHidden(find("retrying"), link === "signed_out");
    setHidden(find("shiftBox"), !may.has("set_shift"));
    find("shift").setAttribute("aria-pressed", String(onShift));
    setText(find("shift"), onShift ? "End my shift" : "Start my shift");
    setText(find("shiftState"), onShift ? "You are on shift" : "You are off shift");
  }

  showScoring(kind) {
    setText(this.find("scoringText"), SCORING_OFF[kind] ?? "");
    setHidden(this.find("scoringOff"), !SCORING_OFF[kind]);
  }

  showSound() {
    const { find, alarm } = this;
    document.getElementById("desk").dataset.sound = alarm.state;
    setHidden(find("soundOff"), alarm.state !== "off");
    setHidden(find("soundOn"), alarm.state !== "on");
    setHidden(find("soundMuted"), alarm.state !== "muted");
    if (alarm.state === "muted") setText(find("mutedFor"), span(alarm.mutedFor));
  }

  showPeople(people, { me }) {
    const list = this.find("people");
    setHidden(this.find("nobody"), people.length > 0);
    const known = new Map([...list.children].map((node) => [node.dataset.id, node]));
    arrange(list, people.map(({ id, name, role }) => known.get(id) ?? el("li", { data: { id }, text: id === me ? `${name} (you)` : `${name}, ${role.toLowerCase()}` })));
  }

  showElsewhere({ cards, openId }) {
    const { find } = this;
    const others = cards.filter(({ id, alert }) => alert?.state === "open" && id !== openId);
    setHidden(find("elsewhere"), !openId || !others.length);
    if (!others.length) return;
    const [first] = others;
    const word = alertWord(first.alert);
    setText(find("elsewhereText"), others.length === 1 ? `${first.pseudonym} waits: ${word}` : `${others.length} alerts wait. First: ${first.pseudonym}, ${word}`);
    find("elsewhereOpen").dataset.id = first.id;
  }
}
