// What the pixels of a basis are filtered by: one point of the parameters for all, or a map, painted or from a depth image.

import { numbers } from "fewtap/kernel.js";
import { plane } from "fewtap/sources.js";

const at = (id) => document.getElementById(id);

/** Controls of the parameters of a basis. */
export class Parameters {
  /**
   * @param axes as the page's data has them
   * @param {() => void} changed
   */
  constructor(axes, changed) {
    Object.assign(this, { axes, changed, map: null, depth: null, focus: 0.5 });
    this.point = axes.map(({ low, high }) => low + 0.6 * (high - low));
    at("parameters").hidden = false;
    this.ranges = axes.map((axis, index) => this.#slider(axis, index));
    if (axes.length > 1) this.#makePad();
    at("brush-value").addEventListener("input", () => this.#showBrush());
    at("map-clear").addEventListener("click", () => this.clear());
    for (const id of ["focus", "f-stop"]) at(id).addEventListener("input", () => this.#focused());
    this.#show();
    this.#showBrush();
  }

  /** The map that the page brings, for a picture of the same size. */
  setMap({ width, height, planes }) {
    this.map = { width, height, planes: planes.map((text, index) => numbers(text, this.axes[index].low, this.axes[index].high)) };
  }

  /** Four numbers for all pixels, or four a pixel of `width` x `height`. */
  texels(width, height) {
    if (!this.map || this.map.width !== width || this.map.height !== height) return [0, 1, 2, 3].map((axis) => this.point[axis] ?? 0);
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
    return this.axes.map(({ name, unit }, index) => `${name} ${Number(point[index].toFixed(2))}${unit ? " " + unit : ""}`).join(", ");
  }

  /** One point for all pixels again. */
  clear() {
    Object.assign(this, { map: null, depth: null });
    at("lens").hidden = true;
    this.changed();
  }

  /** Paints the first parameter around a point of a picture. */
  paint({ x, y }, width, height) {
    if (!this.map || this.map.width !== width || this.map.height !== height) {
      this.map = { width, height, planes: this.point.map((value) => new Float32Array(width * height).fill(value)) };
    }
    const [radius, value] = [Number(at("brush-size").value) / 2, this.#brushValue()];
    const values = this.map.planes[0];
    for (let row = Math.max(Math.floor(y - radius), 0); row < Math.min(y + radius, height); row++) {
      for (let column = Math.max(Math.floor(x - radius), 0); column < Math.min(x + radius, width); column++) {
        const share = Math.min(Math.max(2 * (1 - Math.hypot(column + 0.5 - x, row + 0.5 - y) / radius), 0), 1);
        const index = row * width + column;
        values[index] += share * (value - values[index]);
      }
    }
    this.depth = null;
    at("lens").hidden = true;
    this.changed();
  }

  /** Takes a depth image, light or dark as it comes: what lies at the focus is sharp. */
  async setDepth(blob, name, width, height) {
    this.depth = { width, height, values: await plane(blob, name, width, height) };
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

  // The circle of confusion grows with the difference of depths, and shrinks with the f-stop; f/2 takes the first parameter to its end.
  #focused() {
    const [focus, stop] = [Number(at("focus").value) / 1000, Number(at("f-stop").value)];
    at("f-stop-value").textContent = `f/${stop.toFixed(1)}`;
    if (!this.depth) return;
    const { low, high } = this.axes[0];
    const [nearest, width, height] = [Math.min(Math.max(0, low), high), this.depth.width, this.depth.height];
    const planes = this.point.map((value) => new Float32Array(width * height).fill(value));
    planes[0] = this.depth.values.map((depth) => Math.min(nearest + (high - nearest) * Math.min((2 / stop) * Math.abs(depth - focus), 1), high));
    this.map = { width, height, planes };
    this.changed();
  }

  #slider({ name, unit, low, high }, index) {
    const label = Object.assign(document.createElement("label"), { className: "wide" });
    const range = Object.assign(document.createElement("input"), { type: "range", id: `parameter-${index}` });
    Object.assign(range, { min: low, max: high, step: (high - low) / 1000 || 1 });
    const output = document.createElement("output");
    label.append(`${name} `, range, output);
    at("sliders").append(label);
    range.addEventListener("input", () => {
      this.point[index] = Number(range.value);
      this.clear();
      this.#show();
    });
    return { range, output, unit };
  }

  #makePad() {
    const pad = at("pad");
    pad.hidden = false;
    pad.setAttribute("aria-label", `${this.axes[0].name} across, ${this.axes[1].name} up; arrow keys move`);
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
  }

  #shares() {
    return this.axes.slice(0, 2).map(({ low, high }, index) => (this.point[index] - low) / (high - low));
  }

  #setShares(...shares) {
    shares.forEach((share, index) => {
      const { low, high } = this.axes[index];
      this.point[index] = low + (high - low) * Math.min(Math.max(share, 0), 1);
    });
    this.clear();
    this.#show();
  }

  #drawPad() {
    const pad = at("pad");
    const side = Math.max(Math.round(pad.clientWidth * devicePixelRatio), 32);
    Object.assign(pad, { width: side, height: side });
    const context = pad.getContext("2d");
    const [x, y] = this.#shares();
    context.fillStyle = getComputedStyle(pad).getPropertyValue("--accent").trim();
    context.beginPath();
    context.arc(x * side, (1 - y) * side, 8 * devicePixelRatio, 0, 2 * Math.PI);
    context.fill();
  }

  #show() {
    this.ranges.forEach(({ range, output, unit }, index) => {
      range.value = this.point[index];
      output.textContent = `${Number(this.point[index].toFixed(2))}${unit ? " " + unit : ""}`;
    });
    if (this.axes.length > 1) this.#drawPad();
  }

  #brushValue() {
    const { low, high } = this.axes[0];
    return low + ((high - low) * Number(at("brush-value").value)) / 1000;
  }

  #showBrush() {
    const { unit } = this.axes[0];
    at("brush-reading").textContent = `${Number(this.#brushValue().toFixed(2))}${unit ? " " + unit : ""}`;
  }
}
