// What the pixels of a basis are filtered by: one point of the parameters for all, or a map, painted or from a depth image.

import { numbers } from "fewtap/kernel.js";
import { plane } from "fewtap/sources.js";

const at = (id) => document.getElementById(id);
const clamped = (value, { low, high }) => Math.min(Math.max(value, low), high);

/** Controls of the parameters of a basis. */
export class Parameters {
  /** @param {() => void} changed is called after each change by hand */
  constructor(changed) {
    Object.assign(this, { axes: [], point: [], map: null, depth: null, changed });
    at("brush-value").addEventListener("input", () => this.#showBrush());
    at("map-axis").addEventListener("change", () => (this.#showBrush(), this.#focused()));
    at("map-clear").addEventListener("click", () => this.clear());
    for (const id of ["focus", "f-stop"]) at(id).addEventListener("input", () => this.#focused());
    this.#listenToPad();
  }

  /** Takes the parameters of a basis, as the page's data have them. Those of the same name stay where they were, and so does a depth image. */
  setAxes(axes) {
    const old = new Map(this.axes.map(({ name }, index) => [name, { value: this.point[index], plane: this.map?.planes[index] }]));
    const isSame = axes.length === old.size && axes.every(({ name }) => old.has(name));
    // One blur for all apertures, even if one of them goes further.
    this.strongest = isSame ? this.strongest : axes.map(({ high }) => high);
    this.axes = axes;
    this.point = axes.map((axis) => clamped(old.get(axis.name)?.value ?? axis.low + 0.6 * (axis.high - axis.low), axis));
    if (!isSame) this.#forget();
    else if (this.map) this.map.planes = axes.map((axis) => old.get(axis.name).plane.map((value) => clamped(value, axis)));
    at("parameters").hidden = axes.length === 0;
    at("sliders").replaceChildren();
    this.ranges = axes.map((axis, index) => this.#slider(axis, index));
    at("map-axis").replaceChildren(...axes.map(({ name }, index) => new Option(name, index)));
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

  /** The map that the page brings, for a picture of the same size. */
  setMap({ width, height, planes }) {
    this.map = { width, height, planes: planes.map((text, index) => numbers(text, this.axes[index].low, this.axes[index].high)) };
    this.#tell("Each pixel has its own values, from the map that the page brings.");
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
    if (this.map && (this.map.width !== width || this.map.height !== height)) this.#forget();
  }

  /** One point for all pixels again. */
  clear() {
    this.#forget();
    this.changed();
  }

  #forget() {
    Object.assign(this, { map: null, depth: null });
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
    this.map ??= { width, height, planes: this.point.map((value) => new Float32Array(width * height).fill(value)) };
    const [radius, value] = [Number(at("brush-size").value) / 2, this.#brushValue()];
    const values = this.map.planes[this.driven];
    for (let row = Math.max(Math.floor(y - radius), 0); row < Math.min(y + radius, height); row++) {
      for (let column = Math.max(Math.floor(x - radius), 0); column < Math.min(x + radius, width); column++) {
        const share = Math.min(Math.max(2 * (1 - Math.hypot(column + 0.5 - x, row + 0.5 - y) / radius), 0), 1);
        const index = row * width + column;
        values[index] += share * (value - values[index]);
      }
    }
    this.depth = null;
    at("lens").hidden = true;
    this.#tell(`${this.axes[this.driven].name} is painted.`);
    this.changed();
  }

  /** Takes a depth image, light or dark as it comes: what lies at the focus is sharp. */
  async setDepth(blob, name, width, height) {
    const values = await plane(blob, name, width, height);
    this.depth = { width, height, values };
    at("lens").hidden = false;
    this.#focused();
  }

  /** Focuses where a pixel of the picture is; false where there is no depth. */
  focusAt({ x, y }) {
    if (!this.depth) return false;
    const { width, height, values } = this.depth;
    if (x < 0 || y < 0 || x >= width || y >= height) return false;
    at("focus").value = 1000 * values[Math.floor(y) * width + Math.floor(x)];
    this.#focused();
    return true;
  }

  #focused() {
    at("f-stop-value").textContent = `f/${Number(at("f-stop").value).toFixed(1)}`;
    if (!this.depth) return;
    this.#focus();
    this.changed();
  }

  // The circle of confusion grows with the difference of depths, and shrinks with the f-stop; f/2 takes the parameter to its end.
  #focus() {
    const [focus, stop, index] = [Number(at("focus").value) / 1000, Number(at("f-stop").value), this.driven];
    const [axis, { width, height, values }] = [this.axes[index], this.depth];
    const sharp = clamped(0, axis);
    const reach = (2 / stop) * (this.strongest[index] - sharp);
    const planes = this.point.map((value) => new Float32Array(width * height).fill(value));
    planes[index] = values.map((depth) => clamped(sharp + reach * Math.abs(depth - focus), axis));
    this.map = { width, height, planes };
    this.#tell(`${axis.name} comes from depth, and is least at the focus.`);
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
      this.#moved();
    });
    return { range, output };
  }

  /** After a parameter was chosen: a depth image keeps its own, all else becomes one point again. */
  #moved() {
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
    this.#moved();
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
