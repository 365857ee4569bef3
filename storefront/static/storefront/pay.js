// A pay form: only the chosen way's fields are sent, it is sent once, and the authorisation follows what is typed. An
// amount that the chosen way does not take is told where it is chosen, and nothing is sent, also no card to the gateway.
"use strict";

for (const form of document.querySelectorAll("[data-pay-form]")) {
  const options = [...form.querySelectorAll(".pay-option")];
  const button = form.querySelector("[data-pay-button]");
  const sending = form.querySelector("[data-pay-sending]");
  const methodOf = (option) => option.querySelector("[data-pay-method]");
  const chosen = () => options.find((option) => {
    const method = methodOf(option);
    return method && (method.type === "hidden" || method.checked);
  });

  const isCard = (option) => option !== undefined && methodOf(option).dataset.payMethod === "card";

  // What is typed and is no amount to the server is none here either; see storefront/typed.py.
  const NUMBER = /^-?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)$/;
  const amountOf = (field) => {
    const typed = field.value.trim().replace(/^\$/, "").trim();
    return NUMBER.test(typed) ? Number(typed.replace(/,/g, "")) : NaN;
  };

  // What a way takes at a time stands with it, as does what to say: PartLimits in oropay/selectors/owed.py.
  const refused = form.querySelector("[data-amount-refused]");
  const refusal = (option) => {
    const how = form.querySelector("[data-how]:checked");
    if (!refused || !how || option === undefined) return "";
    const amount = amountOf(form.querySelector(how.value === "full" ? "[data-full]" : "[data-other]"));
    const { least, most, tooLittle, tooMuch } = methodOf(option).dataset;
    if (least && amount < Number(least)) return tooLittle;
    return most && amount > Number(most) ? tooMuch : "";
  };

  const judge = () => {
    const now = chosen();
    const words = refusal(now);
    if (refused) {
      if (refused.textContent !== words) refused.textContent = words;
      refused.hidden = !words;
    }
    form.classList.toggle("amount-refused", words !== "");
    // A new card is sent by the gateway's own button; ours would have nothing to send. Where the amount is refused, the
    // gateway's is out of reach and ours says so again.
    button.hidden = isCard(now) && !words;
    return words;
  };

  const choose = () => {
    const now = chosen();
    for (const option of options) {
      const fields = option.querySelectorAll(".pay-panel input, .pay-panel select");
      for (const field of fields) field.disabled = option !== now;
      option.classList.toggle("chosen", option === now);
    }
    judge();
    if (isCard(now)) form.dispatchEvent(new CustomEvent("card-chosen", { detail: now.querySelector("[data-card-form]") }));
  };

  const rest = (busy) => {
    form.classList.toggle("sending", busy);
    form.setAttribute("aria-busy", String(busy));
    button.disabled = busy;
    sending.hidden = !busy;
  };

  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) {
      event.preventDefault();
      return;
    }
    if (judge()) {
      event.preventDefault();
      const how = form.querySelector("[data-how]:checked");
      (how.value === "full" ? how : form.querySelector("[data-other]")).focus();
      return;
    }
    sent = true;
    rest(true);
  });
  // Back to this page from the browser's memory: it may be used again.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    sent = false;
    rest(false);
  });

  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-pay-method]")) choose();
  });

  form.addEventListener("input", (event) => {
    if (event.target.matches("[data-ach-account]")) {
      const digits = event.target.value.replace(/\D/g, "");
      const shown = event.target.closest(".pay-panel").querySelector("[data-ach-last4]");
      shown.textContent = digits.length < 4 ? "····" : digits.slice(-4);
    }
    if (event.target.matches("[data-pay-amount]")) amountShow(event.target);
  });

  // A field with data-pay-amount (and data-currency) is an amount the person chooses, as on the invoice pay page.
  const amountShow = (field) => {
    const amount = amountOf(field);
    const text = Number.isNaN(amount)
      ? "····"
      : new Intl.NumberFormat(document.documentElement.lang, {
        style: "currency", currency: field.dataset.currency,
      }).format(amount);
    for (const place of form.querySelectorAll("[data-ach-amount], [data-pay-amount-shown]")) place.textContent = text;
    judge();
    form.dispatchEvent(new CustomEvent("amount-shown"));
  };

  // card.js listens to `card-chosen`; it is deferred before this file, so it hears the first choice, too.
  choose();
}
