/* The colours of TFMA's elements: the page's own, so that dark mode and paper hold for
   them too.

   What Polymer's parts ask for by custom property is answered in page.css (`.tfma`).
   Here is what TFMA writes as fixed colours inside its shadow roots: one sheet that each
   of them adopts (tfma_patches.js). It comes after an element's own style, so the same
   selector wins; ids and classes are those of TFMA's templates. */
"use strict";

fairsilo.tfmaStyle = new CSSStyleSheet();
fairsilo.tfmaStyle.replaceSync(`
  /* Polymer takes outlines away and shows focus by a faint shade. */
  :focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
  paper-item:focus-visible, paper-listbox:focus-visible { outline-offset: -3px; }

  paper-card, paper-dialog, .dropdown-content { border: 1px solid var(--line); }
  #metric-and-slice-selector-title { color: var(--ink); }
  paper-button[raised] { border: 1px solid var(--other); }
  .header, paper-icon-button { color: var(--soft); }

  .table-holder { background: var(--panel); border-color: var(--line); }
  .table-row, .baseline-row { background: var(--paper); color: var(--ink); border-color: var(--line); }
  .table-row:hover, .baseline-row:hover { background: var(--panel); }
  .table-head-row { background: var(--panel); color: var(--soft); border-color: var(--line); }
  .baseline-row { color: var(--good); }
  .blue-icon, .green-icon { --iron-icon-fill-color: var(--good); }
  .red-icon { --iron-icon-fill-color: var(--bad); }

  /* TFMA's palette stays; a contour sets its pale colours off from either ground. */
  #bars rect { stroke: var(--soft); stroke-width: .75; }
  #bars line, #bar-chart > line { stroke: var(--ink); }
`);
