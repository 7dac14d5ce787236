/* The charts of the pages: what each draws, says and lists in its table.

   A chart is a function that returns `{controls, draw}`: `controls` names its selects
   with their options, `draw(choice, width)` returns `{parts, summary, columns, rows}`:
   the SVG, a sentence in its place for those who can't see it, and the table behind it.
   `inside` and `gaps` are tables alone. */
"use strict";

fairsilo.charts = (() => {
  const { data, text, element } = fairsilo;
  const { Plot, plot, sorted, dots, intervals, widest, MARKS, MANY } = fairsilo.plots;

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
  const TOO_FEW = "too few";
  const soft = (textContent) => element("p", { className: "soft", textContent });

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

  // A table: of each column the name, what stands there for an item, and its kind.
  const listed = (items, columns) => ({
    columns: columns.map(([name, , kind]) => [name, kind]),
    rows: items.map((item) => columns.map(([, of]) => of(item))),
  });
  const real = (value, format = text.number) => [format(value), value ?? ""];
  const number = (name, of) => [name, of, "num"];
  const value = (name, of, format) => number(name, (item) => (of(item) ? real(of(item).value, format) : ["–", ""]));
  const ends = (name, of, format) => number(name, (item) => [text.interval(of(item), format), of(item)?.low ?? ""]);
  const rowsOf = number("Rows", ({ rows }) => rows);
  const siloOf = ["Silo", ({ silo }) => silo];
  const groupOf = ["Group", ({ group }) => group];
  const figureOf = (model, metric) => (slice) => slice.figure(model, metric);

  // A figure of a model, or why there is none, with its interval.
  const figureColumns = (name, model, metric) => {
    const figure = figureOf(model, metric);
    const missing = ({ note, group, rows }) => (note === TOO_FEW || group === TOO_FEW ? `too few (${text.count(rows)})` : note || "–");
    return [
      number(name, (slice) => (figure(slice) ? real(figure(slice).value) : [missing(slice), ""])),
      ends("95 % interval", figure),
    ];
  };

  // The table of a metric by slice. Groups inside silos have few figures of the
  // baseline: none, no column.
  function compared(slices, metric, lead, before = slices) {
    const known = before.some(figureOf("baseline", metric));
    const models = data.hasBaseline && known ? ["candidate", "baseline"] : ["candidate"];
    return listed(slices, [...lead, rowsOf, ...models.flatMap((model) => figureColumns(`${text.metric(metric)}, ${model}`, model, metric))]);
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
      models(data.bySilo, metric, order, width, [siloOf, ...judgedColumn()], "silo"),
  });

  const groups = () => ({
    controls: { column: columnControl(), metric: ["Metric", metrics("candidate", data.byGroup)], order: ["Order", ORDERS] },
    draw({ column, metric, order }, width) {
      const own = data.byGroup.filter((slice) => slice.column === column);
      return models(own, metric, order, width, [groupOf], `${column} over all silos`);
    },
  });

  const CHANGED = { better: "surely better", worse: "surely worse", unsure: "may be chance" };
  function change(item, metric) {
    const sign = text.isLowerBetter(metric) ? -1 : 1;
    const ends = [item.low, item.high].map((end) => sign * (end ?? NaN));
    return { ...item, kind: Math.min(...ends) > 0 ? "better" : Math.max(...ends) < 0 ? "worse" : "unsure" };
  }
  // Differences as marks by what they read as, and a sentence of them.
  function differences(slices, model, metric, called) {
    const items = marks(slices, model, metric, text.signed).map((item) => ({ ...change(item, metric), model: called }));
    const counts = Object.entries(CHANGED).map(([kind, words]) => `${items.filter((item) => item.kind === kind).length} ${words}`);
    return { items, said: `${counts.join(", ")}. ${span(items, text.signed)}` };
  }
  const atZero = (name) => ({ rules: [{ value: 0, name }], dash: "none" });
  const readsAs = (model, metric) => ["Reads as", (slice) => CHANGED[change(slice.figure(model, metric), metric).kind]];
  const changes = () => ({
    controls: {
      metric: ["Metric", metrics("change")],
      of: ["Of", [["bySilo", "silos"], ["byGroup", "groups over all silos"]]],
      order: ["Order", ORDERS],
    },
    draw({ metric, of, order }, width) {
      const shown = ordered(data[of], "change", metric, order);
      const { items, said } = differences(shown, "change", metric, "change");
      return {
        parts: sorted(items, { width, axis: `change in ${text.metric(metric)}`, ...atZero("no change") }),
        summary: `Change in ${text.metric(metric)} against the baseline: ${said}`,
        ...listed(shown, [
          ["Name", ({ name }) => name],
          rowsOf,
          value("Change", figureOf("change", metric), text.signed),
          ends("95 % interval, paired", figureOf("change", metric), text.signed),
          readsAs("change", metric),
          value("Baseline", figureOf("baseline", metric)),
          value("Candidate", figureOf("candidate", metric)),
        ]),
      };
    },
  });

  const HEAT_ROWS = 40; // silos drawn at a time
  const ALL = "All silos";

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

  // Cells in columns and rows by name; `fill`, `written` and `tip` are of a cell.
  function cells(shown, { x, y, width, columns, rows, label, fill, written, tip }) {
    const cutAt = width < 500 ? 12 : 30;
    const marginLeft = widest(rows.map((name) => text.cut(name, cutAt))) + 14;
    const perCell = (width - marginLeft - 8) / Math.max(1, columns.length);
    const upright = perCell < 40; // names stand where they have no room to lie
    const heading = (name) => text.cut(name, upright ? 14 : Math.floor(perCell / 7));
    const marginTop = upright ? widest(columns.map(heading)) + 34 : 46;
    return plot({
      width,
      height: marginTop + 24 + rows.length * (upright ? Math.max(13, Math.min(24, perCell)) : 24),
      marginLeft,
      marginTop,
      marginRight: 8,
      padding: 0,
      x: { domain: columns, label, labelAnchor: "center", labelOffset: marginTop - 8, axis: "top", tickSize: 0, tickRotate: upright ? -90 : 0, tickFormat: heading },
      y: { domain: rows, label: null, tickSize: 0, tickFormat: (name) => text.cut(name, cutAt) },
      color: { type: "identity" },
      marks: [
        Plot.cell(shown, { x, y, fill, inset: perCell < 20 ? 0 : 1, stroke: "var(--line)", title: tip, tip: { lineWidth: 24 } }),
        Plot.text(shown, { x, y, fill: "var(--ink)", text: (item) => written(item, perCell) }),
      ],
    });
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
      const written = ({ figure, state }, perCell) => (figure ? figure.value.toFixed(perCell < 44 ? 2 : 3) : state === "undefined" ? "–" : "");
      const place = { x: "group", y: "silo" };
      const chart = cells(shown, { ...place, width, columns: groupNames, rows: [ALL, ...drawn], label: column, fill, written, tip: (item) => tipOf(item, column, metric) });
      const notes = [];
      if (siloNames.length > drawn.length) notes.push(`The first ${text.count(drawn.length)} of ${text.count(siloNames.length)} silos are drawn; the others are in the table.`);
      if (data.numInside > data.inside.length) notes.push("A cell is blank too where the page does not hold the group.");
      const known = shown.filter((item) => item.figure && item.silo !== ALL).map((item) => ({ value: item.figure.value, name: `${item.silo}, ${item.group}` }));
      const number = (state) => text.count(shown.filter((item) => item.state === state).length);
      return {
        parts: [chart, ...notes.map(soft)],
        summary: `${text.metric(metric)} by silo and ${column}; darker is worse. ${span(known)} ${number("withheld")} cells are withheld, ${number("undefined")} have no such figure.`,
        ...compared(slices, metric, [["Silo", ({ silo }) => silo || ALL], groupOf], inside),
      };
    },
  });

  // All figures of the groups inside silos, the surely worst first, as the page got them.
  const columnOf = ["Groups of", ({ column }) => column];
  const inside = () => ({
    controls: { threshold: thresholdControl() },
    draw({ threshold }) {
      const baseline = data.inside.some(figureOf("baseline", "auc"));
      const change = figureOf("change", "auc");
      const rates = ["tpr", "fpr", "positive_rate", "precision"]
        .map((name) => value(data.names[name], figureOf("candidate", `${name}@${threshold}`)))
        .filter(([, of]) => data.inside.some((slice) => of(slice)[1] !== ""));
      return listed(data.inside, [
        ...[siloOf, columnOf, groupOf, rowsOf],
        ...figureColumns("AUC", "candidate", "auc"),
        ...(baseline ? [value("Baseline", figureOf("baseline", "auc"))] : []),
        ...(data.hasBaseline ? [value("Change", change, text.signed), ends("95 % interval, paired", change, text.signed)] : []),
        ...rates,
      ]);
    },
  });

  // Fairness between the groups inside each silo, at a threshold.
  const gaps = () => ({
    controls: { threshold: thresholdControl() },
    draw({ threshold }) {
      const figures = data.measures.flatMap(({ metric, name }) => {
        const known = [metric, `${metric}@${threshold}`].map((key) => figureOf("candidate", key));
        return known.filter((of) => data.gaps.some(of)).map((of) => value(name, of)).slice(0, 1);
      });
      const shown = data.gaps.filter((slice) => figures.some(([, of]) => of(slice)[1] !== ""));
      return listed(shown, [siloOf, columnOf, ...figures]);
    },
  });

  // Figures against rows, on a logarithmic scale, with horizontal lines at `rules`.
  function bySize(items, { width, rows, axis, rules, dash = "4 3" }) {
    const many = items.length > MANY;
    const [fewest, most] = [Math.min(...items.map((item) => item.rows)), Math.max(...items.map((item) => item.rows))];
    // Ticks at 1, 2 and 5 times powers of ten, as many as have room for their labels.
    const room = Math.max(2, Math.floor((width - 72) / 64));
    const decades = Array.from({ length: 16 }, (_, power) => 10 ** power);
    const ticks = [[1, 2, 5], [1, 3], [1]]
      .map((steps) => decades.flatMap((ten) => steps.map((step) => step * ten)).filter((tick) => tick >= fewest * 0.99 && tick <= most * 1.01))
      .find((each, index) => each.length <= room || index === 2);
    return plot({
      width,
      height: Math.min(380, width * 0.6 + 60),
      marginTop: 28,
      marginLeft: 56,
      marginBottom: 40,
      inset: 6,
      x: { type: "log", label: rows, labelAnchor: "center", grid: true, ticks: ticks.length > 1 ? ticks : [fewest, most], tickFormat: text.count },
      y: { label: axis, grid: true, nice: true },
      marks: [
        Plot.ruleX(intervals(items), { x: "rows", y1: "low", y2: "high", stroke: ({ kind }) => MARKS[kind].stroke, strokeOpacity: many ? 0.12 : 0.4 }),
        Plot.ruleY(rules, { y: "value", stroke: "var(--soft)", strokeDasharray: dash }),
        ...dots(items, { x: "rows", y: "value" }, many ? 2 : 4.5),
      ],
    });
  }

  const sizes = () => ({
    controls: { metric: ["Metric", metrics()] },
    draw({ metric }, width) {
      const items = marks(data.bySilo, "candidate", metric);
      const correlation = data.overSilos.figure("candidate", `size_correlation_${metric}`);
      const correlated = correlation ? `Spearman's correlation with size, ${data.judged} silos: ${text.signed(correlation.value)}.` : "";
      const chart = bySize(items, { width, rows: "rows to evaluate", axis: text.metric(metric), rules: overallRule(metric) });
      return {
        parts: [chart, soft(correlated)],
        summary: `${text.metric(metric)} against the silo's rows. ${correlated} ${span(items)}`,
        ...compared(ordered(data.bySilo, "candidate", metric, "rows"), metric, [siloOf]),
      };
    },
  });

  // Gains: the AUC of a silo's model less that of `alone`; `draw` gives the parts.
  const AUC = "auc";
  const OWN = ["base", "personal", "alone", "pooled"];
  const toTrain = number("Rows to train", ({ rows }) => rows);
  const servedBy = ["Served by", (slice) => slice.part.served[slice.index]];
  const gainChart = (orders, draw) => () => {
    const known = ["served", ...OWN].filter((model) => data.benefits.some(figureOf(`gain_${model}`, AUC)));
    return {
      controls: { model: ["Gain of", known.map((model) => [`gain_${model}`, model])], ...(orders && { order: ["Order", orders] }) },
      draw({ model, order = "rows" }, width) {
        const shown = ordered(data.benefits, model, AUC, order);
        // Intervals of a handful of rows would leave no room for the others.
        const judged = shown.filter(({ notEvaluated }) => !notEvaluated);
        const { items, said } = differences(judged.length ? judged : shown, model, AUC, "gain");
        const [gain, axis] = [figureOf(model, AUC), "gain in AUC over alone"];
        return {
          parts: draw(items, { width, axis, ...atZero("no gain") }),
          summary: `The ${axis} by silo: ${said}`,
          ...listed(shown, [siloOf, toTrain, servedBy, value("Gain", gain, text.signed), ends("95 % interval, paired", gain, text.signed), readsAs(model, AUC)]),
        };
      },
    };
  };
  const gains = gainChart([ORDERS[1], ORDERS[0], ...ORDERS.slice(2)], (items, options) => sorted(items, { ...options, bars: true }));
  const gainsizes = gainChart(null, (items, options) => [bySize(items, { ...options, rows: "rows to train" })]);

  const ownmodels = () => ({
    controls: { order: ["Order", ORDERS] },
    draw({ order }, width) {
      const models = OWN.filter((model) => data.benefits.some(figureOf(model, AUC)));
      const shown = ordered(data.benefits, models[0], AUC, order);
      const drawn = models.map((model) => marks(shown, model, AUC));
      return {
        parts: sorted(drawn.flat(), { width, axis: "AUC" }),
        summary: `AUC of ${models.join(", ")} by silo. ${models.map((model, index) => `${model}: ${span(drawn[index])}`).join(" ")}`,
        ...listed(shown, [siloOf, toTrain, servedBy, ...models.flatMap((model) => figureColumns(`AUC, ${model}`, model, AUC))]),
      };
    },
  });

  const VERDICTS = { contributes: ["better", "contributes"], rides: ["worse", "rides free"], unknown: ["unsure", "can't tell"] };
  const contributions = () => ({
    controls: {},
    draw(_, width) {
      const packed = fairsilo.pageData.contributions;
      const items = packed.silos.map((silo, index) => {
        const [found, gain] = [packed.contribution, packed.gain].map((columns) => fairsilo.unpacked(columns, index));
        const [kind, verdict] = VERDICTS[packed.verdicts[index]];
        return { ...found, silo, name: `${silo}: ${verdict}\ngain: ${text.signed(gain.value)}`, kind, verdict, gain, model: "contribution", format: text.signed };
      });
      const gained = (end) => (item) => item.gain[end];
      // Intervals of silos with few rows end at the edge, to leave room for the others.
      const domain = (of) => [Math.min(0, ...items.map(of)), Math.max(0, ...items.map(of))];
      const faint = { clip: true, stroke: ({ kind }) => MARKS[kind].stroke, strokeOpacity: items.length > MANY ? 0.12 : 0.4 };
      const chart = plot({
        width,
        height: Math.min(420, width * 0.6 + 60),
        marginLeft: 56,
        marginBottom: 40,
        inset: 12,
        x: { label: "contribution, thousandths of a nat", labelAnchor: "center", grid: true, domain: domain(({ value }) => value) },
        y: { label: "gain in AUC over alone", grid: true, domain: domain(gained("value")) },
        marks: [
          ...[Plot.ruleX, Plot.ruleY].map((rule) => rule([0], { stroke: "var(--soft)" })),
          Plot.ruleY(intervals(items), { y: gained("value"), x1: "low", x2: "high", ...faint }),
          Plot.ruleX(items, { x: "value", y1: gained("low"), y2: gained("high"), ...faint }),
          ...dots(items, { x: "value", y: gained("value") }, items.length > MANY ? 2 : 4.5),
        ],
      });
      return {
        parts: [chart],
        summary: `Contribution against gain by silo. ${span(items, text.signed)}`,
        ...listed(items, [
          siloOf,
          ["Verdict", ({ verdict }) => verdict],
          value("Contribution", (item) => item, text.signed),
          ends("95 % interval", (item) => item, text.signed),
          value("Gain (AUC)", ({ gain }) => gain, text.signed),
        ]),
      };
    },
  });

  // Each row with each column, as `chart_data.py` packs them: positive values in `colour`.
  const SURE = { better: "+", worse: "−", unsure: "" };
  const map = (name, heads, said, { colour, format, written, shade }) => () => ({
    controls: {},
    draw(_, width) {
      const { rows, columns, values } = fairsilo.pageData[name];
      const shown = rows.flatMap((row, place) => columns.flatMap((column, index) => {
        const found = fairsilo.unpacked(values, place * columns.length + index);
        return found ? [{ ...change(found, name), row, column, name: `${row}, ${column}` }] : [];
      }));
      const most = Math.max(...shown.map(({ value }) => Math.abs(value)));
      const chart = cells(shown, {
        ...{ x: "column", y: "row", width, columns, rows, label: heads[1], written },
        fill: ({ value }) => `color-mix(in oklab, var(--${value > 0 ? colour : "heat"}) ${Math.round(100 * shade(Math.abs(value), most))}%, var(--cool))`,
        tip: (item) => `${item.row}\n${item.column}: ${format(item.value)}\n${text.interval(item, format)}`,
      });
      const own = (item) => item;
      const ended = shown.some(({ low }) => low != null) ? [ends("95 % interval", own, format)] : [];
      return {
        parts: [chart],
        summary: `${said} ${span(shown, format)}`,
        ...listed(shown, [[heads[0], ({ row }) => row], [heads[1], ({ column }) => column], value(heads[2], own, format), ...ended]),
      };
    },
  });
  const heterogeneity = map("heterogeneity", ["Silo", "Column", "Distance"], "Distance of silos' columns to the federation's.", {
    ...{ colour: "heat", format: text.number, shade: (value) => value },
    written: ({ value }, perCell) => (perCell < 28 ? "" : value.toFixed(2)),
  });
  const helps = map("helps", ["From", "To", "Effect"], "Effects of silos on others.", {
    // By the root, so that small effects are seen beside the largest.
    ...{ colour: "help", format: text.signed, shade: (value, most) => Math.sqrt(value / most) },
    written: ({ kind }) => SURE[kind],
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
      const shares = new Map(own.items.map((item, index) => [item, own.points.at(index - own.items.length).y]));
      return {
        parts: [chart, soft(note)],
        summary: `${summary} ${note}`,
        ...listed(own.items, [
          ["Silo", ({ name }) => name],
          value(text.metric(metric), (item) => item),
          number(behind, (item) => shares.get(item).toFixed(1)),
        ]),
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

  const BIN = "calibration_observed@"; // and its upper edge
  const calibration = () => {
    const name = ({ silo, column, group }) => silo || (group ? `${column}: ${group}` : "All rows");
    const edges = Object.keys(data.calibration[0].part.figures.candidate).filter((key) => key.startsWith(BIN));
    edges.sort((x, y) => x.slice(BIN.length) - y.slice(BIN.length));
    const binsOf = (slice) =>
      edges.flatMap((edge) => {
        const observed = slice?.figure("candidate", edge);
        const predicted = slice?.figure("candidate", edge.replace("observed", "predicted"));
        return observed && predicted ? [{ ...observed, observed: observed.value, predicted: predicted.value }] : [];
      });
    const curves = new Map(data.calibration.filter((slice) => binsOf(slice).length).map((slice) => [name(slice), slice]));
    return {
      controls: { curve: ["Curve of", [...curves.keys()].map((each) => [each, each])] },
      draw({ curve }, width) {
        const own = binsOf(curves.get(curve));
        const place = { x: "predicted", y: "observed" };
        const side = Math.min(width, 460);
        const tip = (bin) => `score ${text.number(bin.predicted)}\nhappened: ${text.number(bin.observed)}\n95 %: ${text.interval(bin)}\n${text.count(bin.rows)} rows`;
        const off = own.map((bin) => ({ value: bin.observed - bin.predicted, name: `score ${text.number(bin.predicted)}` }));
        const all = curve === "All rows" ? [] : binsOf(data.calibration[0]);
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
          ...listed(own, [
            number("Mean score", ({ predicted }) => real(predicted)),
            number("Share that happened", ({ observed }) => real(observed)),
            number("95 % interval", (bin) => text.interval(bin)),
            rowsOf,
          ]),
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
        ...listed(points, [
          number("Round", ({ round }) => round),
          number("Mean", ({ mean }) => real(mean)),
          number("Worst tenth", ({ worstTenth }) => real(worstTenth)),
          number("Worst", ({ worst }) => real(worst)),
          ["Worst silo", ({ worstSilo }) => worstSilo],
          number("After local training", ({ after }) => real(after)),
          number("Silos", ({ numSilos }) => numSilos),
          number("Dropped out", ({ numDropped }) => numDropped),
        ]),
      };
    },
  });

  return { silos, changes, gains, ownmodels, gainsizes, heat, heterogeneity, contributions, helps, groups, inside, gaps, sizes, ecdf, lorenz, calibration, training };
})();

// Draws each figure when it comes near the screen, and keeps its table behind it.
{
  const { element, charts, tables } = fairsilo;

  class Figure {
    constructor(holder) {
      this.holder = holder;
      this.chart = charts[holder.dataset.chart]();
      this.place = holder.querySelector(".plot");
      this.details = holder.querySelector("details");
      this.details.addEventListener("toggle", () => this.list());
      this.selects = Object.entries(this.chart.controls).map((entry) => this.control(...entry));
    }

    control(key, [label, options, chosen]) {
      const choices = options.map(([value, name]) => element("option", { value, textContent: name }));
      const select = element("select", { name: key }, ...choices);
      if (chosen !== undefined) select.value = chosen;
      select.addEventListener("change", () => this.draw());
      this.holder.querySelector(".controls").append(element("label", {}, `${label} `, select));
      return select;
    }

    draw() {
      this.width = Math.floor(this.place?.clientWidth ?? 0);
      const choice = Object.fromEntries(this.selects.map((select) => [select.name, select.value]));
      this.drawn = this.chart.draw(choice, Math.max(this.width, 260));
      if (this.place) {
        const image = element("div", {}, ...this.drawn.parts);
        for (const svg of image.querySelectorAll("svg")) svg.setAttribute("aria-hidden", "true");
        this.place.replaceChildren(element("p", { className: "unseen", textContent: this.drawn.summary }), image);
      }
      this.listed = false;
      this.list();
    }

    list() {
      if (!this.details.open || this.listed) return;
      if (!this.drawn) this.draw();
      this.listed = true;
      const title = this.holder.querySelector("h3").textContent;
      const { columns, rows } = this.drawn;
      this.holder.querySelector(".behind").replaceChildren(tables.make(`${title}: the numbers`, columns, rows));
    }
  }

  const all = new Map([...document.querySelectorAll("figure[data-chart]")].map((holder) => [holder, new Figure(holder)]));
  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const figure = all.get(target.closest("figure"));
      if (Math.abs(target.clientWidth - figure.width) > 12) figure.draw();
    }
  });
  const drawable = [...all.values()].filter(({ place }) => place);
  fairsilo.whenNear(drawable.map(({ holder }) => holder), "400px", (holder) => {
    all.get(holder).draw();
    resized.observe(all.get(holder).place);
  });
  window.addEventListener("beforeprint", () => drawable.filter(({ drawn }) => !drawn).forEach((figure) => figure.draw()));
}
