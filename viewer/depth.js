// Depths of a picture's pixels, and how blurred each is by them: what `fewtap apply --depth --no-occlusion` makes of them.

import { codes } from "fewtap/kernel.js";

const clamped = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * Depths with a focus and an f-number, which both may change.
 *
 * A pixel's place is `low + (high - low) code / last`, what its radius of blur is proportional to: it rises away from the camera. Places
 * `near` to `far` are sharp while the focus is where it began; they move with it.
 */
export class Depth {
  /**
   * @param {{width: number, height: number, codes: Uint8Array | Uint16Array, last: number, low: number, high: number, law: string,
   *   isInverted: boolean, near: number, far: number, focus: number, stop: number, bounds: number[],
   *   lens: {focalLength: number, pixelsPerMillimeter: number} | null, largest: number | null, parameter: string | null}} described
   *   bounds: places by which the laws without a lens are scaled; largest: the largest radius of the parameter that the page's depths
   *   are for; null for what a reader brings, to any parameter.
   */
  constructor(described) {
    Object.assign(this, described);
    this.start = { focus: this.focus, stop: this.stop };
  }

  /** Depths as the page's data have them. */
  static embedded({ bits, codes: text, ...rest }, width, height, parameter) {
    return new Depth({ ...rest, width, height, parameter, codes: codes(text, bits), last: 2 ** bits - 1 });
  }

  /** A depth image that a reader gives, as `levels` of sources.js has it. */
  static drawn(levels) {
    return new Depth({
      ...levels, low: 0, high: 1, law: "linear", isInverted: false, near: 0.5, far: 0.5, focus: 0.5, stop: 2, bounds: [0, 1], lens: null,
      largest: null, parameter: null,
    });
  }

  /** Whether it is focused and stopped down as it began. */
  get isAtStart() {
    return this.focus === this.start.focus && this.stop === this.start.stop;
  }

  /** The focus as a share of the way from the nearest place to the farthest. */
  get share() {
    return (this.focus - this.low) / (this.high - this.low || 1);
  }

  set share(share) {
    this.#focusAt(this.low + (this.high - this.low) * share);
  }

  /** Focuses where a pixel is; false outside of the picture. */
  focusAtPixel(column, row) {
    if (column < 0 || row < 0 || column >= this.width || row >= this.height) return false;
    this.#focusAt(this.#place(this.codes[row * this.width + column]));
    return true;
  }

  /** No lens focuses nearer than its focal length. */
  #focusAt(place) {
    this.focus = this.lens ? Math.max(place, -990 / this.lens.focalLength) : place;
  }

  /** The focus in words: in the unit of the depths. */
  get words() {
    const { law, isInverted, focus } = this;
    if (law === "lens") return focus < 0 ? `${Number((-1 / focus).toPrecision(3))} m` : "infinity";
    const depth = isInverted ? -focus : law === "linear" ? focus : -1 / focus;
    return `${Number(depth.toPrecision(3))}`;
  }

  #place(code) {
    return this.low + ((this.high - this.low) * code) / this.last;
  }

  /** The radius of each pixel, px, of a parameter from `axis.low` to `axis.high`: below zero in front of the focus where it goes there. */
  radii(axis, largest) {
    const [near, far] = [this.near, this.far].map((end) => this.focus + (end - this.start.focus));
    const farthest = this.bounds.reduce((most, bound) => Math.max(most, near - bound, bound - far), 0);
    const scale = this.lens ? this.#pixelsPerPlace() : farthest > 0 ? largest / farthest : 0;
    const table = new Float32Array(this.last + 1);
    for (let code = 0; code <= this.last; code++) {
      const place = this.#place(code);
      const cut = clamped(scale * (place - clamped(place, near, far)), -largest, largest);
      const radius = this.lens ? cut : clamped(cut / this.stop, -largest, largest);
      table[code] = clamped(axis.low < 0 ? radius : Math.abs(radius), axis.low, axis.high);
    }
    const radii = new Float32Array(this.codes.length);
    for (let index = 0; index < radii.length; index++) radii[index] = table[this.codes[index]];
    return radii;
  }

  /** A thin lens' radius for a difference of one in 1/m, as DepthBlur.swift has it: places are -1/m, the focal length is in mm. */
  #pixelsPerPlace() {
    const { focalLength, pixelsPerMillimeter } = this.lens;
    const diameter = (focalLength * focalLength) / this.stop / (1 + (focalLength * this.focus) / 1000) / 1000;
    return (diameter / 2) * pixelsPerMillimeter;
  }
}
