/* Elements from data. Text only ever goes in as text. */
export function make(tag, { text, label, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (label !== undefined) element.setAttribute("aria-label", label);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter(Boolean));
  return element;
}

/** Append `text` to a tel: or sms: address only if it looks like something a telephone dials. */
export function dialable(number) {
  return /^[+0-9*#]{2,20}$/.test(number ?? "") ? number : "";
}
