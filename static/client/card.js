/* The crisis card from data: numbers as links that a telephone dials. The same card stands in the page as HTML. */
import { dialable, make } from "./make.js";

const SHOWN = 3;

export function card(data, { chooseCountry } = {}) {
  const lines = (data.lines ?? []).map(line);
  const more = lines.slice(SHOWN);
  return make("section", { class: "card", label: data.country_name ? `Urgent help in ${data.country_name}` : "Urgent help" },
    data.country_name && make("p", { class: "card-place", text: `Numbers for ${data.country_name}` }),
    data.advice && make("p", { text: data.advice }),
    ...(data.emergency ?? []).map(emergency),
    lines.length > 0 && make("ul", { class: "card-lines" }, ...lines.slice(0, SHOWN)),
    more.length > 0 && make("details", {}, make("summary", { text: "More lines" }), make("ul", { class: "card-lines" }, ...more)),
    chooseCountry && make("button", {
      type: "button", click: chooseCountry, text: data.choose_country ? "Choose your country" : "I am somewhere else",
    }),
    make("a", { class: "button plan-link", href: "plan/", text: "My safety plan" }));
}

function emergency({ display, dial }) {
  return dialable(dial) && make("a", { class: "button danger card-emergency", href: `tel:${dial}`, text: `Emergency: call ${display}` });
}

function line(data) {
  const hours = make("p", { class: "card-hours" });
  if (data.open) hours.append(make("span", { class: "tag", text: "Open now" }), " ");
  hours.append([data.hours, data.next_opening && `Opens ${data.next_opening}`].filter(Boolean).join(". "));
  return make("li", {}, make("p", { class: "card-line-name", dir: "auto", text: data.name }), hours,
    make("div", { class: "buttons" }, ...ways(data)));
}

function ways({ dial, display, sms_to: to, sms_body: body, chat_url: url }) {
  const call = dialable(dial) && make("a", { class: "button", href: `tel:${dial}`, text: `Call ${to && body ? dial : display}` });
  const text = dialable(to) && make("a", {
    class: "button",
    href: `sms:${to}${body ? `?&body=${encodeURIComponent(body)}` : ""}`,
    text: body ? `Text ${body} to ${to}` : `Text ${to}`,
  });
  const site = /^https:\/\//.test(url ?? "") && make("a", {
    class: "button", href: url, target: "_blank", rel: "noopener noreferrer", text: "Open their website",
  });
  return [call, text, site];
}
