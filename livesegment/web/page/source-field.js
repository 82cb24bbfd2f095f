// A camera's address, and a look at what comes from there before it is kept.

import { Refused } from "./saved.js";
import { button, holding, made, row, suggest } from "./made.js";

export class SourceField {
  // `look` returns a picture of what is written, or null where it is not to be shown.
  constructor(source, devices, look) {
    this.before = source;
    this.lookAt = look;
    this.input = made("input", { type: "text", autocomplete: "off", spellcheck: false, maxLength: 2000, value: source, required: true });
    const known = suggest(this.input, devices);
    this.input.setAttribute("autocapitalize", "off");
    this.canvas = made("canvas", { className: "found", hidden: true });
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "What the camera sees");
    this.said = made("p", { className: "problem" });
    this.said.setAttribute("role", "status");
    this.untried = made("input", { type: "checkbox" });
    this.anyway = made("label", { className: "switch", hidden: true }, this.untried, made("span", {}, "Keep it without a picture"));
    this.looking = button("Show its picture", () => holding([this.looking], () => this.#look()));
    const dots = source.includes("•") ? " Dots stand for what is kept and not shown." : "";
    const hint = `rtsp://user:password@192.168.1.31/stream1, http://..., or the device /dev/video0.${dots}`;
    this.element = made("div", { className: "source" }, row("Address", this.input, hint), this.looking, this.canvas, this.said, this.anyway, known);
    this.input.addEventListener("input", () => this.#forget());
  }

  get isChanged() {
    return this.input.value.trim() !== this.before;
  }

  // What is to be saved of it.
  get change() {
    return { source: this.input.value.trim(), is_untried: this.untried.checked };
  }

  async #look() {
    this.#forget();
    this.said.textContent = "Looking: a camera may take a few seconds";
    try {
      const picture = await this.lookAt(this.input.value.trim());
      this.said.textContent = picture === null ? "A picture came. It is not shown here: something is hidden in this camera's pictures." : "";
      if (picture !== null) this.#show(picture);
    } catch (error) {
      this.refuse(error);
    }
  }

  // Say why it was not taken; where no picture came, it may be kept all the same.
  refuse(error) {
    this.said.textContent = error.message;
    this.anyway.hidden = !(error instanceof Refused && error.status === 422);
  }

  #forget() {
    this.said.textContent = "";
    this.canvas.hidden = true;
    this.anyway.hidden = true;
    this.untried.checked = false;
  }

  #show(picture) {
    [this.canvas.width, this.canvas.height] = [picture.width, picture.height];
    this.canvas.getContext("bitmaprenderer").transferFromImageBitmap(picture);
    this.canvas.hidden = false;
  }
}
