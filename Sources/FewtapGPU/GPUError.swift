import CFewtapGL
import FewtapShaders

/// Why a device cannot be had, or cannot run a program.
public enum GPUError: Error, Equatable, CustomStringConvertible {
  /// The system has no EGL to open devices with.
  case noLibrary(reason: String)
  /// There is EGL, but no device that has the version asked for.
  case noDevice(version: String)
  /// The driver lacks a function that its version should have.
  case noFunction(String)
  /// The device cannot do what the program needs.
  case unsupported(device: String, what: String)
  /// A texture would be larger than the device has them.
  case textureSize(texture: String, width: Int, height: Int, limit: Int)
  /// A texture would have more layers than the device has them.
  case textureLayers(texture: String, layers: Int, limit: Int)
  /// A pass reads more textures than the device can bind.
  case inputs(pass: String, count: Int, limit: Int)
  /// The driver's compiler refused the text of a pass.
  case refusedText(pass: String, reason: String)
  /// Numbers given for a texture are not as many as it has.
  case texelCount(texture: String, count: Int, expected: Int)
  /// The image does not have the size, or the alpha, that the filter was made for.
  case image(String)
  /// The device's memory is full.
  case outOfMemory(doing: String)
  /// The driver reports an error.
  case failed(doing: String)

  /// Whether it is the machine that lacks a device, not the program that asks too much of it.
  public var meansNoDevice: Bool {
    switch self {
    case .noLibrary, .noDevice, .noFunction: true
    default: false
    }
  }

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .noLibrary(let reason):
      "no GPU device: the system has no EGL (\(reason)): on Debian and Ubuntu it is libegl1, with libgles2 and a driver"
    case .noDevice(let version):
      "no GPU device: EGL is there, but no driver gives it \(version); Mesa's libgl1-mesa-dri has one in software"
    case .noFunction(let name): "no GPU device: the driver lacks the function \(name)"
    case .unsupported(let device, let what): "the device \(device) has no \(what)"
    case .textureSize(let texture, let width, let height, let limit):
      "texture \(texture) would be \(width)x\(height), and the device's have \(limit) columns and rows at most: "
        + "cut the image into parts, or filter on the CPU"
    case .textureLayers(let texture, let layers, let limit):
      "texture \(texture) would have \(layers) layers, and the device's have \(limit) at most: use fewer knots"
    case .inputs(let pass, let count, let limit):
      "pass \(pass) reads \(count) textures, and the device binds \(limit) at most"
    case .refusedText(let pass, let reason): "the driver refused the text of pass \(pass): \(reason)"
    case .texelCount(let texture, let count, let expected):
      "texture \(texture) needs \(expected) numbers, 4 a texel, not \(count)"
    case .image(let reason): reason
    case .outOfMemory(let doing): "the device's memory is full: \(doing)"
    case .failed(let doing): "the driver failed: \(doing)"
    }
  }

  /// Throws what a status means; nothing where it is none.
  static func check(_ status: fewtap_gl_status, doing: @autoclosure () -> String) throws(GPUError) {
    switch status {
    case FEWTAP_GL_OK: return
    case FEWTAP_GL_OUT_OF_MEMORY: throw .outOfMemory(doing: doing())
    default: throw .failed(doing: doing())
    }
  }
}
