// The classes in the picture, beneath it: colour, name and share, the largest first.

import { percent } from "./chart.js";

const LEAST = 0.001; // share of a class that is in the picture

export class Legend {
  constructor(box) {
    this.list = box.querySelector("ul");
    this.rest = box.querySelector(".rest");
    this.shown = "";
    new ResizeObserver(() => this.#count()).observe(this.list);
  }

  show(classes) {
    const present = classes.filter((each) => each.share >= LEAST).sort((a, b) => b.share - a.share);
    const rows = present.map(({ name, colour, share }) => [name, colour, percent(share)]);
    if (JSON.stringify(rows) === this.shown) return;
    this.shown = JSON.stringify(rows);
    this.list.replaceChildren(...rows.map((each) => item(...each)));
    this.#count();
  }

  // Say how many have no room; who hears the page hears all of them.
  #count() {
    const items = [...this.list.children];
    const end = this.list.getBoundingClientRect().bottom;
    const hidden = items.filter((each) => each.getBoundingClientRect().top >= end - 1).length;
    this.rest.textContent = hidden === 0 ? "" : `+${hidden}`;
  }
}

function item(name, colour, share) {
  const [row, swatch, number] = ["li", "span", "span"].map((tag) => document.createElement(tag));
  swatch.className = "swatch";
  swatch.style.setProperty("--class", colour);
  number.className = "share";
  number.textContent = share;
  const word = document.createElement("span");
  word.className = "word";
  word.textContent = name;
  row.append(swatch, word, " ", number);
  return row;
}
