/* Keeps the plotting libraries to ourselves: TFMA's bundle brings an older d3 and
   would write into ours. It would also ask the network for a font, and for Google Charts,
   which only views that are not shown here draw with. */
"use strict";

var fairsilo = { libraries: { d3: window.d3, Plot: window.Plot } };
delete window.d3;
delete window.Plot;
window.polymerSkipLoadingFontRoboto = true;
window.google = { charts: { load: () => Promise.resolve() } };
