/* Draws the trends; the tables hold the same numbers. */
"use strict";

const { Plot } = fairsilo.libraries;
const { element } = fairsilo;
const runs = JSON.parse(document.getElementById("data").textContent);
const TICK_WIDTH = 76; // pixels that a span of ten characters takes
const DECISIONS = ["Blessed", "Blessed with waivers", "Blessed, incomplete", "Not blessed", "Nothing was trained", "Failed", "Stopped", "Running"];
const SYMBOLS = ["circle", "diamond", "star", "times", "square", "triangle", "asterisk", "plus"];

const COLORS = { "Blessed": "var(--good)", "Blessed with waivers": "var(--waived)" };
const NONE = "None in any run.";

// Long names are cut in the middle: they tend to differ at their ends.
const cut = (name) => {
  const text = [...name];
  return text.length > 10 ? [...text.slice(0, 4), "…", ...text.slice(-5)].join("") : name;
};
const label = (n) => runs[n].label.map(cut).join("\n");
const color = (run) => COLORS[run.decision] ?? "var(--bad)";
const name = (run) => `${run.id}\n${run.name === run.id ? "" : `${run.name}: `}${run.word}`;
const number = (value) => value.toFixed(3);

// Frame and axes that all trends share: one place a run, left to right.
function trend(container, height, y, marks) {
  const width = Math.max(320, container.clientWidth);
  const marginLeft = y.marginLeft ?? 50;
  const every = Math.ceil((runs.length * TICK_WIDTH) / (width - marginLeft));
  return Plot.plot({
    width,
    height,
    marginLeft,
    marginBottom: runs.some((run) => run.label.length > 1) ? 44 : 30,
    style: { background: "none", fontFamily: "inherit", fontSize: "12px" },
    x: {
      domain: runs.map((_, n) => n),
      type: "point",
      label: null,
      ticks: runs.map((_, n) => n).filter((n) => n % every === 0),
      tickFormat: label,
    },
    y: { label: null, grid: true, ...y },
    marks,
  });
}

const known = (field) => runs.map((run, n) => ({ ...run, n })).filter((r) => r[field] !== null);

const PLOTS = {
  decisions(container) {
    const present = DECISIONS.filter((word) => runs.some((run) => run.decision === word));
    return trend(container, 44 + 26 * present.length,
      { domain: present, type: "point", padding: 0.5, marginLeft: 140 }, [
        Plot.dot(known("decision"), {
          x: "n", y: "decision", symbol: (run) => SYMBOLS[DECISIONS.indexOf(run.decision)], r: 5,
          stroke: color,
          fill: (run) => run.decision === "Blessed" ? color(run) : "none",
          strokeWidth: 2, title: name, tip: true,
        }),
      ]);
  },
  auc(container) {
    const overall = known("auc");
    if (!overall.length) return null;
    const worst = known("worst");
    return trend(container, 220,
      { nice: true, zero: false, insetBottom: 8 }, [
        Plot.ruleX(overall.filter((run) => run.low !== null && run.high !== null),
          { x: "n", y1: "low", y2: "high", stroke: "var(--ink)", strokeWidth: 2 }),
        Plot.lineY(worst, { x: "n", y: "worst", stroke: "var(--bad)", strokeDasharray: "6 4", strokeWidth: 2 }),
        Plot.dot(worst, {
          x: "n", y: "worst", symbol: "diamond", stroke: "var(--bad)", fill: "var(--paper)", r: 5, strokeWidth: 2,
          title: (run) => `${name(run)}\nworst silo ${run.worstSilo}: ${number(run.worst)}`, tip: true,
        }),
        Plot.lineY(overall, { x: "n", y: "auc", stroke: "var(--mark)", strokeWidth: 2 }),
        Plot.dot(overall, {
          x: "n", y: "auc", fill: "var(--mark)", r: 4,
          title: (run) => `${name(run)}\nAUC ${number(run.auc)}`, tip: true,
        }),
      ]);
  },
  gap(container) {
    const found = known("gap");
    if (!found.length) return null;
    return trend(container, 160, { zero: true, nice: true }, [
      Plot.ruleY([0], { stroke: "var(--line)" }),
      Plot.lineY(found, { x: "n", y: "gap", stroke: "var(--mark)", strokeWidth: 2 }),
      Plot.dot(found, {
        x: "n", y: "gap", fill: "var(--mark)", r: 4,
        title: (run) => `${name(run)}\ngap ${number(run.gap)}`, tip: true,
      }),
    ]);
  },
  drift(container) {
    const found = known("drifted");
    if (!found.length) return null;
    const most = Math.max(...found.map((run) => run.drifted));
    if (!most) return NONE;
    return trend(container, 140,
      { domain: [0, most], tickFormat: "d", ticks: Math.min(most, 4) }, [
        Plot.ruleY([0], { stroke: "var(--soft)" }),
        Plot.ruleX(found, {
          x: "n", y: "drifted", stroke: "var(--mark)", strokeWidth: 8,
          title: (run) => `${name(run)}\n${run.drifted} of ${run.silos} silos with drift`, tip: true,
        }),
      ]);
  },
  cohort(container) {
    const found = known("silos");
    if (!found.length) return null;
    const up = (run) => run.came + run.released;
    const down = (run) => run.left + run.quarantined;
    const most = Math.max(...found.map(up), ...found.map(down));
    if (!most) return NONE;
    const title = (run) => `${name(run)}\n${run.came} came, ${run.released} train again, ` +
      `${run.left} left, ${run.quarantined} quarantined`;
    return trend(container, 160,
      { domain: [-most, most], tickFormat: (value) => String(Math.abs(value)), ticks: Math.min(2 * most, 4) }, [
        Plot.ruleX(found, { x: "n", y: up, stroke: "var(--mark)", strokeWidth: 8, title, tip: true }),
        Plot.ruleX(found, { x: "n", y: (run) => -down(run), stroke: "var(--bad)", strokeWidth: 8, title, tip: true }),
        Plot.ruleY([0], { stroke: "var(--soft)" }),
      ]);
  },
};

// The tables tell those who can't see the charts, so the charts themselves are silent.
function draw() {
  for (const container of document.querySelectorAll("[data-plot]")) {
    const plot = PLOTS[container.dataset.plot](container) ?? "No run has told this yet.";
    if (typeof plot === "string") {
      container.replaceChildren(element("p", { className: "soft", textContent: plot }));
      continue;
    }
    plot.setAttribute("aria-hidden", "true");
    container.replaceChildren(plot);
  }
}
draw();
addEventListener("resize", draw);
