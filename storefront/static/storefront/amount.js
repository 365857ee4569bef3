// How much to pay: typing an amount chooses it, and every place that shows the amount follows (pay.js writes them).
"use strict";

for (const form of document.querySelectorAll("[data-pay-form]")) {
  const full = form.querySelector("[data-full]");
  const other = form.querySelector("[data-other]");
  if (!full || !other) continue;
  const radio = (value) => form.querySelector(`[data-how][value="${value}"]`);
  const show = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));

  other.addEventListener("focus", () => {
    if (radio("other").checked) return;
    radio("other").checked = true;
    show(other);
  });
  form.addEventListener("change", (event) => {
    if (!event.target.matches("[data-how]")) return;
    if (event.target.value === "full") show(full);
    else {
      other.focus();
      show(other);
    }
  });
}
