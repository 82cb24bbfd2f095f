// Draws what each class covers over time, and says the values at the time that is pointed at.
"use strict";

(() => {
  const FIRST_ON = 8; // classes, those that cover most
  const SHARE = 10000; // shares are in ten-thousandths
  const FAR = 0.1; // of the chart: how far the arrow keys go with Shift

  const isDark = matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const charts = new Map();

  function clock(seconds, isWhole = false) {
    if (seconds < 60 && !isWhole) return `0:${seconds.toFixed(1).padStart(4, "0")}`;
    const whole = Math.floor(seconds);
    const two = (value) => String(value).padStart(2, "0");
    const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
    return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  }

  function percent(share) {
    if (share > 0 && share < 0.001) return "<0.1 %";
    return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
  }

  function niceTop(most, isShare) {
    const steps = isShare ? [0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1] : [1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 100];
    return steps.find((each) => most <= each) ?? (isShare ? 1 : Math.ceil(most / 100) * 100);
  }

  class Chart {
    constructor(section, data) {
      this.section = section;
      this.plot = section.querySelector(".plot");
      this.at = section.querySelector(".at");
      this.strip = section.querySelector(".strip");
      this.data = data;
      this.what = "share";
      this.isOn = data.classes.map((_, index) => index < FIRST_ON);
      this.legend = data.classes.map((each, index) => this.entry(each, index));
      section.querySelector(".legend").replaceChildren(...this.legend.map((each) => each.item));
      for (const button of section.querySelectorAll(".switch button")) {
        button.addEventListener("click", () => this.draw(button.dataset.what));
      }
      this.plot.addEventListener("keydown", (event) => this.key(event));
      this.plot.addEventListener("pointermove", (event) => this.touch(event));
      this.plot.addEventListener("blur", () => this.point(null));
      this.plot.setAttribute("aria-valuemax", String(data.times.length - 1));
      new ResizeObserver(() => this.resize()).observe(this.plot);
      this.draw("share");
    }

    entry(each, index) {
      const item = document.createElement("li");
      const button = document.createElement("button");
      const part = (kind, text) => {
        const span = document.createElement("span");
        span.className = kind;
        span.textContent = text;
        return span;
      };
      const value = part("value", "");
      button.type = "button";
      button.title = each.name;
      button.setAttribute("aria-pressed", String(this.isOn[index]));
      button.style.setProperty("--class", each.colour);
      button.append(part("swatch", ""), part("called", each.name), value);
      button.addEventListener("click", () => this.toggle(index));
      item.append(button);
      return { item, button, value };
    }

    // Curves of a class: mean, and the band from the least to the greatest.
    curves(each) {
      const { masked } = this.data;
      const seen = (values, scale) => values.map((value, at) => (masked[at] ? value / scale : null));
      if (this.what === "share") return [seen(each.mean, SHARE), seen(each.high, SHARE), seen(each.low, SHARE)];
      const count = seen(each.count, 1);
      return [count, seen(each.count_most, 1), count];
    }

    draw(what) {
      this.what = what;
      for (const button of this.section.querySelectorAll(".switch button")) {
        button.setAttribute("aria-pressed", String(button.dataset.what === what));
      }
      this.values = this.data.classes.map((each) => this.curves(each));
      this.chart?.destroy();
      const say = what === "share" ? percent : (value) => (Number.isInteger(value) ? String(value) : "");
      const axis = { stroke: colour("quiet"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 }, font: "12px system-ui, sans-serif" };
      this.chart = new uPlot(
        {
          width: this.plot.clientWidth,
          height: this.plot.clientHeight,
          legend: { show: false },
          cursor: { y: false, drag: { x: true, y: false }, points: { size: 7 } },
          scales: { x: { time: false }, y: { range: (_, __, most) => [0, niceTop(Math.max(most ?? 0, 0), this.what === "share")] } },
          axes: [
            { ...axis, values: (_, splits) => splits.map((each) => clock(each, splits.every(Number.isInteger))), space: 70, size: 32 },
            { ...axis, values: (_, splits) => splits.map(say), size: 56 },
          ],
          series: [{}, ...this.data.classes.flatMap((each, index) => this.series(each, index))],
          bands: this.data.classes.map((each, index) => ({ series: [2 + 3 * index, 3 + 3 * index], fill: `${each.colour}2e` })),
          hooks: { setCursor: [(chart) => this.say(chart.cursor.idx ?? null)], draw: [() => this.drawStrip()] },
        },
        [this.data.times, ...this.values.flat()],
        this.plot,
      );
      this.say(null);
    }

    series(each, index) {
      const show = this.isOn[index];
      const edge = { show, width: 0, points: { show: false } };
      return [{ show, stroke: each.colour, width: 2, points: { show: this.data.times.length < 3 } }, edge, edge];
    }

    toggle(index) {
      const isOn = (this.isOn[index] = !this.isOn[index]);
      this.legend[index].button.setAttribute("aria-pressed", String(isOn));
      this.chart.batch(() => {
        for (const each of [1, 2, 3]) this.chart.setSeries(3 * index + each, { show: isOn });
      });
    }

    // Where masks come from, beneath the chart's own part of the time.
    drawStrip() {
      if (!this.chart) return;
      const { times, roles, end } = this.data;
      const { left, width } = this.chart.bbox;
      const ratio = devicePixelRatio;
      const pen = this.strip.getContext("2d");
      [this.strip.width, this.strip.height] = [Math.round(this.plot.clientWidth * ratio), Math.round(6 * ratio)];
      pen.save();
      pen.beginPath();
      pen.rect(left, 0, width, this.strip.height);
      pen.clip();
      const names = Object.keys(roles);
      const colours = names.map(colour);
      times.forEach((time, at) => {
        const from = this.chart.valToPos(time, "x", true);
        const to = this.chart.valToPos(times[at + 1] ?? end, "x", true);
        const total = names.reduce((sum, name) => sum + roles[name][at], 0);
        let place = from;
        names.forEach((name, number) => {
          const wide = ((to - from) * roles[name][at]) / total;
          pen.fillStyle = colours[number];
          if (wide > 0) pen.fillRect(place, 0, wide + 1, this.strip.height);
          place += wide;
        });
      });
      pen.restore();
    }

    say(index) {
      this.index = index;
      const isShare = this.what === "share";
      const said = [];
      this.data.classes.forEach((each, number) => {
        const [mean, high, low] = this.values[number].map((curve) => (index === null ? null : curve[index]));
        let text = isShare ? `mean ${percent(each.share)}` : `most ${each.most}`;
        if (index !== null && mean === null) text = "no mask";
        else if (index !== null) text = isShare ? range(percent(mean), percent(low), percent(high)) : range(tidy(mean), tidy(low), tidy(high));
        this.legend[number].value.textContent = text;
        if (index !== null && this.isOn[number]) said.push(`${each.name} ${text}`);
      });
      this.at.textContent = index === null ? "" : `At ${clock(this.data.times[index])}`;
      this.plot.setAttribute("aria-valuenow", String(index ?? 0));
      this.plot.setAttribute("aria-valuetext", index === null ? "nowhere" : `${this.at.textContent}: ${said.join(", ")}`);
    }

    // Point at one of the times, as a pointer would; null: at none.
    point(index) {
      const { times } = this.data;
      if (index === null) {
        this.chart.setCursor({ left: -10, top: -10 });
        return;
      }
      const bounded = Math.min(Math.max(index, 0), times.length - 1);
      const { min, max } = this.chart.scales.x;
      if (times[bounded] < min || times[bounded] > max) this.chart.setScale("x", { min: times[0], max: times.at(-1) });
      this.chart.setCursor({ left: this.chart.valToPos(times[bounded], "x"), top: this.chart.over.clientHeight / 2 });
    }

    pointAt(seconds) {
      const later = this.data.times.findIndex((each) => each > seconds);
      this.point(later < 0 ? this.data.times.length - 1 : later - 1);
    }

    key(event) {
      const last = this.data.times.length - 1;
      const step = event.shiftKey ? Math.max(1, Math.round(FAR * last)) : 1;
      const now = this.index ?? -1;
      const goal = { ArrowLeft: now - step, ArrowRight: now + step, ArrowDown: now - step, ArrowUp: now + step, Home: 0, End: last, Escape: null }[event.key];
      if (goal === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.point(goal);
    }

    touch(event) {
      if (event.pointerType === "mouse") return;
      const box = this.chart.over.getBoundingClientRect();
      this.chart.setCursor({ left: event.clientX - box.left, top: event.clientY - box.top });
    }

    resize() {
      const [width, height] = [this.plot.clientWidth, this.plot.clientHeight];
      if (width && (width !== this.chart.width || height !== this.chart.height)) {
        this.chart.setSize({ width, height });
      }
    }
  }

  function tidy(value) {
    return Number.isInteger(value) ? String(value) : value.toFixed(1);
  }

  function range(mean, low, high) {
    return low === high ? mean : `${mean} (${low.replace(" %", "")} to ${high.replace(" %", "")})`;
  }

  // A chart is made when it is first seen: of folded inputs, most never are.
  function chartOf(section) {
    if (!charts.has(section)) {
      const data = JSON.parse(document.getElementById(section.dataset.of).textContent);
      charts.set(section, new Chart(section, data));
    }
    return charts.get(section);
  }

  const seen = new IntersectionObserver((entries) => {
    for (const each of entries) if (each.isIntersecting) chartOf(each.target);
  }, { rootMargin: "200px" });
  for (const section of document.querySelectorAll(".chart")) seen.observe(section);

  addEventListener("beforeprint", () => {
    for (const section of document.querySelectorAll(".chart")) if (section.offsetParent) chartOf(section);
  });

  for (const button of document.querySelectorAll(".sheet button")) {
    const section = document.querySelector(`.chart[data-of="${button.dataset.of}"]`);
    if (!section) {
      button.disabled = true;
      continue;
    }
    button.addEventListener("click", () => {
      const chart = chartOf(section);
      section.scrollIntoView({ block: "nearest", behavior: "smooth" });
      chart.plot.focus({ preventScroll: true });
      chart.pointAt(Number(button.dataset.at));
    });
  }

  function unfold() {
    const input = document.getElementById(location.hash.slice(1));
    if (input instanceof HTMLDetailsElement) input.open = true;
  }
  addEventListener("hashchange", unfold);
  unfold();
  isDark.addEventListener("change", () => charts.forEach((chart) => chart.draw(chart.what)));
})();
