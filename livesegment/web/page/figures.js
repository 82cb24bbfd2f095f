// The figures of one camera: which there are, and what they are called, the server says.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const money = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

// How a value is written, by its unit; what has none of these is counted in whole numbers.
const WORDED = {
  "s": milliseconds,
  "frames/s": (value) => value.toFixed(1),
  "price": (value, currency) => priceWords(value, currency),
};

// What something costs, in its currency where that is known.
export function priceWords(value, currency) {
  return currency ? `${money.format(value)} ${currency}` : money.format(value);
}

export class FigureLists {
  constructor(card) {
    this.first = card.querySelector(".figures.first");
    this.counters = card.querySelector(".figures.counters");
    this.drawn = "";
    this.spots = new Map();
  }

  // Show the values of the figures that `rows` describe; what costs something is of a currency.
  show(rows, values, currency) {
    this.#draw(rows);
    for (const { key, unit, is_first: isFirst } of rows) {
      const value = values[key] ?? null;
      const { item, spot } = this.spots.get(key);
      const word = WORDED[unit] ?? ((each) => whole.format(each));
      spot.textContent = value === null ? "–" : word(value, currency);
      // A time may come yet; what is counted nowhere is no figure of this camera, and of what
      // should not happen nothing is said until it does.
      item.hidden = (value === null && unit !== "s") || (value === 0 && !isFirst);
    }
  }

  #draw(rows) {
    const wanted = JSON.stringify(rows);
    if (wanted === this.drawn) return;
    this.drawn = wanted;
    this.spots.clear();
    this.first.replaceChildren();
    this.counters.replaceChildren();
    for (const { key, label, help, is_first: isFirst } of rows) {
      const item = document.createElement("div");
      const name = document.createElement("dt");
      const spot = document.createElement("dd");
      item.title = help;
      name.textContent = label;
      spot.dataset.figure = key;
      item.append(name, spot);
      (isFirst ? this.first : this.counters).append(item);
      this.spots.set(key, { item, spot });
    }
  }
}

function milliseconds(seconds) {
  if (seconds >= 9.95) return `${whole.format(seconds)} s`;
  if (seconds >= 0.9995) return `${seconds.toFixed(1)} s`;
  return `${whole.format(seconds * 1000)} ms`;
}
