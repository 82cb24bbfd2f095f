// Time lines: of each camera what was recorded, and what happened, with a moment that moves.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;
const TOGETHER_S = 2.5; // segments follow one another
const STEPS = 200; // of the arrow keys, on a line

export class Timeline {
  // `onPlay` is called with a camera and seconds since the epoch.
  constructor(section, template, onPlay) {
    this.section = section;
    this.template = template;
    this.onPlay = onPlay;
    this.tracks = new Map();
    this.since = 0;
    this.until = 1;
    this.shown = null; // what is played: camera and time
  }

  // Take what there is from one time to another.
  show(cameras, since, until, now) {
    [this.since, this.until, this.now] = [since, until, now];
    const tracks = new Map();
    for (const camera of cameras) {
      const track = this.tracks.get(camera.name) ?? this.#newTrack(camera.name);
      this.#draw(track, camera);
      tracks.set(camera.name, track);
    }
    this.tracks = tracks;
    const place = this.section.querySelector(".tracks");
    const nodes = [...tracks.values()].map((each) => each.node);
    if (nodes.length !== place.children.length || nodes.some((each, at) => place.children[at] !== each)) {
      place.replaceChildren(...nodes);
    }
    this.#drawHours();
    this.playing(this.shown?.camera ?? null, this.shown?.time ?? null);
  }

  // Show which moment of a camera is played; null: none is.
  playing(camera, time) {
    this.shown = camera === null ? null : { camera, time };
    for (const [name, track] of this.tracks) {
      const isHere = name === camera && time >= this.since && time <= this.until;
      track.head.hidden = !isHere;
      if (isHere) track.head.style.left = `${100 * this.#part(time)}%`;
    }
  }

  // Return the recording of a camera that has a moment; null if there is none.
  recordingAt(camera, time) {
    const recordings = this.tracks.get(camera)?.recordings ?? [];
    return recordings.find(({ began, ended }) => began <= time && time < ended) ?? null;
  }

  // Return the recording that follows a moment; null if none does.
  recordingAfter(camera, began) {
    const recordings = this.tracks.get(camera)?.recordings ?? [];
    return recordings.find((each) => each.began > began) ?? null;
  }

  #newTrack(name) {
    const node = this.template.content.firstElementChild.cloneNode(true);
    const line = node.querySelector(".line");
    const track = { node, line, head: node.querySelector(".head"), at: null, recordings: [], title: name };
    const timeOf = (event) => {
      const box = line.getBoundingClientRect();
      return this.since + ((event.clientX - box.left) / box.width) * (this.until - this.since);
    };
    line.addEventListener("click", (event) => {
      this.#move(track, timeOf(event));
      this.onPlay(name, track.at);
    });
    line.addEventListener("keydown", (event) => this.#press(event, name, track));
    line.addEventListener("pointermove", (event) => { line.title = timeWords(timeOf(event)); });
    return track;
  }

  #press(event, name, track) {
    const step = ((this.until - this.since) / STEPS) * (event.shiftKey ? 10 : 1);
    const moves = {
      ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step,
      PageDown: -20 * step, PageUp: 20 * step,
      Home: this.since - track.at, End: this.until - track.at,
    };
    if (event.key === "Enter" || event.key === " ") this.onPlay(name, track.at);
    else if (Object.hasOwn(moves, event.key)) this.#move(track, track.at + moves[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #move(track, time) {
    track.at = Math.min(this.until, Math.max(this.since, time));
    track.node.querySelector(".at").style.left = `${100 * this.#part(track.at)}%`;
    const { line } = track;
    line.setAttribute("aria-valuenow", String(Math.round(track.at - this.since)));
    const isRecorded = track.recordings.some(({ began, ended }) => began <= track.at && track.at < ended);
    line.setAttribute("aria-valuetext", `${timeWords(track.at)}, ${isRecorded ? "recorded" : "not recorded"}`);
  }

  #draw(track, { title, recordings, events }) {
    track.recordings = recordings;
    track.node.querySelector(".title").textContent = title;
    const { line } = track;
    const stretches = joined(recordings);
    const drawn = stretches.map(([began, ended]) => this.#bar("recorded", began, ended, 13, 22));
    for (const { began, ended, goes_on: goesOn, rule } of events) {
      const bar = this.#bar("happened", began, ended ?? (goesOn ? this.now : began), 2, 11);
      const name = document.createElementNS(SVG, "title");
      name.textContent = `${rule}, ${timeWords(began)}`;
      bar.append(name);
      drawn.push(bar);
    }
    line.querySelector("svg").replaceChildren(...drawn);
    const recordedS = stretches.reduce((sum, [began, ended]) => sum + Math.min(ended, this.until) - Math.max(began, this.since), 0);
    line.setAttribute("aria-label", `${title}: ${lengthWords(recordedS)} recorded, ${events.length} event${events.length === 1 ? "" : "s"}`);
    line.setAttribute("aria-valuemin", "0");
    line.setAttribute("aria-valuemax", String(this.until - this.since));
    const isIn = track.at !== null && track.at >= this.since && track.at <= this.until;
    this.#move(track, isIn ? track.at : Math.min(this.now, this.until));
  }

  #bar(kind, began, ended, top, bottom) {
    const bar = document.createElementNS(SVG, "rect");
    const [from, to] = [began, ended].map((each) => WIDTH * this.#part(Math.min(this.until, Math.max(this.since, each))));
    bar.setAttribute("class", kind);
    bar.setAttribute("x", from.toFixed(2));
    bar.setAttribute("width", Math.max(kind === "happened" ? 1.5 : 0.5, to - from).toFixed(2));
    bar.setAttribute("y", String(top));
    bar.setAttribute("height", String(bottom - top));
    return bar;
  }

  #drawHours() {
    const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
      const mark = document.createElement("span");
      const time = new Date(1000 * (this.since + part * (this.until - this.since)));
      mark.textContent = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      return mark;
    });
    this.section.querySelector(".hours").replaceChildren(...marks);
  }

  #part(time) {
    return (time - this.since) / (this.until - this.since);
  }
}

// Return stretches without the seams between files.
function joined(recordings) {
  const stretches = [];
  for (const { began, ended } of recordings) {
    const last = stretches.at(-1);
    if (last !== undefined && began - last[1] <= TOGETHER_S) last[1] = Math.max(last[1], ended);
    else stretches.push([began, ended]);
  }
  return stretches;
}

export const timeWords = (time) => new Date(1000 * time).toLocaleTimeString();

export function lengthWords(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
