import FewtapCore

/// A language that filters leave in.
public enum ShaderLanguage: String, CaseIterable, Sendable {
  /// OpenGL's and Vulkan's, version 4.50.
  case glsl
  /// OpenGL ES' and WebGL's: version 3.00 for fragments, 3.10 for compute.
  case essl
  /// Direct3D's, shader model 5.
  case hlsl
  /// Apple's Metal.
  case msl
  /// WebGPU's.
  case wgsl
}

/// How a pass runs.
public enum ShaderStage: String, CaseIterable, Sendable {
  /// A thread a texel of the output, which it stores.
  case compute
  /// A triangle over the whole output.
  case fragment
}

/// What shader text is to be like, whatever its language.
public struct ShaderOptions: Equatable, Sendable {
  /// Who interpolates between texels.
  public enum Sampling: String, CaseIterable, Sendable {
    /// The texture unit. Many drivers round the place between two texels to 1/256.
    case hardware
    /// The shader: four fetches, exact.
    case fetch
  }

  /// Whether the texture unit reads two whole texels side by side, of weights of one sign, at once: between them.
  public enum Pairing: String, CaseIterable, Sendable {
    /// Where textures hold half floats: their rounding is about what 1/256 of a texel makes.
    case automatic = "auto"
    /// Wherever the texture unit interpolates.
    case always
    /// Nowhere.
    case never
  }

  /// How a filter's numbers stand in the text.
  public enum Constants: String, CaseIterable, Sendable {
    /// Of a filter unrolled up to ``ShaderLimits/unrolledTaps`` a pass, a table up to ``ShaderLimits/constantTaps``, else a texture; of
    /// a basis a texture.
    case automatic = "auto"
    /// A statement a tap. Not for bases, where every pixel has taps of its own.
    case unrolled
    /// An array of constants and a loop. Not for bases.
    case table
    /// A texture that the program brings along, and a loop.
    case texture
  }

  /// What the fourth channel is.
  public enum Alpha: String, CaseIterable, Sendable {
    /// A channel as the others.
    case none
    /// Coverage, which the colors are not multiplied by.
    case straight
    /// Coverage, which the colors are multiplied by.
    case premultiplied
  }

  /// What every name in the text starts with.
  public var prefix = "fewtap_"
  /// What stands outside the image.
  public var border: BorderRule = .clamp
  /// Who interpolates between texels.
  public var sampling: Sampling = .hardware
  /// Whether whole texels are read two at once, where ``sampling`` is the texture unit's and no tile is shared.
  public var pairing: Pairing = .automatic
  /// How the numbers stand in the text.
  public var constants: Constants = .automatic
  /// What the fourth channel is.
  public var alpha: Alpha = .none
  /// What textures hold; compute shaders of some languages name it.
  public var format: TexelFormat = .half
  /// Whether compute shaders read a tile of their input into memory that a group shares, where it fits there.
  public var usesTile = false

  /// The options that ``prefix`` and the others start with.
  public init() {}

  /// What ``pairing`` comes to.
  var pairs: Bool {
    guard sampling == .hardware, !usesTile else { return false }
    switch pairing {
    case .automatic: return format == .half
    case .always: return true
    case .never: return false
    }
  }

  func check() throws(ShaderError) {
    let letters = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    let rest = letters.union("0123456789_")
    guard let first = prefix.first, letters.contains(first), prefix.allSatisfy(rest.contains),
      prefix.utf8.count <= ShaderLimits.prefixLength, !prefix.contains("__"), !prefix.hasPrefix("gl_")
    else { throw .prefix(prefix) }
    if case .constant(let value) = border, !value.isFinite { throw .border(value) }
  }
}

/// What all languages and most devices allow.
public enum ShaderLimits {
  /// Most taps that a pass has as statements, where that is left to us: compilers stay fast.
  public static let unrolledTaps = 256
  /// Most taps that a pass has as statements or constants: Direct3D 11 allows 4096 vectors of them.
  public static let constantTaps = 4096
  /// Most columns of a texture with a basis' numbers.
  public static let tableWidth = 8192
  /// Most rows of a texture with numbers.
  public static let tableHeight = 8192
  /// Most points of all ways from parameters to knots: constants, as above.
  public static let curvePoints = 4096
  /// Most textures that a pass reads: OpenGL ES 3 and WebGPU promise 16.
  public static let inputs = 16
  /// Most layers of an array, which all of our languages' devices have.
  public static let arrayLayers = 256
  /// Most characters of a prefix.
  public static let prefixLength = 32
  /// Most texels of a tile that a group shares: the 16 KiB that OpenGL ES 3.1 and WebGPU promise.
  public static let tileTexels = 1024
  /// Fetches that must be saved before the image is extended for it beyond its border: a pass that reads and writes 16 bytes a texel
  /// takes about as long as 8 of them, where 1e11 are fetched and 2e11 bytes moved a second (FewtapFit's nominal processor).
  static let fetchesOfExtension = 8
  /// Threads of a group along each axis.
  public static let groupSide = 8
}
