// Adds a camera: what people call it, its short name, and its address.

import { button, holding, made, row } from "./made.js";
import { SourceField } from "./source-field.js";

export class AddDialog {
  // `onAdded` gets the name of a camera that was added.
  constructor(saved, onAdded) {
    this.saved = saved;
    this.onAdded = onAdded;
    this.dialog = made("dialog", { className: "add" });
    this.dialog.setAttribute("aria-label", "Add a camera");
    this.dialog.addEventListener("cancel", (event) => this.cancel.disabled && event.preventDefault());
    document.body.append(this.dialog);
  }

  async open() {
    let problem = null;
    try {
      ({ problem } = await this.saved.ask());
    } catch (error) {
      problem = error.message;
    }
    this.#draw(problem);
    this.dialog.showModal();
  }

  #draw(problem) {
    this.title = made("input", { type: "text", maxLength: 200, placeholder: "Front door" });
    this.name = made("input", { type: "text", maxLength: 60, required: true, pattern: "[A-Za-z0-9_\\-][A-Za-z0-9_.\\-]*", spellcheck: false });
    this.source = new SourceField("", this.saved.said?.devices ?? [], (source) => this.saved.look("new", source));
    this.name.addEventListener("input", () => (this.isNamed = this.name.value !== ""));
    this.isNamed = false;
    this.title.addEventListener("input", () => {
      if (!this.isNamed) this.name.value = shortName(this.title.value);
    });
    this.cancel = button("Cancel", () => this.dialog.close());
    this.save = made("button", { type: "submit", disabled: problem !== null }, "Save");
    this.said = made("p", { className: "problem" }, problem ?? "");
    this.said.setAttribute("role", "alert");
    const form = made(
      "form",
      {},
      made("h3", {}, "Add a camera"),
      row("Name for people", this.title),
      row("Short name", this.name, "In addresses and names of files: letters, digits, - and _"),
      this.source.element,
      this.said,
      made("p", { className: "row" }, this.save, this.cancel),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      // What is under way is saved, whoever looks away.
      holding([this.save, this.cancel], () => this.#submit());
    });
    this.dialog.replaceChildren(form);
  }

  async #submit() {
    const title = this.title.value.trim();
    const values = title ? { "camera.title": title } : {};
    this.said.textContent = "";
    this.save.textContent = "Trying the camera";
    try {
      await this.saved.save("", { camera: this.name.value.trim(), values, ...this.source.change });
      this.dialog.close();
      this.onAdded(this.name.value.trim());
    } catch (error) {
      if (error.status === 422) this.source.refuse(error);
      else this.said.textContent = error.message;
    }
    this.save.textContent = "Save";
  }
}

const shortName = (title) =>
  title
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .toLowerCase()
    .slice(0, 60);
