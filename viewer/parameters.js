// What the pixels of a basis are filtered by: one point of the parameters for all, or a map, painted or from a depth image.

import { Depth } from "fewtap/depth.js";
import { numbers } from "fewtap/kernel.js";
import { levels } from "fewtap/sources.js";

const at = (id) => document.getElementById(id);
const clamped = (value, { low, high }) => Math.min(Math.max(value, low), high);
const aperture = (stop) => `f/${Number(stop.toPrecision(3))}`;

/** Controls of the parameters of a basis. */
export class Parameters {
  /** @param {() => void} changed is called after each change by hand */
  constructor(changed) {
    Object.assign(this, { axes: [], point: [], map: null, brought: null, isTouched: false, changed });
    // Depths that the map is made of, and planes of the other parameters, by name, where not every pixel has the same value.
    Object.assign(this, { depth: null, others: new Map() });
    at("brush-value").addEventListener("input", () => this.#showBrush());
    at("map-axis").addEventListener("change", () => (this.#showBrush(), this.#focused()));
    at("map-clear").addEventListener("click", () => this.clear());
    at("map-again").addEventListener("click", () => this.again());
    at("focus").addEventListener("input", () => {
      this.depth.share = Number(at("focus").value) / 1000;
      this.#focused();
    });
    at("f-stop").addEventListener("input", () => {
      this.depth.stop = Number(at("f-stop").value);
      this.#focused();
    });
    this.#listenToPad();
  }

  /**
   * Takes the parameters of a basis, as the page's data have them, and the map that the page brings with it, if there is one. Values of
   * parameters of the same name stay where they were, and so does what a reader chose or painted, and the focus of depths.
   */
  setAxes(axes, brought) {
    this.#setAxes(axes);
    this.brought = brought;
    at("map-again").hidden = !brought;
    if (brought && !this.isTouched) this.#bring();
  }

  #setAxes(axes) {
    const old = new Map(this.axes.map(({ name }, index) => [name, { value: this.point[index], plane: this.map?.planes[index] }]));
    const before = this.axes[this.driven]?.name;
    const isSame = axes.length === old.size && axes.every(({ name }) => old.has(name));
    // One blur for all apertures, even if one of them goes further.
    this.strongest = isSame ? this.strongest : axes.map(({ low, high }) => Math.max(Math.abs(low), Math.abs(high)));
    this.axes = axes;
    this.point = axes.map((axis) => clamped(old.get(axis.name)?.value ?? axis.low + 0.6 * (axis.high - axis.low), axis));
    if (!isSame) this.#forget();
    else if (this.map) this.map.planes = axes.map((axis) => old.get(axis.name).plane.map((value) => clamped(value, axis)));
    for (const axis of axes) {
      const plane = this.others.get(axis.name);
      if (plane) this.others.set(axis.name, plane.map((value) => clamped(value, axis)));
    }
    const driven = Math.max(axes.findIndex(({ name }) => name === before), 0);
    at("parameters").hidden = axes.length === 0;
    at("sliders").replaceChildren();
    this.ranges = axes.map((axis, index) => this.#slider(axis, index));
    at("map-axis").replaceChildren(...axes.map(({ name }, index) => new Option(name, index, false, index === driven)));
    at("map-axis").parentElement.hidden = axes.length < 2;
    at("pad").hidden = axes.length < 2;
    if (axes.length === 0) return;
    const words = axes.length > 1 ? `${axes[0].name} across, ${axes[1].name} up` : "";
    at("pad").setAttribute("aria-label", `${words}; arrow keys move`);
    at("pad-words").textContent = words;
    this.#show();
    this.#showBrush();
    if (this.depth) this.#focus();
  }

  /** The map that the page brought, or its depths focused as they were. */
  again() {
    this.#forget();
    this.isTouched = false;
    this.#bring();
    this.changed();
  }

  #bring() {
    const { width, height, planes, depth } = this.brought;
    const decoded = planes.map((plane, index) =>
      typeof plane === "string" ? numbers(plane, this.axes[index].low, this.axes[index].high) : null);
    planes.forEach((plane, index) => typeof plane === "number" && (this.point[index] = plane));
    if (depth) {
      const before = this.depth;
      this.depth = Depth.embedded(depth, width, height, this.axes[depth.axis].name);
      if (before) Object.assign(this.depth, { focus: before.focus, stop: before.stop });
      this.others = new Map(decoded.flatMap((plane, index) => (plane ? [[this.axes[index].name, plane]] : [])));
      at("map-axis").value = depth.axis;
      this.#showBrush();
      this.#showLens();
      this.#focus();
    } else {
      this.map = { width, height, planes: decoded.map((plane, index) => plane ?? this.#even(index, width, height)) };
      this.#tell("Each pixel has its own values, from the map that the page brings.");
    }
    this.#show();
  }

  /** Whether the map is the one that the page brought, depths focused as they were. */
  get isAsBrought() {
    if (!this.brought || !this.map || this.isTouched) return false;
    return !this.depth || (this.depth.isAtStart && this.axes[this.driven].name === this.depth.parameter);
  }

  /** What the page brought, in words. */
  get broughtWords() {
    const { depth } = this.brought;
    if (!depth) return "the map that the page came with";
    return `focus ${new Depth(depth).words} at ${aperture(depth.stop)}`;
  }

  /** The parameter's value at every pixel. */
  #even(index, width, height) {
    return new Float32Array(width * height).fill(this.point[index]);
  }

  /** Four numbers for all pixels, or four a pixel of `width` x `height`; a map of another size is for a picture that is about to come. */
  texels(width, height) {
    if (this.map?.width !== width || this.map.height !== height) return [0, 1, 2, 3].map((axis) => this.point[axis] ?? 0);
    const result = new Float32Array(4 * width * height);
    this.map.planes.forEach((plane, axis) => {
      for (let index = 0; index < plane.length; index++) result[4 * index + axis] = plane[index];
    });
    return result;
  }

  /** The parameters of a pixel. */
  at(x, y) {
    if (!this.map) return this.point;
    const index = Math.min(Math.max(Math.floor(y), 0), this.map.height - 1) * this.map.width
      + Math.min(Math.max(Math.floor(x), 0), this.map.width - 1);
    return this.map.planes.map((plane) => plane[index]);
  }

  /** In words. */
  words(point = this.point) {
    return this.axes.map(({ name }, index) => `${name} ${this.#reading(point[index], index)}`).join(", ");
  }

  /** A picture of another size has come: a map of the old one is none of it. */
  keepMap(width, height) {
    const isOther = (map) => map && (map.width !== width || map.height !== height);
    if (isOther(this.map)) this.#forget();
    if (!isOther(this.brought)) return;
    this.brought = null;
    at("map-again").hidden = true;
  }

  /** One point for all pixels again. */
  clear() {
    this.isTouched = true;
    this.#forget();
    this.changed();
  }

  #forget() {
    Object.assign(this, { map: null, depth: null, others: new Map() });
    at("lens").hidden = true;
    this.#tell("All pixels have the values above.");
  }

  #tell(words) {
    if (at("map-state").textContent !== words) at("map-state").textContent = words;
  }

  /** The parameter that a brush paints and a depth image drives. */
  get driven() {
    return Number(at("map-axis").value);
  }

  /** Paints around a point of a picture. */
  paint({ x, y }, width, height) {
    this.map ??= { width, height, planes: this.point.map((_, index) => this.#even(index, width, height)) };
    const [radius, value] = [Number(at("brush-size").value) / 2, this.#brushValue()];
    const values = this.map.planes[this.driven];
    for (let row = Math.max(Math.floor(y - radius), 0); row < Math.min(y + radius, height); row++) {
      for (let column = Math.max(Math.floor(x - radius), 0); column < Math.min(x + radius, width); column++) {
        const share = Math.min(Math.max(2 * (1 - Math.hypot(column + 0.5 - x, row + 0.5 - y) / radius), 0), 1);
        const index = row * width + column;
        values[index] += share * (value - values[index]);
      }
    }
    Object.assign(this, { depth: null, isTouched: true });
    at("lens").hidden = true;
    this.#tell(`${this.axes[this.driven].name} is painted.`);
    this.changed();
  }

  /** Takes a depth image, light or dark as it comes: what lies at the focus is sharp. */
  async setDepth(blob, name, width, height) {
    const drawn = Depth.drawn(await levels(blob, name, width, height));
    [drawn.share, drawn.stop] = [Number(at("focus").value) / 1000, Number(at("f-stop").value)];
    Object.assign(this, { depth: drawn, others: new Map(), isTouched: true });
    this.#showLens();
    this.#focused();
  }

  /** Focuses where a pixel of the picture is; false where there is no depth. */
  focusAt({ x, y }) {
    if (!this.depth?.focusAtPixel(Math.floor(x), Math.floor(y))) return false;
    this.#focused();
    return true;
  }

  #showLens() {
    at("lens").hidden = false;
    const { stop } = this.depth.start;
    Object.assign(at("f-stop"), { min: Math.min(1, stop), max: Math.max(16, stop) });
  }

  #focused() {
    if (!this.depth) return;
    this.#focus();
    this.changed();
  }

  /** Makes the map of the depths; f/1 takes what is farthest out of focus to the parameter's end, unless the depths have a lens. */
  #focus() {
    const { depth, driven } = this;
    const { width, height } = depth;
    at("focus").value = 1000 * depth.share;
    at("focus-value").textContent = depth.words;
    at("f-stop").value = depth.stop;
    at("f-stop-value").textContent = aperture(depth.stop);
    const largest = this.axes[driven].name === depth.parameter ? depth.largest : this.strongest[driven];
    const planes = this.axes.map(({ name }, index) => this.others.get(name) ?? this.#even(index, width, height));
    planes[driven] = depth.radii(this.axes[driven], largest);
    this.map = { width, height, planes };
    this.#tell(`${this.axes[driven].name} comes from depth, and is least at the focus.`);
  }

  #slider({ name, low, high }, index) {
    const label = Object.assign(document.createElement("label"), { className: "wide" });
    const range = Object.assign(document.createElement("input"), { type: "range", id: `parameter-${index}` });
    Object.assign(range, { min: low, max: high, step: (high - low) / 1000 || 1 });
    const output = document.createElement("output");
    label.append(`${name} `, range, output);
    at("sliders").append(label);
    range.addEventListener("input", () => {
      this.point[index] = Number(range.value);
      this.#moved(index);
    });
    return { range, output };
  }

  /** After parameters were chosen: a depth image keeps its own, all else becomes one point again. */
  #moved(...indices) {
    const others = indices.filter((index) => !this.depth || index !== this.driven);
    if (others.length) this.isTouched = true;
    for (const index of others) this.others.delete(this.axes[index].name);
    if (this.depth) this.#focus();
    else this.#forget();
    this.#show();
    this.changed();
  }

  #listenToPad() {
    const pad = at("pad");
    const move = (event) => {
      const box = pad.getBoundingClientRect();
      this.#setShares((event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height);
    };
    pad.addEventListener("pointerdown", (event) => {
      pad.setPointerCapture(event.pointerId);
      move(event);
    });
    pad.addEventListener("pointermove", (event) => pad.hasPointerCapture(event.pointerId) && move(event));
    pad.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!step) return;
      event.preventDefault();
      const [x, y] = this.#shares();
      this.#setShares(x + step[0] / 50, y + step[1] / 50);
    });
    new ResizeObserver(() => this.#drawPad()).observe(pad);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#drawPad());
  }

  #shares() {
    return this.axes.slice(0, 2).map(({ low, high }, index) => (this.point[index] - low) / (high - low));
  }

  #setShares(...shares) {
    shares.forEach((share, index) => {
      const { low, high } = this.axes[index];
      this.point[index] = low + (high - low) * Math.min(Math.max(share, 0), 1);
    });
    this.#moved(0, 1);
  }

  #drawPad() {
    const pad = at("pad");
    if (pad.hidden) return;
    const side = Math.max(Math.round(pad.clientWidth * devicePixelRatio), 32);
    Object.assign(pad, { width: side, height: side });
    const context = pad.getContext("2d");
    const [x, y] = this.#shares();
    const style = getComputedStyle(pad);
    context.strokeStyle = style.getPropertyValue("--line").trim();
    context.beginPath();
    context.moveTo(x * side, 0);
    context.lineTo(x * side, side);
    context.moveTo(0, (1 - y) * side);
    context.lineTo(side, (1 - y) * side);
    context.stroke();
    context.fillStyle = style.getPropertyValue("--accent").trim();
    context.beginPath();
    context.arc(x * side, (1 - y) * side, 8 * devicePixelRatio, 0, 2 * Math.PI);
    context.fill();
  }

  #show() {
    this.ranges.forEach(({ range, output }, index) => {
      range.value = this.point[index];
      output.textContent = this.#reading(this.point[index], index);
    });
    this.#drawPad();
  }

  #reading(value, index) {
    const { unit } = this.axes[index];
    return `${Number(value.toFixed(2))}${unit ? " " + unit : ""}`;
  }

  #brushValue() {
    const { low, high } = this.axes[this.driven];
    return low + ((high - low) * Number(at("brush-value").value)) / 1000;
  }

  #showBrush() {
    at("brush-reading").textContent = this.#reading(this.#brushValue(), this.driven);
  }
}
