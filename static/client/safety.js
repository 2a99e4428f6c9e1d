/* The name in the tab, on request. */
const plain = document.getElementById("plain-title");
if (plain) {
  const own = document.title;
  try { plain.checked = sessionStorage.getItem("plain-title") !== null; } catch { plain.disabled = true; }
  plain.addEventListener("change", () => {
    if (plain.checked) sessionStorage.setItem("plain-title", "1");
    else sessionStorage.removeItem("plain-title");
    document.title = plain.checked ? "Notes" : own === "Notes" ? "Chat" : own;
  });
}
