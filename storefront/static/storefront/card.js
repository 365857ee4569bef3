// The gateway's hosted card fields. The card number is typed into frames of the gateway's origin; this page gets a token
// for it, puts the token into the form and sends the form. Each form gets its own access token from our server.
"use strict";

const WAIT_FOR_STOCK = 1500; // milliseconds until we ask again when the stock of access tokens is empty
const TRIES = 20;
const IN_ITS_FIELD = /^INVALID_CARD_/; // what a field finds wrong with its own value, and says below it

const STYLES = {
  "#secure-payment-field": {
    "border": "1px solid #8b9aa1", "border-radius": "6px", "background": "#fff", "color": "#1c2b33",
    "font-size": "15px", "min-height": "42px", "padding": "8px 12px",
  },
  "#secure-payment-field:focus": { "border-color": "#1d4f5c", "outline": "2px solid #a9cfd0" },
  "button#secure-payment-field": {
    "background": "#1d4f5c", "border-color": "#1d4f5c", "color": "#fff", "font-weight": "600", "font-size": "16px",
    "cursor": "pointer", "min-height": "48px",
  },
  "button#secure-payment-field:hover": { "background": "#163e48" },
};

for (const form of document.querySelectorAll("[data-pay-form]")) {
  form.addEventListener("card-chosen", (event) => cardForm(form, event.detail));
}

const started = new WeakSet();

async function cardForm(form, root) {
  if (started.has(root)) return;
  started.add(root);
  const find = (name) => root.querySelector(`[data-card-${name}]`);
  const [note, fields, problem, submit] = [find("note"), find("fields"), find("problem"), find("submit")];

  const say = (text) => {
    problem.textContent = text;
    problem.hidden = !text;
  };
  const stop = (text) => {
    note.hidden = true;
    say(text);
    started.delete(root); // choosing this way again tries again
  };

  if (!window.GlobalPayments) {
    stop(root.dataset.failed);
    return;
  }

  let given;
  try {
    given = await accessToken(form, root, note);
  } catch (error) {
    stop(error.message || root.dataset.failed);
    return;
  }
  configure(given);

  const target = (name) => ({ target: root.querySelector(`[data-field="${name}"]`) });
  const labelled = (name) => ({ ...target(name), label: target(name).target.previousElementSibling?.textContent });
  const hosted = GlobalPayments.ui.form({
    fields: {
      "card-number": labelled("card-number"),
      "card-expiration": { ...labelled("card-expiration"), placeholder: "MM / YY" },
      "card-cvv": labelled("card-cvv"),
      "card-holder-name": labelled("card-holder-name"),
      "submit": { ...target("submit"), text: buttonText(form, root) },
    },
    styles: STYLES,
  });
  // Where the person chooses the amount, the gateway's button can only name it if it can be told of a change.
  const follow = () => {
    if (amountChosen(form)) hosted.frames?.submit?.setText?.(ownText(form, root));
  };
  form.addEventListener("amount-shown", follow);
  fields.hidden = false; // frames load only where there is room for them
  submit.hidden = false;
  hosted.ready(() => {
    note.hidden = true;
    root.dataset.ready = "yes";
    follow();
  });
  hosted.on("submit", "click", () => say(""));
  hosted.on("token-error", (answer) => {
    const reasons = answer.reasons || [];
    const others = reasons.filter((reason) => !IN_ITS_FIELD.test(reason.code));
    if (reasons.length && !others.length) {
      say(root.dataset.check); // the fields say what is wrong; nothing was sent
      return;
    }
    say(others.map((reason) => reason.message).join(" ") || root.dataset.failed);
    refresh();
  });
  hosted.on("token-success", (answer) => {
    say("");
    const details = answer.details || {};
    const put = (name, value) => { root.querySelector(`[name="${name}"]`).value = value || ""; };
    put("card_token", answer.paymentReference);
    put("card_brand", details.cardType);
    put("card_last4", details.cardLast4);
    put("card_bin", String(details.cardBin || "").slice(0, 6));
    put("card_expiry_month", details.expiryMonth);
    put("card_expiry_year", details.expiryYear);
    put("card_holder", details.cardholderName);
    form.requestSubmit();
  });

  // An access token lives for minutes: a slow typist gets a fresh one, while somebody looks at the page.
  let expires = Date.now() + given.expires * 1000;
  let refreshing = false;
  const refresh = async () => {
    if (refreshing) return;
    refreshing = true;
    try {
      const next = await accessToken(form, root, note);
      configure(next);
      expires = Date.now() + next.expires * 1000;
    } catch (error) {
      say(error.message);
    } finally {
      refreshing = false;
    }
  };
  setInterval(() => {
    if (!document.hidden && Date.now() > expires - 30000 && !form.classList.contains("sending")) refresh();
  }, 5000);
}

function configure({ token, environment }) {
  GlobalPayments.configure({
    accessToken: token, apiVersion: "2021-03-22", env: environment, requireCardHolderName: true,
  });
}

function amountChosen(form) {
  return form.querySelector("[data-other]") !== null;
}

function ownText(form, root) {
  const own = form.querySelector("[data-pay-button]");
  return own ? own.textContent.trim() : root.dataset.button;
}

function buttonText(form, root) {
  return amountChosen(form) ? root.dataset.button : ownText(form, root);
}

async function accessToken(form, root, note) {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const response = await fetch(root.dataset.tokenUrl, {
      method: "POST",
      headers: { "X-CSRFToken": form.querySelector('[name="csrfmiddlewaretoken"]').value },
      body: new URLSearchParams({ integration: root.dataset.integration }),
    });
    const answer = await response.json();
    if (response.ok) return answer;
    if (response.status !== 503) throw new Error(answer.error);
    note.textContent = root.dataset.loading;
    note.hidden = false;
    await new Promise((resolve) => setTimeout(resolve, WAIT_FOR_STOCK));
  }
  throw new Error(root.dataset.failed);
}
