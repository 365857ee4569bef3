// The shop's own script in the 3-D Secure browser tests: posts into a frame and keeps what its own pages then say.
"use strict";

const heard = { events: [], violations: [] };

document.addEventListener("securitypolicyviolation", (event) => heard.violations.push(event.violatedDirective));
window.addEventListener("message", (event) => {
  if (event.origin === location.origin) heard.events.push(event.data);
});

function post(frame, address, fields) {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: address, target: frame });
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  document.body.append(form);
  form.submit();
}
