// Runs a filter or basis that `fewtap export --language msl` wrote, of either stage, by Metal.
//
//   let filter = try FewtapFilter(folder, device: device, width: image.width, height: image.height)
//   let result = try filter.encode(image, into: commands)  // a texture of linear light
//   commands.commit()
//
// The image is any texture that shaders can read: its values must be linear light, so take an sRGB format for encoded ones, and
// multiply colors by alpha where the export says premultiplied. In a basis every pixel has parameters of its own, set before that:
//
//   try filter.setParameters(filter.texture(of: floats))  // four a pixel, in the order of the axes
//
// It runs the text as it is, in the order of passes.json.

import Foundation
import Metal

/// What a filter cannot do, with what would do.
struct FewtapError: Error, CustomStringConvertible {
  let description: String
}

/// A filter or basis, compiled, with textures for images of one size.
final class FewtapFilter {
  let width: Int
  let height: Int
  private let device: any MTLDevice
  private let program: Program
  private var textures: [String: any MTLTexture] = [:]
  private var states: [State] = []
  /// What must run again, and all that follows what changes more often.
  private var stale = Dependence.size

  private enum State {
    case compute(any MTLComputePipelineState)
    case fragment(any MTLRenderPipelineState)
  }

  /// `folder`: what `fewtap export` wrote.
  init(_ folder: URL, device: any MTLDevice, width: Int, height: Int) throws {
    program = try JSONDecoder().decode(Program.self, from: Data(contentsOf: folder.appending(path: "passes.json")))
    (self.device, self.width, self.height) = (device, width, height)
    try check()
    for texture in program.textures { try make(texture, folder) }
    var libraries: [String: any MTLLibrary] = [:]
    for pass in program.passes { states.append(try compile(pass, folder, &libraries)) }
  }

  /// Gives the pixels of a basis their parameters: a texture of the image's size with one a channel, in the order of the axes.
  func setParameters(_ texture: any MTLTexture) throws {
    try checkSize(texture, "parameters")
    for described in program.textures where described.role == .parameters { textures[described.name] = texture }
    stale = min(stale, .parameters)
  }

  /// Filters. Gives the texture of the result, which is the filter's own until it runs again. The commands must be committed.
  func encode(_ image: any MTLTexture, into commands: any MTLCommandBuffer) throws -> any MTLTexture {
    try checkSize(image, "image")
    for described in program.textures where described.role == .image { textures[described.name] = image }
    for (pass, state) in zip(program.passes, states) where pass.dependsOn >= stale {
      try encode(pass, state, into: commands)
    }
    stale = .image
    guard let output = program.textures.first(where: { $0.role == .output }) else {
      throw FewtapError(description: "passes.json tells of no output")
    }
    return try texture(output.name)
  }

  /// A texture of the image's size with floats, four a pixel, upper row first.
  func texture(of floats: [Float]) throws -> any MTLTexture {
    let texture = try make("floats", .rgba32Float, width, height, layers: nil, usage: .shaderRead)
    try write(floats, to: texture)
    return texture
  }

  // MARK: What is there

  private func check() throws {
    guard program.format == "fewtap.shader", program.version == 1 else {
      throw FewtapError(
        description: "passes.json is \(program.format) \(program.version): this host runs fewtap.shader 1")
    }
    guard program.language == "msl" else {
      throw FewtapError(description: "the text is \(program.language): Metal runs msl")
    }
    guard width > 0, height > 0 else { throw FewtapError(description: "an image of \(width)x\(height) has no pixels") }
  }

  private func checkSize(_ texture: any MTLTexture, _ what: String) throws {
    guard texture.width == width, texture.height == height else {
      throw FewtapError(
        description:
          "the \(what): \(texture.width)x\(texture.height), not \(width)x\(height) as the filter was made for")
    }
  }

  private func texture(_ name: String) throws -> any MTLTexture {
    guard let texture = textures[name] else {
      throw FewtapError(description: "no texture \(name): a basis needs setParameters before")
    }
    return texture
  }

  // MARK: Textures

  private func make(_ described: Program.Texture, _ folder: URL) throws {
    let (width, height) = (described.x.count(for: width), described.y.count(for: height))
    switch described.role {
    // They come from outside.
    case .image, .parameters: return
    case .table:
      let texture = try make(described.name, .rgba32Float, width, height, layers: nil, usage: .shaderRead)
      let bytes = try Data(contentsOf: folder.appending(path: described.file ?? ""))
      // Little endian, as all devices with Metal are.
      try write(bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }, to: texture)
      textures[described.name] = texture
    case .intermediate, .output:
      let written: MTLTextureUsage = program.stage == .compute ? .shaderWrite : .renderTarget
      textures[described.name] = try make(
        described.name, described.format == .half ? .rgba16Float : .rgba32Float, width, height,
        layers: described.layers, usage: [.shaderRead, written], storage: .private)
    }
  }

  private func make(
    _ name: String, _ format: MTLPixelFormat, _ width: Int, _ height: Int, layers: Int?, usage: MTLTextureUsage,
    storage: MTLStorageMode? = nil
  ) throws -> any MTLTexture {
    // What all devices of this decade have; beyond it Metal would stop the program.
    guard max(width, height) <= 16384, layers ?? 1 <= 2048 else {
      throw FewtapError(
        description: "texture \(name) of \(width)x\(height)x\(layers ?? 1): 16384x16384x2048 at most fit")
    }
    let descriptor = MTLTextureDescriptor()
    descriptor.textureType = layers == nil ? .type2D : .type2DArray
    (descriptor.pixelFormat, descriptor.width, descriptor.height) = (format, width, height)
    descriptor.arrayLength = layers ?? 1
    descriptor.usage = usage
    if let storage { descriptor.storageMode = storage }
    guard let texture = device.makeTexture(descriptor: descriptor) else {
      throw FewtapError(description: "the device has no texture \(name) of \(width)x\(height)x\(layers ?? 1)")
    }
    texture.label = name
    return texture
  }

  private func write(_ floats: [Float], to texture: any MTLTexture) throws {
    let count = 4 * texture.width * texture.height
    guard floats.count == count else {
      throw FewtapError(
        description: "\(floats.count) numbers: \(count) are four a texel of \(texture.width)x\(texture.height)")
    }
    let region = MTLRegionMake2D(0, 0, texture.width, texture.height)
    floats.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      texture.replace(region: region, mipmapLevel: 0, withBytes: start, bytesPerRow: 16 * texture.width)
    }
  }

  // MARK: Passes

  private func compile(_ pass: Program.Pass, _ folder: URL, _ libraries: inout [String: any MTLLibrary]) throws -> State
  {
    func function(_ file: String, _ name: String) throws -> any MTLFunction {
      if libraries[file] == nil {
        let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        libraries[file] = try device.makeLibrary(source: text, options: nil)
      }
      guard let function = libraries[file]?.makeFunction(name: name) else {
        throw FewtapError(description: "\(file) has no function \(name)")
      }
      return function
    }
    for input in pass.inputs where input.linear != nil && !device.supports32BitFloatFiltering {
      guard program.textures.first(where: { $0.name == input.texture })?.format == .half else {
        throw FewtapError(
          description: "pass \(pass.name): the device does not interpolate floats: export with --sampling fetch, "
            + "or --format rgba16f")
      }
    }
    let main = try function(pass.file, pass.entryPoint)
    guard let fullscreen = program.fullscreen else {
      return .compute(try device.makeComputePipelineState(function: main))
    }
    let descriptor = MTLRenderPipelineDescriptor()
    descriptor.vertexFunction = try function(fullscreen.file, fullscreen.entryPoint)
    descriptor.fragmentFunction = main
    descriptor.colorAttachments[0].pixelFormat = try texture(pass.output).pixelFormat
    return .fragment(try device.makeRenderPipelineState(descriptor: descriptor))
  }

  private func encode(_ pass: Program.Pass, _ state: State, into commands: any MTLCommandBuffer) throws {
    let output = try texture(pass.output)
    switch state {
    case .compute(let pipeline):
      guard let encoder = commands.makeComputeCommandEncoder() else { throw refusal(pass) }
      defer { encoder.endEncoding() }
      encoder.label = pass.name
      encoder.setComputePipelineState(pipeline)
      // Of an array it binds all layers; the text knows which one it writes.
      encoder.setTexture(output, index: 0)
      for input in pass.inputs { encoder.setTexture(try texture(input.texture), index: input.binding) }
      let (columns, rows) = (pass.group[0], pass.group[1])
      encoder.dispatchThreadgroups(
        MTLSize(width: (output.width + columns - 1) / columns, height: (output.height + rows - 1) / rows, depth: 1),
        threadsPerThreadgroup: MTLSize(width: columns, height: rows, depth: 1))
    case .fragment(let pipeline):
      let target = MTLRenderPassDescriptor()
      target.colorAttachments[0].texture = output
      target.colorAttachments[0].slice = pass.layer ?? 0
      // The triangle covers all of it.
      target.colorAttachments[0].loadAction = .dontCare
      target.colorAttachments[0].storeAction = .store
      guard let encoder = commands.makeRenderCommandEncoder(descriptor: target) else { throw refusal(pass) }
      defer { encoder.endEncoding() }
      encoder.label = pass.name
      encoder.setRenderPipelineState(pipeline)
      for input in pass.inputs { encoder.setFragmentTexture(try texture(input.texture), index: input.binding) }
      encoder.drawPrimitives(type: .triangle, vertexStart: 0, vertexCount: 3)
    }
  }

  private func refusal(_ pass: Program.Pass) -> FewtapError {
    FewtapError(description: "the command buffer takes no pass \(pass.name): it may have been committed")
  }
}

// MARK: passes.json

/// What a result follows; what changes more often is larger.
private enum Dependence: String, Decodable, Comparable {
  case size, parameters, image

  private var order: Int { self == .size ? 0 : self == .parameters ? 1 : 2 }

  static func < (a: Dependence, b: Dependence) -> Bool { a.order < b.order }
}

/// What the host needs of passes.json.
private struct Program: Decodable {
  struct Texture: Decodable {
    enum Role: String, Decodable { case image, parameters, intermediate, output, table }

    enum Format: String, Decodable {
      case half = "rgba16f"
      case float = "rgba32f"
    }

    let name: String
    let role: Role
    let format: Format
    let x: Axis
    let y: Axis
    let layers: Int?
    let file: String?
  }

  /// Texels along an axis of a texture.
  struct Axis: Decodable {
    let factor: Int
    let added: Int
    let extra: Int

    func count(for pixels: Int) -> Int { factor == 0 ? extra : (pixels + added) / factor + extra }
  }

  struct Pass: Decodable {
    struct Input: Decodable {
      let binding: Int
      let texture: String
      let linear: String?
    }

    let name: String
    let file: String
    let entryPoint: String
    let inputs: [Input]
    let output: String
    let layer: Int?
    let group: [Int]
    let dependsOn: Dependence
  }

  struct Function: Decodable {
    let file: String
    let entryPoint: String
  }

  enum Stage: String, Decodable { case compute, fragment }

  let format: String
  let version: Int
  let language: String
  let stage: Stage
  /// The vertex shader of the fragment stage.
  let fullscreen: Function?
  let textures: [Texture]
  let passes: [Pass]
}
