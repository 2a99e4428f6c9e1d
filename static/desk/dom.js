// Small DOM tools. Text goes in as text nodes only: what a client writes is never read as HTML.

const SVG = "http://www.w3.org/2000/svg";

export function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  const { text, on, data, ...attributes } = options;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  for (const [name, value] of Object.entries(data ?? {})) node.dataset[name] = value;
  for (const [name, listener] of Object.entries(on ?? {})) node.addEventListener(name, listener);
  if (text !== undefined) node.textContent = text;
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// Writing only what differs keeps a screen reader quiet and a selection alive.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

// Put `nodes` into `parent` in this order. The node that holds the focus stays where it is and the others move
// around it, because moving a focused node takes the focus away.
export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  const pinned = nodes.findIndex((node) => node.parentNode === parent && node.contains(document.activeElement));
  let next = pinned < 0 ? null : nodes[pinned];
  for (let i = pinned - 1; i >= 0; i -= 1) {
    if (nodes[i].nextSibling !== next) parent.insertBefore(nodes[i], next);
    next = nodes[i];
  }
  let previous = pinned < 0 ? null : nodes[pinned];
  for (let i = pinned + 1; i < nodes.length; i += 1) {
    const place = previous ? previous.nextSibling : parent.firstChild;
    if (nodes[i] !== place) parent.insertBefore(nodes[i], place);
    previous = nodes[i];
  }
}

const SHAPES = {
  octagon: ["M7.5 2h9L22 7.5v9L16.5 22h-9L2 16.5v-9z", "!"],
  triangle: ["M12 2 23 21H1z", "!"],
  diamond: ["M12 1 23 12 12 23 1 12z", "!"],
  circle: ["M12 2a10 10 0 1 0 .01 0z", "?"],
  hand: ["M4 3h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-7l-6 5v-5H4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z", "…"],
};

// A mark differs by shape as well as by colour, and always stands beside its word.
export function icon(shape) {
  const [path, sign] = SHAPES[shape] ?? SHAPES.circle;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon icon-${shape}`);
  const outline = document.createElementNS(SVG, "path");
  outline.setAttribute("d", path);
  const mark = document.createElementNS(SVG, "text");
  mark.setAttribute("x", "12");
  mark.setAttribute("y", shape === "triangle" ? "18.5" : shape === "hand" ? "13.5" : "17");
  mark.setAttribute("text-anchor", "middle");
  mark.textContent = sign;
  svg.append(outline, mark);
  return svg;
}

export function tag(tone, word, shape) {
  const node = el("span", { class: "mark", data: { tone } });
  if (shape) node.append(icon(shape));
  node.append(el("span", { text: word }));
  return node;
}

// What a person should see at once: what rules and phrases found, else the part that weighs most.
function telling(reasons) {
  const named = reasons.filter(({ kind }) => kind === "rule" || kind === "phrase");
  if (named.length) return named;
  const clause = reasons.filter(({ kind }) => kind === "clause");
  return clause.length ? clause : reasons;
}

// `text` with the telling stretches of `reasons` in <mark>. Offsets count characters as the model does, not UTF-16 units.
export function marked(text, reasons) {
  const characters = Array.from(text);
  const spans = telling(reasons)
    .filter(({ start, end }) => Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= characters.length)
    .sort((a, b) => a.start - b.start);
  const parts = [];
  let at = 0;
  for (const { start, end } of spans) {
    const from = Math.max(start, at);
    if (from >= end) continue;
    if (from > at) parts.push(document.createTextNode(characters.slice(at, from).join("")));
    parts.push(el("mark", { text: characters.slice(from, end).join("") }));
    at = end;
  }
  if (at < characters.length) parts.push(document.createTextNode(characters.slice(at).join("")));
  return parts;
}
