// The controls of one camera, drawn as the server describes them: what the user does is sent, what
// others did is shown.

import { percent } from "./chart.js";
import { Legend } from "./legend.js";

const QUIET_MS = 1500; // after a change of one's own, reports that were under way do not undo it

export class ControlBox {
  constructor(card, name, described, send) {
    this.card = card;
    this.send = send;
    this.changedAt = -Infinity;
    this.pending = null;
    this.isSending = false;
    this.controls = null;
    this.classes = [];
    this.chips = new Map();
    this.described = new Map(described.map((each) => [each.name, each]));
    this.mayChange = false;
    this.group = card.querySelector(".classes");
    this.legend = new Legend(card.querySelector(".legend"));
    const change = (field, value) => this.#change({ [field]: value });
    this.drawn = described.filter((each) => each.kind in DRAW).map((each) => DRAW[each.kind](each, name, change));
    card.querySelector(".controls").replaceChildren(...this.drawn.map((each) => each.element));
  }

  // Show controls as they are, unless the user is just changing them.
  show(controls, classes, mayChange) {
    this.mayChange = mayChange;
    this.classes = classes;
    if (performance.now() - this.changedAt > QUIET_MS) this.controls = controls;
    this.#render();
    for (const each of this.card.querySelectorAll(".controls input, .chip")) each.disabled = !mayChange;
    this.card.querySelector(".looking").hidden = mayChange;
  }

  // Switch a control over, as its key does.
  toggle(name) {
    this.#press(name, (value) => !value);
  }

  // Change a number by so much.
  step(name, by) {
    this.#press(name, (value, { low, high }) => Math.min(high, Math.max(low, Number((value + by).toFixed(3)))));
  }

  // Choose one of a few by its place, or the next one.
  choose(name, at = null) {
    this.#press(name, (value, { values }) => {
      const now = values.findIndex((each) => each.value === value);
      return values[at ?? (now + 1) % values.length]?.value ?? value;
    });
  }

  #press(name, changed) {
    if (!this.mayChange || this.controls === null || !this.described.has(name)) return;
    this.#change({ [name]: changed(this.controls[name], this.described.get(name)) });
  }

  #change(change) {
    this.changedAt = performance.now();
    this.controls = { ...this.controls, ...change };
    this.pending = { ...this.pending, ...change };
    this.#render();
    this.#sendPending();
  }

  // One change at a time; what is moved meanwhile goes together with the next.
  async #sendPending() {
    if (this.isSending) return;
    this.isSending = true;
    while (this.pending !== null) {
      const change = this.pending;
      this.pending = null;
      if (!(await this.send(change))) this.changedAt = -Infinity;
    }
    this.isSending = false;
  }

  #render() {
    if (this.controls === null) return;
    for (const each of this.drawn) each.show(this.controls[each.name]);
    this.#renderClasses();
    const { show_overlay: isDrawn, show_legend: isWanted } = this.controls;
    this.legend.show(isDrawn && isWanted ? this.classes.filter((each) => this.#isShown(each.name)) : []);
  }

  #renderClasses() {
    const names = this.classes.map((each) => each.name);
    if (names.join("\n") !== [...this.chips.keys()].join("\n")) this.#makeChips();
    for (const { name, share } of this.classes) {
      const chip = this.chips.get(name);
      chip.setAttribute("aria-pressed", String(this.#isShown(name)));
      chip.querySelector(".share").textContent = percent(share);
    }
  }

  #makeChips() {
    this.chips.clear();
    for (const { name, colour } of this.classes) {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.className = "chip";
      chip.style.setProperty("--class", colour);
      chip.append(element("span", "swatch"), element("span", "", name), element("span", "share"));
      chip.addEventListener("click", () => this.#toggleClass(name));
      this.chips.set(name, chip);
    }
    this.group.replaceChildren(...this.chips.values());
  }

  #isShown(name) {
    const shown = this.controls.classes;
    return shown === null || shown.some((each) => each.toLowerCase() === name.toLowerCase());
  }

  #toggleClass(name) {
    const all = this.classes.map((each) => each.name);
    const shown = all.filter((each) => (each === name ? !this.#isShown(each) : this.#isShown(each)));
    this.#change({ classes: shown.length === all.length ? null : shown });
  }
}

// Each returns a control's name, its element, and what shows a value in it.
const DRAW = {
  switch({ name, label }, _, change) {
    const input = Object.assign(document.createElement("input"), { type: "checkbox", name });
    input.setAttribute("role", "switch");
    input.addEventListener("change", () => change(name, input.checked));
    const wrapper = element("label", "switch");
    wrapper.append(input, element("span", "", label));
    return { name, element: wrapper, show: (value) => (input.checked = value) };
  },
  slider({ name, label, low, high, step }, _, change) {
    const input = document.createElement("input");
    Object.assign(input, { type: "range", name, min: low, max: high, step });
    input.addEventListener("input", () => change(name, Number(input.value)));
    const wrapper = element("label", "slider");
    const output = element("output");
    wrapper.append(element("span", "", label), input, output);
    const show = (value) => {
      input.value = value;
      output.textContent = percent((value - low) / (high - low));
    };
    return { name, element: wrapper, show };
  },
  choice({ name, label, values }, camera, change) {
    const fieldset = element("fieldset");
    const row = element("div", "choices");
    const inputs = values.map(({ value, hint }) => {
      const input = Object.assign(document.createElement("input"), { type: "radio", name: `${camera}-${name}`, value });
      const wrapper = element("label", "choice");
      wrapper.title = hint;
      wrapper.append(input, element("span", "", value[0].toUpperCase() + value.slice(1)));
      row.append(wrapper);
      return input;
    });
    fieldset.addEventListener("change", (event) => change(name, event.target.value));
    fieldset.append(element("legend", "", label), row);
    const show = (value) => inputs.forEach((each) => (each.checked = each.value === value));
    return { name, element: fieldset, show };
  },
};

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}
