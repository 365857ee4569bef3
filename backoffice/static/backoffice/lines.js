// One more empty line on the invoice form; without this script the three lines it opens with still work.

const button = document.querySelector("[data-add-line]");
const total = document.querySelector("[name='lines-TOTAL_FORMS']");
button?.addEventListener("click", () => {
    const text = document.querySelector("template[data-line]").innerHTML.replaceAll("__prefix__", total.value);
    document.querySelector("[data-lines]").insertAdjacentHTML("beforeend", text);
    total.value = Number(total.value) + 1;
    document.querySelector("[data-lines] tr:last-child select, [data-lines] tr:last-child input")?.focus();
});
