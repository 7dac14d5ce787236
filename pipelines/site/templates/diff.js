/* Compares any two of the page's runs; all text goes in as text, never as HTML. */
"use strict";

const { Plot } = fairsilo.libraries;
const { element, tables } = fairsilo;
const data = JSON.parse(document.getElementById("data").textContent);
const MOST_BARS = 15;
const MISSING = "–";
const picks = Object.fromEntries(
  ["before", "after", "metric"].map((id) => [id, document.getElementById(id)]));

// ---- figures ---------------------------------------------------------------

// The figures of a block (`whole` or `silos`) that two runs have for a metric.
function compare(block, question, before, after) {
  const scale = 10 ** block.digits;
  const figure = (run, subject) => {
    const [values, below, above] = block.runs[run].columns[question];
    if (!values || values[subject] === null) return null;
    const known = below && below[subject] !== null;
    return {
      value: values[subject] / scale,
      below: known ? below[subject] / scale : null,
      above: known ? above[subject] / scale : null,
      rows: block.runs[run].rows[subject],
    };
  };
  const { better, words } = block.names.questions[question];
  return block.names.subjects
    .map((subject, index) => change(subject, words, better, figure(before, index), figure(after, index)))
    .filter((row) => row.before || row.after);
}

// MOVER, for independent figures: see `pipelines/site/diff.py`.
function change(subject, words, better, a, b) {
  const row = { subject, words, before: a, after: b, change: null, loss: null, interval: null, sure: false };
  if (!a || !b) return row;
  row.change = b.value - a.value;
  row.loss = better ? -better * row.change : null;
  if (a.below === null || b.below === null) return row;
  row.interval = [
    row.change - Math.hypot(b.below, a.above),
    row.change + Math.hypot(b.above, a.below),
  ];
  row.sure = row.interval[0] > 0 || row.interval[1] < 0;
  if (better && row.sure) row.reading = row.loss > 0 ? "worse" : "better";
  return row;
}

// What is sure, then what may be chance, the biggest losses first in each; then what is
// neither better nor worse, then what one lacks.
function byLoss(x, y) {
  const place = (row) =>
    row.loss !== null ? (row.sure ? 0 : 1) : row.change !== null ? 2 : 3;
  const size = (row) => row.loss ?? Math.abs(row.change ?? 0);
  return place(x) - place(y) || size(y) - size(x);
}

// ---- tables ----------------------------------------------------------------

// Small figures, such as a variance over silos, need more digits to differ.
const small = (row) => [row.before, row.after].every((of) => !of || Math.abs(of.value) < 0.01);
const number = (value, digits = 3) => value.toFixed(digits).replace("-", "−");
const signed = (value, digits = 4) => (value < 0 ? "" : "+") + number(value, digits);
const count = (value) => value.toLocaleString("en");
const range = (low, high, write) => `${write(low)} to ${write(high)}`;

const READINGS = {
  worse: { text: "worse", mood: "bad" },
  better: { text: "better", mood: "good" },
};

function figureCell(figure, write) {
  if (!figure) return [MISSING, ""];
  const { value, below, above } = figure;
  if (below === null) return [write(value), value];
  return [`${write(value)} (${range(value - below, value + above, write)})`, value];
}

function reading(row) {
  if (row.change === null) return row.after ? "only after" : "only before";
  return READINGS[row.reading] ?? "";
}

function rowsCell({ before, after }) {
  const known = [before, after].filter(Boolean).map((of) => count(of.rows));
  return [[...new Set(known)].join(" to "), (after ?? before).rows];
}

function cells(row, names) {
  const value = (of) => number(of, small(row) ? 5 : 3);
  const change = (of) => signed(of, small(row) ? 5 : 4);
  return [
    ...names,
    figureCell(row.before, value),
    figureCell(row.after, value),
    row.change === null ? [MISSING, ""] : [change(row.change), row.change],
    row.interval ? [range(...row.interval, change), row.interval[0]] : "",
    reading(row),
    rowsCell(row),
  ];
}

const NUMBERS = ["Before (95 %)", "After (95 %)", "Change", "95 % of the change"];

function fill(id, title, first, rows, names) {
  const columns = [
    ...first.map((name) => [name]),
    ...NUMBERS.map((name) => [name, "num"]),
    ["Reading"],
    ["Rows", "num"],
  ];
  const made = rows.length
    ? tables.make(title, columns, rows.sort(byLoss).map((row) => cells(row, names(row)))).holder
    : element("p", { textContent: "Neither run has such figures." });
  document.querySelector(`[data-changes="${id}"]`).replaceChildren(made);
}

// ---- the page --------------------------------------------------------------

const slice = (name) => (name === "silo_id" ? "the silos" : name);
const indexOf = (block, name) =>
  block.names.questions.findIndex((question) => question.words === name);

function rowsOf(block, name) {
  const question = indexOf(block, name);
  return question < 0 ? [] : compare(block, question, +picks.before.value, +picks.after.value);
}

function show() {
  const { whole, silos } = data;
  const metric = picks.metric.value;
  const overall = whole.names.questions.flatMap((question) =>
    rowsOf(whole, question.words).filter((row) => row.subject[2] === ""));
  const bySilo = rowsOf(silos, metric);
  const byGroup = rowsOf(whole, metric).filter((row) => row.subject[2] !== "");
  fill("overall", "Every metric", ["Metric"], overall, (row) => [row.subject[1] ? `${row.words}, over ${slice(row.subject[1])}` : row.words]);
  fill("silos", `${metric} by silo`, ["Silo"], bySilo, (row) => [row.subject[0]]);
  fill("groups", `${metric} by group`, ["Slice", "Group"], byGroup, (row) => [row.subject[1], row.subject[2]]);
  for (const place of document.querySelectorAll("[data-metric]")) place.textContent = metric;
  tell(metric, overall.find((row) => row.words === metric && !row.subject[1]), bySilo);
  draw(bySilo);
}

const be = (number) => (number === 0 ? "none is" : number === 1 ? "1 is" : `${count(number)} are`);

function tell(metric, overall, bySilo) {
  if (picks.before.value === picks.after.value) {
    document.getElementById("told").textContent = "Both are the same run, so nothing differs.";
    return;
  }
  const both = bySilo.filter((row) => row.change !== null);
  const those = (is) => be(both.filter(is).length);
  const parts = [];
  if (overall?.change != null) {
    const interval = overall.interval ? ` (95 % ${range(...overall.interval, (of) => signed(of))})` : "";
    parts.push(`${metric} over all rows: ${number(overall.before.value)} to ` +
      `${number(overall.after.value)}, ${signed(overall.change)}${interval}.`);
  }
  const found = both.some((row) => row.loss !== null)
    ? `${those((row) => row.reading === "worse")} surely worse and ${those((row) => row.reading === "better")} surely better`
    : `${those((row) => row.sure)} surely changed`;
  parts.push(both.length
    ? `Of ${count(both.length)} silo${both.length > 1 ? "s" : ""} in both runs, ${found}.`
    : "No silo has this figure in both runs.");
  document.getElementById("told").textContent = parts.join(" ");
}

let drawn = [];
function draw(rows) {
  drawn = rows;
  const worst = rows.filter((row) => row.change !== null).sort(byLoss).slice(0, MOST_BARS);
  const container = document.querySelector("[data-losses]");
  container.replaceChildren();
  if (!worst.length) return;
  const cut = (text) => (text.length > 22 ? [...text].slice(0, 21).join("") + "…" : text);
  const title = (row) => `${row.subject[0]}\n${number(row.before.value)} to ${number(row.after.value)}, ${signed(row.change)}${row.sure ? "" : ", may be chance"}`;
  // Pale where it may be chance, as on a run's page.
  const color = (row) => !row.sure ? "var(--other)" : row.loss === null ? "var(--mark)" : row.loss > 0 ? "var(--bad)" : "var(--good)";
  const opacity = (row) => (row.sure ? 1 : 0.5);
  const lines = (sure, look) => Plot.link(worst.map((row, index) => ({ row, index })).filter(({ row }) => row.sure === sure), {
    x1: ({ row }) => row.before.value, x2: ({ row }) => row.after.value, y: "index",
    stroke: ({ row }) => color(row), ...look,
  });
  const plot = Plot.plot({
    width: Math.max(320, container.clientWidth),
    height: 70 + 24 * worst.length,
    marginLeft: 180,
    marginBottom: 40,
    style: { background: "none", fontFamily: "inherit", fontSize: "12px" },
    x: { grid: true, nice: true, labelAnchor: "center", label: "before (hollow) → after (filled)" },
    y: { domain: worst.map((_, index) => index), label: null, type: "point", tickSize: 0, tickFormat: (index) => cut(worst[index].subject[0]) },
    marks: [
      lines(true, { strokeWidth: 3 }),
      lines(false, { strokeWidth: 2, strokeDasharray: "4 3", strokeOpacity: 0.6 }),
      Plot.dot(worst, { x: (row) => row.before.value, y: (_, index) => index, r: 4, stroke: (row) => (row.sure ? "var(--ink)" : "var(--other)"), fill: "var(--paper)" }),
      Plot.dot(worst, { x: (row) => row.after.value, y: (_, index) => index, r: 5, fill: color, fillOpacity: opacity, title, tip: true }),
    ],
  });
  plot.setAttribute("aria-hidden", "true"); // the table below tells the same
  container.append(plot);
}
addEventListener("resize", () => draw(drawn));

// ---- choosing --------------------------------------------------------------

function options(select, texts) {
  select.replaceChildren(...texts.map(([value, text]) => new Option(text, value)));
}

const place = (id) => data.runs.findIndex((run) => run.id === id);

// A link names runs by id: #a=RUN&b=RUN.
function readLink() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  if (!wanted.has("a") && !wanted.has("b")) return;
  for (const [key, select] of [["a", picks.before], ["b", picks.after]])
    if (place(wanted.get(key)) >= 0) select.value = place(wanted.get(key));
  const unknown = ["a", "b"].map((key) => wanted.get(key)).filter((id) => id !== null && place(id) < 0);
  show();
  if (unknown.length)
    document.getElementById("told").prepend(`The link names ${unknown.join(" and ")}, which is not among the runs of this page. `);
}

function writeLink() {
  const [a, b] = [picks.before, picks.after].map((select) => data.runs[select.value].id);
  history.replaceState(null, "", "#" + new URLSearchParams({ a, b }));
}

const label = (run) => `${run.id}: ${run.word}`;
for (const select of [picks.before, picks.after])
  options(select, data.runs.map((run, index) => [index, label(run)]));
options(picks.metric, data.silos.names.questions.map(({ words }) => [words, words]));
picks.before.value = Math.min(1, data.runs.length - 1);
picks.after.value = 0;
for (const select of Object.values(picks))
  select.addEventListener("change", () => { show(); if (select !== picks.metric) writeLink(); });
addEventListener("hashchange", readLink);
show();
readLink();
