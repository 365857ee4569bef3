// Loader of the hosted card fields. A plain script: the shop's page includes it and finds `GlobalPayments`.
//
// It has the public calls and events of the gateway's own library, so that a page works with either:
//   GlobalPayments.configure({ accessToken, apiVersion, env, requireCardHolderName, reference, accountName })
//   form = GlobalPayments.creditCard.form("#target", { styles, fields })
//   form = GlobalPayments.ui.form({ fields: { "card-number": { target, placeholder }, …, "submit": { target, text } }, styles })
//   form.on("token-success" | "token-error" | "error" | "card-form-validity", handler); form.ready(handler)
//   form.on("submit", "click", handler); GlobalPayments.on("error", handler)
//
// It puts one frame of its own origin where each field belongs and passes messages; it adds no style or script elements
// and never holds a card number, because none ever leaves the frames.
"use strict";

(() => {
  const ORIGIN = new URL(document.currentScript.src).origin;
  const TYPES = ["card-number", "card-expiration", "card-cvv", "card-holder-name", "submit"];
  const TITLES = {
    "card-number": "Card number",
    "card-expiration": "Expiry date",
    "card-cvv": "Security code",
    "card-holder-name": "Name on the card",
    "submit": "Submit",
  };

  const forms = new Map();
  let options = {};

  // ---- events ----------------------------------------------------------------------------------------------------

  const listeners = () => {
    const handlers = new Map();
    return {
      add: (name, handler) => handlers.set(name, [...(handlers.get(name) || []), handler]),
      tell: (name, data) => (handlers.get(name) || []).forEach((handler) => handler(data)),
      hears: (name) => handlers.has(name),
    };
  };

  const global = listeners();

  const problem = (form, code, message) => {
    const data = { error: true, reasons: [{ code, message }] };
    if (form) form.listeners.tell("error", data);
    global.tell("error", data);
    if (!global.hears("error") && !(form && form.listeners.hears("error"))) console.error(`GlobalPayments: ${message}`);
  };

  // ---- one form --------------------------------------------------------------------------------------------------

  const newId = () => [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");

  const setStyle = (element, style) =>
    Object.entries(style).forEach(([name, value]) => element.style.setProperty(name, value));

  const frameMake = (form, type, field, showLabel) => {
    const label = field.label || TITLES[type];
    const text = field.text || field.value;
    const setup = {
      form: form.id, field: type, origin: location.origin, lang: document.documentElement.lang,
      label, showLabel, placeholder: field.placeholder, text,
    };
    const frame = document.createElement("iframe");
    frame.title = type === "submit" ? text || label : label;
    frame.src = `${ORIGIN}/hosted/v1/field.html#${encodeURIComponent(JSON.stringify(setup))}`;
    setStyle(frame, { border: "0", display: "block", width: "100%", height: type === "submit" ? "50px" : "52px" });
    frame.addEventListener("error", () => problem(form, "FIELD_NOT_LOADED", `The field ${type} did not load.`));
    return frame;
  };

  const formMake = (places, { styles = {}, showLabels }) => {
    const form = { id: newId(), frames: new Map(), configured: new Set(), styles, listeners: listeners(), isReady: false };
    forms.set(form.id, form);
    places.forEach(({ type, field, target }) => {
      const frame = frameMake(form, type, field, showLabels);
      form.frames.set(type, frame);
      target.replaceChildren(frame);
    });

    const api = {
      frames: Object.fromEntries(form.frames),
      // on(event, handler) or on(field, event, handler)
      on: (first, second, third) => {
        if (typeof second === "function") form.listeners.add(first, second);
        else form.listeners.add(`${first}:${second}`, third);
        return api;
      },
      ready: (handler) => {
        if (form.isReady) queueMicrotask(handler);
        else form.listeners.add("ready", handler);
        return api;
      },
      dispose: () => {
        form.frames.forEach((frame) => frame.remove());
        forms.delete(form.id);
      },
    };
    return api;
  };

  const send = (form, type) => {
    const { accessToken, apiVersion, requireCardHolderName, enableCardFingerPrinting, reference, accountName } = options;
    const payload = {
      accessToken, apiVersion: apiVersion || "2021-03-22", requireCardHolderName: Boolean(requireCardHolderName),
      enableCardFingerPrinting: Boolean(enableCardFingerPrinting), reference, accountName,
      fields: [...form.frames.keys()], styles: form.styles,
    };
    form.frames.get(type).contentWindow?.postMessage({ gp: "fields", form: form.id, type: "configure", payload }, ORIGIN);
  };

  window.addEventListener("message", (event) => {
    const message = event.data;
    if (event.origin !== ORIGIN || !message || message.gp !== "fields") return;
    const form = forms.get(message.form);
    const frame = form?.frames.get(message.field);
    if (!frame || event.source !== frame.contentWindow) return;
    const { type, payload } = message;
    if (type === "loaded") send(form, message.field);
    else if (type === "height") frame.style.setProperty("height", `${Number(payload) || 0}px`);
    else if (type === "error") problem(form, payload.reasons[0].code, payload.reasons[0].message);
    else if (type === "configured") {
      form.configured.add(message.field);
      if (!form.isReady && form.configured.size === form.frames.size) {
        form.isReady = true;
        form.listeners.tell("ready");
      }
    } else if (type === "event") {
      form.listeners.tell(`${message.field}:${payload.name}`, payload);
      form.listeners.tell(payload.name, payload);
    } else if (type === "result") {
      form.listeners.tell(payload.name, payload.data);
    }
  });

  // ---- what pages call -------------------------------------------------------------------------------------------

  const find = (target) => (typeof target === "string" ? document.querySelector(target) : target);

  // A form where the page has its own place and label for each field.
  const uiForm = ({ fields = {}, styles } = {}) => {
    const places = [];
    TYPES.filter((type) => fields[type]).forEach((type) => {
      const target = find(fields[type].target);
      if (target) places.push({ type, field: fields[type], target });
      else problem(null, "TARGET_NOT_FOUND", `Nothing on the page matches the target of ${type}.`);
    });
    if (!fields["card-number"]) problem(null, "FIELD_MISSING", "A card form needs the field card-number.");
    return formMake(places, { styles, showLabels: false });
  };

  // A whole form in one place, with labels.
  const cardForm = (selector, { styles, fields = {} } = {}) => {
    const root = find(selector);
    const places = [];
    if (root) {
      root.replaceChildren();
      setStyle(root, { display: "flex", "flex-wrap": "wrap", gap: "8px 12px" });
      TYPES.forEach((type) => {
        const target = document.createElement("div");
        const half = type === "card-expiration" || type === "card-cvv";
        setStyle(target, { flex: half ? "1 1 130px" : "1 1 100%", "min-width": "0" });
        target.dataset.field = type;
        root.append(target);
        places.push({ type, field: fields[type] || {}, target });
      });
    } else problem(null, "TARGET_NOT_FOUND", `Nothing on the page matches ${selector}.`);
    return formMake(places, { styles, showLabels: true });
  };

  window.GlobalPayments = {
    configure: (given) => {
      options = { ...options, ...given };
      if (!options.accessToken) problem(null, "ACCESS_TOKEN_MISSING", "configure needs an accessToken.");
      forms.forEach((form) => form.configured.forEach((type) => send(form, type)));
    },
    creditCard: { form: cardForm },
    ui: { form: uiForm },
    on: (name, handler) => global.add(name, handler),
  };
})();
