/* The kinds of plots that charts are made of: rows of dots, ranks, points, cells. */
"use strict";

fairsilo.plots = (() => {
  const { Plot } = fairsilo.libraries;
  const { text } = fairsilo;
  const MANY = 60; // slices from which on names give way to ranks
  const NAMED = 30; // of many, those that are named all the same

  // Two models are told apart by shape and by colour (Okabe and Ito's).
  const MARKS = {
    candidate: { symbol: "circle", fill: "var(--candidate)", stroke: "var(--candidate)" },
    baseline: { symbol: "diamond", fill: "var(--paper)", stroke: "var(--baseline)" },
    better: { symbol: "triangle", fill: "var(--candidate)", stroke: "var(--candidate)" },
    worse: { symbol: "square", fill: "var(--baseline)", stroke: "var(--baseline)" },
    unsure: { symbol: "circle", fill: "var(--paper)", stroke: "var(--other)" },
    base: { symbol: "circle", fill: "var(--candidate)", stroke: "var(--candidate)" },
    personal: { symbol: "triangle", fill: "var(--personal)", stroke: "var(--personal)" },
    alone: { symbol: "diamond", fill: "var(--paper)", stroke: "var(--baseline)" },
    pooled: { symbol: "square", fill: "var(--paper)", stroke: "var(--other)" },
  };
  const LOWER = { baseline: 6, personal: 6, alone: 12, pooled: 18 }; // in a row; unit: pixels

  const plot = (options) =>
    Plot.plot({
      style: { background: "none", fontFamily: "inherit", fontSize: "12px", overflow: "visible" },
      ...options,
    });

  const intervals = (marks) => marks.filter((mark) => mark.low != null);

  const label = (mark) =>
    `${mark.name}\n${mark.model}: ${mark.format(mark.value)}` +
    (mark.low == null ? "" : `\n95 %: ${text.interval(mark, mark.format)}`) +
    (mark.rows == null ? "" : `\n${text.count(mark.rows)} rows`);

  // How wide a text is, as the plots write it; unit: pixels.
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const widest = (texts) => Math.max(24, ...texts.map((each) => pen.measureText(each).width));

  const opacity = (mark) => (mark.faint ? 0.45 : 1);

  function dots(marks, places, r = 4) {
    return Object.entries(MARKS).flatMap(([kind, look]) => {
      const own = marks.filter((mark) => mark.kind === kind);
      return own.length
        ? [Plot.dot(own, { ...places, ...look, r, strokeWidth: 1.5, fillOpacity: opacity, strokeOpacity: opacity, title: label, tip: { lineWidth: 24 } })]
        : [];
    });
  }

  // One row a name; the marks of other models lie a little lower.
  function rows(marks, { width, axis, rules = [], dash = "4 3", bars = false, names }) {
    const shift = (mark) => LOWER[mark.kind] ?? 0;
    const lowest = Math.max(6, ...marks.map(shift));
    const groups = [...new Set(marks.map(shift))].map((lower) => [lower, lower - (lowest - 6) / 2, marks.filter((mark) => shift(mark) === lower)]);
    const short = new Map(names.map((name) => [name, text.cut(name, width < 500 ? 14 : 30)]));
    return plot({
      width,
      height: 60 + names.length * (14 + lowest),
      marginTop: 44,
      marginBottom: 16,
      marginLeft: widest([...short.values()]) + 14,
      marginRight: 16,
      x: { label: axis, labelAnchor: "center", labelOffset: 40, grid: true, nice: true, axis: "top", ticks: width / 90 },
      y: { domain: names, label: null, tickSize: 0, tickFormat: (name) => short.get(name) },
      marks: [
        Plot.ruleX(rules, { x: "value", stroke: "var(--soft)", strokeDasharray: dash, title: "name" }),
        ...(bars ? [Plot.ruleY(marks, { y: "name", x1: 0, x2: "value", stroke: ({ kind }) => MARKS[kind].stroke, strokeWidth: 10, strokeOpacity: 0.3 })] : []),
        ...groups.flatMap(([lower, dy, own]) => [
          Plot.ruleY(intervals(own), { y: "name", x1: "low", x2: "high", dy, stroke: "var(--ink)", strokeWidth: lower ? 1 : 1.75, strokeOpacity: opacity }),
          ...dots(own, { y: "name", x: "value", dy }),
        ]),
      ],
    });
  }

  // Many slices by rank: the shape of the whole.
  function ranks(marks, { width, axis, rules = [], dash = "4 3", names }) {
    const rank = new Map(names.map((name, index) => [name, index + 1]));
    const placed = marks.filter((mark) => !LOWER[mark.kind]).map((mark) => ({ ...mark, rank: rank.get(mark.name) }));
    const look = { fill: "var(--candidate)", stroke: "none" };
    return plot({
      width,
      height: 280,
      marginLeft: 56,
      marginBottom: 38,
      x: { label: "rank", labelAnchor: "center" },
      y: { label: axis, grid: true, nice: true },
      marks: [
        Plot.ruleX(intervals(placed), { x: "rank", y1: "low", y2: "high", stroke: "var(--candidate)", strokeOpacity: 0.25, strokeWidth: Math.max(0.5, Math.min(2, width / placed.length / 1.5)) }),
        Plot.ruleY(rules, { y: "value", stroke: "var(--soft)", strokeDasharray: dash, title: "name" }),
        Plot.dot(placed, { x: "rank", y: "value", r: 1.6, ...look, fillOpacity: opacity, title: label, tip: { lineWidth: 24 } }),
      ],
    });
  }

  // Rows where names fit, else ranks with the first ones named below.
  function sorted(marks, options) {
    const names = [...new Set(marks.map((mark) => mark.name))];
    if (names.length <= MANY) return [rows(marks, { ...options, names })];
    const first = names.slice(0, NAMED);
    const few = new Set(first);
    return [
      ranks(marks, { ...options, names }),
      fairsilo.element("p", { className: "soft", textContent: `The first ${NAMED} of ${text.count(names.length)} by name:` }),
      rows(marks.filter((mark) => few.has(mark.name)), { ...options, names: first }),
    ];
  }

  return { Plot, plot, sorted, dots, intervals, widest, MARKS, MANY };
})();
