/* The end of what the page does at its start. */
performance.mark("interactive");
