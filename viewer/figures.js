// Words and numbers about a filter: what it is, costs and errs.

import { figure } from "fewtap/chain.js";

const at = (id) => document.getElementById(id);
/** What the filter does, for who has never heard of it. */
function story(kind, { taps, layers, denseTaps, decibels }) {
  const whose = kind === "basis" ? " by a kernel of its own, as the parameters say" : "";
  const direct = denseTaps ? ` Directly that takes ${kind === "basis" ? "up to " : ""}${counted(denseTaps, "pixel")} each.` : "";
  const ours = ` Here ${layers === 1 ? "a sum" : `${layers} short sums, one after the other,`} of ${counted(taps, "tap")} ${layers === 1 ? "stands" : "stand"} in for it`;
  const close = decibels === null ? "." : `; on photographs the two differ by ${decibels >= 48 ? "less than one" : "more than one"} of 255 steps.`;
  return `Every pixel of the filtered picture is a weighted sum of pixels around it${whose}.${direct}${ours}${close} Drag the line to compare.`;
}

const counted = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** Tells of a filter as the page's data have it. */
export function showFigures({ kind, name, title, figures, members, axes }) {
  const { taps, layers, passes, rate, decibels, worstDecibels, relativeError, noiseGain, denseTaps } = figures;
  at("title").textContent = document.title = title;
  const dense = denseTaps ? ` instead of ${denseTaps}` : "";
  const basis = kind === "basis" ? `, ${members.length} knots of ${axes.map((axis) => axis.name).join(" and ")}` : "";
  at("summary").textContent =
    `${name}: ${counted(taps, "tap")}${dense} in ${counted(layers, "layer")}${basis}` + (decibels === null ? "" : `, ${decibels.toFixed(1)} dB`);
  at("story").textContent = story(kind, figures);
  const rows = [
    ["taps", `${taps} in ${counted(layers, "layer")}, ${passes} passes`],
    ["taps of the dense kernel", denseTaps],
    ["rate", rate > 1 ? `1/${rate} of the picture's` : null],
    ["on photographs", decibels === null ? null : `${decibels.toFixed(1)} dB, the worst ${(worstDecibels ?? decibels).toFixed(1)}`],
    ["error of a point of light", relativeError === null ? null : `${figure(100 * relativeError)}%`],
    ["noise gain", noiseGain === null ? null : figure(noiseGain)],
  ].filter(([, value]) => value !== null);
  at("figures").replaceChildren(...rows.flatMap(([name, value]) => [
    Object.assign(document.createElement("dt"), { textContent: name }),
    Object.assign(document.createElement("dd"), { textContent: String(value) }),
  ]));
}
