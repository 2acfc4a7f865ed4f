// The note that one watch leaves to the next; the server adds time and name.

import { makeDialog } from "./dialog.js";
import { el } from "./dom.js";
import { clock, date } from "./format.js";

/** @param {import("./page.js").Page} page */
export function makeHandover(page) {
  const text = el("textarea", { rows: 7, maxlength: 3000, "aria-label": "Handover note",
    placeholder: "What the next watch must know" });
  const signed = el("p", { class: "lower" });
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!text.value.trim()) return;
    if (await page.acts.act("handover", "", text.value.trim())) {
      text.value = "";
      made.close();
    }
  };
  const form = el("form", { submit: save, class: "handover-form" }, text, signed,
    el("button", { type: "submit", text: "Hand over" }));
  const made = makeDialog("Handover note", form);
  return {
    open: () => {
      if (!page.acts.offers("handover")) {
        page.notes.show("An operator writes the handover note.");
        return;
      }
      const now = page.store.state?.edge_s;
      signed.textContent = `Signed ${page.acts.person}, ${date(now)} ${clock(now)} UTC`;
      made.open();
      text.focus();
    },
  };
}
