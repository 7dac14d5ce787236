/* Reads the evaluation's figures, as chart_data.py packs them; null without any. */
"use strict";

// {value, low, high, rows} of a place in packed columns, or null for no number.
fairsilo.unpacked = ([values, below, above, rows], index) => {
  const { unit } = fairsilo.pageData;
  const value = values?.[index];
  if (value == null) return null;
  const found = { value: value / unit, ...(rows && { rows: rows[index] }) };
  if (below?.[index] == null || above[index] == null) return found;
  return { ...found, low: (value - below[index]) / unit, high: (value + above[index]) / unit };
};

fairsilo.data = (() => {
  const packed = fairsilo.pageData.figures;
  if (!packed) return null;
  const notEvaluated = new Map(Object.entries(packed.notEvaluated));

  // A slice of the evaluation and its figures.
  class Slice {
    constructor(part, index) {
      this.part = part;
      this.index = index;
      this.silo = packed.silos[part.silo[index]] ?? "";
      this.column = part.column[index];
      this.group = part.group[index];
      this.rows = part.rows[index];
      this.note = part.note[index];
      this.notEvaluated = this.column ? "" : (notEvaluated.get(this.silo) ?? "");
      this.name = [this.silo, this.group].filter(Boolean).join(", ") || "All";
    }
    // {value, low, high, rows} of a model, or null where there is no number.
    figure(model, metric) {
      return fairsilo.unpacked(this.part.figures[model][metric] ?? [], this.index);
    }
  }
  const slicesOf = (part) => part.rows.map((_, index) => new Slice(part, index));

  const [overall, ...slices] = slicesOf(packed.slices);
  return {
    ...packed,
    overall,
    metrics: Object.keys(packed.slices.figures.candidate),
    hasBaseline: Object.keys(packed.slices.figures.baseline).length > 0,
    bySilo: slices.filter(({ column }) => !column),
    byGroup: slices.filter(({ silo }) => !silo),
    inside: slices.filter(({ silo, column }) => silo && column),
    gaps: slicesOf(packed.gaps),
    overSilos: slicesOf(packed.overSilos)[0],
    calibration: slicesOf(packed.calibration),
    benefits: slicesOf(packed.benefits), // its rows are those to train
  };
})();

// How numbers and names read.
fairsilo.text = (() => {
  const count = new Intl.NumberFormat("en");
  const { names = {}, lowerIsBetter = [] } = fairsilo.data ?? {};
  const number = (value) => (value == null ? "–" : value.toFixed(3));
  const isLowerBetter = (name) => lowerIsBetter.includes(name.split("@")[0]);
  return {
    count: (value) => count.format(value),
    number,
    signed: (value) => (value >= 0 ? "+" : "−") + Math.abs(value).toFixed(3),
    isLowerBetter,
    cut(name, length = 30) {
      const letters = [...name];
      return letters.length > length ? letters.slice(0, length - 1).join("") + "…" : name;
    },
    metric(name) {
      const [plain, threshold] = name.split("@");
      return threshold ? `${names[plain]} at ${threshold}` : names[plain];
    },
    interval: (figure, format = number) =>
      figure?.low == null ? "" : `${format(figure.low)} to ${format(figure.high)}`,
    // The better end of the interval: what is bad there is surely bad.
    atBest: (figure, name) =>
      isLowerBetter(name) ? -(figure.low ?? figure.value) : (figure.high ?? figure.value),
  };
})();
