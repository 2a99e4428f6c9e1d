/* What this tab remembers: token, draft, unsent lines. It goes with the tab, and at once with "Leave now".
   A browser that forbids storage (some do so in frames) gets a memory that ends with the page. */
const PREFIX = `chat:${location.pathname.split("/")[2]}:`;
const memory = new Map();
let wiped = false;

export function read(name, otherwise = null) {
  try {
    const kept = sessionStorage.getItem(PREFIX + name);
    return kept === null ? (memory.get(name) ?? otherwise) : JSON.parse(kept);
  } catch {
    return memory.get(name) ?? otherwise;
  }
}

export function write(name, value) {
  if (wiped) return;
  memory.set(name, value);
  try { sessionStorage.setItem(PREFIX + name, JSON.stringify(value)); } catch { /* memory holds it */ }
}

export function remove(name) {
  memory.delete(name);
  try { sessionStorage.removeItem(PREFIX + name); } catch { /* nothing was kept */ }
}

/** Forget everything, and write nothing more from this page: a late acknowledgement must not bring a line back. */
export function wipe() {
  wiped = true;
  memory.clear();
  try { sessionStorage.clear(); } catch { /* nothing was kept */ }
}
