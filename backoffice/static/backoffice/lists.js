// Lists: on a narrow screen each cell stands under its column's name, which begins as the column's head does.

document.addEventListener("DOMContentLoaded", () => {
    for (const cell of document.querySelectorAll("#result_list [data-label]")) {
        const name = cell.dataset.label;
        cell.dataset.label = name.charAt(0).toLocaleUpperCase() + name.slice(1);
    }
});
