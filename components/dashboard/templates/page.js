/* What every page does: links inside frames, printing, tables that sort and search.
   The page reads the same without this script. */
"use strict";

var fairsilo = window.fairsilo ?? {};

// What is far from the screen is not laid out (page.css), and charts grow when they
// are drawn: so that a target is met, all above it is laid out, and it is aimed at
// again while the page settles, until the reader moves.
{
  const SETTLES = 2000; // unit: milliseconds
  const MOVES = ["wheel", "touchstart", "keydown", "pointerdown"];
  let journey = 0;
  for (const move of MOVES) window.addEventListener(move, () => (journey += 1), { passive: true });

  function land(target) {
    const own = (journey += 1);
    for (const section of document.querySelectorAll("main > section")) {
      section.style.contentVisibility = "visible";
      if (section.contains(target)) break;
    }
    target.scrollIntoView();
    const start = performance.now();
    const place = target.getBoundingClientRect().top;
    const again = () => {
      if (own !== journey || performance.now() - start > SETTLES) return;
      // At the end of the page a target can't come to the top.
      const off = target.getBoundingClientRect().top - place;
      if (Math.abs(off) > 2) target.scrollIntoView();
      requestAnimationFrame(again);
    };
    requestAnimationFrame(again);
  }

  const of = (hash) => hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));

  // Within a srcdoc frame a fragment would resolve against the parent's address.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const target = link && of(link.getAttribute("href"));
    if (!target) return;
    event.preventDefault();
    land(target);
    target.focus({ preventScroll: true });
  });

  const follow = () => {
    const target = of(window.location.hash);
    if (target) land(target);
  };
  window.addEventListener("load", follow);
  window.addEventListener("hashchange", follow);
}

// What is folded away on the screen is there on paper.
{
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((details) => (details.open = true));
  });
  window.addEventListener("afterprint", () => {
    opened.forEach((details) => (details.open = false));
  });
}

{
  const data = document.getElementById("page-data");
  fairsilo.pageData = data ? JSON.parse(data.textContent) : {};
}

// Calls `action` once for each element, when it comes near the screen.
fairsilo.whenNear = (elements, rootMargin, action) => {
  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      action(target);
    }
  }, { rootMargin });
  elements.forEach((each) => near.observe(each));
};

fairsilo.element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

fairsilo.tables = (() => {
  const { element } = fairsilo;
  const SHOWN = 50; // rows at first
  const MORE = 200; // rows that each `Show more` adds
  const SEARCHED = 20; // rows from which on a table has a field to search it
  const number = new Intl.NumberFormat("en");

  // A cell as data is a number, a text, [text, sort] or {text, sort, mood, findings}.
  const textOf = (cell) => {
    if (typeof cell === "number") return number.format(cell);
    return typeof cell === "string" ? cell : Array.isArray(cell) ? cell[0] : cell.text;
  };
  const sortOf = (cell) => (Array.isArray(cell) ? cell[1] : (cell.sort ?? (typeof cell === "number" ? cell : textOf(cell))));
  const wordsOf = (cell) => [textOf(cell), ...(cell.findings ?? []).flat(2)].join("\n");

  function sortable(value) {
    if (typeof value === "number") return value;
    const text = value.trim();
    if (text === "" || text === "–") return "";
    const parsed = Number(text.replaceAll(",", ""));
    return Number.isNaN(parsed) ? text : parsed;
  }

  // A row of a table: one that is there as HTML, or one that is still data.
  class Row {
    constructor(source, kinds) {
      this.kinds = kinds;
      if (source instanceof HTMLTableRowElement) this.made = source;
      else this.cells = source.cells ?? source;
      this.threshold = this.made?.dataset.threshold ?? source.threshold;
      this.threshold = this.threshold === undefined ? undefined : Number(this.threshold);
    }
    get html() {
      return (this.made ??= build(this.cells, this.kinds));
    }
    get text() {
      return (this.words ??= (this.cells?.map(wordsOf).join("\n") ?? this.made.textContent).toLowerCase());
    }
    sort(column) {
      if (this.cells) return sortable(sortOf(this.cells[column]));
      const place = this.made.cells[column];
      return sortable(place.dataset.sort ?? place.textContent);
    }
  }

  function compare(x, y, ascending) {
    if (x === "" || y === "") return (x === "") - (y === ""); // none stays last
    const both = typeof x === "number" && typeof y === "number";
    const order = both ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
    return ascending ? order : -order;
  }

  // A text with what stands in backticks as code, as the template writes it.
  function written(text) {
    const parts = text.split("`");
    const isCode = parts.length % 2 === 1;
    const nodes = isCode ? parts.map((part, index) => (index % 2 ? element("code", { textContent: part }) : part)) : [text];
    return element("bdi", {}, ...nodes);
  }

  const MARKS = { good: "✓ ", bad: "✗ ", waived: "⚑ " };

  function build(cells, kinds) {
    const row = element("tr");
    cells.forEach((cell, index) => {
      const place = element(index ? "td" : "th", { className: kinds[index] });
      if (!index) place.scope = "row";
      const said = written(textOf(cell));
      const text = cell.href ? element("a", { href: cell.href }, said) : said;
      place.append(cell.mood ? element("span", { className: `word ${cell.mood}` }, MARKS[cell.mood], text) : text);
      for (const [sentences, hint] of cell.findings ?? []) {
        const list = sentences.map((sentence) => element("li", {}, written(sentence)));
        if (list.length) place.append(element("ul", {}, ...list));
        if (!hint) continue;
        const label = element("strong", { textContent: "Hint:" });
        place.append(element("p", { className: "hint" }, label, " ", written(hint)));
      }
      row.append(place);
    });
    return row;
  }

  class LongTable {
    constructor(table, rest = []) {
      this.table = table;
      this.body = table.tBodies[0];
      this.headings = [...table.tHead.rows[0].cells];
      const kinds = this.headings.map((heading) => heading.className);
      this.rows = [...this.body.rows, ...rest].map((row) => new Row(row, kinds));
      this.limit = SHOWN;
      this.headings.forEach((heading, column) => this.sortBy(heading, column));
      if (this.rows.length > SEARCHED) this.search();
      this.choices = [...new Set(this.rows.map((row) => row.threshold).filter((value) => value !== undefined))];
      if (this.choices.length > 1) this.chooseThreshold();
      if (rest.length || this.select) this.paint();
    }

    // Rates are shown at one threshold, at first the middle one.
    chooseThreshold() {
      this.choices.sort((x, y) => x - y);
      const options = this.choices.map((value) => element("option", { value, textContent: value }));
      this.select = element("select", { name: "threshold" }, ...options);
      this.select.value = this.choices[this.choices.length >> 1];
      this.select.addEventListener("change", () => this.paint());
      const label = element("label", {}, "Threshold of the rates ", this.select);
      this.table.parentElement.before(element("p", { className: "controls" }, label));
    }

    sortBy(heading, column) {
      const button = element("button", { type: "button" }, ...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const ascending = heading.getAttribute("aria-sort") !== "ascending";
        for (const other of this.headings) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        const keyed = this.rows.map((row) => [row.sort(column), row]);
        keyed.sort(([x], [y]) => compare(x, y, ascending));
        this.rows = keyed.map(([, row]) => row);
        this.paint();
      });
    }

    search() {
      const title = this.table.closest("[aria-label]")?.getAttribute("aria-label");
      this.field = element("input", { type: "search", autocomplete: "off", ariaLabel: `Search ${title ?? "the table"}` });
      this.status = element("span", { className: "soft", role: "status" });
      this.more = element("button", { type: "button", className: "more" });
      const bar = element("div", { className: "search" }, element("label", {}, "Search ", this.field), this.status);
      const place = this.table.parentElement;
      place.before(bar);
      place.after(this.more);
      let waiting = 0;
      this.field.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => {
          this.limit = SHOWN;
          this.paint();
        }, 120);
      });
      this.more.addEventListener("click", () => {
        const before = this.limit;
        this.limit += MORE;
        this.paint();
        // The rows that came are where the reader goes on.
        this.body.rows[before]?.cells[0].setAttribute("tabindex", "-1");
        this.body.rows[before]?.cells[0].focus();
      });
      this.paint();
    }

    matching() {
      const words = (this.field?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
      return this.rows.filter(
        (row) =>
          (!this.select || row.threshold === undefined || String(row.threshold) === this.select.value) &&
          words.every((word) => row.text.includes(word)),
      );
    }

    paint() {
      const found = this.matching();
      const shown = this.field ? found.slice(0, this.limit) : found;
      this.body.replaceChildren(...shown.map((row) => row.html));
      if (!this.field) return;
      const left = found.length - shown.length;
      this.status.textContent = `${number.format(shown.length)} of ${number.format(found.length)} rows shown`;
      if (found.length < this.rows.length)
        this.status.textContent += `, ${number.format(this.rows.length)} in all`;
      this.more.hidden = left === 0;
      this.more.textContent = `Show ${number.format(Math.min(left, MORE))} more`;
    }
  }

  // Columns: [name, kind]; rows: cells as data.
  function make(title, columns, rows) {
    const headings = columns.map(([name, kind = ""]) =>
      element("th", { scope: "col", className: kind, textContent: name }),
    );
    const table = element("table", { className: columns.length > 9 ? "sortable many" : "sortable" });
    table.append(element("thead", {}, element("tr", {}, ...headings)), element("tbody"));
    const region = element("div", { className: "wide", tabIndex: 0, role: "region", ariaLabel: title }, table);
    const holder = element("div", {}, region);
    new LongTable(table, rows);
    return holder;
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    const rest = table.parentElement.querySelector("script[type='application/json']");
    new LongTable(table, rest ? JSON.parse(rest.textContent) : []);
  }
  return { make };
})();
