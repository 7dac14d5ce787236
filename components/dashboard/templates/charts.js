/* The charts of the pages: what each draws, says and lists in its table.

   A chart is a function that returns `{controls, draw}`: `controls` names its selects
   with their options, `draw(choice, width)` returns `{parts, summary, columns, rows}`:
   the SVG, a sentence in its place for those who can't see it, and the table behind it.
   `inside` and `gaps` are tables alone. */
"use strict";

fairsilo.charts = (() => {
  const { data, text, element } = fairsilo;
  const { Plot, plot, sorted, intervals, label, widest, MARKS, MANY } = fairsilo.plots;

  const metrics = (model = "candidate", part = data.bySilo) =>
    data.metrics
      .filter((name) => part.some((slice) => slice.figure(model, name)))
      .map((name) => [name, text.metric(name)]);
  const ORDERS = [
    ["bound", "surely worst first"],
    ["value", "lowest value first"],
    ["rows", "largest first"],
    ["name", "by name"],
  ];
  const columnControl = () => ["Groups of", data.columns.map((column) => [column, column])];
  const thresholdControl = () => [
    "Threshold of the rates",
    data.thresholds.map((value) => [value, value]),
    data.thresholds[data.thresholds.length >> 1],
  ];

  function ordered(slices, model, metric, order) {
    const keys = {
      bound: (slice) => text.atBest(slice.figure(model, metric), metric),
      value: (slice) => slice.figure(model, metric).value,
      rows: (slice) => -slice.rows,
      name: (slice) => slice.name,
    };
    return slices
      .filter((slice) => slice.figure(model, metric))
      .map((slice) => [keys[order](slice), slice])
      .sort(([x], [y]) => (typeof x === "string" ? x.localeCompare(y) : x - y))
      .map(([, slice]) => slice);
  }

  function marks(slices, model, metric, format = text.number) {
    return slices.flatMap((slice) => {
      const figure = slice.figure(model, metric);
      const { name, rows, notEvaluated } = slice;
      return figure ? [{ ...figure, kind: model, model, name, rows, faint: Boolean(notEvaluated), format }] : [];
    });
  }

  const overallRule = (metric) => {
    const figure = data.overall.figure("candidate", metric);
    return figure ? [{ value: figure.value, name: `all rows: ${text.number(figure.value)}` }] : [];
  };

  // From where to where values go, with the names at both ends.
  function span(items, format = text.number) {
    if (!items.length) return "There is nothing to show.";
    const rising = [...items].sort((x, y) => x.value - y.value);
    const [low, middle, high] = [rising[0], rising[rising.length >> 1], rising.at(-1)];
    return `From ${format(low.value)} (${low.name}) to ${format(high.value)} (${high.name}); the middle one is ${format(middle.value)}; ${text.count(items.length)} in all.`;
  }

  const real = (value, format = text.number) => [format(value), value ?? ""];
  const cells = (figure, format) => [
    figure ? real(figure.value, format) : ["–", ""],
    [text.interval(figure, format), figure?.low ?? ""],
  ];
  const missing = (slice) => slice.note === "too few" || slice.group === "too few" ? `too few (${text.count(slice.rows)})` : slice.note || "–";

  // The table of a metric by slice. Groups inside silos have few figures of the
  // baseline: none, no column.
  function compared(slices, metric, lead, before = slices) {
    const known = before.some((slice) => slice.figure("baseline", metric));
    const models = data.hasBaseline && known ? ["candidate", "baseline"] : ["candidate"];
    return {
      columns: [
        ...lead.map(([name, , kind]) => [name, kind]),
        ["Rows", "num"],
        ...models.flatMap((model) => [[`${text.metric(metric)}, ${model}`, "num"], ["95 % interval", "num"]]),
      ],
      rows: slices.map((slice) => [
        ...lead.map(([, of]) => of(slice)),
        slice.rows,
        ...models.flatMap((model) => {
          const figure = slice.figure(model, metric);
          return figure || !slice.note ? cells(figure) : [[missing(slice), ""], ""];
        }),
      ]),
    };
  }

  // Slices in order, both models, with the table behind.
  function models(own, metric, order, width, lead, of) {
    const shown = ordered(own, "candidate", metric, order);
    const candidate = marks(shown, "candidate", metric);
    const drawn = [...candidate, ...marks(shown, "baseline", metric)];
    return {
      parts: sorted(drawn, { width, axis: text.metric(metric), rules: overallRule(metric) }),
      summary: `${text.metric(metric)} by ${of}. ${span(candidate)}`,
      ...compared([...shown, ...own.filter((slice) => slice.note)], metric, lead),
    };
  }

  const judgedColumn = () =>
    data.judged === "judged" // else no gate was asked
      ? [["Judged", ({ notEvaluated }) => (notEvaluated ? `no: ${notEvaluated}` : "yes"), "sentence"]]
      : [];
  const silos = () => ({
    controls: { metric: ["Metric", metrics()], order: ["Order", ORDERS] },
    draw: ({ metric, order }, width) =>
      models(data.bySilo, metric, order, width, [["Silo", ({ silo }) => silo], ...judgedColumn()], "silo"),
  });

  const groups = () => ({
    controls: { column: columnControl(), metric: ["Metric", metrics("candidate", data.byGroup)], order: ["Order", ORDERS] },
    draw({ column, metric, order }, width) {
      const own = data.byGroup.filter((slice) => slice.column === column);
      return models(own, metric, order, width, [["Group", ({ group }) => group]], `${column} over all silos`);
    },
  });

  const CHANGED = { better: "surely better", worse: "surely worse", unsure: "may be chance" };
  function change(item, metric) {
    const sign = text.isLowerBetter(metric) ? -1 : 1;
    const ends = [item.low, item.high].map((end) => sign * (end ?? NaN));
    return { ...item, kind: Math.min(...ends) > 0 ? "better" : Math.max(...ends) < 0 ? "worse" : "unsure" };
  }
  const changes = () => ({
    controls: {
      metric: ["Metric", metrics("change")],
      of: ["Of", [["bySilo", "silos"], ["byGroup", "groups over all silos"]]],
      order: ["Order", ORDERS],
    },
    draw({ metric, of, order }, width) {
      const shown = ordered(data[of], "change", metric, order);
      const items = marks(shown, "change", metric, text.signed).map((item) => change(item, metric));
      const counts = Object.entries(CHANGED).map(([kind, words]) => `${items.filter((item) => item.kind === kind).length} ${words}`);
      return {
        parts: sorted(items, { width, axis: `change in ${text.metric(metric)}`, rules: [{ value: 0, name: "no change" }], dash: "none" }),
        summary: `Change in ${text.metric(metric)} against the baseline: ${counts.join(", ")}. ${span(items, text.signed)}`,
        columns: [["Name"], ["Rows", "num"], ["Change", "num"], ["95 % interval, paired", "num"], ["Reads as"], ["Baseline", "num"], ["Candidate", "num"]],
        rows: shown.map((slice, index) => [
          slice.name,
          slice.rows,
          ...cells(items[index], text.signed),
          CHANGED[items[index].kind],
          ...["baseline", "candidate"].map((model) => cells(slice.figure(model, metric))[0]),
        ]),
      };
    },
  });

  const HEAT_ROWS = 40; // silos drawn at a time
  const ALL = "All silos";
  const TOO_FEW = "too few";

  // The pattern of withheld cells, as a mark that draws nothing itself.
  function hatch() {
    const make = (tag, attributes, ...children) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      made.append(...children);
      return made;
    };
    const ground = make("rect", { width: 6, height: 6, fill: "var(--panel)" });
    const line = make("rect", { width: 1, height: 6, fill: "var(--other)", opacity: 0.7 });
    const place = { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
    return make("defs", {}, make("pattern", place, ground, line));
  }

  // Each silo with each group: a figure, or why there is none. A withheld group is told
  // as part of `too few` alone; an undefined one has rows enough, and no such figure.
  // Where nothing is known of a pair it is left out, as there are no such rows.
  function pairs(names, groupNames, slices, metric) {
    const key = (silo, group) => JSON.stringify([silo, group]);
    const known = new Map(slices.map((slice) => [key(slice.silo, slice.group), slice]));
    return names.flatMap((silo) => {
      const few = known.get(key(silo, TOO_FEW));
      return groupNames.flatMap((group) => {
        const slice = known.get(key(silo, group));
        if (!slice && !few) return [];
        const figure = slice?.figure("candidate", metric) ?? null;
        const state = figure ? "figure" : !slice || slice.note === TOO_FEW ? "withheld" : "undefined";
        return [{ silo: silo || ALL, group, slice, few, figure, state }];
      });
    });
  }

  function tipOf({ silo, group, slice, few, figure, state }, column, metric) {
    const lines = [silo, `${column}: ${group}`];
    if (figure) lines.push(`${text.metric(metric)}: ${text.number(figure.value)}`, `95 %: ${text.interval(figure)}`);
    else if (state === "undefined") lines.push(`no such figure${slice.note ? `: ${slice.note}` : ""}`);
    else if (few && !slice) lines.push("withheld: too few rows, or none", `all withheld together: ${text.count(few.rows)} rows`);
    else lines.push("withheld: too few rows");
    if (state !== "withheld") lines.push(`${text.count(slice.rows)} rows`);
    return lines.join("\n");
  }

  const heat = () => ({
    controls: {
      column: columnControl(),
      metric: ["Metric", metrics("candidate", data.inside)],
      order: ["Silos", [ORDERS[0], ORDERS[3]]],
    },
    draw({ column, metric, order }, width) {
      const inside = data.inside.filter((slice) => slice.column === column);
      const slices = [...data.byGroup.filter((slice) => slice.column === column), ...inside];
      const groupNames = [...new Set(slices.map((slice) => slice.group))].filter((group) => group !== TOO_FEW).sort();
      const having = new Set(inside.map((slice) => slice.silo));
      const siloNames = ordered(data.bySilo, "candidate", metric, order).map((slice) => slice.silo).filter((silo) => having.has(silo));
      const drawn = siloNames.slice(0, HEAT_ROWS);
      const shown = pairs(["", ...drawn], groupNames, slices, metric);
      const values = shown.filter((item) => item.figure).map((item) => item.figure.value);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const share = (value) => (high > low ? (value - low) / (high - low) : 0);
      const badness = (value) => Math.round(100 * (text.isLowerBetter(metric) ? share(value) : 1 - share(value)));
      const fills = { withheld: "url(#hatch)", undefined: "none" };
      const fill = ({ state, figure }) => fills[state] ?? `color-mix(in oklab, var(--heat) ${badness(figure.value)}%, var(--cool))`;
      const names = [ALL, ...drawn];
      const cutAt = width < 500 ? 12 : 30;
      const margin = widest(names.map((name) => text.cut(name, cutAt))) + 14;
      const perCell = (width - margin) / Math.max(1, groupNames.length);
      const written = ({ figure, state }) => (figure ? figure.value.toFixed(perCell < 44 ? 2 : 3) : state === "undefined" ? "–" : "");
      const place = { x: "group", y: "silo" };
      const chart = plot({
        width,
        height: 70 + names.length * 24,
        marginLeft: margin,
        marginTop: 46,
        marginRight: 8,
        padding: 0,
        x: { domain: groupNames, label: column, labelAnchor: "center", axis: "top", tickSize: 0, tickFormat: (group) => text.cut(group, Math.max(4, Math.floor(perCell / 7))) },
        y: { domain: names, label: null, tickSize: 0, tickFormat: (name) => text.cut(name, cutAt) },
        color: { type: "identity" },
        marks: [
          hatch,
          Plot.cell(shown, { ...place, fill, inset: 1, stroke: "var(--line)", title: (item) => tipOf(item, column, metric), tip: { lineWidth: 24 } }),
          Plot.text(shown, { ...place, fill: "var(--ink)", text: written }),
        ],
      });
      const notes = [];
      if (siloNames.length > drawn.length) notes.push(`The first ${text.count(drawn.length)} of ${text.count(siloNames.length)} silos are drawn; the others are in the table.`);
      if (data.numInside > data.inside.length) notes.push("A cell is blank too where the page does not hold the group.");
      const known = shown.filter((item) => item.figure && item.silo !== ALL).map((item) => ({ value: item.figure.value, name: `${item.silo}, ${item.group}` }));
      const number = (state) => text.count(shown.filter((item) => item.state === state).length);
      return {
        parts: [chart, ...notes.map((textContent) => element("p", { className: "soft", textContent }))],
        summary: `${text.metric(metric)} by silo and ${column}; darker is worse. ${span(known)} ${number("withheld")} cells are withheld, ${number("undefined")} have no such figure.`,
        ...compared(slices, metric, [["Silo", ({ silo }) => silo || ALL], ["Group", ({ group }) => group]], inside),
      };
    },
  });

  // All figures of the groups inside silos, the surely worst first, as the page got them.
  const inside = () => ({
    controls: { threshold: thresholdControl() },
    draw({ threshold }) {
      const before = data.inside.some((slice) => slice.figure("baseline", "auc"));
      const rates = ["tpr", "fpr", "positive_rate", "precision"].filter((name) => data.inside.some((slice) => slice.figure("candidate", `${name}@${threshold}`)));
      return {
        columns: [
          ["Silo"], ["Groups of"], ["Group"], ["Rows", "num"], ["AUC", "num"], ["95 % interval", "num"],
          ...(before ? [["Baseline", "num"]] : []),
          ...(data.hasBaseline ? [["Change", "num"], ["95 % interval, paired", "num"]] : []),
          ...rates.map((name) => [data.names[name], "num"]),
        ],
        rows: data.inside.map((slice) => {
          const auc = slice.figure("candidate", "auc");
          return [
            slice.silo,
            slice.column,
            slice.group,
            slice.rows,
            ...(auc ? cells(auc) : [[missing(slice), ""], ""]),
            ...(before ? [cells(slice.figure("baseline", "auc"))[0]] : []),
            ...(data.hasBaseline ? cells(slice.figure("change", "auc"), text.signed) : []),
            ...rates.map((name) => cells(slice.figure("candidate", `${name}@${threshold}`))[0]),
          ];
        }),
      };
    },
  });

  // Fairness between the groups inside each silo, at a threshold.
  const gaps = () => ({
    controls: { threshold: thresholdControl() },
    draw({ threshold }) {
      const shown = data.measures.flatMap(({ metric, name }) => {
        const key = [metric, `${metric}@${threshold}`].find((each) => Object.values(data.gaps).some((figures) => figures[each]));
        return key ? [{ key, name }] : [];
      });
      return {
        columns: [["Silo"], ["Groups of"], ...shown.map(({ name }) => [name, "num"])],
        rows: Object.entries(data.gaps).flatMap(([column, figures]) =>
          data.silos.flatMap((silo, index) => {
            const values = shown.map(({ key }) => data.real(figures[key]?.[0][index]));
            return values.every((value) => value == null) ? [] : [[silo, column, ...values.map((value) => real(value))]];
          }),
        ),
      };
    },
  });

  const sizes = () => ({
    controls: { metric: ["Metric", metrics()] },
    draw({ metric }, width) {
      const items = marks(data.bySilo, "candidate", metric);
      const many = items.length > MANY;
      const [fewest, most] = [Math.min(...items.map((item) => item.rows)), Math.max(...items.map((item) => item.rows))];
      // Ticks at 1, 2 and 5 times powers of ten, as many as have room for their labels.
      const room = Math.max(2, Math.floor((width - 72) / 64));
      const decades = Array.from({ length: 16 }, (_, power) => 10 ** power);
      const ticks = [[1, 2, 5], [1, 3], [1]]
        .map((steps) => decades.flatMap((ten) => steps.map((step) => step * ten)).filter((tick) => tick >= fewest * 0.99 && tick <= most * 1.01))
        .find((each, index) => each.length <= room || index === 2);
      const correlation = data.real(data.sizes[metric]);
      const correlated = correlation == null ? "" : `Spearman's correlation with size, ${data.judged} silos: ${text.signed(correlation)}.`;
      const chart = plot({
        width,
        height: Math.min(380, width * 0.6 + 60),
        marginLeft: 56,
        marginBottom: 40,
        x: { type: "log", label: "rows to evaluate", labelAnchor: "center", grid: true, ticks: ticks.length > 1 ? ticks : [fewest, most], tickFormat: text.count },
        y: { label: text.metric(metric), grid: true, nice: true },
        marks: [
          Plot.ruleX(intervals(items), { x: "rows", y1: "low", y2: "high", stroke: "var(--candidate)", strokeOpacity: many ? 0.12 : 0.4 }),
          Plot.ruleY(overallRule(metric), { y: "value", stroke: "var(--soft)", strokeDasharray: "4 3" }),
          Plot.dot(items, { ...MARKS.candidate, stroke: "var(--paper)", x: "rows", y: "value", r: many ? 2 : 4.5, fillOpacity: (item) => (item.faint ? 0.45 : 1), title: label, tip: { lineWidth: 24 } }),
        ],
      });
      return {
        parts: [chart, element("p", { className: "soft", textContent: correlated })],
        summary: `${text.metric(metric)} against the silo's rows. ${correlated} ${span(items)}`,
        ...compared(ordered(data.bySilo, "candidate", metric, "rows"), metric, [["Silo", ({ silo }) => silo]]),
      };
    },
  });

  // Both models' curves over the judged silos in the order of their values: `points`
  // gives them, `marks` what lies behind.
  const curveChart = (points, axes, said, behind) => () => ({
    controls: { metric: ["Metric", metrics()] },
    draw({ metric }, width) {
      const judged = data.bySilo.filter((slice) => !slice.notEvaluated);
      const series = ["candidate", "baseline"]
        .map((model) => ({ model, items: marks(ordered(judged, model, metric, "value"), model, metric) }))
        .filter(({ items }) => items.length > 1)
        .map(({ model, items }) => ({ model, items, points: points(items) }));
      const own = series[0] ?? { items: [], points: [] };
      const { summary, note = "" } = said(metric, series);
      const { marks: behindMarks = [], curve, ...options } = axes(metric);
      const chart = plot({
        width,
        height: Math.min(360, Math.max(240, width * 0.75)),
        marginLeft: 50,
        marginBottom: 40,
        ...options,
        marks: [
          ...behindMarks,
          ...series.map(({ model, points: line }) =>
            Plot.line(line, { x: "x", y: "y", stroke: MARKS[model].stroke, strokeWidth: 2, strokeDasharray: model === "baseline" ? "6 4" : "none", ...(curve && { curve }) }),
          ),
        ],
      });
      const shares = own.points.slice(own.points.length - own.items.length);
      return {
        parts: [chart, element("p", { className: "soft", textContent: note })],
        summary: `${summary} ${note}`,
        columns: [["Silo"], [text.metric(metric), "num"], [behind, "num"]],
        rows: own.items.map((item, index) => [item.name, real(item.value), shares[index].y.toFixed(1)]),
      };
    },
  });

  const ecdf = curveChart(
    (items) => items.map((item, index) => ({ x: item.value, y: (100 * (index + 1)) / items.length })),
    (metric) => ({
      x: { label: text.metric(metric), labelAnchor: "center", grid: true, nice: true },
      y: { label: "% of silos at or below", domain: [0, 100], grid: true },
      marks: [Plot.ruleX(overallRule(metric), { x: "value", stroke: "var(--soft)", strokeDasharray: "2 3" })],
      curve: "step-after",
    }),
    (metric, series) => ({ summary: `Share of ${data.judged} silos at or below each ${text.metric(metric)}. ${span(series[0]?.items ?? [])}` }),
    "% of silos at or below",
  );

  function lorenzPoints(items) {
    const total = items.reduce((sum, item) => sum + item.value, 0);
    let sum = 0;
    return [{ x: 0, y: 0 }, ...items.map((item, index) => {
      sum += item.value;
      return { x: (100 * (index + 1)) / items.length, y: total ? (100 * sum) / total : 0 };
    })];
  }
  const gini = (points) =>
    1 - points.slice(1).reduce((area, point, index) => area + (point.x - points[index].x) * (point.y + points[index].y), 0) / 10_000;
  const lorenz = curveChart(
    lorenzPoints,
    () => ({
      x: { label: "% of silos, lowest first", labelAnchor: "center", domain: [0, 100], grid: true },
      y: { label: "% of the sum", domain: [0, 100], grid: true },
      marks: [Plot.line([[0, 0], [100, 100]], { stroke: "var(--soft)", strokeDasharray: "2 3" })],
    }),
    (metric, series) => ({
      summary: `Lorenz curve of ${text.metric(metric)} over ${data.judged} silos.`,
      note: series.map(({ model, points }) => `Gini, ${model}: ${gini(points).toFixed(3)}`).join("; "),
    }),
    "% of the sum up to it",
  );

  const calibration = () => {
    const name = ({ silo, column, group }) => (silo >= 0 ? data.silos[silo] : group ? `${column}: ${group}` : "All rows");
    const curves = new Map(data.calibration.map((curve) => [name(curve), curve]));
    const binsOf = (curve) =>
      (curves.get(curve)?.bins ?? []).map(([predicted, observed, below, above, rows]) => ({
        predicted: data.real(predicted),
        observed: data.real(observed),
        ...(below != null && { low: data.real(observed - below), high: data.real(observed + above) }),
        rows,
      }));
    return {
      controls: { curve: ["Curve of", [...curves.keys()].map((each) => [each, each])] },
      draw({ curve }, width) {
        const own = binsOf(curve);
        const place = { x: "predicted", y: "observed" };
        const side = Math.min(width, 460);
        const tip = (bin) => `score ${text.number(bin.predicted)}\nhappened: ${text.number(bin.observed)}\n95 %: ${text.interval(bin)}\n${text.count(bin.rows)} rows`;
        const off = own.map((bin) => ({ value: bin.observed - bin.predicted, name: `score ${text.number(bin.predicted)}` }));
        const all = curve === "All rows" ? [] : binsOf("All rows");
        return {
          parts: [plot({
            width: side,
            height: side * 0.85,
            marginLeft: 50,
            marginBottom: 40,
            x: { label: "mean score", labelAnchor: "center", domain: [0, 1], grid: true },
            y: { label: "share that happened", domain: [0, 1], grid: true },
            marks: [
              Plot.line([[0, 0], [1, 1]], { stroke: "var(--soft)", strokeDasharray: "2 3" }),
              Plot.line(all, { ...place, stroke: "var(--other)", strokeWidth: 1.5, strokeDasharray: "6 4" }),
              Plot.ruleX(intervals(own), { x: "predicted", y1: "low", y2: "high", stroke: "var(--ink)" }),
              Plot.line(own, { ...place, stroke: "var(--candidate)", strokeWidth: 2 }),
              Plot.dot(own, { ...MARKS.candidate, ...place, r: 4, title: tip, tip: true }),
            ],
          })],
          summary: `Calibration of ${curve}: what happened less the score. ${span(off, text.signed)}`,
          columns: [["Mean score", "num"], ["Share that happened", "num"], ["95 % interval", "num"], ["Rows", "num"]],
          rows: own.map((bin) => [real(bin.predicted), real(bin.observed), text.interval(bin), bin.rows]),
        };
      },
    };
  };

  const LOSSES = { worst: ["worst silo", "var(--baseline)", "6 4"], worstTenth: ["worst tenth", "var(--other)", "2 3"], mean: ["mean, by rows", "var(--candidate)", "none"] };
  const training = () => ({
    controls: {},
    draw(_, width) {
      const { rounds: points, silos: lines } = fairsilo.pageData.rounds;
      const last = points.at(-1);
      const each = lines.flatMap(({ silo: name, points: own }) => own.map(([round, loss]) => ({ name, round, loss })));
      // Labels that would lie on each other are moved apart.
      const height = Math.max(...points.map((point) => point.worst)) - Math.min(...points.map((point) => point.mean)) || 1;
      const labels = Object.entries(LOSSES).map(([key, [name]]) => ({ round: last.round, y: last[key], name }));
      labels.sort((x, y) => y.y - x.y);
      labels.forEach((item, index) => index && (item.y = Math.min(item.y, labels[index - 1].y - height * 0.07)));
      const tip = (point) => `round ${point.round}\nworst: ${point.worstSilo}, ${text.number(point.worst)}\nmean: ${text.number(point.mean)}`;
      return {
        parts: [plot({
          width,
          height: 320,
          marginLeft: 50,
          marginRight: widest(labels.map(({ name }) => name)) + 12,
          marginBottom: 40,
          x: { label: "round", labelAnchor: "center", ticks: Math.min(points.length, 10), tickFormat: (value) => (Number.isInteger(value) ? value : "") },
          y: { label: "loss, nats", grid: true, nice: true },
          marks: [
            Plot.line(each, { x: "round", y: "loss", z: "name", stroke: "var(--other)", strokeOpacity: 0.3, strokeWidth: 1, title: "name" }),
            ...Object.entries(LOSSES).map(([key, [, stroke, dash]]) => Plot.line(points, { x: "round", y: key, stroke, strokeDasharray: dash, strokeWidth: 2.25 })),
            Plot.dot(points, { x: "round", y: "worst", r: 3, symbol: "diamond", fill: "var(--paper)", stroke: "var(--baseline)", title: tip, tip: { lineWidth: 24 } }),
            Plot.text(labels, { x: "round", y: "y", text: "name", textAnchor: "start", dx: 8, fill: "var(--ink)" }),
            Plot.text(points.filter((point) => point.numDropped), { x: "round", frameAnchor: "top", dy: -12, text: (point) => `▼ ${point.numDropped}`, fill: "var(--soft)" }),
          ],
        })],
        summary: `Loss by round: the mean went from ${text.number(points[0].mean)} to ${text.number(last.mean)}, the worst silo's from ${text.number(points[0].worst)} to ${text.number(last.worst)} (${last.worstSilo}).`,
        columns: [["Round", "num"], ["Mean", "num"], ["Worst tenth", "num"], ["Worst", "num"], ["Worst silo"], ["After local training", "num"], ["Silos", "num"], ["Dropped out", "num"]],
        rows: points.map((point) => [point.round, real(point.mean), real(point.worstTenth), real(point.worst), point.worstSilo, real(point.after), point.numSilos, point.numDropped]),
      };
    },
  });

  return { silos, changes, heat, groups, inside, gaps, sizes, ecdf, lorenz, calibration, training };
})();
