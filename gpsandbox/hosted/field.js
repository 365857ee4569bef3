// One hosted card field, in a frame of the gateway's origin.
//
// The frames of one form talk to each other over a BroadcastChannel that only this origin can join, named by the form's
// random id. The card-number frame leads: it collects the other values, calls the API and tells the page the result.
// The page around hears four kinds of things, by postMessage to its exact origin: loaded, height, events, results.
// It never hears a number, a security code or what was typed.
"use strict";

(() => {
  const setup = JSON.parse(decodeURIComponent(location.hash.slice(1)) || "null");
  const allowed = document.querySelector('meta[name="allowed-origins"]').content.split(" ");
  if (!setup || window.parent === window || !allowed.includes(setup.origin)) return;

  const WAIT = 3000; // milliseconds until a silent field counts as missing
  const PATIENCE = 30000; // milliseconds until the gateway counts as silent
  const LIBRARY = "javascript;version=gpsandbox-1";
  const { form, field } = setup;
  const channel = new BroadcastChannel(`gp-fields:${form}`);
  const wrapper = document.getElementById("secure-payment-field-wrapper");
  let settings = { accessToken: "", apiVersion: "2021-03-22", fields: [], requireCardHolderName: false };

  const tellPage = (type, payload) =>
    window.parent.postMessage({ gp: "fields", form, field, type, payload }, setup.origin);

  const KINDS = {
    "card-number": { label: "Card number", autocomplete: "cc-number", inputmode: "numeric", most: 23 },
    "card-expiration": {
      label: "Expiry date", autocomplete: "cc-exp", inputmode: "numeric", most: 9, placeholder: "MM / YY",
      hint: "Month and year, as on the card",
    },
    "card-cvv": {
      label: "Security code", autocomplete: "cc-csc", inputmode: "numeric", most: 4,
      hint: "The 3 digits on the back of the card", longHint: "The 4 digits on the front of the card",
    },
    "card-holder-name": { label: "Name on the card", autocomplete: "cc-name", inputmode: "text", most: 100 },
    "submit": { label: "Submit" },
  };
  const kind = KINDS[field];
  if (!kind) return;

  document.documentElement.lang = setup.lang || "en";
  document.title = setup.label || kind.label;
  document.body.dataset.field = field;

  // ---- the page around -------------------------------------------------------------------------------------------

  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.origin !== setup.origin) return;
    const message = event.data;
    if (!message || message.gp !== "fields" || message.form !== form) return;
    if (message.type === "configure") {
      settings = { ...settings, ...message.payload };
      applyStyles(message.payload.styles || {});
      const input = document.querySelector("input");
      if (input) input.required = field !== "card-holder-name" || settings.requireCardHolderName;
      tellPage("configured");
    }
  });

  // Styles of the shop go through the style object model: no markup, no network (the policy of this page forbids it).
  const applyStyles = (styles) => {
    const sheet = new CSSStyleSheet();
    for (const [selector, rules] of Object.entries(styles)) {
      if (/[{}@<]/.test(selector)) continue;
      try {
        const rule = sheet.cssRules[sheet.insertRule(`${selector} {}`, sheet.cssRules.length)];
        for (const [name, value] of Object.entries(rules)) rule.style.setProperty(name, String(value));
      } catch (error) {
        tellPage("error", { error: true, reasons: [{ code: "INVALID_STYLE", message: `Not a selector: ${selector}` }] });
      }
    }
    document.adoptedStyleSheets = [sheet];
  };

  const element = (name, attributes = {}, text = "") => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };

  // ---- the submit button -----------------------------------------------------------------------------------------

  const submitField = () => {
    const button = element("button", { type: "button", id: "secure-payment-field" }, setup.text || kind.label);
    wrapper.append(button);
    button.addEventListener("click", () => {
      tellPage("event", { name: "click" });
      channel.postMessage({ type: "submit" });
    });
    channel.addEventListener("message", ({ data }) => {
      if (data.type !== "busy") return;
      // Not `disabled`: that would take the focus from under the keyboard. The leader ignores what comes meanwhile.
      button.setAttribute("aria-disabled", String(data.busy));
      button.setAttribute("aria-busy", String(data.busy));
    });
  };

  // ---- an input --------------------------------------------------------------------------------------------------

  const inputField = () => {
    const label = element("label", { for: "secure-payment-field" }, setup.label || kind.label);
    if (!setup.showLabel) label.className = "visually-hidden";
    const control = element("div", { class: "control" });
    const input = element("input", {
      id: "secure-payment-field", name: kind.autocomplete, type: "text", autocomplete: kind.autocomplete,
      inputmode: kind.inputmode, maxlength: kind.most, placeholder: setup.placeholder ?? kind.placeholder ?? "",
      spellcheck: "false", autocapitalize: "off", autocorrect: "off", "aria-describedby": "hint problem",
    });
    const brandShown = element("span", { class: "brand", "aria-live": "polite" });
    const hint = element("p", { id: "hint", class: "visually-hidden" }, kind.hint);
    const problem = element("p", { id: "problem", class: "problem", role: "alert" });
    control.append(input, brandShown);
    wrapper.append(label, control, hint, problem);

    let cvvLength = 3;
    let shownBrand = "";

    const check = () => ({
      "card-number": () => CardChecks.number(input.value),
      "card-expiration": () => CardChecks.expiration(input.value, new Date()),
      "card-cvv": () => CardChecks.cvv(input.value, cvvLength),
      "card-holder-name": () => CardChecks.holderName(input.value, settings.requireCardHolderName),
    })[field]();

    // Writing the same text again would have it read out again.
    const show = (text) => {
      if (problem.textContent !== text) problem.textContent = text;
      input.setAttribute("aria-invalid", String(Boolean(text)));
      input.classList.toggle("invalid", Boolean(text));
      input.classList.toggle("valid", !text && Boolean(input.value));
    };

    // Rewrites the text and keeps the caret behind the same digit.
    const rewrite = (text) => {
      const before = CardChecks.digits(input.value.slice(0, input.selectionStart)).length;
      if (text === input.value) return;
      input.value = text;
      let place = 0;
      for (let seen = 0; seen < before && place < text.length; place += 1) if (/\d/.test(text[place])) seen += 1;
      if (text.slice(place).trim() === "" || text.slice(place) === " / ") place = text.length;
      input.setSelectionRange(place, place);
    };

    const tidy = (event) => {
      if (field === "card-number") {
        const plain = CardChecks.digits(input.value).slice(0, 19);
        const brand = CardChecks.brandOf(plain);
        rewrite(CardChecks.grouped(plain));
        if (brand.type === shownBrand) return;
        shownBrand = brand.type;
        brandShown.textContent = brand.name;
        if (brand.name) input.dataset.brand = brand.type;
        else delete input.dataset.brand;
        channel.postMessage({ type: "brand", cvv: brand.cvv });
        tellPage("event", { name: "card-type", cardType: brand.type });
      } else if (field === "card-expiration" && event.inputType !== "deleteContentBackward") {
        const plain = CardChecks.digits(input.value);
        if (/^\d{2,4}$/.test(input.value)) rewrite(`${plain.slice(0, 2)} / ${plain.slice(2)}`);
      } else if (field === "card-cvv") {
        rewrite(CardChecks.digits(input.value));
      }
    };

    input.addEventListener("input", (event) => {
      tidy(event);
      if (problem.textContent && !check()) show("");
    });
    input.addEventListener("blur", () => {
      // A little later: the words make the frame grow, and a button must not move away under the click that left us.
      const later = () => { if (input.value && document.activeElement !== input) show(check()); };
      setTimeout(later, 250);
      tellPage("event", { name: "blur" });
    });
    input.addEventListener("focus", () => tellPage("event", { name: "focus" }));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") submit();
    });

    channel.addEventListener("message", ({ data }) => {
      if (data.type === "brand" && field === "card-cvv") {
        cvvLength = data.cvv;
        hint.textContent = cvvLength === 4 ? kind.longHint : kind.hint;
        if (problem.textContent) show(input.value ? check() : "");
      }
      if (data.type === "focus" && data.field === field) input.focus();
      if (data.type === "collect" && field !== "card-number") {
        show(check());
        channel.postMessage({ type: "value", round: data.round, field, value: input.value, problem: check() });
      }
    });

    return { input, show, check };
  };

  // ---- the leader ------------------------------------------------------------------------------------------------

  const CODES = {
    "card-number": "INVALID_CARD_NUMBER",
    "card-expiration": "INVALID_CARD_EXPIRATION",
    "card-cvv": "INVALID_CARD_SECURITY_CODE",
    "card-holder-name": "INVALID_CARD_HOLDER_NAME",
  };

  let submit = () => channel.postMessage({ type: "submit" });

  const lead = (own) => {
    let busy = false;

    const collect = () => new Promise((resolve) => {
      const round = crypto.getRandomValues(new Uint32Array(2)).join("-");
      const values = { "card-number": { value: own.input.value, problem: own.check() } };
      const wanted = settings.fields.filter((name) => name !== "submit");
      const done = () => wanted.every((name) => values[name]);
      const finish = () => {
        clearTimeout(timer);
        channel.removeEventListener("message", hear);
        wanted.forEach((name) => { values[name] ||= { value: "", problem: "This field did not load. Reload the page." }; });
        resolve(values);
      };
      const hear = ({ data }) => {
        if (data.type !== "value" || data.round !== round) return;
        values[data.field] = { value: data.value, problem: data.problem };
        if (done()) finish();
      };
      const timer = setTimeout(finish, WAIT);
      channel.addEventListener("message", hear);
      channel.postMessage({ type: "collect", round });
      if (done()) finish();
    });

    const refused = (reasons) => tellPage("result", { name: "token-error", data: { error: true, reasons } });

    const tokenize = async (values) => {
      const number = CardChecks.digits(values["card-number"].value);
      const expiry = CardChecks.expiryOf(values["card-expiration"]?.value ?? "") || { month: "", year: "" };
      const name = (values["card-holder-name"]?.value ?? "").trim();
      const cvv = values["card-cvv"]?.value.trim();
      const response = await fetch("/ucp/payment-methods", {
        method: "POST",
        credentials: "omit",
        signal: AbortSignal.timeout(PATIENCE),
        headers: {
          "Accept": "application/json",
          "Authorization": `Bearer ${settings.accessToken}`,
          "Content-Type": "application/json",
          "X-GP-Version": settings.apiVersion,
          "X-GP-Library": LIBRARY,
        },
        body: JSON.stringify({
          reference: settings.reference || `hf-${form}-${Date.now()}`,
          account_name: settings.accountName || undefined,
          usage_mode: "SINGLE",
          fingerprint_mode: settings.enableCardFingerPrinting ? "ALWAYS" : undefined,
          name: name || undefined,
          card: { number, expiry_month: expiry.month, expiry_year: expiry.year.slice(-2), cvv: cvv || undefined },
        }),
      });
      const answer = await response.json();
      if (!response.ok) {
        const { error_code: code, detailed_error_code: detail, detailed_error_description: text } = answer;
        refused([{ code, message: CardChecks.refusal(code), technical: `${detail} ${text}` }]);
        return;
      }
      tellPage("result", {
        name: "token-success",
        data: {
          paymentReference: answer.id,
          fingerprint: answer.fingerprint,
          details: {
            cardBin: number.slice(0, 6),
            cardLast4: number.slice(-4),
            cardType: CardChecks.brandOf(number).type,
            cardSecurityCode: Boolean(cvv),
            cardholderName: name,
            expiryMonth: expiry.month,
            expiryYear: expiry.year,
          },
        },
      });
    };

    const run = async () => {
      if (busy) return;
      busy = true;
      channel.postMessage({ type: "busy", busy });
      try {
        own.show(own.check());
        const values = await collect();
        const wrong = settings.fields.filter((name) => values[name]?.problem);
        tellPage("result", { name: "card-form-validity", data: wrong.length === 0 });
        if (wrong.length) {
          // `field` says that the buyer reads this text in that field's frame already.
          refused(wrong.map((name) => ({ code: CODES[name], message: values[name].problem, field: name })));
          if (wrong[0] === field) own.input.focus();
          else channel.postMessage({ type: "focus", field: wrong[0] });
        } else {
          await tokenize(values);
        }
      } catch (error) {
        refused([{ code: "ERROR", message: "The card could not be sent. Nothing was charged. Please try again." }]);
      } finally {
        busy = false;
        channel.postMessage({ type: "busy", busy });
      }
    };

    submit = run;
    channel.addEventListener("message", ({ data }) => {
      if (data.type === "submit") run();
    });
  };

  // ---- start -----------------------------------------------------------------------------------------------------

  if (field === "submit") submitField();
  else {
    const own = inputField();
    if (field === "card-number") lead(own);
  }
  new ResizeObserver(() => tellPage("height", Math.ceil(document.body.getBoundingClientRect().height)))
    .observe(document.body);
  tellPage("loaded");
})();
