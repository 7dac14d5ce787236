/* Feeds TFMA's fairness elements, with the worst slices first and preselected. */
"use strict";

// The element sorts slices by name and preselects the first nine, or three when
// two models are compared: the worst ones would be hidden. Both ways are replaced
// by the order in which the page gives them: overall, then the worst.
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
document.querySelectorAll("fairness-nb-container").forEach((element, index) => {
  Object.assign(element, families[index]);
});
