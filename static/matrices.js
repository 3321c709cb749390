// The browser's side of `pages/kit/matrices.py`: matrices with a number in each cell.
const flows = new WeakMap();

const style = Object.assign(document.createElement("link"), {
  rel: "stylesheet",
  href: new URL("matrices.css" + new URL(import.meta.url).search, import.meta.url),
});
await new Promise((resolve, reject) => {
  style.onload = resolve;
  style.onerror = reject;
  document.head.append(style);
});

export function make(tag, className, parent, attributes = {}) {
  const element = document.createElement(tag);
  element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent?.append(element);
  return element;
}

// Touches the page only where something is new.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function mark(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

const channels = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));

// The colour of `share` (0 to 1) on a scale of [position, "#rrggbb"], and the ink that can be read on it.
function paint(scale, share) {
  const above = Math.max(1, scale.findIndex(([position]) => position >= share));
  const [[low, from], [high, to]] = [scale[above - 1], scale[above]];
  const part = (share - low) / (high - low);
  const target = channels(to);
  const rgb = channels(from).map((value, k) => Math.round(value + part * (target[k] - value)));
  const linear = rgb.map((value) => (value <= 10 ? value / 3295 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  const light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return [`rgb(${rgb})`, light > 0.179 ? "#000" : "#fff"]; // whichever differs more: 4.5 to 1 at the least (WCAG 2)
}

// Children of `parent` by name, in the order of `items`: kept, made or removed.
function keep(parent, known, items, build) {
  const names = new Set(items.map((item) => item.name));
  for (const [name, child] of known) {
    if (names.has(name)) continue;
    child.root.remove();
    known.delete(name);
  }
  items.forEach((item, k) => {
    let child = known.get(item.name);
    if (!child) known.set(item.name, (child = build(item)));
    if (parent.children[k] !== child.root) parent.insertBefore(child.root, parent.children[k] ?? null);
    child.draw(item);
  });
}

class Matrix {
  constructor(flow) {
    this.flow = flow;
    this.root = make("figure", "seqlab-matrix");
    const caption = make("figcaption", "", this.root);
    this.label = make("b", "", caption);
    this.shape = make("span", "", caption);
    this.grid = make("div", "seqlab-cells", this.root, { role: "grid" });
    this.grid.addEventListener("keydown", (event) => this.move(event));
    this.grid.addEventListener("click", (event) => this.pick(event.target));
    this.cells = [];
    this.here = [0, 0];
  }

  draw(item) {
    this.item = item;
    say(this.label, item.label);
    say(this.shape, item.shape);
    mark(this.root, "data-state", item.state);
    mark(this.grid, "aria-label", `${item.label} ${item.shape}`);
    this.root.style.setProperty("--seqlab-role", item.colour || "transparent");
    const [rows, columns] = [item.cells.length, item.cells[0].length];
    if (this.cells.length !== rows || this.cells[0].length !== columns) this.build(rows, columns);
    item.cells.forEach((row, r) => row.forEach((cell, c) => this.fill(this.cells[r][c], cell, r, c)));
  }

  build(rows, columns) {
    this.grid.style.setProperty("--seqlab-columns", columns);
    this.here = [0, 0];
    this.grid.replaceChildren();
    this.cells = Array.from({ length: rows }, (_, r) => {
      const row = make("div", "seqlab-row", this.grid, { role: "row" });
      return Array.from({ length: columns }, (_, c) => {
        const tabindex = r || c ? "-1" : "0";
        return make("div", "seqlab-cell", row, { role: "gridcell", tabindex, "data-r": r, "data-c": c });
      });
    });
  }

  ref(r, c) {
    return this.item.ref.replace("{r}", r + this.item.first).replace("{c}", c);
  }

  fill(element, [text, share], r, c) {
    const { scales, picked } = this.flow.data;
    say(element, text);
    const [background, ink] = paint(scales[this.item.scale], share);
    if (element.background !== background) {
      element.background = background;
      element.style.background = background;
      element.style.color = ink;
    }
    const ref = this.ref(r, c);
    mark(element, "aria-selected", String(ref === picked));
    mark(element, "aria-label", `${ref} = ${text}`);
  }

  pick(element) {
    const cell = element.closest(".seqlab-cell");
    if (!cell) return;
    this.focus(Number(cell.dataset.r), Number(cell.dataset.c));
    this.flow.send("pick", this.ref(...this.here));
  }

  focus(r, c) {
    this.cells[this.here[0]][this.here[1]].tabIndex = -1;
    this.here = [r, c];
    this.cells[r][c].tabIndex = 0;
    this.cells[r][c].focus();
  }

  // Arrows stay inside the matrix: the page's own arrow keys step through time.
  move(event) {
    const [r, c] = this.here;
    const [rows, columns] = [this.cells.length, this.cells[0].length];
    const next = {
      ArrowLeft: [r, c - 1], ArrowRight: [r, c + 1], ArrowUp: [r - 1, c], ArrowDown: [r + 1, c],
      Home: [r, 0], End: [r, columns - 1],
    }[event.key];
    if (event.key === "Enter" || event.key === " ") this.pick(event.target);
    else if (!next || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    else if (next[0] >= 0 && next[0] < rows && next[1] >= 0 && next[1] < columns) this.focus(...next);
    event.preventDefault();
    event.stopPropagation();
  }
}

class Stage {
  constructor(flow) {
    this.root = make("section", "seqlab-stage");
    this.title = make("h4", "", this.root);
    this.body = make("div", "seqlab-stage-body", this.root);
    this.matrices = new Map();
    this.flow = flow;
  }

  draw(item) {
    say(this.title, item.title);
    mark(this.root, "data-state", item.state);
    mark(this.root, "aria-current", item.state === "now" ? "step" : "false");
    mark(this.root, "data-across", String(item.across));
    keep(this.body, this.matrices, item.matrices, () => new Matrix(this.flow));
  }
}

// Where the picked number came from: each number is a button that leads to its own origin.
class Origin {
  constructor(flow) {
    this.flow = flow;
    this.root = make("div", "seqlab-origin", null, { role: "group", "aria-live": "polite" });
    flow.root.prepend(this.root);
  }

  draw(origin) {
    const signature = JSON.stringify(origin);
    if (this.signature === signature) return;
    this.signature = signature;
    const inside = this.root.contains(document.activeElement);
    mark(this.root, "aria-label", origin.spoken);
    this.root.replaceChildren();
    this.chip(origin.label, origin.number, null);
    if (origin.pieces.length) this.glue("=");
    for (const piece of origin.pieces) {
      if (piece.ref) this.chip(piece.label, piece.number, piece.ref);
      else this.glue(piece.text);
    }
    if (origin.note) say(make("span", "seqlab-note", this.root), origin.note);
    if (inside) this.root.querySelector("button")?.focus();
  }

  glue(text) {
    say(make("span", "seqlab-glue", this.root), text);
  }

  chip(label, number, ref) {
    const chip = make(ref ? "button" : "span", "seqlab-chip", this.root);
    say(make("span", "seqlab-chip-label", chip), label);
    say(make("span", "seqlab-chip-number", chip), number);
    if (ref) chip.addEventListener("click", () => this.flow.send("pick", ref));
  }
}

class Flow {
  constructor(root) {
    this.root = root.querySelector(".seqlab-flow");
    this.root.replaceChildren();
    root.dataset.mounts = Number(root.dataset.mounts ?? 0) + 1;
    this.heading = make("h4", "", this.root);
    this.stages = make("div", "seqlab-stages", this.root);
    this.key = make("p", "seqlab-key", this.root);
    this.known = new Map();
  }

  draw(data) {
    this.data = data;
    this.root.style.setProperty("--seqlab-lines", data.lines);
    say(this.heading, data.heading);
    if (data.origin) (this.origin ??= new Origin(this)).draw(data.origin);
    keep(this.stages, this.known, data.stages, () => new Stage(this));
    const signature = JSON.stringify([data.key, data.scales]);
    if (this.signature === signature) return;
    this.signature = signature;
    this.key.replaceChildren();
    for (const [scale, low, high, words] of data.key) {
      const item = make("span", "", this.key);
      item.append(low);
      const stops = data.scales[scale].map(([position, colour]) => `${colour} ${100 * position}%`);
      make("i", "", item).style.background = `linear-gradient(to right, ${stops})`;
      item.append(high, " ", words);
    }
  }
}

export function update({ data, parentElement, setTriggerValue }) {
  let flow = flows.get(parentElement);
  if (!flow) flows.set(parentElement, (flow = new Flow(parentElement)));
  flow.send = setTriggerValue;
  flow.draw(data);
}

export function close(root) {
  flows.delete(root);
}
