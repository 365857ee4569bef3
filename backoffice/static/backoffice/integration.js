// The integration form: eCheck appears with Automatic, gateway fields with the OroPay type; copies the webhook address.
// The server enforces all of it; this only keeps what cannot be chosen out of sight.

const row = (name) => document.getElementById(`id_${name}`)?.closest(".form-row, .field-row, [class*='field-']") ?? null;
const value = (name) => document.getElementById(`id_${name}`)?.value;

const SETTINGS = [
    "threeds", "threeds_challenge", "threeds_unavailable", "threeds_exemption", "risk_mode",
    "avs_not_matched", "avs_partial", "avs_not_checked", "cvv_not_matched", "cvv_not_checked",
];

function show(name, visible, { clear = false } = {}) {
    const field = document.getElementById(`id_${name}`);
    const place = row(name);
    if (!field || !place) return;
    place.hidden = !visible;
    if (visible || !clear) return;
    if (field.type === "checkbox") field.checked = false;
    else field.value = "";
}

function settle() {
    const type = value("type");
    const action = value("payment_action");
    const gateway = type === undefined || type === "oropay";
    show("provider_account", gateway, { clear: true });
    show("payment_action", gateway);
    for (const name of SETTINGS) show(name, gateway);
    show("renew_holds", gateway && action === "manual");
    show("several_captures", gateway && action === "manual", { clear: true });
    show("echeck", gateway && action === "automatic", { clear: true });
    for (const set of new Set(SETTINGS.map((name) => row(name)?.closest("fieldset")))) {
        if (!set) continue;
        set.hidden = false;
        set.hidden = ![...set.querySelectorAll("input, select, textarea")].some((field) => !field.closest("[hidden]"));
    }
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
