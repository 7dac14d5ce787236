/* Draws each figure when it comes near the screen, and keeps its table behind it. */
"use strict";

{
  const { element, charts, tables } = fairsilo;

  class Figure {
    constructor(holder) {
      this.holder = holder;
      this.chart = charts[holder.dataset.chart]();
      this.place = holder.querySelector(".plot");
      this.details = holder.querySelector("details");
      this.details.addEventListener("toggle", () => this.list());
      this.selects = Object.entries(this.chart.controls).map((entry) => this.control(...entry));
    }

    control(key, [label, options, chosen]) {
      const choices = options.map(([value, name]) => element("option", { value, textContent: name }));
      const select = element("select", { name: key }, ...choices);
      if (chosen !== undefined) select.value = chosen;
      select.addEventListener("change", () => this.draw());
      this.holder.querySelector(".controls").append(element("label", {}, `${label} `, select));
      return select;
    }

    draw() {
      this.width = Math.floor(this.place?.clientWidth ?? 0);
      const choice = Object.fromEntries(this.selects.map((select) => [select.name, select.value]));
      this.drawn = this.chart.draw(choice, Math.max(this.width, 260));
      if (this.place) {
        const image = element("div", {}, ...this.drawn.parts);
        for (const svg of image.querySelectorAll("svg")) svg.setAttribute("aria-hidden", "true");
        this.place.replaceChildren(element("p", { className: "unseen", textContent: this.drawn.summary }), image);
      }
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

  const all = new Map([...document.querySelectorAll("figure[data-chart]")].map((holder) => [holder, new Figure(holder)]));
  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const figure = all.get(target.closest("figure"));
      if (Math.abs(target.clientWidth - figure.width) > 12) figure.draw();
    }
  });
  const drawable = [...all.values()].filter(({ place }) => place);
  fairsilo.whenNear(drawable.map(({ holder }) => holder), "400px", (holder) => {
    all.get(holder).draw();
    resized.observe(all.get(holder).place);
  });
  window.addEventListener("beforeprint", () => drawable.filter(({ drawn }) => !drawn).forEach((figure) => figure.draw()));
}
