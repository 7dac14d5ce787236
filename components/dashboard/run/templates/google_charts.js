/* A stand-in for those parts of Google Charts that TFMA's slicing metrics ask for.

   The real ones would come from the network. Here are tables, which sort and turn
   pages, and columns drawn by Observable Plot. Texts are text, never HTML: the
   element hands over the names of slices, which anybody may have chosen. */
"use strict";

window.polymerSkipLoadingFontRoboto = true; // the bundle would ask for a font

window.google = (() => {
  const { element } = fairsilo;
  const { Plot } = fairsilo.libraries;

  const listeners = new WeakMap(); // source -> [{name, heard}]
  const events = {
    addListener(source, name, heard) {
      const listener = { name, heard };
      listeners.set(source, [...(listeners.get(source) ?? []), listener]);
      return { source, listener };
    },
    addOneTimeListener(source, name, heard) {
      const handle = events.addListener(source, name, (data) => {
        events.removeListener(handle);
        heard(data);
      });
      return handle;
    },
    removeListener({ source, listener }) {
      listeners.set(source, (listeners.get(source) ?? []).filter((each) => each !== listener));
    },
    trigger(source, name, data) {
      for (const each of listeners.get(source) ?? []) if (each.name === name) each.heard(data);
    },
  };

  // A cell is {v: value, f: text}; the text may be missing.
  const cell = (given) => (given !== null && typeof given === "object" ? given : { v: given });
  const textOf = ({ v, f }) => f ?? (v == null ? "" : String(v));

  function compare(x, y) {
    if (x == null || y == null) return (x == null) - (y == null);
    if (typeof x === "number" && typeof y === "number") return x - y;
    return String(x).localeCompare(String(y), "en", { numeric: true });
  }

  class DataTable {
    constructor({ cols = [], rows = [] } = {}) {
      this.cols = cols.map((col) => ({ label: "", role: "", ...col }));
      this.rows = rows.map((row) => (row.c ?? row).map(cell));
    }
    getNumberOfRows() {
      return this.rows.length;
    }
    getNumberOfColumns() {
      return this.cols.length;
    }
    getValue(row, column) {
      return this.rows[row][column]?.v;
    }
    getFormattedValue(row, column) {
      return textOf(this.rows[row][column] ?? { v: null });
    }
    getColumnLabel(column) {
      return this.cols[column].label;
    }
    getColumnRole(column) {
      return this.cols[column].role;
    }
    getSortedRows([{ column, desc = false }]) {
      const order = this.rows.map((_, index) => index);
      const sign = desc ? -1 : 1;
      return order.sort((a, b) => sign * compare(this.getValue(a, column), this.getValue(b, column)) || a - b);
    }
    sort(by) {
      const before = this.rows;
      this.rows = this.getSortedRows(by).map((index) => before[index]);
    }
  }

  function arrayToDataTable([headings = [], ...rows]) {
    const cols = headings.map((heading) => (typeof heading === "object" ? heading : { label: String(heading) }));
    return new DataTable({ cols, rows });
  }

  // Some columns of a table; {calc: "stringify", sourceColumn} is one as text.
  class DataView extends DataTable {
    constructor(table) {
      super();
      this.table = table;
      this.setColumns(table.cols.map((_, index) => index));
    }
    setColumns(columns) {
      const { table } = this;
      this.cols = columns.map((column) => ({ label: "", role: "", ...(typeof column === "number" ? table.cols[column] : column) }));
      this.rows = table.rows.map((row, index) =>
        columns.map((column) => (typeof column === "number" ? row[column] : { v: table.getFormattedValue(index, column.sourceColumn) })),
      );
    }
  }

  const STYLE = `
    table { border-collapse: collapse; width: 100%; font: 13px/1.4 Roboto, Arial, sans-serif; color: var(--ink); }
    th, td { text-align: right; padding: 6px 10px; border-bottom: 1px solid var(--line); vertical-align: top; }
    th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; min-width: 9rem; max-width: 24rem; }
    th { vertical-align: bottom; }
    button { all: unset; cursor: pointer; overflow-wrap: anywhere; }
    :focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
    th button::after { content: " \\2195"; color: var(--soft); }
    th[aria-sort=ascending] button::after { content: " \\2191"; color: inherit; }
    th[aria-sort=descending] button::after { content: " \\2193"; color: inherit; }
    tr[aria-selected=true] { background: var(--panel); box-shadow: inset .4rem 0 var(--candidate); }
    .wide { overflow-x: auto; }
    nav { display: flex; flex-wrap: wrap; gap: 4px 12px; padding: 8px; font: 13px Roboto, Arial, sans-serif; color: var(--ink); }
    nav [aria-current] { font-weight: 700; text-decoration: underline; }
  `;

  class Table {
    constructor(place) {
      this.place = place;
      this.selection = [];
      this.sorting = { column: -1, ascending: true, sortedIndexes: null };
      this.page = 0;
    }
    getSelection() {
      return this.selection;
    }
    setSelection(selection) {
      this.selection = selection ?? [];
      if (this.data) this.paint();
    }
    getSortInfo() {
      return this.sorting;
    }
    draw(data, { page, pageSize = 10 } = {}) {
      this.data = data;
      this.pageSize = page === "enable" ? pageSize : Infinity;
      this.sorting = { column: -1, ascending: true, sortedIndexes: null };
      this.page = 0;
      this.paint();
      events.trigger(this, "ready");
    }
    paint() {
      const heading = element("thead", {}, element("tr", {}, ...this.data.cols.map((col, column) => this.heading(col, column))));
      const table = element("table", {}, heading, element("tbody", {}, ...this.shown().map((row) => this.row(row))));
      const region = element("div", { className: "wide", tabIndex: 0 }, table);
      region.setAttribute("role", "region");
      region.setAttribute("aria-label", "Metrics of slices");
      this.place.replaceChildren(element("style", { textContent: STYLE }), region, this.pages());
    }
    shown() {
      const order = this.sorting.sortedIndexes ?? this.data.rows.map((_, index) => index);
      const first = this.page * this.pageSize || 0;
      return order.slice(first, first + this.pageSize);
    }
    heading({ label }, column) {
      const button = element("button", { type: "button", textContent: label });
      const made = element("th", { scope: "col" }, button);
      if (column === this.sorting.column) made.setAttribute("aria-sort", this.sorting.ascending ? "ascending" : "descending");
      button.addEventListener("click", () => this.sortBy(column));
      return made;
    }
    sortBy(column) {
      const ascending = this.sorting.column !== column || !this.sorting.ascending;
      this.sorting = { column, ascending, sortedIndexes: this.data.getSortedRows([{ column, desc: !ascending }]) };
      this.page = 0;
      this.paint();
      this.place.querySelectorAll("th button")[column].focus();
      events.trigger(this, "sort", this.sorting);
    }
    row(index) {
      const made = element("tr");
      const isSelected = this.selection.some(({ row }) => row === index);
      if (isSelected) made.setAttribute("aria-selected", "true");
      this.data.cols.forEach((_, column) => {
        const text = this.data.getFormattedValue(index, column);
        const name = column === 0 && element("button", { type: "button", textContent: text });
        if (name) {
          name.setAttribute("aria-pressed", String(isSelected));
          name.addEventListener("click", () => this.select(isSelected ? [] : [{ row: index }]));
        }
        made.append(element("td", {}, name || text));
      });
      return made;
    }
    select(selection) {
      this.setSelection(selection);
      events.trigger(this, "select");
    }
    pages() {
      const number = Math.ceil(this.data.rows.length / this.pageSize);
      const turn = (page) => {
        this.page = page;
        this.paint();
        events.trigger(this, "page", { page });
      };
      const nav = element("nav", { hidden: number < 2 });
      nav.setAttribute("aria-label", "Pages of the table");
      for (let page = 0; page < number; page++) {
        const button = element("button", { type: "button", textContent: `${page + 1}` });
        button.setAttribute("aria-label", `Page ${page + 1} of ${number}`);
        if (page === this.page) button.setAttribute("aria-current", "page");
        button.addEventListener("click", () => turn(page));
        nav.append(button);
      }
      return nav;
    }
  }

  const COLOURS = ["var(--candidate)", "var(--baseline)"];

  class ColumnChart {
    constructor(place) {
      this.place = place;
      this.selection = [];
    }
    getSelection() {
      return this.selection;
    }
    setSelection(selection) {
      this.selection = selection ?? [];
      this.mark();
    }
    draw(data, { width, height, hAxis = {}, series = [], enableInteractivity = true } = {}) {
      const columns = data.cols.flatMap(({ role }, column) => (column && !role ? [column] : []));
      const bars = columns.flatMap((column, place) => this.bars(data, column, place, columns.length));
      const labels = bars.filter((bar) => bar.label !== undefined);
      const ticks = this.ticks(data, hAxis.ticks ?? []);
      const svg = Plot.plot({
        width,
        height,
        marginTop: 20,
        marginRight: 34,
        marginLeft: 60,
        marginBottom: 34,
        style: { background: "none", color: "var(--soft)", fontFamily: "inherit", fontSize: "11px" },
        x: { domain: [-0.5, Math.max(0.5, data.rows.length - 0.5)], ticks: ticks.map(([at]) => at), tickFormat: (at) => new Map(ticks).get(at) ?? "", label: data.cols[0].label && ticks.length ? data.cols[0].label : null },
        y: series.length ? { axis: null } : { label: columns.map((column) => data.getColumnLabel(column)).join(", "), grid: true },
        marks: [
          Plot.rect(bars, { x1: "from", x2: "to", y1: 0, y2: "height", fill: "fill", title: "title", className: "bars" }),
          Plot.text(labels, { x: (bar) => (bar.from + bar.to) / 2, y: "height", text: "label", dy: -6, className: "labels" }),
        ],
      });
      this.place.replaceChildren(svg);
      this.rects = this.arrange(svg);
      if (enableInteractivity) this.rects.forEach((rect, row) => rect.addEventListener("click", () => this.pick(row % data.rows.length)));
      this.mark();
      events.trigger(this, "ready");
    }
    bars(data, column, place, number) {
      const values = data.rows.map((_, row) => data.getValue(row, column));
      const finite = values.map((value) => (Number.isFinite(value) ? value : 0));
      // Each of two series has an axis of its own.
      const scale = number > 1 ? Math.max(...finite, 0) || 1 : 1;
      const annotated = data.cols[column + 1]?.role === "annotation" || data.cols[column + 1]?.calc;
      return finite.map((value, row) => ({
        from: row - 0.42 + (0.84 * place) / number,
        to: row - 0.42 + (0.84 * (place + 1)) / number,
        height: value / scale,
        fill: COLOURS[place % COLOURS.length],
        title: `${data.getFormattedValue(row, 0)}\n${data.getColumnLabel(column)}: ${data.getFormattedValue(row, column)}`,
        ...(annotated && { label: data.getFormattedValue(row, column + 1) }),
      }));
    }
    // Edges of a histogram's buckets as places between its bars.
    ticks(data, given) {
      const step = Math.ceil(given.length / 8);
      return given.flatMap(({ f }, edge) => (edge % step ? [] : [[edge - 0.5, f]]));
    }
    // TFMA walks Google's SVG to highlight buckets: the first group with a clip path,
    // in it the bars second, and the labels third after it.
    arrange(svg) {
      const group = (...children) => {
        const made = document.createElementNS("http://www.w3.org/2000/svg", "g");
        made.append(...children);
        return made;
      };
      const bars = svg.querySelector("g.bars") ?? group();
      const labels = svg.querySelector("g.labels") ?? group();
      const clipped = group(group(), bars);
      clipped.setAttribute("clip-path", "none");
      svg.append(clipped, group(), group(), labels);
      return [...bars.children];
    }
    mark() {
      this.rects?.forEach((rect, row) => {
        const isSelected = this.selection.some((each) => each.row === row);
        rect.setAttribute("stroke", isSelected ? "var(--ink)" : "none");
        rect.setAttribute("stroke-width", 2);
      });
    }
    pick(row) {
      this.setSelection([{ row, column: 1 }]);
      events.trigger(this, "select");
    }
  }

  const CHARTS = { Table, ColumnChart };

  class ChartWrapper {
    constructor({ container }) {
      this.container = container;
    }
    setChartType(type) {
      if (type !== this.type) this.chart = undefined;
      this.type = type;
    }
    setDataTable(data) {
      this.data = data;
    }
    setOptions(options) {
      this.options = options;
    }
    getChart() {
      return this.chart;
    }
    draw() {
      if (!this.data) return;
      if (!this.chart) {
        this.chart = new CHARTS[this.type](this.container);
        events.addListener(this.chart, "select", (data) => events.trigger(this, "select", data));
      }
      this.chart.draw(this.data, this.options);
      events.trigger(this, "ready");
    }
  }

  return {
    charts: { load: () => Promise.resolve() },
    visualization: { DataTable, DataView, arrayToDataTable, events, ChartWrapper, ...CHARTS },
  };
})();
