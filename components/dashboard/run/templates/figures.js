/* Draws each figure when it comes near the screen, and keeps its table behind it. */
"use strict";

fairsilo.figures = (() => {
  const { element, charts, tables } = fairsilo;
  const AHEAD = "400px"; // how far below the screen figures are drawn already

  class Figure {
    constructor(holder) {
      this.holder = holder;
      this.chart = charts[holder.dataset.chart];
      this.place = holder.querySelector(".plot");
      this.details = holder.querySelector("details");
      this.details.addEventListener("toggle", () => this.list());
    }

    control(key, [label, options]) {
      const choices = options.map(([value, name]) => element("option", { value, textContent: name }));
      const select = element("select", { name: key }, ...choices);
      select.addEventListener("change", () => this.draw());
      this.holder.querySelector(".controls").append(element("label", {}, `${label} `, select));
      return select;
    }

    draw() {
      this.selects ??= Object.entries(this.chart.controls).map((entry) => this.control(...entry));
      this.width = Math.floor(this.place.clientWidth);
      const choice = Object.fromEntries(this.selects.map((select) => [select.name, select.value]));
      this.drawn = this.chart.draw(choice, Math.max(this.width, 260));
      const image = element("div", {}, ...this.drawn.parts);
      for (const svg of image.querySelectorAll("svg")) svg.setAttribute("aria-hidden", "true");
      this.place.replaceChildren(element("p", { className: "unseen", textContent: this.drawn.summary }), image);
      this.listed = false;
      this.list();
    }

    list() {
      if (!this.details.open || this.listed) return;
      if (!this.drawn) this.draw();
      this.listed = true;
      const title = this.holder.querySelector("h3").textContent;
      const { columns, rows } = this.drawn;
      this.holder.querySelector(".behind").replaceChildren(tables.make(`${title}: the numbers`, columns, rows).holder);
    }
  }

  const all = [...document.querySelectorAll("figure[data-chart]")].map((holder) => new Figure(holder));
  const byHolder = new Map(all.map((figure) => [figure.holder, figure]));
  const near = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        byHolder.get(target).draw();
        resized.observe(byHolder.get(target).place);
      }
    },
    { rootMargin: AHEAD },
  );
  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const figure = byHolder.get(target.closest("figure"));
      if (Math.abs(target.clientWidth - figure.width) > 12) figure.draw();
    }
  });
  all.forEach(({ holder }) => near.observe(holder));
  window.addEventListener("beforeprint", () => all.filter(({ drawn }) => !drawn).forEach((figure) => figure.draw()));
  return { all };
})();
