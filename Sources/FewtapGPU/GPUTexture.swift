import CFewtapGL
import FewtapShaders

/// A texture of a program on a device. Its owner deletes it, with the device bound.
struct GPUTexture {
  let name: String
  let shape: fewtap_gl_shape
  let id: UInt32
  private let device: OpaquePointer

  /// Throws: ``GPUError`` if the device has no such textures.
  init(_ texture: ShaderTexture, width: Int, height: Int, half: Bool, on device: GPUDevice) throws(GPUError) {
    let (limits, layers) = (device.limits, texture.layers ?? 0)
    guard max(width, height) <= limits.textureSide else {
      throw .textureSize(texture: texture.name, width: width, height: height, limit: limits.textureSide)
    }
    guard layers <= limits.textureLayers else {
      throw .textureLayers(texture: texture.name, layers: layers, limit: limits.textureLayers)
    }
    var made: UInt32 = 0
    var shape = fewtap_gl_shape(width: Int32(width), height: Int32(height), layers: Int32(layers), half: half ? 1 : 0)
    try GPUError.check(
      fewtap_gl_make_texture(device.handle, &shape, &made),
      doing: "making texture \(texture.name) of \(width)x\(height)\(layers > 0 ? "x\(layers)" : "") texels")
    (name, id, self.shape, self.device) = (texture.name, made, shape, device.handle)
  }

  private var count: Int { 4 * Int(shape.width) * Int(shape.height) }

  func write(_ texels: [Float]) throws(GPUError) {
    guard texels.count == count else { throw .texelCount(texture: name, count: texels.count, expected: count) }
    var shape = shape
    try GPUError.check(fewtap_gl_write_texture(device, id, &shape, texels), doing: "writing texture \(name)")
  }

  func read() throws(GPUError) -> [Float] {
    var (shape, status) = (shape, FEWTAP_GL_OK)
    let texels = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      // Not all of it may be written where reading fails.
      buffer.initialize(repeating: 0)
      status = fewtap_gl_read_texture(device, id, &shape, buffer.baseAddress)
      initialized = count
    }
    try GPUError.check(status, doing: "reading texture \(name)")
    return texels
  }

  func delete() { fewtap_gl_delete_texture(device, id) }
}
