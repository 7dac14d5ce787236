/* Feeds TFMA's element when its view comes near the screen, with the worst slices first
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

  // Metrics come as one list of names and rows of numbers (tfma_view.py).
  const metric = (value) => (typeof value === "number" ? { doubleValue: value } : value);
  const unpack = ({ names, rows }) =>
    rows.map((row) => {
      const known = names.map((name, index) => [name, metric(row.metrics[index])]);
      return { ...row, metrics: Object.fromEntries(known.filter(([, value]) => value !== null)) };
    });
  const places = [...document.querySelectorAll(".tfma")];
  places[0].closest("details").open = true;
  fairsilo.whenNear(places, "200px", (place) => {
    const made = document.createElement("fairness-nb-container");
    place.replaceChildren(made);
    for (const [name, value] of Object.entries(fairsilo.pageData.tfma[places.indexOf(place)]))
      made[name] = value.names ? unpack(value) : value;
  });
}
