// The browser's side of `pages/kit/live.py`: holds each figure, merges what changed, and redraws with Plotly.react.
const OVERLAP = 3; // messages in which a change is sent, as in live.py
const BUDGET = 12; // milliseconds of drawing in one frame; one picture may take longer
const PATIENCE = 500; // milliseconds until the whole is asked for again
const REACH = 20; // pixels by which a click may miss a point, and a finger move in it
const CONFIG = { displaylogo: false, displayModeBar: false, scrollZoom: false, responsive: false };
const boards = new WeakMap();

// Adds a script or a style sheet to the page; settles when it is there.
function load(tag, attributes) {
  return new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.onload = resolve;
    element.onerror = reject;
    document.head.append(element);
  });
}

const library = load("script", { src: new URL("plotly-cartesian.min.js", import.meta.url) }).then(() => window.Plotly);
library.catch(() => {}); // each drawing says so
await load("link", { rel: "stylesheet", href: new URL("live.css" + new URL(import.meta.url).search, import.meta.url) });

function numbers(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

function decode(part, old) {
  if (part.f === undefined) return part.v;
  const fresh = numbers(part.f);
  if (part.shape) {
    const [rows, columns] = part.shape;
    return Array.from({ length: rows }, (_, r) => fresh.subarray(r * columns, (r + 1) * columns));
  }
  if (!part.from) return fresh;
  const whole = new Float32Array(part.from + fresh.length);
  whole.set(old.subarray(0, part.from));
  whole.set(fresh, part.from);
  return whole;
}

// What lies at a place on the screen, as [x, y]: a cell of a heat map (they lie at whole numbers), or else a point.
function pointAt(plot, { clientX, clientY }) {
  const { xaxis, yaxis } = plot._fullLayout ?? {};
  const box = plot.getBoundingClientRect();
  const [across, down] = [clientX - box.x - xaxis?._offset, clientY - box.y - yaxis?._offset];
  if (!(across >= 0 && across < xaxis._length && down >= 0 && down < yaxis._length)) return null;
  if (plot.data.some((trace) => trace.type === "heatmap")) {
    return [Math.round(xaxis.p2l(across)), Math.round(yaxis.p2l(down))];
  }
  const distance = ([x, y]) => Math.hypot(xaxis.d2p(x) - across, yaxis.d2p(y) - down);
  const traces = plot.data.filter((trace) => trace.hoverinfo !== "skip");
  const points = traces.flatMap(({ x, y }) => Array.from(x ?? [], (at, k) => [at, y[k]]));
  const nearest = points.sort((a, b) => distance(a) - distance(b))[0];
  return nearest && distance(nearest) < REACH ? nearest : null;
}

class Board {
  constructor(root) {
    this.root = root;
    this.grid = root.querySelector(".seqlab-board");
    this.seq = null;
    this.wanted = -PATIENCE;
    this.panels = new Map();
    root.dataset.mounts = Number(root.dataset.mounts ?? 0) + 1;
    root.dataset.draws = 0;
    this.seen = new IntersectionObserver((entries) => {
      for (const entry of entries) this.panels.get(entry.target.dataset.name).visible = entry.isIntersecting;
      this.draw();
    });
    this.sized = new ResizeObserver((entries) => {
      for (const entry of entries) if (entry.target.data) window.Plotly?.Plots.resize(entry.target);
    });
  }

  // Merges a message; false if one before it was missed and the whole is needed again.
  take(message) {
    if (this.seq === message.seq) return true;
    if (!message.whole && (this.seq === null || message.seq < this.seq || message.seq - this.seq > OVERLAP)) return false;
    if (message.whole) for (const panel of this.panels.values()) panel.parts.clear();
    this.seq = message.seq;
    this.root.dataset.seq = message.seq;
    for (const [name, parts] of Object.entries(message.pictures)) {
      const panel = this.panels.get(name) ?? this.add(name);
      for (const [key, part] of Object.entries(parts)) {
        const old = panel.parts.get(key);
        if (part.from && !(old?.length >= part.from)) return false;
        panel.parts.set(key, decode(part, old));
        panel.stale = true;
      }
      this.describe(panel);
    }
    for (const [name, panel] of this.panels) {
      panel.figure.hidden = !message.names.includes(name);
      panel.figure.classList.toggle("seqlab-tall", panel.parts.get("tall"));
    }
    message.names.forEach((name, place) => this.put(this.panels.get(name).figure, place));
    this.draw();
    return true;
  }

  add(name) {
    const figure = document.createElement("figure");
    const title = document.createElement("figcaption");
    const plot = document.createElement("div");
    figure.className = "seqlab-panel";
    plot.className = "seqlab-plot";
    plot.dataset.name = name;
    plot.setAttribute("role", "img");
    const legend = document.createElement("span");
    legend.className = "seqlab-legend";
    const words = document.createElement("strong");
    title.append(words, legend);
    figure.append(title, plot);
    this.grid.append(figure);
    const panel = { figure, words, legend, plot, parts: new Map(), visible: true, stale: true, drawn: 0 };
    this.panels.set(name, panel);
    this.seen.observe(plot);
    this.sized.observe(plot);
    plot.addEventListener("pointerdown", (down) => this.press(panel, down));
    return panel;
  }

  // Plotly's own clicks are of no use: a redraw takes away what they tell, and a tap makes two.
  press(panel, down) {
    if (!panel.parts.get("clickable") || !down.isPrimary || down.button) return;
    const release = new AbortController();
    const up = (event) => {
      release.abort();
      const still = Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < REACH;
      const point = event.type === "pointerup" && still && pointAt(panel.plot, down);
      const [x, y] = point || [];
      if (point) this.trigger("pick", { name: panel.plot.dataset.name, x, y, number: Date.now() });
    };
    for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, up, { signal: release.signal });
  }

  // Moves a figure to its place among the others; what is drawn in it stays.
  put(figure, place) {
    if (this.grid.children[place] !== figure) this.grid.insertBefore(figure, this.grid.children[place] ?? null);
  }

  // Words need no library and no sight: whoever listens has them before the picture is drawn.
  describe(panel) {
    const title = panel.parts.get("title");
    if (panel.words.textContent !== title) panel.words.textContent = title;
    panel.plot.setAttribute("aria-label", panel.parts.get("alt"));
  }

  // A few milliseconds of a frame, the picture drawn longest ago first: the page stays responsive, none waits for ever.
  draw() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() =>
      library.then(
        (plotly) => {
          this.asked = false;
          const until = performance.now() + BUDGET;
          const due = [...this.panels.values()].filter((p) => p.stale && p.visible && !p.figure.hidden);
          due.sort((a, b) => a.drawn - b.drawn);
          do {
            if (!due.length) return;
            this.drawPanel(plotly, due.shift());
          } while (performance.now() < until);
          if (due.length) this.draw();
        },
        () => this.panels.forEach((panel) => (panel.plot.textContent = this.trouble)),
      ),
    );
  }

  drawPanel(plotly, panel) {
    panel.stale = false;
    panel.drawn = performance.now();
    const get = (key) => panel.parts.get(key);
    const traces = get("arrays").map((names, k) => {
      const data = names.map((name) => [name, get(`${k}.${name}`)]);
      return { ...get(`${k}.style`), ...Object.fromEntries(data) };
    });
    this.drawLegend(panel, traces);
    plotly.react(panel.plot, traces, structuredClone(get("layout")), CONFIG);
    panel.plot.classList.toggle("seqlab-clickable", get("clickable"));
    this.root.dataset.draws = Number(this.root.dataset.draws) + 1;
  }

  // The legend is ours: Plotly would measure its text again at every redraw.
  drawLegend(panel, traces) {
    const named = traces.filter((trace) => trace.type === "scatter" && trace.name);
    const lines = named.length > 1 ? named : []; // a line alone is named by the title
    const signature = JSON.stringify(lines.map((trace) => [trace.name, trace.line]));
    if (panel.signature === signature) return;
    panel.signature = signature;
    panel.legend.replaceChildren(
      ...lines.map((trace) => {
        const item = document.createElement("span");
        const line = document.createElement("i");
        line.style.borderTopColor = trace.line.color;
        line.style.borderTopStyle = { solid: "solid", dot: "dotted" }[trace.line.dash ?? "solid"] ?? "dashed";
        item.append(line, trace.name);
        return item;
      }),
    );
  }

  close() {
    this.seen.disconnect();
    this.sized.disconnect();
    for (const panel of this.panels.values()) window.Plotly?.purge(panel.plot);
    this.grid.replaceChildren();
  }
}

export function update({ data, parentElement, setTriggerValue }) {
  let board = boards.get(parentElement);
  if (!board) boards.set(parentElement, (board = new Board(parentElement)));
  board.trouble = data.trouble;
  board.trigger = setTriggerValue;
  board.grid.style.setProperty("--seqlab-height", data.height);
  board.grid.style.setProperty("--seqlab-columns", data.columns);
  if (!board.take(data) && performance.now() - board.wanted > PATIENCE) {
    board.wanted = performance.now();
    parentElement.dataset.resyncs = Number(parentElement.dataset.resyncs ?? 0) + 1;
    setTriggerValue("resync", data.seq);
  }
}

export function close(root) {
  boards.get(root)?.close();
  boards.delete(root);
}
