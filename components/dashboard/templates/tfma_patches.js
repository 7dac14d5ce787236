/* Gives TFMA's elements the page's colours, and the names and roles that they lack.

   Each is patched when it is made: Polymer calls `ready` once its shadow root is there,
   and `dom-change` announces what its templates add later. Nothing is watched beside. */
"use strict";

{
  // Sets attributes of all that match; null takes one away.
  const set = (root, selector, attributes) => {
    for (const each of root.querySelectorAll(selector))
      for (const [name, value] of Object.entries(attributes))
        if (value === null) each.removeAttribute(name);
        else each.setAttribute(name, value);
  };
  const plain = (metric) => metric.replace(/^fairness_indicators_metrics\//, "");

  // A dialog is named by its heading, and so is the icon that opens it. Closed, it gives
  // the focus back.
  const dialogs = (root) => {
    for (const dialog of root.querySelectorAll("paper-dialog")) {
      const title = dialog.querySelector("h2").textContent;
      dialog.setAttribute("aria-label", title);
      dialog.restoreFocusOnClose = true;
      const opener = dialog.parentNode.querySelector("paper-icon-button");
      opener?.setAttribute("aria-label", opener.icon === "settings" ? title : `About: ${title}`);
      opener?.setAttribute("aria-haspopup", "dialog");
    }
  };

  // As a button a menu's field hides what was chosen: as the read-only field that it is,
  // its value is read out.
  const menus = (root) => {
    for (const menu of root.querySelectorAll("paper-dropdown-menu")) {
      menu.shadowRoot.querySelector("paper-input").inputRole = null;
      menu.restoreFocusOnClose = true;
      menu.querySelector("paper-listbox").setAttribute("aria-label", menu.label);
    }
  };

  const OWN = {
    "fairness-metric-and-slice-selector": (root) => {
      set(root, "paper-listbox", { "aria-label": "Metrics" });
      // An option can't hold a checkbox: the option is what is chosen, by Space or Enter,
      // and its box only shows it.
      for (const box of root.querySelectorAll("paper-listbox paper-checkbox"))
        box.ariaActiveAttribute = "data-checked"; // the attribute in which Polymer tells its state
      set(root, "paper-listbox paper-checkbox", { role: "none", tabindex: null, "aria-disabled": null });
      // `Select all` is no option of the list: it is a checkbox.
      set(root, "paper-item:has(> #selectAll)", { role: "none", tabindex: null, "aria-disabled": null });
    },
    "fairness-metric-summary": (root) => {
      set(root, ".config > paper-button", { "aria-haspopup": "listbox" });
      set(root, "iron-dropdown paper-listbox", { "aria-label": "Slices" });
      root.querySelector("iron-dropdown").restoreFocusOnClose = true;
    },
    "fairness-bounded-value-bar-chart": (root) =>
      set(root, "#bar-chart", { role: "img", "aria-label": "Bars of the slices in the table below" }),
    "fairness-metrics-table": (root) => {
      set(root, "#table", { role: "table", "aria-label": `${plain(root.host.metric ?? "")} by slice` });
      set(root, "#table > div", { role: "row" });
      set(root, ".table-entry", { role: "cell" });
      set(root, ".table-feature-column", { role: "rowheader" });
      set(root, ".table-head-row > div", { role: "columnheader" });
    },
  };

  const ELEMENTS = [
    ...["fairness-nb-container", "fairness-metrics-board", "fairness-privacy-container"],
    ...Object.keys(OWN),
  ];
  for (const name of ELEMENTS) {
    const { prototype } = customElements.get(name);
    const { ready } = prototype;
    prototype.ready = function () {
      ready.call(this);
      const root = this.shadowRoot;
      const patch = () => [dialogs, menus, OWN[name]].forEach((each) => each?.(root));
      // A table of ten rows announces a hundred changes: they are patched at once.
      let isWaiting = false;
      root.addEventListener("dom-change", () => {
        if (isWaiting) return;
        isWaiting = true;
        queueMicrotask(() => {
          isWaiting = false;
          patch();
        });
      });
      root.adoptedStyleSheets.push(fairsilo.tfmaStyle);
      patch();
    };
  }
}
