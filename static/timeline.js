// The browser's side of `pages/kit/timeline.py`: a run's progress, and the slider that goes back through it.
const FRAMES = 80; // of the whole run played from beginning to end, at most
const PAUSE = 70; // milliseconds between two frames, at least
const PATIENCE = 2000; // milliseconds until an answer is no longer waited for
const timelines = new WeakMap();

const style = { rel: "stylesheet", href: new URL("timeline.css" + new URL(import.meta.url).search, import.meta.url) };
document.head.append(Object.assign(document.createElement("link"), style));

class Timeline {
  constructor(root) {
    this.bar = root.querySelector(".seqlab-timeline");
    this.play = Object.assign(document.createElement("button"), { type: "button" });
    this.slider = Object.assign(document.createElement("input"), { type: "range", min: 0, step: 1 });
    this.words = document.createElement("output");
    this.now = Object.assign(document.createElement("button"), { type: "button", className: "seqlab-now" });
    this.bar.replaceChildren(this.play, this.slider, this.words, this.now);
    this.sent = 0;
    this.slider.oninput = () => this.want(Number(this.slider.value));
    this.play.onclick = () => (this.playing ? this.stop() : this.start());
    this.now.onclick = () => (this.stop(), this.want(null));
    this.slider.onpointerdown = this.slider.onkeydown = () => this.stop();
  }

  // Takes in what the server knows; an answer to the last wish lets the next one go.
  update({ data, setStateValue }) {
    const other = this.data?.run !== data.run;
    this.data = data;
    this.send = setStateValue;
    if (other) this.stop(), (this.wish = undefined), (this.waiting = false), (this.sent = data.answered);
    if (data.answered >= this.sent) this.waiting = false;
    this.slider.max = data.planned;
    this.bar.style.setProperty("--seqlab-done", data.last / data.planned);
    this.bar.style.setProperty("--seqlab-recorded", data.first < 0 ? 0 : 1);
    this.slider.disabled = this.play.disabled = data.first < 0;
    if (this.wish === undefined && !this.waiting) this.slider.value = data.at ?? data.last;
    this.now.hidden = data.at === null;
    this.now.textContent = data.labels.now;
    this.words.textContent = data.text;
    this.slider.setAttribute("aria-label", data.labels.slider);
    this.slider.setAttribute("aria-valuetext", data.text);
    this.label();
    this.next();
  }

  label() {
    const words = this.playing ? this.data.labels.pause : this.data.labels.play;
    this.play.className = this.playing ? "seqlab-pause" : "seqlab-play";
    this.play.setAttribute("aria-label", words);
    this.play.title = words;
  }

  // The last wish wins: while one is under way, those in between are passed over.
  want(epoch) {
    this.wish = epoch === null || epoch >= this.data.last ? null : epoch;
    this.slider.value = this.wish ?? this.data.last;
    this.next();
  }

  next() {
    if (this.waiting && performance.now() - this.since < PATIENCE) return;
    if (this.wish !== undefined) {
      this.sent += 1;
      this.since = performance.now();
      this.waiting = true;
      this.send("at", { run: this.data.run, epoch: this.wish, number: this.sent });
      this.wish = undefined;
    } else if (this.playing && !this.due) {
      this.due = setTimeout(() => this.step(), Math.max(0, PAUSE - (performance.now() - this.since)));
    }
  }

  start() {
    this.playing = true;
    this.since = performance.now();
    this.label();
    this.want(this.data.at === null ? this.data.first : this.data.at);
  }

  step() {
    this.due = null;
    if (!this.playing) return;
    const { at, last } = this.data;
    if (at === null) return this.stop();
    this.want(at + Math.max(1, Math.round(last / FRAMES)));
  }

  stop() {
    this.playing = false;
    clearTimeout(this.due);
    this.due = null;
    if (this.data) this.label();
  }
}

export function update(component) {
  const root = component.parentElement;
  let timeline = timelines.get(root);
  if (!timeline) timelines.set(root, (timeline = new Timeline(root)));
  timeline.update(component);
}

export function close(root) {
  timelines.get(root)?.stop();
  timelines.delete(root);
}
