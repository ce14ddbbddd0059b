import Foundation

// The device behind the stand-in: texels in memory, text compiled by clang, work done when it is committed.

struct Problem: Error, CustomStringConvertible { let description: String }

/// A texture of a pass as the compiled text takes it.
struct Binding {
  var texels: UnsafeMutableRawPointer?
  var width: UInt32 = 0
  var height: UInt32 = 0
  var layers: UInt32 = 0
  var roundsToHalf: UInt32 = 0
}

/// What is run: the bindings, columns and rows of groups and of a group, and of a fragment the layer that it writes.
typealias Work = @convention(c) (UnsafeRawPointer, UInt32, UInt32, UInt32, UInt32, UInt32) -> Void

final class Texture: MTLTexture {
  var label: String?
  let described: MTLTextureDescriptor
  let binding: Binding

  var width: Int { described.width }
  var height: Int { described.height }
  var pixelFormat: MTLPixelFormat { described.pixelFormat }

  init(_ described: MTLTextureDescriptor) {
    self.described = described
    let count = 4 * described.width * described.height * described.arrayLength
    let texels = UnsafeMutableRawPointer.allocate(byteCount: 4 * count, alignment: 16)
    // What nothing wrote must show.
    texels.initializeMemory(as: Float.self, repeating: .nan, count: count)
    binding = Binding(
      texels: texels, width: UInt32(described.width), height: UInt32(described.height),
      layers: UInt32(described.arrayLength), roundsToHalf: described.pixelFormat == .rgba16Float ? 1 : 0)
  }

  deinit { binding.texels?.deallocate() }

  func replace(region: MTLRegion, mipmapLevel level: Int, withBytes bytes: UnsafeRawPointer, bytesPerRow: Int) {
    precondition(described.storageMode != .private, "the processor reaches no private texture")
    precondition(region.width == width && region.height == height && bytesPerRow == 16 * width && level == 0)
    binding.texels?.copyMemory(from: bytes, byteCount: 16 * width * height)
  }

  /// Floats whatever the format is; for tests.
  var floats: [Float] {
    let count = 4 * width * height
    return binding.texels.map {
      Array(UnsafeBufferPointer(start: $0.assumingMemoryBound(to: Float.self), count: count))
    } ?? []
  }
}

/// The floats of a texture that the processor may not reach: what a program would get by a blit.
public func texels(of texture: any MTLTexture) -> [Float] { (texture as? Texture)?.floats ?? [] }

final class Function: MTLFunction {
  enum Kind: String { case kernel, fragment, vertex }

  let kind: Kind
  /// A vertex shader is compiled, but does not run: what is drawn here is all of the target.
  let work: Work?

  init(_ kind: Kind, _ work: Work?) { (self.kind, self.work) = (kind, work) }
}

final class Library: MTLLibrary {
  private let functions: [String: Function]

  init(_ functions: [String: Function]) { self.functions = functions }

  func makeFunction(name: String) -> (any MTLFunction)? { functions[name] }
}

final class Pipeline: MTLComputePipelineState, MTLRenderPipelineState {
  let work: Work
  /// What it draws to.
  let format: MTLPixelFormat?

  init(_ work: Work, _ format: MTLPixelFormat?) { (self.work, self.format) = (work, format) }
}

final class Device: MTLDevice {
  let supports32BitFloatFiltering = true

  func makeTexture(descriptor: MTLTextureDescriptor) -> (any MTLTexture)? {
    precondition(descriptor.pixelFormat != .invalid && descriptor.width > 0 && descriptor.height > 0)
    precondition(descriptor.arrayLength == 1 || descriptor.textureType == .type2DArray)
    return Texture(descriptor)
  }

  func makeLibrary(source: String, options: MTLCompileOptions?) throws -> any MTLLibrary {
    Library(try Compiler.functions(of: source))
  }

  func makeComputePipelineState(function: any MTLFunction) throws -> any MTLComputePipelineState {
    guard let function = function as? Function, function.kind == .kernel, let work = function.work else {
      throw Problem(description: "a compute pipeline needs a kernel")
    }
    return Pipeline(work, nil)
  }

  func makeRenderPipelineState(descriptor: MTLRenderPipelineDescriptor) throws -> any MTLRenderPipelineState {
    guard let fragment = descriptor.fragmentFunction as? Function, fragment.kind == .fragment, let work = fragment.work,
      let vertex = descriptor.vertexFunction as? Function, vertex.kind == .vertex
    else { throw Problem(description: "a render pipeline needs a vertex and a fragment function") }
    return Pipeline(work, descriptor.colorAttachments[0].pixelFormat)
  }

  func makeCommandQueue() -> (any MTLCommandQueue)? { Queue() }
}

final class Queue: MTLCommandQueue {
  func makeCommandBuffer() -> (any MTLCommandBuffer)? { Commands() }
}

final class Commands: MTLCommandBuffer {
  var work: [() -> Void] = []
  private var isCommitted = false
  var isEncoding = false

  func makeComputeCommandEncoder() -> (any MTLComputeCommandEncoder)? { begin() ? Encoder(self, nil) : nil }

  func makeRenderCommandEncoder(descriptor: MTLRenderPassDescriptor) -> (any MTLRenderCommandEncoder)? {
    begin() ? Encoder(self, descriptor) : nil
  }

  /// An encoder at a time, and none after all was committed.
  private func begin() -> Bool {
    precondition(!isEncoding, "the encoder before this one has not ended")
    isEncoding = !isCommitted
    return isEncoding
  }

  func commit() {
    precondition(!isEncoding && !isCommitted)
    isCommitted = true
    for step in work { step() }
  }

  func waitUntilCompleted() { precondition(isCommitted) }
}

final class Encoder: MTLComputeCommandEncoder, MTLRenderCommandEncoder {
  var label: String?
  private let commands: Commands
  private let target: MTLRenderPassDescriptor?
  private var pipeline: Pipeline?
  private var textures: [Texture?] = Array(repeating: nil, count: 31)

  init(_ commands: Commands, _ target: MTLRenderPassDescriptor?) { (self.commands, self.target) = (commands, target) }

  func setComputePipelineState(_ state: any MTLComputePipelineState) { pipeline = state as? Pipeline }
  func setRenderPipelineState(_ pipelineState: any MTLRenderPipelineState) { pipeline = pipelineState as? Pipeline }
  func setTexture(_ texture: (any MTLTexture)?, index: Int) { textures[index] = texture as? Texture }
  func setFragmentTexture(_ texture: (any MTLTexture)?, index: Int) { textures[index] = texture as? Texture }

  func endEncoding() { commands.isEncoding = false }

  func dispatchThreadgroups(_ groups: MTLSize, threadsPerThreadgroup group: MTLSize) {
    precondition(target == nil && groups.depth == 1 && group.depth == 1)
    precondition(textures[0]?.described.usage.contains(.shaderWrite) == true, "the output must be made to be written")
    encode(UInt32(groups.width), UInt32(groups.height), UInt32(group.width), UInt32(group.height), layer: 0)
  }

  func drawPrimitives(type primitiveType: MTLPrimitiveType, vertexStart: Int, vertexCount: Int) {
    guard let color = target?.colorAttachments[0], let output = color.texture as? Texture else {
      preconditionFailure("there is nothing to draw to")
    }
    precondition(vertexStart == 0 && vertexCount == 3 && color.storeAction == .store)
    precondition(output.described.usage.contains(.renderTarget) && pipeline?.format == output.pixelFormat)
    textures[0] = output
    encode(UInt32(output.width), UInt32(output.height), 1, 1, layer: UInt32(color.slice))
  }

  private func encode(_ columns: UInt32, _ rows: UInt32, _ width: UInt32, _ height: UInt32, layer: UInt32) {
    guard let pipeline else { preconditionFailure("no pipeline was set") }
    for texture in textures.dropFirst() {
      precondition(
        texture?.described.usage.contains(.shaderRead) != false && (texture == nil || texture !== textures[0]))
    }
    let held = textures
    commands.work.append {
      let bindings = held.map { $0?.binding ?? Binding() }
      pipeline.work(bindings, columns, rows, width, height, layer)
      withExtendedLifetime(held) {}
    }
  }
}
