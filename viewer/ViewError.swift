import FewtapCore
import FewtapShaders

/// Why a filter cannot be shown.
public enum ViewError: Error, Equatable, CustomStringConvertible {
  /// It cannot leave as shader text.
  case shader(ShaderError)
  /// It has no effective kernel; `filter` is its index in a basis.
  case kernel(filter: Int?, reason: String)
  /// Its effective kernels take too many multiply-adds.
  case effort(multiplyAdds: Double, limit: Double)
  /// There is not one target kernel for each filter of the basis.
  case targets(found: Int, expected: Int)
  /// The map has not one plane for each parameter.
  case mapAxes(found: Int, expected: Int)
  /// The map has a value that the basis was not made for.
  case mapValue(axis: String, x: Int, y: Int, value: Float, expected: ClosedRange<Double>)
  /// The blur that depths give cannot be.
  case blur(MapError)
  /// A pixel has no depth.
  case depth(x: Int, y: Int, value: Float)
  /// The depths are not one for each pixel of the map.
  case depthSize(found: PixelOffset, expected: PixelOffset)

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .shader(let error): error.description
    case .kernel(let filter, let reason): "\(filter.map { "filters[\($0)]: " } ?? "")\(reason)"
    case .effort(let multiplyAdds, let limit):
      "the effective kernels take \(Float(multiplyAdds)) multiply-adds, \(Float(limit)) at most are shown: use fewer or "
        + "smaller layers"
    case .targets(let found, let expected):
      "there are \(found) target kernels for \(expected) filters: one for each is needed"
    case .mapAxes(let found, let expected): "the map has \(found) planes: the basis has \(expected) parameters"
    case .mapValue(let axis, let x, let y, let value, let expected):
      "the map's \(quoted(axis)) at column \(x), row \(y) is \(value): it must be in "
        + "\(expected.lowerBound)...\(expected.upperBound)"
    case .blur(let error): error.description
    case .depth(let x, let y, let value):
      "the depth at column \(x), row \(y) is \(value): it must be a finite number, and a distance more than 0"
    case .depthSize(let found, let expected):
      "the depths are \(found.x)x\(found.y) and the map \(expected.x)x\(expected.y): there must be one for each pixel"
    }
  }
}
