// Draws a zone on a picture by clicking its corners, and says how a rule is to be written.

const FEWEST = 3;

export class ZoneDrawing {
  constructor(card, screen) {
    this.screen = screen;
    this.sheet = card.querySelector(".sheet");
    this.shape = this.sheet.querySelector("polygon");
    this.dots = this.sheet.querySelector("g");
    this.button = card.querySelector(".draw");
    this.panel = card.querySelector(".zone");
    this.texts = [...this.panel.querySelectorAll("code")];
    this.corners = [];
    this.button.addEventListener("click", () => this.#toggle());
    this.sheet.addEventListener("click", (event) => this.#add(event));
    this.panel.querySelector(".undo").addEventListener("click", () => this.#undo());
  }

  #toggle() {
    // An SVG element has the attribute, but no property of that name.
    const isDrawing = this.sheet.hasAttribute("hidden");
    this.sheet.toggleAttribute("hidden", !isDrawing);
    this.panel.hidden = !isDrawing;
    this.button.setAttribute("aria-pressed", String(isDrawing));
    this.corners = [];
    this.#show();
    if (isDrawing) this.sheet.scrollIntoView({ block: "nearest" });
  }

  #add(event) {
    // The sheet lies on the screen, in which the picture may leave something free around it.
    const box = this.sheet.getBoundingClientRect();
    const [across, down] = this.screen.size;
    const scale = Math.min(box.width / across, box.height / down);
    const [width, height] = [across * scale, down * scale];
    const x = (event.clientX - box.left - (box.width - width) / 2) / width;
    const y = (event.clientY - box.top - (box.height - height) / 2) / height;
    this.corners.push([clamp(x), clamp(y)]);
    this.#show();
  }

  #undo() {
    this.corners.pop();
    this.#show();
  }

  #show() {
    // In the picture's own pixels, which the sheet fits in as the screen does.
    const [width, height] = this.screen.size;
    this.sheet.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const points = this.corners.map(([x, y]) => [x * width, y * height]);
    this.shape.setAttribute("points", points.map((each) => each.join(",")).join(" "));
    this.dots.replaceChildren(...points.map(([x, y]) => dot(x, y, width / 90)));
    const isZone = this.corners.length >= FEWEST;
    const [toml, option] = this.texts;
    toml.textContent = isZone ? `zone = [${this.corners.map(([x, y]) => `[${x}, ${y}]`).join(", ")}]` : "";
    option.textContent = isZone ? `in ${this.corners.map((each) => each.join(",")).join(" ")}` : "";
  }
}

const clamp = (share) => Number(Math.min(1, Math.max(0, share)).toFixed(3));

function dot(x, y, radius) {
  const circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  for (const [name, value] of Object.entries({ cx: x, cy: y, r: radius })) circle.setAttribute(name, value);
  return circle;
}
