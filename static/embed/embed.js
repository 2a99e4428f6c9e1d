/* Puts a button on a clinic's page that opens the chat in a frame:
     <script src="https://chat.example/embed.js" data-clinic="riverside" defer></script>
   Optional: data-label (text of the button), data-side="left".
   The chat shows only on pages whose origin the clinic has allowed. Nothing is stored, read or sent from this page.
   Styles are set one by one through the object model, which a strict content policy of the page allows. */
(() => {
  "use strict";
  const script = document.currentScript;
  const { clinic, label = "Chat with us", side = "right" } = script.dataset;
  const origin = new URL(script.src).origin;
  if (!/^[\w-]+$/.test(clinic ?? "")) {
    console.error("Chat: the script needs data-clinic with the clinic's short name.");
    return;
  }
  const address = `${origin}/c/${clinic}/`;
  const READY_WITHIN = 8000;
  const GREEN = "#1f655c";
  let panel = null;
  let waiting = 0;

  function make(tag, style, attributes = {}, text = "") {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  }

  const face = {
    "font": "600 16px/1.2 system-ui, sans-serif", "min-height": "44px", "padding": "10px 20px", "border-radius": "999px",
    "border": "2px solid #ffffff", "background": GREEN, "color": "#ffffff", "cursor": "pointer",
  };
  const button = make("button", {
    ...face, "position": "fixed", "bottom": "max(16px, env(safe-area-inset-bottom))", [side === "left" ? "left" : "right"]: "16px",
    "z-index": "2147483000", "box-shadow": "0 4px 16px rgb(0 0 0 / 25%)",
  }, { type: "button", "aria-haspopup": "dialog", "aria-expanded": "false" }, label);

  function open() {
    const narrow = matchMedia("(max-width: 480px), (max-height: 560px)").matches;
    panel ??= build();
    for (const [name, value] of Object.entries(narrow
      ? { inset: "0", width: "100%", height: "100%", "border-radius": "0" }
      : { inset: "auto", width: "400px", height: "min(680px, calc(100vh - 32px))", "border-radius": "14px", bottom: "16px", [side === "left" ? "left" : "right"]: "16px" })) {
      panel.style.setProperty(name, value);
    }
    panel.style.setProperty("display", "flex");
    button.style.setProperty("display", "none");
    button.setAttribute("aria-expanded", "true");
    panel.querySelector("iframe").focus();
  }

  function close() {
    if (!panel || panel.style.display === "none") return;
    // Only hidden: the chat goes on, and opening it again shows it as it was.
    panel.style.setProperty("display", "none");
    button.style.removeProperty("display");
    button.setAttribute("aria-expanded", "false");
    button.focus();
  }

  function build() {
    const box = make("div", {
      "position": "fixed", "z-index": "2147483001", "flex-direction": "column", "overflow": "hidden", "background": "#faf6f0",
      "box-shadow": "0 8px 40px rgb(0 0 0 / 30%)", "box-sizing": "border-box",
    }, { role: "dialog", "aria-label": label });
    const bar = make("div", { "display": "flex", "justify-content": "flex-end", "background": GREEN, "flex": "none" });
    const shut = make("button", { ...face, "border": "0", "border-radius": "0", "font-size": "15px" }, { type: "button" }, "Close the chat");
    shut.addEventListener("click", close);
    const frame = make("iframe", { "flex": "1", "width": "100%", "border": "0", "min-height": "0", "color-scheme": "light dark" }, {
      src: address, title: "Support chat", allow: "", referrerpolicy: "no-referrer",
    });
    bar.append(shut);
    box.append(bar, frame);
    document.body.append(box);
    waiting = setTimeout(() => box.insertBefore(elsewhere(), frame), READY_WITHIN);
    return box;
  }

  /** The frame stayed silent (this page is not allowed, or the service is away): help must not end here. */
  function elsewhere() {
    const place = make("p", { "margin": "0", "padding": "12px 16px", "font": "16px/1.5 system-ui, sans-serif", "background": "#fdf0d3", "color": "#2a2c30" }, { role: "status" },
      "The chat does not open in this page. ");
    place.append(make("a", { "color": "#164f48" }, { href: address, target: "_blank", rel: "noopener" }, "Open it in a new tab"));
    return place;
  }

  button.addEventListener("click", open);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  addEventListener("message", (event) => {
    if (!panel || event.source !== panel.querySelector("iframe")?.contentWindow || event.origin !== origin) return;
    const { type, to } = event.data ?? {};
    if (type === "chat:ready") clearTimeout(waiting);
    else if (type === "chat:close") close();
    else if (type === "chat:leave" && /^https?:\/\//.test(to)) {
      // "Leave now" in the chat means this page as well.
      document.body.replaceChildren();
      document.title = "Weather";
      location.replace(to);
    }
  });
  const add = () => document.body.append(button);
  if (document.body) add();
  else document.addEventListener("DOMContentLoaded", add);
})();
