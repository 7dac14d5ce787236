/* The threshold that tables of rates are shown at, and the tables inside silos. */
"use strict";

fairsilo.groups = (() => {
  const { data, text, element, tables } = fairsilo;

  // Groups inside silos, the surely worst first, as the page got them.
  function insideSilos(threshold) {
    const before = data.inside.some((slice) => slice.figure("baseline", "auc"));
    const rates = ["tpr", "fpr", "positive_rate", "precision"].filter((name) => data.inside.some((slice) => slice.figure("candidate", `${name}@${threshold}`)));
    const sort = (figure, format = text.number) => (figure ? [format(figure.value), figure.value] : ["–", ""]);
    const rows = data.inside.map((slice) => {
      const auc = slice.figure("candidate", "auc");
      const note = slice.note === "too few" || slice.group === "too few" ? `too few (${text.count(slice.rows)})` : slice.note;
      const change = slice.figure("change", "auc");
      return [
        slice.silo,
        slice.column,
        slice.group,
        [text.count(slice.rows), slice.rows],
        auc ? sort(auc) : [note || "–", ""],
        [text.interval(auc), auc?.low ?? ""],
        ...(before ? [sort(slice.figure("baseline", "auc"))] : []),
        ...(data.hasBaseline ? [sort(change, text.signed), [text.interval(change, text.signed), change?.low ?? ""]] : []),
        ...rates.map((name) => sort(slice.figure("candidate", `${name}@${threshold}`))),
      ];
    });
    const columns = [
      ["Silo"], ["Groups of"], ["Group"], ["Rows", "num"], ["AUC", "num"], ["95 % interval", "num"],
      ...(before ? [["Baseline", "num"]] : []),
      ...(data.hasBaseline ? [["Change", "num"], ["95 % interval, paired", "num"]] : []),
      ...rates.map((name) => [data.names[name], "num"]),
    ];
    return tables.make("Groups inside silos", columns, rows).holder;
  }

  // Fairness between the groups inside each silo, at a threshold.
  function gapsInside(threshold) {
    const shown = data.measures.flatMap(({ metric, name }) => {
      const key = [metric, `${metric}@${threshold}`].find((each) => Object.values(data.gaps).some((figures) => figures[each]));
      return key ? [{ key, name }] : [];
    });
    const rows = Object.entries(data.gaps).flatMap(([column, figures]) =>
      data.silos.flatMap((silo, index) => {
        const values = shown.map(({ key }) => data.real(figures[key]?.[0][index]));
        if (values.every((value) => value == null)) return [];
        return [[silo, column, ...values.map((value) => [text.number(value), value ?? ""])]];
      }),
    );
    const columns = [["Silo"], ["Groups of"], ...shown.map(({ name }) => [name, "num"])];
    return tables.make("Fairness between groups inside each silo", columns, rows).holder;
  }

  const MAKERS = { inside: insideSilos, gaps: gapsInside };
  const places = [...document.querySelectorAll("[data-inside]")];
  const selects = [...document.querySelectorAll("select.threshold")];

  function fill(place) {
    if (!place.closest("details").open || place.dataset.at === String(chosen)) return;
    place.dataset.at = chosen;
    place.replaceChildren(MAKERS[place.dataset.inside](chosen));
  }
  let chosen = Number(selects[0]?.value ?? data.thresholds[0]);
  function choose(threshold) {
    chosen = threshold;
    for (const select of selects) select.value = String(threshold);
    tables.all.filter(({ table }) => table.dataset.thresholds !== undefined).forEach((table) => table.at(threshold));
    places.forEach(fill);
  }
  for (const select of selects) select.addEventListener("change", () => choose(Number(select.value)));
  for (const place of places) place.closest("details").addEventListener("toggle", () => fill(place));
  choose(chosen);
  return { choose };
})();
