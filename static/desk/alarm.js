// Says that somebody waits: a tone that repeats until a person acts, the tab's title, and the tab's icon.

const EVERY = { urgent: 4000, other: 9000 };
const MUTE = 3 * 60_000;
const WISH = "desk.sound";
// Hertz and start in seconds. Two figures, told apart without looking.
const TUNES = {
  urgent: [[880, 0], [660, 0.18], [880, 0.36], [660, 0.54]],
  other: [[587, 0], [784, 0.22]],
};

export class Alarm {
  constructor({ icon, calmIcon, alertIcon, changed }) {
    this.icon = icon;
    this.icons = { calm: calmIcon, alert: alertIcon };
    this.title = document.title;
    this.changed = changed;
    this.count = 0;
    this.kind = "other";
    this.mutedUntil = 0;
    if (localStorage.getItem(WISH) === "on") this.#unlockAtFirstGesture();
  }

  // "on", "off" (no browser plays before a gesture) or "muted".
  get state() {
    if (this.context?.state !== "running") return "off";
    return Date.now() < this.mutedUntil ? "muted" : "on";
  }

  get mutedFor() {
    return Math.max(0, (this.mutedUntil - Date.now()) / 1000);
  }

  async turnOn() {
    localStorage.setItem(WISH, "on");
    this.mutedUntil = 0;
    this.context ??= new AudioContext();
    this.context.onstatechange = () => this.changed();
    await this.context.resume();
    this.changed();
    if (this.count) this.#ring();
    else this.#play("other");
  }

  // Never for longer than a few minutes: a desk that was muted for good is a desk that misses somebody.
  mute() {
    this.mutedUntil = Date.now() + MUTE;
    setTimeout(() => this.changed(), MUTE + 100);
    this.changed();
  }

  // `alerts` are those that nobody has acknowledged.
  show(alerts) {
    const before = { count: this.count, kind: this.kind };
    this.count = alerts.length;
    this.kind = alerts.some(({ level, kind }) => kind !== "person" && (level === "high" || level === "imminent")) ? "urgent" : "other";
    const rises = this.count > before.count || (this.kind === "urgent" && before.kind === "other");
    const title = this.count ? `(${this.count}) Alert — ${this.title}` : this.title;
    if (document.title !== title) document.title = title;
    const icon = this.count ? this.icons.alert : this.icons.calm;
    if (this.icon && this.icon.getAttribute("href") !== icon) this.icon.setAttribute("href", icon);
    if (!this.count) clearTimeout(this.timer);
    else if (rises || !this.timer) this.#ring();
    if (!this.count) this.timer = null;
  }

  #ring() {
    clearTimeout(this.timer);
    if (this.state === "on") {
      this.#play(this.kind);
      navigator.vibrate?.([200, 100, 200]);
      document.dispatchEvent(new CustomEvent("desk:ring", { detail: this.kind }));
    }
    this.timer = setTimeout(() => this.#ring(), EVERY[this.kind]);
  }

  #play(kind) {
    const now = this.context.currentTime + 0.02;
    for (const [hertz, start] of TUNES[kind]) {
      const tone = this.context.createOscillator();
      const volume = this.context.createGain();
      tone.frequency.value = hertz;
      tone.type = "triangle";
      // Swelling in over 30 ms: urgent, but nobody is startled by a click.
      volume.gain.setValueAtTime(0, now + start);
      volume.gain.linearRampToValueAtTime(0.35, now + start + 0.03);
      volume.gain.exponentialRampToValueAtTime(0.001, now + start + 0.17);
      tone.connect(volume).connect(this.context.destination);
      tone.start(now + start);
      tone.stop(now + start + 0.18);
    }
  }

  #unlockAtFirstGesture() {
    const unlock = () => {
      removeEventListener("pointerdown", unlock);
      removeEventListener("keydown", unlock);
      if (this.state === "off") this.turnOn();
    };
    addEventListener("pointerdown", unlock);
    addEventListener("keydown", unlock);
  }
}
