// Runs a filter or basis that `fewtap export --language wgsl` wrote, of either stage, by WebGPU.
//
//   import { loadExport } from "./fewtap-load.js";
//   import { FewtapFilter, features } from "./fewtap-webgpu.js";
//
//   const adapter = await navigator.gpu.requestAdapter();
//   const device = await adapter.requestDevice({ requiredFeatures: features(adapter) });
//   const filter = await FewtapFilter.make(device, await loadExport("."), image.width, image.height);
//   const texels = await filter.pixels(image);  // floats: linear light, four a pixel, upper row first
//
//   const context = document.querySelector("canvas").getContext("webgpu");  // the canvas should have the image's size
//   context.configure({ device, format: navigator.gpu.getPreferredCanvasFormat(), alphaMode: "premultiplied" });
//   filter.draw(image, context);
//
// In a basis every pixel has parameters of its own, set before that: filter.setParameters(floats), four numbers a pixel in the order
// of the axes, or up to four for all pixels.
//
// It runs the text as it is, in the order of passes.json.

/** What a filter cannot do, with what would do. */
export class FewtapError extends Error {}

/** The features that a filter can use, of those that the adapter has. */
export function features(adapter) {
  return ["float32-filterable"].filter((feature) => adapter.features.has(feature));
}

/** A filter or basis, compiled, with textures for images of one size. */
export class FewtapFilter {
  /**
   * device: a GPUDevice.
   * exported: { program, files }: passes.json as an object, and by name the text of each file, of a table its Float32Array.
   */
  static async make(device, exported, width, height) {
    const filter = new FewtapFilter(device, exported.program, width, height);
    filter.#check();
    try {
      device.pushErrorScope("out-of-memory");
      for (const described of exported.program.textures) filter.#makeTexture(described, exported.files);
      const problem = await device.popErrorScope();
      if (problem) throw new FewtapError(`textures for ${width}x${height} pixels: ${problem.message}`);
      await filter.#compile(exported.files);
    } catch (error) {
      filter.delete();
      throw error;
    }
    return filter;
  }

  /** For make alone: what it gives is not yet compiled. */
  constructor(device, program, width, height) {
    Object.assign(this, { device, program, width, height });
    this.isCompute = program.stage === "compute";
    this.textures = new Map();
    this.passes = [];
    // What must run again, and all that follows what changes more often.
    this.stale = "size";
  }

  /** Gives the pixels of a basis their parameters: four numbers a pixel in the order of the axes, or up to four for all of them. */
  setParameters(values) {
    const count = this.width * this.height;
    const texels = values.length > 4 ? values : repeated(values, count);
    if (texels.length !== 4 * count) throw new FewtapError(`${texels.length} parameters: ${4 * count} are four a pixel`);
    for (const texture of this.#with("parameters")) {
      this.#write(texture, texels);
      texture.isGiven = true;
      if (before("parameters", this.stale)) this.stale = "parameters";
    }
  }

  /**
   * Filters, and gives the texture of the result: of linear light, upper row first, the filter's own until it runs again.
   * source: an image, canvas, video, ImageBitmap or ImageData, of sRGB; or floats of linear light, four a pixel; none: what it took last.
   */
  run(source) {
    if (this.#with("parameters").some((texture) => !texture.isGiven)) {
      throw new FewtapError("a basis needs parameters for every pixel: call setParameters before");
    }
    if (source !== undefined) this.#takeImage(source);
    else if (!this.hasImage) throw new FewtapError("there is no image yet: the first run needs one");
    this.hasImage = true;
    const encoder = this.device.createCommandEncoder();
    for (const pass of this.passes) {
      if (!before(pass.dependsOn, this.stale)) pass.encode(encoder);
    }
    this.device.queue.submit([encoder.finish()]);
    this.stale = "image";
    return this.#with("output")[0].texture;
  }

  /** Filters, and gives floats of linear light, four a pixel, upper row first. */
  async pixels(source) {
    const { device, width, height } = this;
    const output = this.run(source);
    // Half floats become floats on the way. Rows of a buffer begin at multiples of 256 bytes.
    const floats = this.#scratch("rgba32float");
    this.#draw(output, floats, "copied");
    const row = Math.ceil((16 * width) / 256) * 256;
    const buffer = device.createBuffer({ size: row * height, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    const encoder = device.createCommandEncoder();
    encoder.copyTextureToBuffer({ texture: floats }, { buffer, bytesPerRow: row }, [width, height]);
    device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(GPUMapMode.READ);
    const [padded, result] = [new Float32Array(buffer.getMappedRange()), new Float32Array(4 * width * height)];
    for (let y = 0; y < height; y++) {
      const start = (row / 4) * y;
      result.set(padded.subarray(start, start + 4 * width), 4 * width * y);
    }
    buffer.destroy();
    return result;
  }

  /** Filters, and draws the result, as sRGB, into the upper left of the context's canvas. */
  draw(source, context) {
    this.#draw(this.run(source), context.getCurrentTexture(), `drawn_${this.program.alpha}`);
  }

  /** Frees its textures. */
  delete() {
    for (const { texture } of this.textures.values()) texture.destroy();
    for (const texture of Object.values(this.scratches ?? {})) texture.destroy();
  }

  // What the device must have.

  #check() {
    const { device, program, width, height } = this;
    if (program.format !== "fewtap.shader" || program.version !== 1) {
      throw new FewtapError(`passes.json is ${program.format} ${program.version}: this host runs fewtap.shader 1`);
    }
    if (program.language !== "wgsl") throw new FewtapError(`the text is ${program.language}: WebGPU runs wgsl`);
    if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
      throw new FewtapError(`an image of ${width}x${height} has no pixels`);
    }
    const formats = new Map(program.textures.map((texture) => [texture.name, texture.format]));
    for (const pass of program.passes) {
      const limit = device.limits.maxSampledTexturesPerShaderStage;
      if (pass.inputs.length > limit) {
        throw new FewtapError(`pass ${pass.name} reads ${pass.inputs.length} textures, the device ${limit} at most`);
      }
      const interpolatesFloats = pass.inputs.some((input) => input.linear && formats.get(input.texture) === "rgba32f");
      if (interpolatesFloats && !device.features.has("float32-filterable")) {
        throw new FewtapError(
          `pass ${pass.name}: the device does not interpolate floats: ask for its feature float32-filterable if it has that, ` +
          "else export with --sampling fetch, or --format rgba16f");
      }
    }
  }

  // Textures.

  #with(role) {
    return [...this.textures.values()].filter((texture) => texture.role === role);
  }

  #makeTexture(described, files) {
    const { device, isCompute } = this;
    const { name, role, layers } = described;
    const [width, height] = [size(described.x, this.width), size(described.y, this.height)];
    const [side, depth] = [device.limits.maxTextureDimension2D, device.limits.maxTextureArrayLayers];
    if (Math.max(width, height) > side || (layers ?? 1) > depth) {
      throw new FewtapError(
        `texture ${name} of ${width}x${height}x${layers ?? 1}: the device has ${side}x${side}x${depth} at most`);
    }
    const isWritten = role === "intermediate" || role === "output";
    const usage = isWritten && isCompute ? GPUTextureUsage.STORAGE_BINDING : GPUTextureUsage.RENDER_ATTACHMENT;
    const format = described.format === "rgba16f" ? "rgba16float" : "rgba32float";
    const texture = device.createTexture({
      label: name, size: [width, height, layers ?? 1], format,
      usage: usage | GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST | GPUTextureUsage.COPY_SRC,
    });
    const dimension = layers === null ? "2d" : "2d-array";
    const made = { name, role, width, height, format, dimension, texture };
    this.textures.set(name, made);
    if (role === "table") this.#write(made, file(files, described.file));
  }

  /** A texture of the image's size beside those of the program. */
  #scratch(format) {
    this.scratches ??= {};
    this.scratches[format] ??= this.device.createTexture({
      size: [this.width, this.height], format,
      usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_DST |
        GPUTextureUsage.COPY_SRC,
    });
    return this.scratches[format];
  }

  #write({ format, texture, width, height }, floats) {
    const isHalf = format === "rgba16float";
    // The device makes half floats of floats.
    const target = isHalf ? this.#scratch("rgba32float") : texture;
    this.device.queue.writeTexture({ texture: target }, new Float32Array(floats), { bytesPerRow: 16 * width }, [width, height]);
    if (isHalf) this.#draw(target, texture, "copied");
  }

  #takeImage(source) {
    const { width, height } = this;
    const image = this.#with("image")[0];
    if (ArrayBuffer.isView(source)) {
      if (source.length !== 4 * width * height) {
        throw new FewtapError(`${source.length} numbers: ${4 * width * height} are four a pixel of ${width}x${height}`);
      }
      this.#write(image, source);
      return;
    }
    const given = sides(source);
    if (given[0] !== width || given[1] !== height) {
      throw new FewtapError(`the image is ${given.join("x")}, not ${width}x${height} as the filter was made for`);
    }
    // The texture unit makes sRGB linear; colors are multiplied by alpha after that, where they are to be.
    const codes = this.#scratch("rgba8unorm-srgb");
    this.device.queue.copyExternalImageToTexture({ source }, { texture: codes }, [width, height]);
    this.#draw(codes, image.texture, this.program.alpha === "premultiplied" ? "multiplied" : "copied");
  }

  // Passes.

  async #compile(files) {
    const { device, program } = this;
    const modules = new Map();
    const module = (name) => {
      if (!modules.has(name)) modules.set(name, this.#module(name, file(files, name)));
      return modules.get(name);
    };
    this.own = device.createShaderModule({ label: "fewtap-webgpu.js", code: own });
    this.ownPipelines = new Map();
    // All at the same time: that is what drivers are faster at.
    this.passes = await Promise.all(program.passes.map((pass) => this.#pass(pass, module)));
  }

  async #module(name, code) {
    this.device.pushErrorScope("validation");
    const module = this.device.createShaderModule({ label: name, code });
    const problem = await this.device.popErrorScope();
    if (problem) throw new FewtapError(`${name}: the device refuses the text: ${problem.message}`);
    return module;
  }

  async #pass(pass, module) {
    const { device, program, isCompute } = this;
    const output = this.textures.get(pass.output);
    const [entries, resources] = [[], []];
    const bind = (binding, resource, what) => {
      const visibility = isCompute ? GPUShaderStage.COMPUTE : GPUShaderStage.FRAGMENT;
      entries.push({ binding, visibility, ...what });
      resources.push({ binding, resource });
    };
    for (const { binding, texture, linear } of pass.inputs) {
      const input = this.textures.get(texture);
      const view = input.texture.createView({ dimension: input.dimension });
      bind(binding, view, {
        texture: { sampleType: linear ? "float" : "unfilterable-float", viewDimension: input.dimension },
      });
    }
    if (pass.sampler !== null) {
      const linear = pass.inputs.find((input) => input.linear).linear;
      const mode = linear === "wrap" ? "repeat" : "clamp-to-edge";
      const sampler = { magFilter: "linear", minFilter: "linear", addressModeU: mode, addressModeV: mode };
      bind(pass.sampler, device.createSampler(sampler), { sampler: { type: "filtering" } });
    }
    if (isCompute) {
      bind(0, output.texture.createView({ dimension: output.dimension }), {
        storageTexture: { access: "write-only", format: output.format, viewDimension: output.dimension },
      });
    }
    const layout = device.createBindGroupLayout({ label: pass.name, entries });
    const group = device.createBindGroup({ label: pass.name, layout, entries: resources });
    const described = { label: pass.name, layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }) };
    const shader = async ({ file, entryPoint }) => ({ module: await module(file), entryPoint });
    const main = await shader(pass);
    const vertex = isCompute ? null : await shader(program.fullscreen);
    try {
      if (isCompute) {
        const pipeline = await device.createComputePipelineAsync({ ...described, compute: main });
        return { dependsOn: pass.dependsOn, encode: (encoder) => dispatch(encoder, pipeline, group, output, pass.group) };
      }
      const pipeline = await device.createRenderPipelineAsync({
        ...described,
        vertex,
        fragment: { ...main, targets: [{ format: output.format }] },
      });
      const view = output.texture.createView({ dimension: "2d", baseArrayLayer: pass.layer ?? 0, arrayLayerCount: 1 });
      return { dependsOn: pass.dependsOn, encode: (encoder) => drawTriangle(encoder, pipeline, group, view) };
    } catch (error) {
      throw new FewtapError(`pass ${pass.name}: the device refuses it: ${error.message}`);
    }
  }

  /** Draws a texture into another, by a shader of this file. */
  #draw(source, target, entryPoint) {
    const { device } = this;
    const name = `${entryPoint} ${target.format}`;
    this.ownLayout ??= device.createBindGroupLayout({
      entries: [{ binding: 0, visibility: GPUShaderStage.FRAGMENT, texture: { sampleType: "unfilterable-float" } }],
    });
    if (!this.ownPipelines.has(name)) {
      const pipeline = device.createRenderPipeline({
        layout: device.createPipelineLayout({ bindGroupLayouts: [this.ownLayout] }),
        vertex: { module: this.own, entryPoint: "corner" },
        fragment: { module: this.own, entryPoint, targets: [{ format: target.format }] },
      });
      this.ownPipelines.set(name, pipeline);
    }
    const group = device.createBindGroup({
      layout: this.ownLayout, entries: [{ binding: 0, resource: source.createView() }],
    });
    const encoder = device.createCommandEncoder();
    // A canvas may have another size.
    const [width, height] = [Math.min(source.width, target.width), Math.min(source.height, target.height)];
    drawTriangle(encoder, this.ownPipelines.get(name), group, target.createView(), [width, height]);
    device.queue.submit([encoder.finish()]);
  }
}

function dispatch(encoder, pipeline, group, { width, height }, [columns, rows]) {
  const work = encoder.beginComputePass();
  work.setPipeline(pipeline);
  work.setBindGroup(0, group);
  work.dispatchWorkgroups(Math.ceil(width / columns), Math.ceil(height / rows));
  work.end();
}

/** Covers all of what is drawn to, or its upper left of so many columns and rows. */
function drawTriangle(encoder, pipeline, group, view, part) {
  const work = encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: "clear", storeOp: "store" }] });
  work.setPipeline(pipeline);
  work.setBindGroup(0, group);
  if (part) work.setScissorRect(0, 0, ...part);
  work.draw(3);
  work.end();
}

/** Texels along an axis of a texture, for so many pixels of the image. */
function size(axis, pixels) {
  return axis.factor === 0 ? axis.extra : Math.floor((pixels + axis.added) / axis.factor) + axis.extra;
}

/** Columns and rows of what a browser can draw. */
function sides(image) {
  return [
    image.naturalWidth ?? image.videoWidth ?? image.displayWidth ?? image.width,
    image.naturalHeight ?? image.videoHeight ?? image.displayHeight ?? image.height,
  ];
}

/** Whether a result that follows `a` changes less often than one that follows `b`. */
function before(a, b) {
  const order = ["size", "parameters", "image"];
  return order.indexOf(a) < order.indexOf(b);
}

function repeated(values, count) {
  const texels = new Float32Array(4 * count);
  for (let index = 0; index < texels.length; index++) texels[index] = values[index % 4] ?? 0;
  return texels;
}

function file(files, name) {
  if (files[name] === undefined) throw new FewtapError(`${name}, which passes.json tells of, is missing`);
  return files[name];
}

// A canvas takes sRGB whose colors are multiplied by alpha.
const own = `
@group(0) @binding(0) var source: texture_2d<f32>;

@vertex
fn corner(@builtin(vertex_index) corner: u32) -> @builtin(position) vec4f {
  return vec4f(select(-1.0, 3.0, corner == 1u), select(-1.0, 3.0, corner == 2u), 0.0, 1.0);
}

fn texel(position: vec4f) -> vec4f { return textureLoad(source, vec2i(position.xy), 0); }

fn code(color: vec3f, coverage: f32) -> vec4f {
  let light = clamp(color, vec3f(0.0), vec3f(1.0));
  let code = select(1.055 * pow(light, vec3f(1.0 / 2.4)) - 0.055, 12.92 * light, light < vec3f(0.0031308));
  return vec4f(code * coverage, coverage);
}

@fragment
fn copied(@builtin(position) position: vec4f) -> @location(0) vec4f { return texel(position); }

@fragment
fn multiplied(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let t = texel(position);
  return vec4f(t.rgb * t.a, t.a);
}

@fragment
fn drawn_none(@builtin(position) position: vec4f) -> @location(0) vec4f { return code(texel(position).rgb, 1.0); }

@fragment
fn drawn_straight(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let t = texel(position);
  return code(t.rgb, clamp(t.a, 0.0, 1.0));
}

@fragment
fn drawn_premultiplied(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let t = texel(position);
  let coverage = clamp(t.a, 0.0, 1.0);
  return code(select(t.rgb, t.rgb / coverage, coverage > 0.0), coverage);
}
`;
