// The page: its controls, and what they change.

import { ChainView, figure } from "fewtap/chain.js";
import { bytes, kernel } from "fewtap/kernel.js";
import { Parameters } from "fewtap/parameters.js";
import { PictureView } from "fewtap/picture.js";
import { SourceError, code, lights, photo, scene } from "fewtap/sources.js";

const at = (id) => document.getElementById(id);
const data = JSON.parse(at("fewtap-data").textContent);
const members = data.members.map(({ point, layers, steps, target }) => ({
  point, layers, steps: steps.map(kernel), target: kernel(target),
}));
/** Also for tests and scripts: what the page holds. */
const page = (window.fewtap = { failure: null, data });
const chain = new ChainView();
let view = null;
let parameters = null;
/** The picture that was opened, and whether it is the one that the page brought. */
let source = null;
let isOwn = false;
let truthJob = 0;
let worker = null;
let isDue = { run: false, draw: false };

function say(text) {
  at("message").textContent = text;
  at("note").hidden = !text;
}

/** Runs a handler, and says what went wrong. */
function guarded(work) {
  return async (...values) => {
    try {
      await work(...values);
    } catch (error) {
      say(error instanceof SourceError ? error.message : `That did not work: ${error.message}`);
      if (!(error instanceof SourceError)) page.failure = String(error.stack ?? error);
    }
  };
}

// What is shown.

function invalidate(run = false) {
  const wasDue = isDue.draw;
  isDue = { run: isDue.run || run, draw: true };
  if (!wasDue) requestAnimationFrame(guarded(frame));
}

function frame() {
  const { run } = isDue;
  isDue = { run: false, draw: false };
  if (!view) return;
  if (run) {
    if (parameters) view.setParameters(parameters.texels(view.width, view.height));
    const time = view.run();
    at("frame-time").textContent = `${figure(time)} ms a frame of ${view.width}x${view.height}`;
    showMember();
    wantTruth();
  }
  view.draw(ground());
  page.frames = (page.frames ?? 0) + 1;
}

/** What lies around the picture. */
function ground() {
  const rgb = getComputedStyle(at("stage")).backgroundColor.match(/[\d.]+/g) ?? [128, 128, 128];
  return rgb.slice(0, 3).map((value) => Number(value) / 255);
}

/** The knot of a basis that is nearest to a point, each axis measured by its own length. */
function nearest(point) {
  const distance = (member) => member.point.reduce((sum, value, index) => {
    const { low, high, period } = data.axes[index];
    const away = Math.abs(value - point[index]);
    return sum + ((period ? Math.min(away, period - away) : away) / (high - low || 1)) ** 2;
  }, 0);
  return members.reduce((best, member) => (distance(member) < distance(best) ? member : best));
}

function showMember() {
  if (!parameters) return chain.show(members[0]);
  const point = parameters.map ? parameters.at(view.x, view.y) : parameters.point;
  const member = nearest(point);
  chain.show(member, `The knot nearest to ${parameters.map ? "the pixel in the middle of the screen" : "that"}: ${parameters.words(member.point)}.`);
}

// Pictures.

function setSource(picture, own) {
  [source, isOwn] = [picture, own];
  const spread = at("point-light").checked;
  view.setPicture(spread ? pointLights() : source);
  truthJob++;
  page.width = view.width;
  page.height = view.height;
  invalidate(true);
}

function pointLights() {
  const widest = Math.max(...members.map(({ steps }) => steps.at(-1).width * steps.at(-1).scale));
  const step = Math.min(Math.max(widest + 8, 32), Math.max(source.width, source.height));
  // As bright as it takes to show the kernel at the strength of light that the picture has.
  const most = Math.max(...members.map(({ steps }) => Math.max(...steps.at(-1).values)));
  const middle = parameters ? nearest(parameters.point).steps.at(-1).values.reduce((a, b) => Math.max(a, b), 0) : most;
  return lights(source.width, source.height, step, 0.8 / Math.max(middle, 1e-6));
}

const open = guarded(async (blob, name) => {
  const { picture, note } = await photo(blob, name, view?.side ?? 4096);
  say(note);
  if (view) setSource(picture, false);
  else still(picture);
});

// The truth: by the page where it brings one, else convolved by a worker.

function wantTruth() {
  truthJob++;
  worker?.terminate();
  worker = null;
  if (![view.sides.left, view.sides.right].includes("truth")) return;
  if (data.truth && isOwn && parameters?.map === page.map && !at("point-light").checked) return bringTruth();
  if (parameters?.map) {
    view.setTruth(null);
    return say("A dense kernel at every pixel is known only for the picture and the map that the page came with: the input is shown. Choose one parameter for all pixels to see it.");
  }
  const member = parameters ? nearest(parameters.point) : members[0];
  const target = member.target;
  if (!target || target.scale !== 1) {
    view.setTruth(null);
    return say("The file does not tell which kernel is meant, or it is too large for the page: the input is shown instead.");
  }
  if (parameters) say(`The truth is known at knots: it is that of ${parameters.words(member.point)}.`);
  convolve(view.texels, view.width, view.height, target, (texels) => {
    view.setTruth(texels);
    invalidate();
  });
}

const bringTruth = guarded(async () => {
  const job = truthJob;
  const { picture } = await photo(new Blob([bytes(data.truth.base64)], { type: data.truth.type }), "the truth", view.side);
  if (job !== truthJob) return;
  view.setTruth(picture.texels);
  invalidate();
});

function convolve(texels, width, height, target, done) {
  const job = ++truthJob;
  worker = new Worker(URL.createObjectURL(new Blob([at("fewtap-worker").textContent], { type: "text/javascript" })));
  worker.onmessage = ({ data: answer }) => {
    if (answer.job !== truthJob) return;
    if (!answer.texels) return void (at("reading").textContent = `dense truth: ${Math.round(100 * answer.share)}%`);
    at("reading").textContent = "\u00a0";
    page.truths = (page.truths ?? 0) + 1;
    done(answer.texels);
  };
  worker.onerror = () => say("The dense truth takes more memory than this browser gives.");
  worker.postMessage({ job, texels, width, height, kernel: target });
}

// One still frame, by the processor, where there is no WebGL 2: all pixels by one point of the parameters.

const liveOnly = [
  "left-view", "right-view", "zoom-out", "zoom-fit", "zoom-in", "divider", "exposure", "point-light", "dense-time", "brush", "open-map",
];

function still(picture) {
  source = picture;
  for (const id of liveOnly) at(id).disabled = true;
  const member = parameters ? nearest(parameters.point) : members[0];
  const stage = at("picture").cloneNode();
  at("picture").replaceWith(stage);
  at("split").hidden = true;
  convolve(picture.texels, picture.width, picture.height, member.steps.at(-1), (texels) => {
    Object.assign(stage, { width: picture.width, height: picture.height });
    const context = stage.getContext("2d");
    const image = context.createImageData(picture.width, picture.height);
    texels.forEach((value, index) => (image.data[index] = index % 4 === 3 ? 255 : code(value)));
    context.putImageData(image, 0, 0);
    page.frames = 1;
  });
}

// Controls.

function listen() {
  for (const side of ["left", "right"]) {
    at(`${side}-view`).addEventListener("change", () => {
      view.sides[side] = at(`${side}-view`).value;
      say("");
      wantTruth();
      invalidate();
    });
  }
  const divide = (share) => {
    view.divider = Math.min(Math.max(share, 0), 1);
    at("divider").value = 1000 * view.divider;
    at("split").style.left = `${100 * view.divider}%`;
    invalidate();
  };
  at("divider").addEventListener("input", () => divide(Number(at("divider").value) / 1000));
  at("exposure").addEventListener("input", () => {
    view.exposure = Number(at("exposure").value);
    at("exposure-value").textContent = `${view.exposure} stops`;
    invalidate();
  });
  at("point-light").addEventListener("change", () => setSource(source, isOwn));
  at("zoom-in").addEventListener("click", () => (view.enlarge(1.5), invalidate()));
  at("zoom-out").addEventListener("click", () => (view.enlarge(1 / 1.5), invalidate()));
  at("zoom-fit").addEventListener("click", () => (view.fit(), invalidate()));
  at("dense-time").addEventListener("click", guarded(() => {
    const member = parameters ? nearest(parameters.point) : members[0];
    const { milliseconds, rows } = view.timeDense(member.target ?? member.steps.at(-1));
    at("dense-result").textContent = `${figure(milliseconds)} ms a frame, measured on ${rows === view.height ? "all" : rows} rows`;
    invalidate(true);
  }));
  new ResizeObserver(() => invalidate()).observe(at("stage"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => invalidate());
  at("picture").addEventListener("webglcontextlost", () => say("The browser took the graphics device away: load the page again."));
  listenToPointers(divide);
  listenToKeys(divide);
}

function place(event) {
  const box = at("picture").getBoundingClientRect();
  return { x: (event.clientX - box.left) * devicePixelRatio, y: (event.clientY - box.top) * devicePixelRatio };
}

function listenToPointers(divide) {
  const canvas = at("picture");
  const pointers = new Map();
  let moved = 0;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    moved = 0;
    if (at("brush").checked && parameters) parameters.paint(view.pointAt(place(event)), view.width, view.height);
  });
  canvas.addEventListener("pointermove", (event) => {
    const now = place(event);
    read(view.pointAt(now));
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const others = [...pointers.entries()].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    pointers.set(event.pointerId, now);
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (others.length === 1) {
      const length = (a) => Math.hypot(a.x - others[0].x, a.y - others[0].y);
      view.enlarge(length(now) / Math.max(length(before), 1), { x: (now.x + others[0].x) / 2, y: (now.y + others[0].y) / 2 });
    } else if (at("brush").checked && parameters) {
      return parameters.paint(view.pointAt(now), view.width, view.height);
    } else {
      view.move((now.x - before.x) / view.zoom, (now.y - before.y) / view.zoom);
    }
    invalidate();
  });
  const end = (event) => {
    if (pointers.delete(event.pointerId) && moved < 4 && !at("brush").checked && event.type === "pointerup") {
      parameters?.focusAt(view.pointAt(place(event)));
    }
    if (parameters?.map) showMember();
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    view.enlarge(2 ** (-event.deltaY / 300), place(event));
    invalidate();
  }, { passive: false });
  const handle = at("split").firstElementChild;
  handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
  handle.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    if (handle.hasPointerCapture(event.pointerId)) divide((event.clientX - box.left) / box.width);
  });
  at("brush").addEventListener("change", () => canvas.classList.toggle("is-painting", at("brush").checked));
}

/** What is under the pointer. */
function read({ x, y }) {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  if (column < 0 || row < 0 || column >= view.width || row >= view.height) return;
  const index = 4 * (row * view.width + column);
  const colors = [...view.texels.subarray(index, index + 3)].map(figure).join(", ");
  at("reading").textContent = `${column}, ${row}: input ${colors}${parameters ? "; " + parameters.words(parameters.at(x, y)) : ""}`;
}

function listenToKeys(divide) {
  at("picture").addEventListener("keydown", (event) => {
    const step = 40 / view.zoom;
    const work = {
      ArrowLeft: () => view.move(step, 0), ArrowRight: () => view.move(-step, 0), ArrowUp: () => view.move(0, step),
      ArrowDown: () => view.move(0, -step), "+": () => view.enlarge(1.5), "=": () => view.enlarge(1.5),
      "-": () => view.enlarge(1 / 1.5), 0: () => view.fit(), "[": () => divide(view.divider - 0.02), "]": () => divide(view.divider + 0.02),
    }[event.key];
    if (!work || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    work();
    invalidate();
  });
}

function listenToFiles() {
  const picker = (button, input, take) => {
    at(button).addEventListener("click", () => at(input).click());
    at(input).addEventListener("change", () => {
      const file = at(input).files[0];
      at(input).value = "";
      if (file) take(file, file.name);
    });
  };
  picker("open-photo", "photo-file", open);
  picker("open-map", "map-file", guarded(async (file, name) => {
    say("");
    await parameters.setDepth(file, name, view.width, view.height);
  }));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer.files[0];
    if (file) open(file, file.name);
  });
}

// Words and numbers.

function showFigures() {
  const { taps, layers, passes, rate, decibels, worstDecibels, relativeError, noiseGain, denseTaps } = data.figures;
  at("title").textContent = document.title = data.title;
  const counted = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
  const dense = denseTaps ? ` instead of ${denseTaps}` : "";
  const basis = data.kind === "basis" ? `, ${members.length} knots of ${data.axes.map((axis) => axis.name).join(" and ")}` : "";
  at("summary").textContent = `${data.name}: ${counted(taps, "tap")}${dense} in ${counted(layers, "layer")}${basis}` + (decibels === null ? "" : `, ${decibels.toFixed(1)} dB`);
  const rows = [
    ["taps", `${taps} in ${counted(layers, "layer")}, ${passes} passes`], ["taps of the dense kernel", denseTaps],
    ["rate", rate > 1 ? `1/${rate} of the picture's` : null],
    ["on photographs", decibels === null ? null : `${decibels.toFixed(1)} dB, the worst ${(worstDecibels ?? decibels).toFixed(1)}`],
    ["error of a point of light", relativeError === null ? null : `${figure(100 * relativeError)}%`], ["noise gain", noiseGain === null ? null : figure(noiseGain)],
  ];
  for (const [name, value] of rows) {
    if (value === null || value === undefined) continue;
    at("figures").append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: String(value) }));
  }
}

async function firstPicture() {
  if (!data.image) return scene();
  return (await photo(new Blob([bytes(data.image.base64)], { type: data.image.type }), "the page's image", view?.side ?? 4096)).picture;
}

async function start() {
  showFigures();
  chain.show(members[0]);
  if (data.axes.length) parameters = new Parameters(data.axes, () => (view ? invalidate(true) : still(source)));
  listenToFiles();
  at("note-close").addEventListener("click", () => say(""));
  const files = Object.fromEntries(Object.entries(data.export.files).map(([name, file]) =>
    [name, typeof file === "string" ? file : new Float32Array(bytes(file.base64).buffer)]));
  try {
    view = new PictureView(at("picture"), { program: data.export.program, files });
  } catch (error) {
    say(`No live picture: ${error.message}. One still frame is filtered by the processor instead.`);
  }
  const picture = await firstPicture();
  if (!view) return still(picture);
  listen();
  if (data.map && parameters) {
    parameters.setMap(data.map);
    page.map = parameters.map;
  }
  setSource(picture, Boolean(data.image));
  view.fit();
  // The test of a page waits for its first frame.
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
}

Object.assign(page, { pixels: () => view.pixels(), input: () => view.texels, state: () => ({ view, parameters, chain }) });
page.ready = guarded(start)();
