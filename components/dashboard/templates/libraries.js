/* Keeps the plotting libraries to ourselves: TFMA's bundle brings an older d3 and
   would write into ours. */
"use strict";

var fairsilo = { libraries: { d3: window.d3, Plot: window.Plot } };
delete window.d3;
delete window.Plot;
