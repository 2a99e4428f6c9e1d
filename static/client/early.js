/* Runs before the first paint, so that nobody in a chat sees the start page flash by, and a page that comes back
   from the browser's memory stays hidden until it is clear that its chat is still open here. */
(() => {
  const root = document.documentElement;
  const read = (name) => { try { return sessionStorage.getItem(name); } catch { return null; } };
  const kept = (name) => read(`chat:${location.pathname.split("/")[2]}:${name}`);
  const inChat = () => root.dataset.page === "chat" && kept("session") !== null;
  root.dataset.js = "on";
  // Whoever presses before the rest has loaded is not left without an answer.
  document.addEventListener("click", ({ target }) => { root.dataset.pressed = target.id; });
  if (inChat()) root.dataset.in = "chat";
  if (kept("plan") === "true") root.dataset.plan = "";
  if (read("plain-title")) document.title = "Notes";
  addEventListener("pagehide", () => { root.dataset.away = ""; });
  addEventListener("pageshow", (event) => {
    if (event.persisted && root.dataset.in === "chat" && !inChat()) location.reload();
    else delete root.dataset.away;
  });
})();
