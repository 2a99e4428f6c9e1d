// What levels, states and steps are called on the desk. Levels below moderate have no word on purpose:
// a low value is never a sign of safety, so it must never look like one.

export const LEVELS = {
  imminent: { word: "Imminent risk", shape: "octagon" },
  high: { word: "High risk", shape: "triangle" },
  moderate: { word: "Moderate risk", shape: "diamond" },
  unscored: { word: "Not scored: read it", shape: "circle" },
};

export const STATES = {
  with_bot: "With the automated helper",
  waiting: "Waiting for a person",
  with_counsellor: "With a counsellor",
  closed: "Closed",
};

const KINDS = { person: "Asks for a person", unscored: "Not scored: read it", risk: "Risk in a message", screening: "An answer in a screening" };

export const LIMIT = "Made by software. It misses some. Read the message.";

export function alertWord(alert) {
  if (alert.kind === "person") return KINDS.person;
  // An answer was given and not made by a model, so it says where the level comes from.
  if (alert.kind === "screening") return LEVELS[alert.level] ? `${LEVELS[alert.level].word}: ${KINDS.screening.toLowerCase()}` : KINDS.screening;
  return LEVELS[alert.level]?.word ?? KINDS[alert.kind] ?? "Alert";
}

export function alertShape(alert) {
  return alert.kind === "person" ? "hand" : LEVELS[alert.level]?.shape ?? "circle";
}

// The visual weight of a card: its unresolved alert, otherwise the level that nobody has lowered yet.
export function markOf(card) {
  if (card.alert) return { tone: card.alert.kind === "person" ? "person" : card.alert.level, word: alertWord(card.alert), shape: alertShape(card.alert) };
  const level = LEVELS[card.level];
  return level ? { tone: card.level, ...level } : null;
}

export function stepWord(step) {
  if (!step) return "";
  if (step === 1) return "Second counsellor called";
  if (step === 2) return "Supervisor called";
  return `Supervisor called again (step ${step})`;
}

// What it means that the model scores nothing: never that there is nothing to see.
export const SCORING_OFF = {
  all_to_people: "Scoring is off in the whole clinic: every message calls a person.",
  rules_only: "Scoring is off in the whole clinic: only the rules of the safety net call a person. Read every message.",
  off_by_law: "Scoring is off by the clinic’s settings: nothing that a client writes raises an alert by itself. Read every message.",
};
export const SCORING_OFF_HERE = {
  all_to_people: "Scoring is off for this conversation: every message calls a person.",
  rules_only: "Scoring is off for this conversation: only the rules of the safety net call a person. Read every message.",
};

export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 10) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

export function since(moment) {
  return span((Date.now() - Date.parse(moment)) / 1000);
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const WHOLE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

export const clock = (moment) => CLOCK.format(new Date(moment));
export const day = (moment) => DAY.format(new Date(moment));
export const whole = (moment) => WHOLE.format(new Date(moment));
