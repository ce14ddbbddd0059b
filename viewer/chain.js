// The chain made visible: the taps of each layer, the kernel that grows, the one that is meant, and their difference.

import { difference, drawKernel, drawTaps, norm } from "fewtap/kernel.js";

const at = (id) => document.getElementById(id);

/** The plots of one member, a filter's only one or that of a basis' knot. */
export class ChainView {
  constructor() {
    this.member = null;
    at("step").addEventListener("input", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(at("layer-plot"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** @param member `{ layers, steps, target }` with decoded kernels */
  show(member, caption = "") {
    if (member === this.member) return;
    const range = at("step");
    const wasLast = !this.member || Number(range.value) === this.member.layers.length;
    Object.assign(this, { member, caption });
    range.max = member.layers.length;
    if (wasLast || Number(range.value) > member.layers.length) range.value = member.layers.length;
    for (const id of ["target-figure", "error-figure"]) at(id).hidden = !member.target;
    this.draw();
  }

  draw() {
    const { member } = this;
    if (!member) return;
    const { layers, steps, target } = member;
    const step = Number(at("step").value);
    const layer = layers[step - 1];
    // A basis brings the whole chain's kernel alone.
    const kernel = steps.length > 1 ? steps[step] : steps[0];
    const reach = Math.max(...[...steps, target].filter(Boolean).map(extent), ...layers.map(layerExtent), 1);
    const most = Math.max(...(target ?? steps.at(-1)).values.map(Math.abs));
    drawTaps(at("layer-plot"), layer, reach);
    drawKernel(at("effective-plot"), kernel, reach, steps.length > 1 && step < layers.length ? undefined : most);
    at("step-value").textContent = `${step} of ${layers.length}`;
    const sentences = [this.caption, layer ? layerText(layer, step) : "No layer yet: a point of light stays what it is."];
    if (target) {
      const error = difference(kernel, target);
      const share = norm(error) / norm(target);
      const largest = Math.max(...error.values.map(Math.abs));
      drawKernel(at("target-plot"), target, reach, most);
      drawKernel(at("error-plot"), error, reach, largest);
      at("error-scale").textContent = largest > 0 ? `(colors ${figure(most / largest)} times as strong)` : "";
      sentences.push(`So far it differs from the kernel that is meant by ${share > 1 ? "more than its own size" : percent(share)}.`);
    }
    at("step-text").textContent = sentences.filter(Boolean).join(" ");
    at("layer-plot").setAttribute("aria-label", layer ? layerText(layer, step) : "No taps");
    at("effective-plot").setAttribute("aria-label", `The kernel after ${step} of ${layers.length} layers, ${kernel.width} by ${kernel.height} pixels`);
    at("target-plot").setAttribute("aria-label", target ? `The kernel that is meant, ${target.width} by ${target.height} pixels` : "");
    at("error-plot").setAttribute("aria-label", target ? "Their difference, plus where there is too much light" : "");
  }
}

function extent(kernel) {
  const { width, height, x, y, scale } = kernel;
  return scale * Math.max(x, y, width - 1 - x, height - 1 - y) + 1;
}

function layerExtent({ taps, scale }) {
  return scale * Math.max(...taps.map(([x, y]) => Math.max(Math.abs(x), Math.abs(y)))) + 1;
}

function layerText({ taps, scale }, step) {
  const sum = taps.reduce((sum, tap) => sum + tap[2], 0);
  const reach = scale * Math.max(...taps.map(([x, y]) => Math.hypot(x, y)));
  const rate = scale > 1 ? `, at 1/${scale} of the picture's rate` : "";
  return `Layer ${step}: ${taps.length} ${taps.length === 1 ? "tap" : "taps"}${rate}, up to ${figure(reach)} pixels away, weights of sum ${figure(sum)}.`;
}

/** A number with three digits that count. */
export function figure(value) {
  return String(Number(value.toPrecision(3)));
}

function percent(share) {
  return `${figure(100 * share)}%`;
}
