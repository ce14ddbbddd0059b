// The page: its filters and pictures, its controls, and what they change.

import { ChainView, figure } from "fewtap/chain.js";
import { showFigures } from "fewtap/figures.js";
import { listenToPicture } from "fewtap/gestures.js";
import { bytes, kernel } from "fewtap/kernel.js";
import { WebGL2Painter } from "fewtap/painter-webgl2.js";
import { WebGPUPainter } from "fewtap/painter-webgpu.js";
import { Parameters } from "fewtap/parameters.js";
import { PictureView } from "fewtap/picture.js";
import { SourceError, code, embedded, lights, photo, scene } from "fewtap/sources.js";

const at = (id) => document.getElementById(id);
const data = JSON.parse(at("fewtap-data").textContent);
/** Also for tests and scripts: what the page holds. */
const page = (window.fewtap = { failure: null, data });
/** What filters can run on, the better first. */
const devices = { webgpu: WebGPUPainter, webgl2: WebGL2Painter };
const chain = new ChainView();
const parameters = new Parameters(() => (view ? invalidate(true) : still()));
let view = null;
/** The filter that is shown, and its members with decoded kernels. */
let shown = null;
/** The picture that was opened, and whether it is the one that the page brought. */
let source = null;
let isOwn = false;
let truthJob = 0;
let turn = Promise.resolve();
let worker = null;
let due = { run: false, draw: false };
let isInFrame = false;
/** How many handlers are at work. */
let working = 0;

function say(text) {
  // The same again is no news to who listens.
  if (at("message").textContent !== text) at("message").textContent = text;
  at("note").hidden = !text;
}

/** Runs a handler, and says what went wrong. */
function guarded(work) {
  return async (...values) => {
    working++;
    try {
      await work(...values);
    } catch (error) {
      say(error instanceof SourceError ? error.message : `That did not work: ${error.message}`);
      if (!(error instanceof SourceError)) page.failure = String(error.stack ?? error);
    } finally {
      working--;
    }
  };
}

// What is shown.

function invalidate(run = false) {
  const wasDue = due.draw;
  due = { run: due.run || run, draw: true };
  if (!wasDue && !isInFrame) requestAnimationFrame(guarded(frame));
}

async function frame() {
  if (!view) return;
  const { run } = due;
  [due, isInFrame] = [{ run: false, draw: false }, true];
  try {
    if (run) {
      if (shown.axes.length) view.painter.setParameters(parameters.texels(view.width, view.height));
      const time = await view.run();
      at("frame-time").textContent = `${figure(time)} ms a frame of ${view.width}x${view.height}`;
      showMember();
      wantTruth();
    }
    view.draw(ground());
    page.frames = (page.frames ?? 0) + 1;
  } finally {
    isInFrame = false;
    if (due.draw) requestAnimationFrame(guarded(frame));
  }
}

/** What lies around the picture. */
function ground() {
  const rgb = getComputedStyle(at("stage")).backgroundColor.match(/[\d.]+/g) ?? [128, 128, 128];
  return rgb.slice(0, 3).map((value) => Number(value) / 255);
}

/** The knot of a basis that is nearest to a point, each axis measured by its own length; a filter's only member. */
function nearest(point) {
  const distance = (member) => member.point.reduce((sum, value, index) => {
    const { low, high, period } = shown.axes[index];
    const away = Math.abs(value - point[index]);
    return sum + ((period ? Math.min(away, period - away) : away) / (high - low || 1)) ** 2;
  }, 0);
  return shown.members.reduce((best, member) => (distance(member) < distance(best) ? member : best));
}

function showMember() {
  if (!shown.axes.length) return chain.show(shown.members[0]);
  const point = parameters.map && view ? parameters.at(view.x, view.y) : parameters.point;
  const member = nearest(point);
  chain.show(member, `The knot nearest to ${parameters.map ? "the pixel in the middle of the screen" : "that"}: ${parameters.words(member.point)}.`);
}

// Filters and devices.

function decoded(filter) {
  const members = filter.members.map(({ point, layers, steps, target }) => ({
    point, layers, steps: steps.map(kernel), target: kernel(target),
  }));
  const files = Object.entries(filter.files).map(([name, file]) => [
    name, typeof file === "string" ? file : new Float32Array(bytes(file.base64).buffer),
  ]);
  return { ...filter, members, files: Object.fromEntries(files) };
}

/** Shows another filter of the page, on the same picture. */
async function choose(index) {
  shown = decoded(data.filters[index]);
  showFigures(shown);
  parameters.setAxes(shown.axes, isOwn ? shown.map : null);
  showMember();
  if (view) await show();
  else if (source) still();
}

/** Work on the device, one after the other: each takes the filter and the picture that are there when its turn comes. */
function inTurn(work) {
  const done = turn.then(work);
  turn = done.catch(() => {});
  return done;
}

/** Hands the filter and the picture to the device. */
const show = () => inTurn(async () => {
  await view.prepare(shown, at("point-light").checked ? pointLights() : source);
  Object.assign(page, { width: view.width, height: view.height });
  invalidate(true);
});

/** Runs on another device; throws where it cannot, and all stays as it was. */
const use = (device) => inTurn(async () => {
  const painter = await devices[device].make(document.createElement("canvas"));
  try {
    source ??= await firstPicture(painter.side);
    const next = new PictureView(at("picture"), painter, view);
    await next.prepare(shown, at("point-light").checked ? pointLights() : source);
    view?.painter.delete();
    view = next;
  } catch (error) {
    painter.delete();
    throw error;
  }
  painter.troubled = say;
  at("device").value = page.device = device;
  Object.assign(page, { width: view.width, height: view.height });
  invalidate(true);
});

/** Tries the wanted device, then the others; gives why none runs, null if one does. */
async function useBest(wanted) {
  const problems = [];
  for (const device of new Set([wanted, ...Object.keys(devices)])) {
    if (!devices[device]) continue;
    try {
      await use(device);
      if (problems.length && device !== wanted && devices[wanted]) say(`${view.painter.name} runs: ${problems[0]}.`);
      return null;
    } catch (error) {
      problems.push(error.message);
      at("device").querySelector(`[value="${device}"]`).disabled = true;
    }
  }
  return problems.join("; ");
}

// Pictures.

async function firstPicture(side) {
  isOwn = Boolean(data.image);
  try {
    if (isOwn) return await embedded(data.image, "the page's image", side);
  } catch (error) {
    isOwn = false;
    say(error.message);
  }
  return scene();
}

/** Pixels from one point of light to the next: no kernel reaches another one. */
function lightStep() {
  const widest = Math.max(...shown.members.map(({ steps }) => steps.at(-1).width * steps.at(-1).scale));
  return Math.min(Math.max(widest + 8, 32), Math.max(source.width, source.height));
}

function pointLights() {
  // As bright as it takes to show the kernel at the strength of light that the picture has.
  const brightest = nearest(parameters.point).steps.at(-1).values.reduce((a, b) => Math.max(a, b), 0);
  return lights(source.width, source.height, lightStep(), 0.8 / Math.max(brightest, 1e-6));
}

const open = guarded(async (blob, name) => {
  const { picture, note } = await photo(blob, name, view?.painter.side ?? 4096);
  say(note);
  [source, isOwn] = [picture, false];
  parameters.keepMap(picture.width, picture.height);
  if (view) await show();
  else still();
});

const openDepth = guarded(async (blob, name) => {
  if (!shown.axes.length || !view) throw new SourceError(`${name}: a depth image is for a basis, whose pixels have parameters of their own.`);
  say("");
  await parameters.setDepth(blob, name, source.width, source.height);
});

// The truth: by the page where it brings one, else convolved by a worker.

function wantTruth() {
  truthJob++;
  worker?.terminate();
  worker = null;
  if (![view.sides.left, view.sides.right].includes("truth")) return;
  const isKnown = shown.truth && isOwn && parameters.brought && !at("point-light").checked;
  if (isKnown && parameters.isAsBrought) return bringTruth();
  if (parameters.map) {
    view.painter.setTruth(null);
    if (isKnown) return say(`The dense truth is known for ${parameters.broughtWords} alone: the input is shown instead. \u201cAs it came\u201d brings both back.`);
    return say("A dense kernel at every pixel is known only for the picture and the map that the page came with: the input is shown. Choose one parameter for all pixels to see it.");
  }
  const { target, point } = nearest(parameters.point);
  if (!target || target.scale !== 1) {
    view.painter.setTruth(null);
    return say("The file does not tell which kernel is meant, or it is too large for the page: the input is shown instead.");
  }
  if (shown.axes.length) say(`The truth is known at knots: it is that of ${parameters.words(point)}.`);
  convolve(view.texels, view.width, view.height, target, (texels) => {
    view.painter.setTruth(texels);
    invalidate();
  });
}

const bringTruth = guarded(async () => {
  const job = truthJob;
  const picture = await embedded(shown.truth, "the truth", view.painter.side);
  if (job !== truthJob) return;
  say("");
  view.painter.setTruth(picture.texels);
  invalidate();
});

function convolve(texels, width, height, target, done) {
  const job = ++truthJob;
  const address = URL.createObjectURL(new Blob([at("fewtap-worker").textContent], { type: "text/javascript" }));
  worker = new Worker(address);
  worker.onmessage = ({ data: answer }) => {
    if (answer.job !== truthJob) return;
    if (!answer.texels) return void (at("reading").textContent = `dense truth: ${Math.round(100 * answer.share)}%`);
    URL.revokeObjectURL(address);
    at("reading").textContent = "\u00a0";
    page.truths = (page.truths ?? 0) + 1;
    done(answer.texels);
  };
  worker.onerror = () => say("The dense truth takes more memory than this browser gives.");
  worker.postMessage({ job, texels, width, height, kernel: target });
}

// One still frame, by the processor, where there is no device: all pixels by one point of the parameters.

const liveOnly = [
  "left-view", "right-view", "zoom-out", "zoom-fit", "zoom-in", "divider", "exposure", "point-light", "dense-time", "brush",
  "brush-size", "brush-value", "map-axis", "map-clear", "map-again", "open-map", "focus", "f-stop", "device",
];

function still() {
  for (const id of liveOnly) at(id).disabled = true;
  at("split").hidden = true;
  const { texels, width, height } = source;
  convolve(texels, width, height, nearest(parameters.point).steps.at(-1), (texels) => {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    texels.forEach((value, index) => (image.data[index] = index % 4 === 3 ? 255 : code(value)));
    context.putImageData(image, 0, 0);
    at("picture").replaceChildren(canvas);
    showMember();
    page.frames = (page.frames ?? 0) + 1;
  });
}

// Controls.

function divide(share) {
  view.divider = Math.min(Math.max(share, 0), 1);
  at("divider").value = 1000 * view.divider;
  at("split").style.left = `${100 * view.divider}%`;
  invalidate();
}

function listen() {
  for (const side of ["left", "right"]) {
    at(`${side}-view`).addEventListener("change", () => {
      view.sides[side] = at(`${side}-view`).value;
      say("");
      wantTruth();
      invalidate();
    });
  }
  at("divider").addEventListener("input", () => divide(Number(at("divider").value) / 1000));
  at("exposure").addEventListener("input", () => {
    view.exposure = Number(at("exposure").value);
    at("exposure-value").textContent = `${view.exposure} ${Math.abs(view.exposure) === 1 ? "stop" : "stops"}`;
    invalidate();
  });
  at("point-light").addEventListener("change", guarded(async () => {
    await show();
    // Kernels as large as can be seen, some of them beside each other.
    if (at("point-light").checked) view.look(4 * lightStep());
    else view.fit();
    invalidate();
  }));
  at("zoom-in").addEventListener("click", () => (view.enlarge(1.5), invalidate()));
  at("zoom-out").addEventListener("click", () => (view.enlarge(1 / 1.5), invalidate()));
  at("zoom-fit").addEventListener("click", () => (view.fit(), invalidate()));
  at("dense-time").addEventListener("click", guarded(async () => {
    const member = nearest(parameters.point);
    const { milliseconds, rows } = await view.timeDense(member.target ?? member.steps.at(-1));
    at("dense-result").textContent = `${figure(milliseconds)} ms a frame, measured on ${rows === view.height ? "all" : rows} rows`;
  }));
  at("device").addEventListener("change", guarded(async () => {
    at("dense-result").textContent = "";
    const problem = await useBest(at("device").value);
    if (problem) say(`No live picture: ${problem}.`);
  }));
  new ResizeObserver(() => invalidate()).observe(at("stage"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => invalidate());
  listenToPicture({
    view: () => view, changed: () => invalidate(), divide, read,
    paints: () => at("brush").checked && shown.axes.length > 0,
    paint: (point) => parameters.paint(point, source.width, source.height),
    press: (point) => parameters.focusAt(point),
    ended: () => parameters.map && showMember(),
  });
}

/** What is under the pointer. */
function read({ x, y }) {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  if (column < 0 || row < 0 || column >= view.width || row >= view.height) return;
  const index = 4 * (row * view.width + column);
  const colors = [...view.texels.subarray(index, index + 3)].map(figure).join(", ");
  at("reading").textContent = `${column}, ${row}: input ${colors}${shown.axes.length ? "; " + parameters.words(parameters.at(x, y)) : ""}`;
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
  picker("open-map", "map-file", openDepth);
  const mark = (isOver) => document.body.classList.toggle("is-dropping", isOver);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  addEventListener("dragleave", (event) => event.relatedTarget ?? mark(false));
  addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    const file = event.dataTransfer.files[0];
    const take = event.target.closest?.("#parameters") ? openDepth : open;
    if (file) take(file, file.name);
    else say("That was no file: drop a photo from this machine.");
  });
}

function listenToChoice() {
  const choice = at("filter");
  choice.replaceChildren(...data.filters.map(({ title }, index) => new Option(title, index)));
  choice.parentElement.hidden = data.filters.length < 2;
  if (data.filters.every(({ kind }) => kind === "basis")) at("filter-label").textContent = "Aperture";
  choice.addEventListener("change", guarded(() => choose(Number(choice.value))));
}

async function start() {
  at("note-close").addEventListener("click", () => say(""));
  isOwn = Boolean(data.image);
  listenToChoice();
  try {
    await choose(0);
  } finally {
    document.documentElement.classList.remove("is-starting");
  }
  const problem = await useBest(location.hash.slice(1));
  listenToFiles();
  if (problem) {
    say(`No live picture: ${problem}. One still frame is filtered by the processor instead.`);
    source ??= await firstPicture(4096);
    return still();
  }
  listen();
}

const twoFrames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

Object.assign(page, {
  pixels: () => view.painter.pixels(),
  input: () => view.texels,
  state: () => ({ view, parameters, chain }),
  /** When all that was asked for is drawn. */
  settled: async () => {
    do await twoFrames();
    while (working || due.draw);
  },
});
page.ready = guarded(start)().then(page.settled);
