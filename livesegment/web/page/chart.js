// The share of the picture of each class over the last minutes, as lines. A run that has just begun
// fills the chart with its first minute.

const MOST_S = 300;
const LEAST_S = 60;
const GAP_S = 3; // without a point for longer, the line breaks
const MOST_LINES = 6;
const WIDTH = 300;
const HEIGHT = 76;
const SVG = "http://www.w3.org/2000/svg";

export class Chart {
  constructor(svg) {
    this.svg = svg;
    this.heading = svg.parentElement.querySelector("h3 small");
    this.points = new Map();
  }

  // Take points [second, {class: share}]; those that are there already change nothing.
  add(points, now) {
    for (const [second, shares] of points) this.points.set(second, shares);
    for (const second of this.points.keys()) {
      if (second < now - MOST_S) this.points.delete(second);
    }
  }

  draw(classes, now) {
    const seconds = [...this.points.keys()].sort((a, b) => a - b);
    const span = Math.min(MOST_S, Math.max(LEAST_S, now - (seconds[0] ?? now)));
    const peak = (name) => Math.max(0, ...seconds.map((at) => this.points.get(at)[name] ?? 0));
    const lines = classes
      .map((each) => ({ ...each, peak: peak(each.name) }))
      .filter((each) => each.peak > 0)
      .sort((a, b) => b.peak - a.peak)
      .slice(0, MOST_LINES);
    const top = niceTop(Math.max(0, ...lines.map((each) => each.peak)));
    const x = (second) => WIDTH - ((now - second) / span) * WIDTH;
    const y = (share) => HEIGHT - 2 - (share / top) * (HEIGHT - 8);
    const drawn = [0.5, 1].map((part) => guide(y(part * top)));
    for (const each of lines) {
      const spots = seconds.map((at) => ({ at, x: x(at), y: y(this.points.get(at)[each.name] ?? 0) }));
      drawn.push(...line(spots, each.colour));
    }
    this.svg.replaceChildren(...drawn);
    this.svg.setAttribute("aria-label", described(lines, seconds.length));
    this.svg.parentElement.style.setProperty("--top", `"${percent(top)}"`);
    const minutes = Math.round(span / 60);
    this.heading.textContent = `of the picture, last ${minutes === 1 ? "minute" : `${minutes} minutes`}`;
  }
}

export function percent(share) {
  const value = share * 100;
  return `${value > 0 && value < 1 ? "<1" : Math.round(value)} %`;
}

function niceTop(peak) {
  return [0.05, 0.1, 0.25, 0.5, 1].find((each) => peak <= each) ?? 1;
}

function described(lines, count) {
  if (count === 0) return "No coverage measured yet";
  if (lines.length === 0) return "No class was seen in the last minutes";
  const each = lines.map((one) => `${one.name} now ${percent(one.share)}, at most ${percent(one.peak)}`);
  return `Coverage over the last minutes: ${each.join("; ")}`;
}

function guide(y) {
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("class", "guide");
  path.setAttribute("d", `M0 ${y.toFixed(1)}H${WIDTH}`);
  return path;
}

function line(spots, colour) {
  const runs = [];
  for (const spot of spots) {
    const last = runs.at(-1);
    if (last === undefined || spot.at - last.at(-1).at > GAP_S) runs.push([spot]);
    else last.push(spot);
  }
  return ["area", "line"].map((kind) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", kind);
    path.style.setProperty("--class", colour);
    path.setAttribute("d", runs.map((run) => outline(run, kind)).join(""));
    return path;
  });
}

function outline(run, kind) {
  const through = run.map((spot) => `${spot.x.toFixed(1)} ${spot.y.toFixed(1)}`).join("L");
  if (kind === "line") return `M${through}`;
  return `M${run[0].x.toFixed(1)} ${HEIGHT}L${through}L${run.at(-1).x.toFixed(1)} ${HEIGHT}Z`;
}
