/* The charts of the run page: what each draws, says and lists in its table.

   A chart is `{controls, draw}`: `controls` names its selects with their options,
   `draw(choice, width)` returns `{parts, summary, columns, rows}`: the SVG, a
   sentence in its place for those who can't see it, and the table behind it. */
"use strict";

fairsilo.charts = (() => {
  const { data, text, element } = fairsilo;
  const { Plot, plot, sorted, widest, MARKS } = fairsilo.plots;
  const areJudged = data.judged === "judged"; // else no gate was asked
  const rounds = JSON.parse(document.getElementById("rounds-data").textContent);

  const MODELS = { candidate: "candidate", baseline: "baseline", change: "change" };
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

  const nameOf = (slice) => [slice.silo, slice.group].filter(Boolean).join(", ") || "All";

  function ordered(slices, model, metric, order) {
    const known = slices.filter((slice) => slice.figure(model, metric));
    const keys = {
      bound: (slice) => text.atBest(slice.figure(model, metric), metric),
      value: (slice) => slice.figure(model, metric).value,
      rows: (slice) => -slice.rows,
      name: nameOf,
    };
    const key = keys[order];
    return known
      .map((slice) => [key(slice), slice])
      .sort(([x], [y]) => (typeof x === "string" ? x.localeCompare(y) : x - y))
      .map(([, slice]) => slice);
  }

  const mark = (slice, model, metric, format = text.number) => {
    const figure = slice.figure(model, metric);
    return figure && {
      ...figure,
      kind: model,
      model: MODELS[model],
      name: nameOf(slice),
      rows: slice.rows,
      faint: Boolean(slice.unjudged),
      format,
    };
  };

  const overallRule = (metric) => {
    const figure = data.overall.figure("candidate", metric);
    return figure ? [{ value: figure.value, name: `all rows: ${text.number(figure.value)}` }] : [];
  };

  // From where to where values go, with the names at both ends.
  function span(marks, format = text.number) {
    if (!marks.length) return "There is nothing to show.";
    const values = marks.map((item) => item.value);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const who = (value) => marks.find((item) => item.value === value).name;
    const middle = [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)];
    return `From ${format(low)} (${who(low)}) to ${format(high)} (${who(high)}); the middle one is ${format(middle)}; ${text.count(marks.length)} in all.`;
  }

  const cells = (figure, format = text.number) => [
    figure ? [format(figure.value), figure.value] : ["–", ""],
    [text.interval(figure, format), figure?.low ?? ""],
  ];
  const missing = (slice) => slice.note === "too few" ? `too few (${text.count(slice.rows)})` : slice.note || "–";

  // Groups inside silos have few figures of the baseline: none, no column.
  function compared(slices, metric, first, before = slices) {
    const known = before.some((slice) => slice.figure("baseline", metric));
    const models = data.hasBaseline && known ? ["candidate", "baseline"] : ["candidate"];
    return {
      columns: [
        ...first,
        ["Rows", "num"],
        ...models.flatMap((model) => [
          [`${text.metric(metric)}, ${MODELS[model]}`, "num"],
          ["95 % interval", "num"],
        ]),
      ],
      rows: (lead) =>
        slices.map((slice) => [
          ...lead(slice),
          [text.count(slice.rows), slice.rows],
          ...models.flatMap((model) =>
            slice.figure(model, metric) || !slice.note
              ? cells(slice.figure(model, metric))
              : [[missing(slice), ""], ""],
          ),
        ]),
    };
  }

  const silos = {
    controls: { metric: ["Metric", metrics()], order: ["Order", ORDERS] },
    draw({ metric, order }, width) {
      const shown = ordered(data.bySilo, "candidate", metric, order);
      const of = (model) => shown.map((slice) => mark(slice, model, metric)).filter(Boolean);
      const own = of("candidate");
      const table = compared([...shown, ...data.bySilo.filter((slice) => slice.note)], metric, [["Silo"], ...(areJudged ? [["Judged", "sentence"]] : [])]);
      return {
        parts: sorted([...own, ...of("baseline")], { width, axis: text.metric(metric), rules: overallRule(metric) }),
        summary: `${text.metric(metric)} by silo. ${span(own)}`,
        columns: table.columns,
        rows: table.rows((slice) => [slice.silo, ...(areJudged ? [slice.unjudged ? `no: ${slice.unjudged}` : "yes"] : [])]),
      };
    },
  };

  const CHANGED = { better: "surely better", worse: "surely worse", unsure: "may be chance" };
  function change(slice, metric) {
    const item = mark(slice, "change", metric, text.signed);
    const sign = text.isLowerBetter(metric) ? -1 : 1;
    const ends = [item.low, item.high].map((end) => sign * (end ?? NaN));
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    return { ...item, kind: low > 0 ? "better" : high < 0 ? "worse" : "unsure", model: "change" };
  }
  const changes = {
    controls: {
      metric: ["Metric", metrics("change")],
      of: ["Of", [["silo", "silos"], ["group", "groups over all silos"]]],
      order: ["Order", ORDERS],
    },
    draw({ metric, of, order }, width) {
      const shown = ordered(of === "silo" ? data.bySilo : data.byGroup, "change", metric, order);
      const marks = shown.map((slice) => change(slice, metric));
      const number = (kind) => marks.filter((item) => item.kind === kind).length;
      return {
        parts: sorted(marks, { width, axis: `change in ${text.metric(metric)}`, rules: [{ value: 0, name: "no change" }], dash: "none" }),
        summary: `Change in ${text.metric(metric)} against the baseline: ${number("better")} surely better, ${number("worse")} surely worse, ${number("unsure")} may be chance. ${span(marks, text.signed)}`,
        columns: [["Name"], ["Rows", "num"], ["Change", "num"], ["95 % interval, paired", "num"], ["Reads as"], ["Baseline", "num"], ["Candidate", "num"]],
        rows: shown.map((slice, index) => [
          nameOf(slice),
          [text.count(slice.rows), slice.rows],
          ...cells(marks[index], text.signed),
          CHANGED[marks[index].kind],
          ...["baseline", "candidate"].map((model) => cells(slice.figure(model, metric))[0]),
        ]),
      };
    },
  };

  const HEAT_ROWS = 40; // silos drawn at a time
  const ALL = "All silos";
  const WITHHELD = "withheld"; // its rows are told as part of `too few` alone
  const UNDEFINED = "undefined"; // there are rows enough, and no such figure
  const HATCH = "heat-withheld";
  const TOO_FEW = "too few";

  // The pattern of withheld cells, as a mark that draws nothing itself.
  function hatch() {
    const make = (tag, attributes) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      return made;
    };
    const pattern = make("pattern", { id: HATCH, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    pattern.append(make("rect", { width: 6, height: 6, fill: "var(--panel)" }), make("rect", { width: 1, height: 6, fill: "var(--other)", opacity: 0.7 }));
    const made = make("defs", {});
    made.append(pattern);
    return made;
  }

  // Each silo with each group: a figure, or why there is none. Where nothing is
  // known of a pair it is left out, as there are no such rows.
  function pairs(silos, groups, slices, metric) {
    const key = (silo, group) => JSON.stringify([silo, group]);
    const known = new Map(slices.map((slice) => [key(slice.silo, slice.group), slice]));
    return [...silos].flatMap((silo) => {
      const few = known.get(key(silo, TOO_FEW));
      return groups.flatMap((group) => {
        const slice = known.get(key(silo, group));
        const place = { silo: silo || ALL, group, slice, few };
        if (slice) {
          const figure = slice.figure("candidate", metric);
          return [{ ...place, figure, state: figure ? "figure" : slice.note === TOO_FEW ? WITHHELD : UNDEFINED }];
        }
        return few ? [{ ...place, figure: null, state: WITHHELD }] : [];
      });
    });
  }

  const heat = {
    controls: {
      column: ["Groups of", data.columns.map((column) => [column, column])],
      metric: ["Metric", metrics("candidate", data.inside)],
      order: ["Silos", [["bound", "surely worst first"], ["name", "by name"]]],
    },
    draw({ column, metric, order }, width) {
      const inside = data.inside.filter((slice) => slice.column === column);
      const over = data.byGroup.filter((slice) => slice.column === column);
      const groups = [...new Set([...over, ...inside].map((slice) => slice.group))].filter((group) => group !== TOO_FEW).sort();
      const having = new Set(inside.map((slice) => slice.silo));
      const silos = ordered(data.bySilo, "candidate", metric, order).map((slice) => slice.silo).filter((silo) => having.has(silo));
      const drawn = silos.slice(0, HEAT_ROWS);
      const shown = pairs(["", ...drawn], groups, [...over, ...inside], metric);
      const values = shown.filter((item) => item.figure).map((item) => item.figure.value);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const badness = (value) => {
        const share = high > low ? (value - low) / (high - low) : 0;
        return text.isLowerBetter(metric) ? share : 1 - share;
      };
      const fills = { [WITHHELD]: `url(#${HATCH})`, [UNDEFINED]: "none" };
      const fill = (item) => fills[item.state] ?? `color-mix(in oklab, var(--heat) ${Math.round(100 * badness(item.figure.value))}%, var(--cool))`;
      const names = [ALL, ...drawn];
      const shortest = width < 500 ? 12 : 30;
      const margin = widest(names.map((name) => text.cut(name, shortest))) + 14;
      const perCell = (width - margin) / Math.max(1, groups.length);
      const columnLetters = Math.max(4, Math.floor(perCell / 7));
      const told = ({ state, figure, slice, few }) => {
        if (figure) return `${text.metric(metric)}: ${text.number(figure.value)}\n95 %: ${text.interval(figure)}\n${text.count(slice.rows)} rows`;
        if (state === UNDEFINED) return `no such figure${slice.note ? `: ${slice.note}` : ""}\n${text.count(slice.rows)} rows`;
        return few && !slice ? `withheld: too few rows, or none\nall withheld together: ${text.count(few.rows)} rows` : "withheld: too few rows";
      };
      const tip = (item) => `${item.silo}\n${column}: ${item.group}\n${told(item)}`;
      const chart = plot({
        width,
        height: 70 + names.length * 24,
        marginLeft: margin,
        marginTop: 46,
        marginRight: 8,
        padding: 0,
        x: { domain: groups, label: column, labelAnchor: "center", axis: "top", tickSize: 0, tickFormat: (group) => text.cut(group, columnLetters) },
        y: { domain: names, label: null, tickSize: 0, tickFormat: (name) => text.cut(name, shortest) },
        color: { type: "identity" },
        marks: [
          hatch,
          Plot.cell(shown, { x: "group", y: "silo", fill, inset: 1, stroke: "var(--line)", title: tip, tip: { lineWidth: 24 } }),
          Plot.text(shown, { x: "group", y: "silo", fill: "var(--ink)", text: ({ figure, state }) => figure ? (perCell < 44 ? figure.value.toFixed(2) : text.number(figure.value)) : state === UNDEFINED ? "–" : "" }),
        ],
      });
      const table = compared([...over, ...inside], metric, [["Silo"], ["Group"]], inside);
      const known = shown.filter((item) => item.figure && item.silo !== ALL).map((item) => ({ value: item.figure.value, name: `${item.silo}, ${item.group}` }));
      const number = (state) => text.count(shown.filter((item) => item.state === state).length);
      const notes = [];
      if (silos.length > drawn.length) notes.push(`The first ${text.count(drawn.length)} of ${text.count(silos.length)} silos are drawn; the others are in the table.`);
      if (data.numInside > data.inside.length) notes.push("A cell is blank too where the page does not hold the group.");
      return {
        parts: [chart, ...notes.map((textContent) => element("p", { className: "soft", textContent }))],
        summary: `${text.metric(metric)} by silo and ${column}; darker is worse. ${span(known)} ${number(WITHHELD)} cells are withheld, ${number(UNDEFINED)} have no such figure.`,
        columns: table.columns,
        rows: table.rows((slice) => [slice.silo || ALL, slice.group]),
      };
    },
  };

  const groups = {
    controls: {
      column: ["Groups of", data.columns.map((column) => [column, column])],
      metric: ["Metric", metrics("candidate", data.byGroup)],
      order: ["Order", ORDERS],
    },
    draw({ column, metric, order }, width) {
      const own = data.byGroup.filter((slice) => slice.column === column);
      const shown = ordered(own, "candidate", metric, order);
      const of = (model) => shown.map((slice) => mark(slice, model, metric)).filter(Boolean);
      const table = compared([...shown, ...own.filter((slice) => slice.note)], metric, [["Group"]]);
      return {
        parts: sorted([...of("candidate"), ...of("baseline")], { width, axis: text.metric(metric), rules: overallRule(metric) }),
        summary: `${text.metric(metric)} by ${column} over all silos. ${span(of("candidate"))}`,
        columns: table.columns,
        rows: table.rows((slice) => [slice.group]),
      };
    },
  };

  const sizes = {
    controls: { metric: ["Metric", metrics()] },
    draw({ metric }, width) {
      const marks = data.bySilo.map((slice) => mark(slice, "candidate", metric)).filter(Boolean);
      const many = marks.length > fairsilo.plots.MANY;
      const sizes_ = marks.map((item) => item.rows);
      const [fewest, most] = [Math.min(...sizes_), Math.max(...sizes_)];
      // Ticks at 1, 2 and 5 times powers of ten, as many as have room for their labels.
      const room = Math.max(2, Math.floor((width - 72) / 64));
      const decades = Array.from({ length: 16 }, (_, power) => 10 ** power);
      const ticks = [[1, 2, 5], [1, 3], [1]]
        .map((steps) => decades.flatMap((ten) => steps.map((step) => step * ten)).filter((tick) => tick >= fewest * 0.99 && tick <= most * 1.01))
        .find((each, index) => each.length <= room || index === 2);
      const correlation = data.real(data.sizes[metric]);
      const told = correlation == null ? "" : ` Spearman's correlation with size, ${data.judged} silos: ${text.signed(correlation)}.`;
      const chart = plot({
        width,
        height: Math.min(380, width * 0.6 + 60),
        marginLeft: 56,
        marginBottom: 40,
        x: { type: "log", label: "rows to evaluate", labelAnchor: "center", grid: true, ticks: ticks.length > 1 ? ticks : [fewest, most], tickFormat: text.count },
        y: { label: text.metric(metric), grid: true, nice: true },
        marks: [
          Plot.ruleX(fairsilo.plots.intervals(marks), { x: "rows", y1: "low", y2: "high", stroke: "var(--candidate)", strokeOpacity: many ? 0.12 : 0.4 }),
          Plot.ruleY(overallRule(metric), { y: "value", stroke: "var(--soft)", strokeDasharray: "4 3" }),
          Plot.dot(marks, { ...MARKS.candidate, stroke: "var(--paper)", x: "rows", y: "value", r: many ? 2 : 4.5, fillOpacity: (item) => (item.faint ? 0.45 : 1), title: fairsilo.plots.label, tip: { lineWidth: 24 } }),
        ],
      });
      const shown = ordered(data.bySilo, "candidate", metric, "rows");
      return {
        parts: [chart, ...(told ? [element("p", { className: "soft", textContent: told.trim() })] : [])],
        summary: `${text.metric(metric)} against the silo's rows.${told} ${span(marks)}`,
        columns: [["Silo"], ["Rows", "num"], [text.metric(metric), "num"], ["95 % interval", "num"]],
        rows: shown.map((slice) => [slice.silo, [text.count(slice.rows), slice.rows], ...cells(slice.figure("candidate", metric))]),
      };
    },
  };

  // Values of the judged silos, rising, by model.
  const risen = (metric) =>
    ["candidate", "baseline"].map((model) => {
      const judged = data.bySilo.filter((slice) => !slice.unjudged && slice.figure(model, metric));
      const values = judged.map((slice) => ({ name: slice.silo, value: slice.figure(model, metric).value }));
      return { model, values: values.sort((x, y) => x.value - y.value) };
    }).filter(({ values }) => values.length > 1);

  const DASHES = { candidate: "none", baseline: "6 4" };
  const lines = (series, options) =>
    series.map(({ model, points }) =>
      Plot.line(points, { x: "x", y: "y", stroke: MARKS[model].stroke, strokeWidth: 2, strokeDasharray: DASHES[model], ...options }),
    );
  const square = (width) => Math.min(360, Math.max(240, width * 0.75));

  const ecdf = {
    controls: { metric: ["Metric", metrics()] },
    draw({ metric }, width) {
      const series = risen(metric).map(({ model, values }) => ({
        model,
        points: values.map((item, index) => ({ x: item.value, y: (100 * (index + 1)) / values.length })),
      }));
      const own = risen(metric)[0]?.values ?? [];
      return {
        parts: [plot({
          width,
          height: square(width),
          marginLeft: 50,
          marginBottom: 40,
          x: { label: text.metric(metric), labelAnchor: "center", grid: true, nice: true },
          y: { label: "% of silos at or below", domain: [0, 100], grid: true },
          marks: [Plot.ruleX(overallRule(metric), { x: "value", stroke: "var(--soft)", strokeDasharray: "2 3" }), ...lines(series, { curve: "step-after" })],
        })],
        summary: `Share of ${data.judged} silos at or below each ${text.metric(metric)}. ${span(own)}`,
        columns: [["Silo"], [text.metric(metric), "num"], ["% of silos at or below", "num"]],
        rows: own.map((item, index) => [item.name, [text.number(item.value), item.value], ((100 * (index + 1)) / own.length).toFixed(1)]),
      };
    },
  };

  function lorenzPoints(values) {
    const total = values.reduce((sum, item) => sum + item.value, 0);
    let sum = 0;
    return [{ x: 0, y: 0 }, ...values.map((item, index) => {
      sum += item.value;
      return { x: (100 * (index + 1)) / values.length, y: total ? (100 * sum) / total : 0 };
    })];
  }
  const gini = (points) => {
    const steps = points.slice(1);
    const under = steps.reduce((area, point, index) => area + ((point.x - points[index].x) * (point.y + points[index].y)) / 2, 0);
    return 1 - (2 * under) / 10_000;
  };
  const lorenz = {
    controls: { metric: ["Metric", metrics()] },
    draw({ metric }, width) {
      const found = risen(metric);
      const series = found.map(({ model, values }) => ({ model, points: lorenzPoints(values) }));
      const told = series.map(({ model, points }) => `Gini, ${MODELS[model]}: ${gini(points).toFixed(3)}`).join("; ");
      const own = found[0]?.values ?? [];
      return {
        parts: [
          plot({
            width,
            height: square(width),
            marginLeft: 50,
            marginBottom: 40,
            x: { label: "% of silos, lowest first", labelAnchor: "center", domain: [0, 100], grid: true },
            y: { label: `% of all ${text.metric(metric)}`, domain: [0, 100], grid: true },
            marks: [Plot.line([[0, 0], [100, 100]], { stroke: "var(--soft)", strokeDasharray: "2 3" }), ...lines(series)],
          }),
          element("p", { className: "soft", textContent: told }),
        ],
        summary: `Lorenz curve of ${text.metric(metric)} over the ${data.judged} silos; on the diagonal all silos are alike. ${told}.`,
        columns: [["Silo"], [text.metric(metric), "num"], ["% of silos", "num"], ["% of the sum", "num"]],
        rows: own.map((item, index) => {
          const point = series[0].points[index + 1];
          return [item.name, [text.number(item.value), item.value], point.x.toFixed(1), point.y.toFixed(1)];
        }),
      };
    },
  };

  const curveName = (curve) => curve.silo >= 0 ? data.silos[curve.silo] : curve.group ? `${curve.column}: ${curve.group}` : "All rows";
  const curves = new Map(data.calibration.map((curve) => [curveName(curve), curve]));
  const calibration = {
    controls: { curve: ["Curve of", [...curves.keys()].map((name) => [name, name])] },
    draw({ curve: name }, width) {
      const real = (bins) => bins.map(([predicted, observed, below, above, rows]) => ({
        predicted: data.real(predicted),
        observed: data.real(observed),
        ...(below != null && { low: data.real(observed - below), high: data.real(observed + above) }),
        rows,
      }));
      const own = real(curves.get(name)?.bins ?? []);
      const all = real(curves.get("All rows")?.bins ?? []);
      const side = Math.min(width, 460);
      const tip = (bin) => `score ${text.number(bin.predicted)}\nhappened: ${text.number(bin.observed)}\n95 %: ${text.interval(bin)}\n${text.count(bin.rows)} rows`;
      const off = own.map((bin) => ({ value: bin.observed - bin.predicted, name: `score ${text.number(bin.predicted)}` }));
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
            ...(name === "All rows" ? [] : [Plot.line(all, { x: "predicted", y: "observed", stroke: "var(--other)", strokeWidth: 1.5, strokeDasharray: "6 4" })]),
            Plot.ruleX(own.filter((bin) => bin.low != null), { x: "predicted", y1: "low", y2: "high", stroke: "var(--ink)" }),
            Plot.line(own, { x: "predicted", y: "observed", stroke: "var(--candidate)", strokeWidth: 2 }),
            Plot.dot(own, { ...MARKS.candidate, x: "predicted", y: "observed", r: 4, title: tip, tip: true }),
          ],
        })],
        summary: `Calibration of ${name}: what happened less the score. ${span(off, text.signed)}`,
        columns: [["Mean score", "num"], ["Share that happened", "num"], ["95 % interval", "num"], ["Rows", "num"]],
        rows: own.map((bin) => [text.number(bin.predicted), text.number(bin.observed), text.interval(bin), [text.count(bin.rows), bin.rows]]),
      };
    },
  };

  const LOSSES = { worst: ["worst silo", "var(--baseline)", "6 4"], worstTenth: ["worst tenth", "var(--other)", "2 3"], mean: ["mean, by rows", "var(--candidate)", "none"] };
  const training = {
    controls: {},
    draw(_, width) {
      const points = rounds.rounds;
      const last = points.at(-1);
      const silo = rounds.silos.flatMap(({ silo: name, points: own }) => own.map(([round, loss]) => ({ name, round, loss })));
      const dropped = points.filter((point) => point.numDropped);
      const labelled = Object.entries(LOSSES).map(([key, [name]]) => ({ round: last?.round, loss: last?.[key], name }));
      // Labels that would lie on each other are moved apart.
      const span_ = Math.max(...points.map((point) => point.worst)) - Math.min(...points.map((point) => point.mean)) || 1;
      labelled.sort((x, y) => y.loss - x.loss).forEach((item, index, items) => {
        item.y = index ? Math.min(item.loss, items[index - 1].y - span_ * 0.07) : item.loss;
      });
      return {
        parts: [plot({
          width,
          height: 320,
          marginLeft: 50,
          marginRight: widest(Object.values(LOSSES).map(([name]) => name)) + 12,
          marginBottom: 40,
          x: { label: "round", labelAnchor: "center", ticks: Math.min(points.length, 10), tickFormat: (value) => (Number.isInteger(value) ? value : "") },
          y: { label: "loss, nats", grid: true, nice: true },
          marks: [
            Plot.line(silo, { x: "round", y: "loss", z: "name", stroke: "var(--other)", strokeOpacity: 0.3, strokeWidth: 1, title: "name" }),
            ...Object.entries(LOSSES).map(([key, [, stroke, dash]]) => Plot.line(points, { x: "round", y: key, stroke, strokeDasharray: dash, strokeWidth: 2.25 })),
            Plot.dot(points, { x: "round", y: "worst", r: 3, symbol: "diamond", fill: "var(--paper)", stroke: "var(--baseline)", title: (point) => `round ${point.round}\nworst: ${point.worstSilo}, ${text.number(point.worst)}\nmean: ${text.number(point.mean)}`, tip: { lineWidth: 24 } }),
            Plot.text(labelled, { x: "round", y: "y", text: "name", textAnchor: "start", dx: 8, fill: "var(--ink)" }),
            Plot.text(dropped, { x: "round", frameAnchor: "top", dy: -12, text: (point) => `▼ ${point.numDropped}`, fill: "var(--soft)", title: (point) => `${point.numDropped} silos dropped out of round ${point.round}` }),
          ],
        })],
        summary: last
          ? `Loss by round: the mean went from ${text.number(points[0].mean)} to ${text.number(last.mean)}, the worst silo's from ${text.number(points[0].worst)} to ${text.number(last.worst)} (${last.worstSilo}).`
          : "No round has a loss.",
        columns: [["Round", "num"], ["Mean", "num"], ["Worst tenth", "num"], ["Worst", "num"], ["Worst silo"], ["After local training", "num"], ["Silos", "num"], ["Dropped out", "num"]],
        rows: points.map((point) => [String(point.round), text.number(point.mean), text.number(point.worstTenth), text.number(point.worst), point.worstSilo, text.number(point.after), String(point.numSilos), String(point.numDropped)]),
      };
    },
  };

  return { silos, changes, heat, groups, sizes, ecdf, lorenz, calibration, training };
})();
