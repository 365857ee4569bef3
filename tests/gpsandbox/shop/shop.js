// The shop's own script in the browser tests: shows a form and keeps what the library told it.
"use strict";

(() => {
  const { token, form: kind } = document.currentScript.dataset;
  const heard = { events: [], messages: [], violations: [] };
  window.heard = heard;
  document.addEventListener("securitypolicyviolation", (event) => heard.violations.push(event.violatedDirective));
  window.addEventListener("message", (event) => heard.messages.push(JSON.stringify(event.data)));

  GlobalPayments.on("error", (data) => heard.events.push(["global-error", data]));
  GlobalPayments.configure({ accessToken: token, apiVersion: "2021-03-22", env: "sandbox", requireCardHolderName: true });
  const styles = { "#secure-payment-field": { "border-radius": "0px" }, "button#secure-payment-field": { background: "rgb(0, 96, 0)" } };
  const form = kind === "ui"
    ? GlobalPayments.ui.form({
      styles,
      fields: {
        "card-number": { target: "#number", placeholder: "1234 5678 9012 3456" },
        "card-expiration": { target: "#expiry" },
        "card-cvv": { target: "#cvv" },
        "card-holder-name": { target: "#name" },
        "submit": { target: "#pay", text: "Pay $19.99" },
      },
    })
    : GlobalPayments.creditCard.form("#card", { fields: { submit: { text: "Pay $19.99" } } });
  for (const name of ["token-success", "token-error", "error", "card-form-validity", "card-type"]) {
    form.on(name, (data) => heard.events.push([name, data]));
  }
  form.on("submit", "click", () => heard.events.push(["submit-click", null]));
  form.ready(() => { document.body.dataset.state = "ready"; });
})();
