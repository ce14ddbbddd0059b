import FewtapCore

/// Why a filter cannot leave as shader text.
public enum ShaderError: Error, Equatable, CustomStringConvertible {
  /// The filter breaks its invariants.
  case filter(FilterError)
  /// A number that a shader's Float cannot hold.
  case number(place: String, value: Double)
  /// A pass has more taps than constants can be.
  case taps(pass: String, count: Int, limit: Int)
  /// Numbers need a larger table than devices have.
  case table(what: String, count: Int, limit: Int)
  /// A basis was asked for with a form of constants that only filters have.
  case constants(ShaderOptions.Constants)
  /// Coverage cannot be told where filters of a basis have different sums.
  case sumsDiffer([Double])
  /// No pass has a tile that a group could share; which comes nearest, if it is only its size that is in the way.
  case tile(pass: String?, texels: Int?, limit: Int)
  /// The prefix cannot start a name.
  case prefix(String)
  /// The border's constant is not finite.
  case border(Float)
  /// The filter's weights cancel, so a normalized border has nothing to divide by.
  case zeroSumNormalized(sum: Double)
  /// The host does not run text of that language and stage.
  case host(ShaderHost, language: ShaderLanguage, stage: ShaderStage)

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .filter(let error): error.description
    case .number(let place, let value): "\(place) is \(value): shaders hold numbers up to 3.4e38"
    case .taps(let pass, let count, let limit):
      "pass \(pass) has \(count) taps, \(limit) at most fit a shader's constants: fit with fewer taps, or at a lower rate"
    case .table(let what, let count, let limit): "\(what) are \(count), \(limit) at most fit: use fewer of them"
    case .constants(let constants):
      "constants cannot be \(constants.rawValue) for a basis, where every pixel has taps of its own: use texture or auto"
    case .sumsDiffer(let sums):
      "the basis' filters have different sums (\(sums.min() ?? 0) to \(sums.max() ?? 0)), so alpha has no scale: "
        + "use --alpha none"
    case .tile(let pass?, let texels?, let limit):
      "no pass can share a tile: a group of \(pass) reads \(texels) texels, and 16 KiB hold \(limit); leave the tile out, or fit at "
        + "a lower rate"
    case .tile:
      "no pass can share a tile: they read single texels, knots' outputs, or between texels by the texture unit (fetches share)"
    case .prefix(let prefix):
      "the prefix \(quoted(prefix)) cannot start a name: use a letter, then letters, digits and single underscores, "
        + "\(ShaderLimits.prefixLength) in all, not gl_"
    case .border(let value): "the border's constant is \(value): it must be a finite number"
    case .zeroSumNormalized(let sum):
      "the weights cancel (their sum is \(sum)): a normalized border would divide by it; use another border"
    case .host(.swift, let language, _):
      "a Swift host runs Metal's text, not \(language.rawValue): use --language msl, or --host js with wgsl or essl"
    case .host(.js, .essl, let stage):
      "a JavaScript host runs essl by WebGL 2, which has no \(stage.rawValue) stage: use --stage fragment, or --language wgsl"
    case .host(.js, let language, _):
      "a JavaScript host runs wgsl (WebGPU) or essl of the fragment stage (WebGL 2), not \(language.rawValue): "
        + "use --language wgsl or essl, or --host swift with msl"
    }
  }
}
