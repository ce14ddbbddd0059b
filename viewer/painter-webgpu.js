// Filters a picture and draws two views of it, by WebGPU. Filters run by the host that exports bring along.

import { FewtapFilter, features } from "fewtap/fewtap-webgpu.js";

/** Textures of one picture, and what draws them. `painter-webgl2.js` has the same methods. */
export class WebGPUPainter {
  static language = "wgsl";

  /** Throws where the browser lacks what it takes. */
  static async make(canvas) {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter) throw new Error("this browser has no WebGPU");
    const { maxTextureDimension2D, maxBufferSize } = adapter.limits;
    const device = await adapter.requestDevice({
      requiredFeatures: features(adapter), requiredLimits: { maxTextureDimension2D, maxBufferSize },
    });
    const context = canvas.getContext("webgpu");
    if (!context) throw new Error("this browser's WebGPU draws onto no canvas");
    return new WebGPUPainter(canvas, device, context);
  }

  constructor(canvas, device, context) {
    const format = navigator.gpu.getPreferredCanvasFormat();
    context.configure({ device, format, alphaMode: "opaque" });
    Object.assign(this, { canvas, device, context, name: "WebGPU", side: device.limits.maxTextureDimension2D });
    this.textures = { input: null, filtered: null, truth: null };
    this.show = pipeline(device, show, format);
    this.look = device.createBuffer({ size: 48, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
    /** Called with a sentence when the device is gone, or refuses what it is told. */
    this.troubled = () => {};
    device.addEventListener("uncapturederror", ({ error }) => this.troubled(`The graphics device refused that: ${error.message}`));
    device.lost.then(({ reason }) => {
      if (reason !== "destroyed") this.troubled("The browser took the graphics device away: load the page again.");
    });
  }

  /** Takes a filter and a picture: linear light, four floats a pixel. */
  async prepare(exported, { texels, width, height }) {
    const filter = await FewtapFilter.make(this.device, exported, width, height);
    this.filter?.delete();
    Object.assign(this, { filter, width, height, texels, isTaken: false });
    for (const name of ["input", "filtered", "truth"]) this.#drop(name);
    this.textures.input = this.#texture(texels, width, height);
  }

  /** Gives a basis its parameters: four for all pixels, or four a pixel. */
  setParameters(values) {
    this.filter.setParameters(values);
  }

  /** The truth to compare with, as texels of the picture's size; null: none. */
  setTruth(texels) {
    this.#drop("truth");
    if (texels) this.textures.truth = this.#texture(texels, this.width, this.height);
  }

  /** Filters, and gives the milliseconds that it took until the device was done. */
  async run() {
    const { filter, device } = this;
    if (!this.isTaken) filter.run(this.texels);
    this.isTaken = true;
    await device.queue.onSubmittedWorkDone();
    // Another picture may have come meanwhile.
    if (filter !== this.filter) return 0;
    const start = performance.now();
    this.textures.filtered = filter.run();
    await device.queue.onSubmittedWorkDone();
    return performance.now() - start;
  }

  /** The filtered picture: linear light, four floats a pixel, upper row first. */
  async pixels() {
    return this.filter.pixels(this.texels);
  }

  /** Draws both views; `look` as PictureView has it. */
  draw({ sides, x, y, zoom, divider, exposure }, ground) {
    const { device, canvas, textures } = this;
    const { width, height } = canvas;
    device.queue.writeBuffer(this.look, 0, new Float32Array([
      width, height, x, y, zoom, divider * width, 2 ** exposure, 0, ...ground, 1,
    ]));
    const [left, right] = [sides.left, sides.right].map((side) => textures[side] ?? textures.input);
    const resources = [left.createView(), right.createView(), { buffer: this.look }];
    this.#triangle(this.show, resources, this.context.getCurrentTexture());
  }

  /** Milliseconds that the dense kernel takes for the first `rows` rows, once it is warm. */
  async timeDense(kernel, rows) {
    const { device } = this;
    const weights = this.#texture(kernel.values, kernel.width, kernel.height, "r32float");
    const target = device.createTexture({ size: [this.width, rows], format: "rgba16float", usage: GPUTextureUsage.RENDER_ATTACHMENT });
    const center = device.createBuffer({ size: 16, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(center, 0, new Int32Array([kernel.x, kernel.y, 0, 0]));
    const work = pipeline(device, dense, "rgba16float");
    let time = 0;
    for (let round = 0; round < 2; round++) {
      await device.queue.onSubmittedWorkDone();
      const start = performance.now();
      this.#triangle(work, [this.textures.input.createView(), weights.createView(), { buffer: center }], target);
      await device.queue.onSubmittedWorkDone();
      time = performance.now() - start;
    }
    for (const part of [weights, target, center]) part.destroy();
    return time;
  }

  /** Frees what it holds of the device. */
  delete() {
    this.device.destroy();
  }

  #triangle(pipeline, resources, target) {
    const { device } = this;
    const entries = resources.map((resource, binding) => ({ binding, resource }));
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: target.createView(), loadOp: "clear", storeOp: "store" }],
    });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.draw(3);
    pass.end();
    device.queue.submit([encoder.finish()]);
  }

  #texture(values, width, height, format = "rgba32float") {
    const texture = this.device.createTexture({
      size: [width, height], format, usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST,
    });
    const bytesPerRow = (4 * values.length) / height;
    this.device.queue.writeTexture({ texture }, values, { bytesPerRow }, [width, height]);
    return texture;
  }

  #drop(name) {
    // What is filtered is the filter's own.
    if (name !== "filtered") this.textures[name]?.destroy();
    this.textures[name] = null;
  }
}

/** A triangle over all of a target; `code` has the fragment shader `shade`. */
function pipeline(device, code, format) {
  const module = device.createShaderModule({ code: corner + code });
  return device.createRenderPipeline({
    layout: "auto", vertex: { module, entryPoint: "corner" }, fragment: { module, entryPoint: "shade", targets: [{ format }] },
  });
}

const corner = `
@vertex
fn corner(@builtin(vertex_index) corner: u32) -> @builtin(position) vec4f {
  return vec4f(select(-1.0, 3.0, corner == 1u), select(-1.0, 3.0, corner == 2u), 0.0, 1.0);
}
`;

// Pixels of the picture are squares where they are larger than the screen's, else means of those under one.
const show = `
struct Look { canvas: vec2f, middle: vec2f, zoom: f32, divider: f32, gain: f32, unused: f32, ground: vec4f }
@group(0) @binding(0) var left: texture_2d<f32>;
@group(0) @binding(1) var right: texture_2d<f32>;
@group(0) @binding(2) var<uniform> look: Look;

fn light(picture: texture_2d<f32>, place: vec2f) -> vec3f {
  let count = select(min(i32(ceil(1.0 / look.zoom)), 8), 1, look.zoom >= 1.0);
  let last = vec2i(textureDimensions(picture)) - 1;
  var sum = vec3f(0.0);
  for (var y = 0; y < count; y++) {
    for (var x = 0; x < count; x++) {
      let part = (vec2f(vec2i(x, y)) + 0.5) / f32(count) - 0.5;
      sum += textureLoad(picture, clamp(vec2i(floor(place + part / look.zoom)), vec2i(0), last), 0).rgb;
    }
  }
  return sum / f32(count * count);
}

@fragment
fn shade(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let place = look.middle + (position.xy - 0.5 * look.canvas) / look.zoom;
  let size = vec2f(textureDimensions(left));
  if (any(place < vec2f(0.0)) || any(place >= size)) { return look.ground; }
  var shown: vec3f;
  if (position.x < look.divider) { shown = light(left, place); } else { shown = light(right, place); }
  let clamped = clamp(look.gain * shown, vec3f(0.0), vec3f(1.0));
  return vec4f(select(1.055 * pow(clamped, vec3f(1.0 / 2.4)) - 0.055, 12.92 * clamped, clamped < vec3f(0.0031308)), 1.0);
}
`;

const dense = `
@group(0) @binding(0) var image: texture_2d<f32>;
@group(0) @binding(1) var kernel: texture_2d<f32>;
@group(0) @binding(2) var<uniform> center: vec4i;

@fragment
fn shade(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let last = vec2i(textureDimensions(image)) - 1;
  let size = vec2i(textureDimensions(kernel));
  var sum = vec4f(0.0);
  for (var y = 0; y < size.y; y++) {
    for (var x = 0; x < size.x; x++) {
      let weight = textureLoad(kernel, vec2i(x, y), 0).r;
      sum += weight * textureLoad(image, clamp(vec2i(position.xy) - vec2i(x, y) + center.xy, vec2i(0), last), 0);
    }
  }
  return sum;
}
`;
