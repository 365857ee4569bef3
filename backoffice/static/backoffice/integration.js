// The integration form: eCheck appears with Automatic, gateway fields with the OroPay type; copies the webhook address.
// The server enforces all of it; this only keeps what cannot be chosen out of sight.

const row = (name) => document.getElementById(`id_${name}`)?.closest(".form-row, .field-row, [class*='field-']") ?? null;
const value = (name) => document.getElementById(`id_${name}`)?.value;

function show(name, visible) {
    const field = document.getElementById(`id_${name}`);
    const place = row(name);
    if (!field || !place) return;
    place.hidden = !visible;
    if (!visible && field.type === "checkbox") field.checked = false;
    if (!visible && field.tagName === "SELECT" && name === "provider_account") field.value = "";
}

function settle() {
    const type = value("type");
    const gateway = type === undefined || type === "oropay";
    show("provider_account", gateway);
    show("payment_action", gateway);
    for (const name of ["threeds", "threeds_unavailable", "threeds_exemption"]) show(name, gateway);
    show("echeck", gateway && value("payment_action") === "automatic");
}

for (const name of ["type", "payment_action"]) {
    document.getElementById(`id_${name}`)?.addEventListener("change", settle);
}
settle();

document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = button.parentElement.querySelector("[data-copy-source]");
    await navigator.clipboard.writeText(source.textContent.trim());
    const words = button.textContent;
    button.textContent = "✓";
    setTimeout(() => { button.textContent = words; }, 1500);
});
