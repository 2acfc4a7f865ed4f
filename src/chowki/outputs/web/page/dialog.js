// Dialogs: opened over the page, closed by Esc, focus goes back to where it was.

import { el } from "./dom.js";

/**
 * @param {string} title
 * @param {...Node} content
 */
export function makeDialog(title, ...content) {
  const id = `dialog-${title.toLowerCase().replace(/\W+/g, "-")}`;
  const close = el("button", { type: "button", class: "small", text: "Close",
    click: () => dialog.close() });
  const dialog = el(
    "dialog",
    { class: "dialog", "aria-labelledby": id },
    el("div", { class: "dialog-head" }, el("h2", { id, text: title }), close),
    ...content,
  );
  document.body.append(dialog);
  // Keys typed in a dialog are not for the map.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  return {
    dialog,
    open: () => {
      if (!dialog.open) dialog.showModal();
    },
    close: () => dialog.close(),
  };
}
