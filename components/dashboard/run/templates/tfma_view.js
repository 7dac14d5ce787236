/* Feeds TFMA's elements when they come near the screen, with the worst slices first
   and preselected. */
"use strict";

{
  // The fairness view sorts slices by name and preselects the first nine, or three
  // when two models are compared: the worst ones would be hidden. Both ways are
  // replaced by the order in which the page gives them: overall, then the worst.
  const board = customElements.get("fairness-metrics-board").prototype;
  board.computeSlices_ = (rows) => rows && rows.map((row) => row.slice);

  const summary = customElements.get("fairness-metric-summary").prototype;
  const preselect = summary.selectDefaultSlicesFromDropDownMenuCandidates_;
  summary.selectDefaultSlicesFromDropDownMenuCandidates_ = function (...args) {
    this.hasEvalComparison_ = () => false;
    try {
      preselect.apply(this, args);
    } finally {
      delete this.hasEvalComparison_;
    }
  };

  // The metric that the slices are ranked by is the one that is shown at first.
  const selector = customElements.get("fairness-metric-and-slice-selector").prototype;
  const order = selector.candidateSortFn;
  selector.candidateSortFn = function (a, b) {
    const isAuc = (metric) => this.stripPrefix(metric) === "auc";
    return isAuc(b) - isAuc(a) || order.call(this, a, b);
  };

  const families = JSON.parse(document.getElementById("tfma-data").textContent);
  // Metrics come as one list of names and rows of numbers (page.py).
  const metric = (value) => (typeof value === "number" ? { doubleValue: value } : value);
  const unpack = ({ names, rows }, nest) =>
    rows.map((row) => {
      const known = names.flatMap((name, index) =>
        row.metrics[index] === null ? [] : [[name, metric(row.metrics[index])]],
      );
      return { ...row, metrics: nest(Object.fromEntries(known)) };
    });
  const SLICING = "tfma-nb-slicing-metrics";
  const NEST = {
    "fairness-nb-container": (metrics) => metrics,
    [SLICING]: (metrics) => ({ "": { "": metrics } }), // by output and class
  };
  const fill = (place) => {
    const { view, family } = place.dataset;
    const made = document.createElement(view);
    place.replaceChildren(made);
    for (const [name, value] of Object.entries(families[family][view]))
      made[name] = value.names ? unpack(value, NEST[view]) : value;
    if (view === SLICING) made.config = { weightedExamplesColumn: "example_count" };
  };
  const near = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        fill(target);
      }
    },
    { rootMargin: "200px" },
  );
  for (const place of document.querySelectorAll("[data-view]")) near.observe(place);
}
