// The browser's side of the pad in `pages/kit/matrices.py`: a sequence as a curve, to draw.
const { make, mark, say } = await import("./matrices.js" + new URL(import.meta.url).search);

const pads = new WeakMap();
const WIDE = 240;
const HIGH = 90;
const STEP = 0.05;
const SVG = "http://www.w3.org/2000/svg";

// A sequence as a curve: drawn with the pointer, or with the arrow keys, step by step.
class Pad {
  constructor(root) {
    this.box = root.querySelector(".seqlab-pad");
    this.box.replaceChildren();
    this.svg = document.createElementNS(SVG, "svg");
    mark(this.svg, "viewBox", `0 0 ${WIDE} ${HIGH}`);
    for (const [name, value] of [["tabindex", "0"], ["role", "slider"], ["aria-valuemin", "-1"], ["aria-valuemax", "1"]])
      this.svg.setAttribute(name, value);
    this.zero = this.shape("line", { x1: 0, x2: WIDE, y1: HIGH / 2, y2: HIGH / 2, class: "seqlab-zero" });
    this.line = this.shape("polyline", { class: "seqlab-line" });
    this.dots = this.shape("g", {});
    this.box.append(this.svg);
    this.clear = make("button", "seqlab-clear", this.box, { type: "button" });
    this.clear.addEventListener("click", () => this.send("drawn", ""));
    this.at = 0;
    this.svg.addEventListener("pointerdown", (event) => this.begin(event));
    this.svg.addEventListener("pointermove", (event) => this.drawing && this.touch(event));
    for (const name of ["pointerup", "pointercancel"]) this.svg.addEventListener(name, () => this.end());
    this.svg.addEventListener("keydown", (event) => this.press(event));
  }

  shape(tag, attributes) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    this.svg.append(element);
    return element;
  }

  take(data) {
    this.words = data.words;
    say(this.clear, data.words.clear);
    mark(this.svg, "aria-label", data.words.label);
    if (this.drawing || this.waiting) return; // what is being drawn is newer
    this.values = data.values;
    this.count = data.steps;
    this.at = Math.min(this.at, this.count - 1);
    this.show();
  }

  x(k) {
    return (WIDE * (k + 0.5)) / this.count;
  }

  y(value) {
    return HIGH / 2 - (HIGH / 2 - 6) * Math.max(-1, Math.min(1, value));
  }

  show() {
    const values = this.values;
    mark(this.line, "points", values.map((v, k) => (v === null ? "" : `${this.x(k)},${this.y(v)}`)).join(" ").trim());
    while (this.dots.children.length > this.count) this.dots.lastChild.remove();
    while (this.dots.children.length < this.count) this.dots.append(document.createElementNS(SVG, "circle"));
    [...this.dots.children].forEach((dot, k) => {
      mark(dot, "cx", String(this.x(k)));
      mark(dot, "cy", String(this.y(values[k] ?? 0)));
      mark(dot, "r", k === this.at ? "4.5" : "3");
      mark(dot, "class", values[k] === null ? "seqlab-none" : k === this.at ? "seqlab-at" : "");
    });
    const value = values[this.at] ?? 0;
    mark(this.svg, "aria-valuenow", String(value));
    mark(this.svg, "aria-valuetext", `${this.words.step} ${this.at + 1}: ${value}`);
  }

  begin(event) {
    this.svg.setPointerCapture(event.pointerId);
    this.drawing = true;
    this.values = Array(this.count).fill(null);
    this.last = null;
    this.touch(event);
  }

  // A fast pointer skips steps: those between two of its places lie on a line.
  touch(event) {
    const box = this.svg.getBoundingClientRect();
    const k = Math.max(0, Math.min(this.count - 1, Math.floor(((event.clientX - box.left) / box.width) * this.count)));
    const height = HIGH / 2 - ((event.clientY - box.top) / box.height) * HIGH;
    const value = height / (HIGH / 2 - 6);
    const from = this.last ?? [k, value];
    const [low, high] = [Math.min(k, from[0]), Math.max(k, from[0])];
    for (let j = low; j <= high; j++) {
      const part = k === from[0] ? 1 : (j - from[0]) / (k - from[0]);
      this.values[j] = this.round(from[1] + part * (value - from[1]));
    }
    this.last = [k, value];
    this.at = k;
    this.show();
  }

  round(value) {
    return Number((Math.round(Math.max(-1, Math.min(1, value)) / STEP) * STEP).toFixed(2));
  }

  // Steps before and after the stroke keep its ends.
  end() {
    if (!this.drawing) return;
    this.drawing = false;
    const drawn = this.values.map((v, k) => k).filter((k) => this.values[k] !== null);
    const [first, last] = [drawn[0], drawn[drawn.length - 1]];
    this.values = this.values.map((v, k) => this.values[Math.max(first, Math.min(last, k))] ?? v);
    this.show();
    this.tell();
  }

  press(event) {
    const [turn, rise] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [];
    if (turn === undefined || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.at = Math.max(0, Math.min(this.count - 1, this.at + turn));
    if (rise) {
      this.values = this.values.map((v) => v ?? 0);
      this.values[this.at] = this.round(this.values[this.at] + rise * STEP);
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.tell(), 250);
    }
    this.show();
  }

  tell() {
    this.waiting = null;
    this.send("drawn", this.values.join(", "));
  }
}

export function update({ data, parentElement, setTriggerValue }) {
  let pad = pads.get(parentElement);
  if (!pad) pads.set(parentElement, (pad = new Pad(parentElement)));
  pad.send = setTriggerValue;
  pad.take(data);
}

export function close(root) {
  clearTimeout(pads.get(root)?.waiting);
  pads.delete(root);
}
