// The controls of one camera: what the user does is sent, what others did is shown.

import { percent } from "./chart.js";
import { CHOICES, hint } from "./words.js";

const QUIET_MS = 1500; // after a change of one's own, reports that were under way do not undo it

export class ControlBox {
  constructor(card, name, send) {
    this.card = card;
    this.send = send;
    this.changedAt = -Infinity;
    this.pending = null;
    this.isSending = false;
    this.controls = null;
    this.classes = [];
    this.chips = new Map();
    this.opacity = card.querySelector("[name=opacity]");
    this.output = card.querySelector(".slider output");
    this.switches = [...card.querySelectorAll(".switch input")];
    this.group = card.querySelector(".classes");
    for (const fieldset of card.querySelectorAll("[data-choice]")) addChoices(fieldset, name);
    this.#listen();
  }

  // Show controls as they are, unless the user is just changing them.
  show(controls, classes) {
    this.classes = classes;
    if (performance.now() - this.changedAt > QUIET_MS) this.controls = controls;
    this.#render();
  }

  #listen() {
    this.opacity.addEventListener("input", () => this.#change({ opacity: Number(this.opacity.value) }));
    for (const each of this.switches) {
      each.addEventListener("change", () => this.#change({ [each.name]: each.checked }));
    }
    for (const fieldset of this.card.querySelectorAll("[data-choice]")) {
      fieldset.addEventListener("change", (event) =>
        this.#change({ [fieldset.dataset.choice]: event.target.value }));
    }
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
    const { controls } = this;
    for (const each of this.switches) each.checked = controls[each.name];
    this.opacity.value = controls.opacity;
    this.output.textContent = percent(controls.opacity);
    for (const input of this.card.querySelectorAll("[data-choice] input")) {
      input.checked = controls[input.closest("[data-choice]").dataset.choice] === input.value;
    }
    this.#renderClasses();
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
      chip.addEventListener("click", () => this.#toggle(name));
      this.chips.set(name, chip);
    }
    this.group.replaceChildren(...this.chips.values());
  }

  #isShown(name) {
    const shown = this.controls.classes;
    return shown === null || shown.some((each) => each.toLowerCase() === name.toLowerCase());
  }

  #toggle(name) {
    const all = this.classes.map((each) => each.name);
    const shown = all.filter((each) => (each === name ? !this.#isShown(each) : this.#isShown(each)));
    this.#change({ classes: shown.length === all.length ? null : shown });
  }
}

function addChoices(fieldset, name) {
  const field = fieldset.dataset.choice;
  const row = element("div", "choices");
  for (const [value, label] of Object.entries(CHOICES[field])) {
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: `${name}-${field}`, value });
    const wrapper = element("label", "choice");
    wrapper.title = hint(value);
    wrapper.append(input, element("span", "", label));
    row.append(wrapper);
  }
  fieldset.append(row);
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}
