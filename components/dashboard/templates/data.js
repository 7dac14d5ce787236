/* Reads the evaluation's figures, as chart_data.py packs them; null without any. */
"use strict";

fairsilo.data = (() => {
  const packed = fairsilo.pageData.figures;
  if (!packed) return null;
  const real = (whole) => (whole == null ? null : whole / packed.unit);

  // A slice of the evaluation and its figures.
  class Slice {
    constructor(part, index) {
      this.part = part;
      this.index = index;
      const silo = part.silo[index];
      this.silo = silo < 0 ? "" : packed.silos[silo];
      this.column = part.column[index];
      this.group = part.group[index];
      this.rows = part.rows[index];
      this.note = part.note[index];
      this.notEvaluated = this.column ? "" : (packed.notEvaluated[silo] ?? "");
      this.name = [this.silo, this.group].filter(Boolean).join(", ") || "All";
    }
    // {value, low, high} of a model, or null where there is no number.
    figure(model, metric) {
      const columns = this.part.figures[model]?.[metric];
      const value = columns?.[0][this.index];
      if (value == null) return null;
      const below = columns[1]?.[this.index];
      const above = columns[2]?.[this.index];
      return below == null || above == null
        ? { value: real(value) }
        : { value: real(value), low: real(value - below), high: real(value + above) };
    }
  }
  const slices = (part) => part.rows.map((_, index) => new Slice(part, index));

  const [overall] = slices(packed.overall);
  const metrics = Object.keys(packed.overall.figures.candidate);
  return {
    ...packed,
    real,
    overall,
    metrics,
    hasBaseline: Object.keys(packed.overall.figures.baseline).length > 0,
    bySilo: slices(packed.bySilo),
    byGroup: slices(packed.byGroup),
    inside: slices(packed.inside),
  };
})();

// How numbers and names read.
fairsilo.text = (() => {
  const count = new Intl.NumberFormat("en");
  const { names = {}, lowerIsBetter = [] } = fairsilo.data ?? {};
  const number = (value) => (value == null ? "–" : value.toFixed(3));
  const signed = (value) => (value >= 0 ? "+" : "−") + Math.abs(value).toFixed(3);
  const isLowerBetter = (name) => lowerIsBetter.includes(name.split("@")[0]);
  return {
    count: (value) => count.format(value),
    number,
    signed,
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
