/* Small comforts: the page reads the same without this script. */
"use strict";

// Within a srcdoc frame a fragment would resolve against the parent's address.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  const target = link && document.getElementById(link.getAttribute("href").slice(1));
  if (!target) return;
  event.preventDefault();
  target.scrollIntoView();
  target.focus({ preventScroll: true });
});

// What is folded away on the screen is there on paper.
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  opened.forEach((details) => (details.open = true));
});
window.addEventListener("afterprint", () => {
  opened.forEach((details) => (details.open = false));
});

// Tables of class `sortable` are sorted by the buttons in their headings. A cell
// sorts by `data-sort` where it has one; empty ones (too few, none) stay last.
function sortBy(table, column, ascending) {
  const body = table.tBodies[0];
  const value = (row) => row.cells[column].dataset.sort ?? row.cells[column].innerText;
  const compare = (a, b) => {
    const [x, y] = [value(a).trim(), value(b).trim()];
    if (x === "" || y === "") return (x === "") - (y === "");
    const order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
    return ascending ? order : -order;
  };
  body.append(...[...body.rows].sort(compare));
}
document.querySelectorAll("table.sortable").forEach((table) => {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const ascending = heading.getAttribute("aria-sort") !== "ascending";
      for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      sortBy(table, column, ascending);
    });
  });
});
