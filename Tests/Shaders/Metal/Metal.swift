// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation, AlwaysUseLowerCamelCase
// A stand-in for Apple's framework Metal, with what FewtapFilter.swift uses of it and nothing else, named and typed as there: so that
// the host compiles, and runs, without Apple's devices. Its device makes shader text C++ by ../metal_stdlib, compiles it by clang and
// runs it thread by thread. It shows what the host does; whether Metal's own rules are kept (usage and storage of textures,
// synchronization, the vertex shader), only Metal can tell.

import Foundation

// MARK: Values

public struct MTLSize {
  public var width: Int
  public var height: Int
  public var depth: Int

  public init(width: Int, height: Int, depth: Int) { (self.width, self.height, self.depth) = (width, height, depth) }
}

public struct MTLRegion {
  var width: Int
  var height: Int
}

public func MTLRegionMake2D(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> MTLRegion {
  precondition(x == 0 && y == 0, "whole textures only")
  return MTLRegion(width: width, height: height)
}

public enum MTLPixelFormat: UInt {
  case invalid = 0
  case rgba16Float = 115
  case rgba32Float = 125
}

public enum MTLTextureType: UInt {
  case type2D = 2
  case type2DArray = 3
}

public enum MTLStorageMode: UInt {
  case shared = 0
  case managed = 1
  case `private` = 2
}

public struct MTLTextureUsage: OptionSet, Sendable {
  public let rawValue: UInt
  public init(rawValue: UInt) { self.rawValue = rawValue }
  public static let shaderRead = MTLTextureUsage(rawValue: 1)
  public static let shaderWrite = MTLTextureUsage(rawValue: 2)
  public static let renderTarget = MTLTextureUsage(rawValue: 4)
}

public enum MTLLoadAction: UInt {
  case dontCare = 0
  case load = 1
  case clear = 2
}

public enum MTLStoreAction: UInt {
  case dontCare = 0
  case store = 1
}

public enum MTLPrimitiveType: UInt {
  case triangle = 3
}

// MARK: Descriptors

public class MTLTextureDescriptor {
  public var textureType = MTLTextureType.type2D
  public var pixelFormat = MTLPixelFormat.invalid
  public var width = 1
  public var height = 1
  public var arrayLength = 1
  public var usage = MTLTextureUsage.shaderRead
  public var storageMode = MTLStorageMode.managed
  public init() {}
}

public class MTLRenderPipelineColorAttachmentDescriptor {
  public var pixelFormat = MTLPixelFormat.invalid
}

public class MTLRenderPipelineColorAttachmentDescriptorArray {
  private let first = MTLRenderPipelineColorAttachmentDescriptor()

  public subscript(index: Int) -> MTLRenderPipelineColorAttachmentDescriptor! {
    get { index == 0 ? first : nil }
    set { preconditionFailure() }
  }
}

public class MTLRenderPipelineDescriptor {
  public var vertexFunction: (any MTLFunction)?
  public var fragmentFunction: (any MTLFunction)?
  public let colorAttachments: MTLRenderPipelineColorAttachmentDescriptorArray! = .init()
  public init() {}
}

public class MTLRenderPassColorAttachmentDescriptor {
  public var texture: (any MTLTexture)?
  public var slice = 0
  public var loadAction = MTLLoadAction.dontCare
  public var storeAction = MTLStoreAction.dontCare
}

public class MTLRenderPassColorAttachmentDescriptorArray {
  private let first = MTLRenderPassColorAttachmentDescriptor()

  public subscript(index: Int) -> MTLRenderPassColorAttachmentDescriptor! {
    get { index == 0 ? first : nil }
    set { preconditionFailure() }
  }
}

public class MTLRenderPassDescriptor {
  public let colorAttachments: MTLRenderPassColorAttachmentDescriptorArray! = .init()
  public init() {}
}

public class MTLCompileOptions {}

// MARK: Protocols

public protocol MTLDevice: AnyObject {
  var supports32BitFloatFiltering: Bool { get }
  func makeTexture(descriptor: MTLTextureDescriptor) -> (any MTLTexture)?
  func makeLibrary(source: String, options: MTLCompileOptions?) throws -> any MTLLibrary
  func makeComputePipelineState(function: any MTLFunction) throws -> any MTLComputePipelineState
  func makeRenderPipelineState(descriptor: MTLRenderPipelineDescriptor) throws -> any MTLRenderPipelineState
  func makeCommandQueue() -> (any MTLCommandQueue)?
}

public protocol MTLTexture: AnyObject {
  var label: String? { get set }
  var width: Int { get }
  var height: Int { get }
  var pixelFormat: MTLPixelFormat { get }
  func replace(region: MTLRegion, mipmapLevel level: Int, withBytes bytes: UnsafeRawPointer, bytesPerRow: Int)
}

public protocol MTLLibrary: AnyObject { func makeFunction(name: String) -> (any MTLFunction)? }
public protocol MTLFunction: AnyObject {}
public protocol MTLComputePipelineState: AnyObject {}
public protocol MTLRenderPipelineState: AnyObject {}
public protocol MTLCommandQueue: AnyObject { func makeCommandBuffer() -> (any MTLCommandBuffer)? }

public protocol MTLCommandBuffer: AnyObject {
  func makeComputeCommandEncoder() -> (any MTLComputeCommandEncoder)?
  func makeRenderCommandEncoder(descriptor: MTLRenderPassDescriptor) -> (any MTLRenderCommandEncoder)?
  func commit()
  func waitUntilCompleted()
}

public protocol MTLCommandEncoder: AnyObject {
  var label: String? { get set }
  func endEncoding()
}

public protocol MTLComputeCommandEncoder: MTLCommandEncoder {
  func setComputePipelineState(_ state: any MTLComputePipelineState)
  func setTexture(_ texture: (any MTLTexture)?, index: Int)
  func dispatchThreadgroups(_ threadgroupsPerGrid: MTLSize, threadsPerThreadgroup: MTLSize)
}

public protocol MTLRenderCommandEncoder: MTLCommandEncoder {
  func setRenderPipelineState(_ pipelineState: any MTLRenderPipelineState)
  func setFragmentTexture(_ texture: (any MTLTexture)?, index: Int)
  func drawPrimitives(type primitiveType: MTLPrimitiveType, vertexStart: Int, vertexCount: Int)
}

public func MTLCreateSystemDefaultDevice() -> (any MTLDevice)? { Device() }
