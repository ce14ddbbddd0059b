import FewtapCore

/// Why a filter was not applied.
public enum ApplyError: Error, Equatable, CustomStringConvertible {
  /// The filter breaks a rule that every filter must keep.
  case filter(FilterError)
  /// A plane has no pixels, or not as many values as its size says.
  case malformedPlane(channel: Int, width: Int, height: Int, count: Int)
  /// A pixel is NaN or infinite, and the policy is to refuse.
  case nonFinitePixel(channel: Int, x: Int, y: Int, value: Float)
  /// The constant of the border rule is NaN or infinite.
  case nonFiniteBorder(Float)
  /// A normalized border needs weights with a sum to divide by.
  case zeroSumNormalized(sum: Double)
  /// Results must be divided by the filter's sum, for alpha or a normalized border, and Float cannot hold that and its inverse.
  case sumBeyondFloat(Double)
  /// One band of rows with all that the filter reads around it would not fit the limit.
  case workingSet(bytes: Int, limit: Int)
  /// A basis has as many axes as it has planes of knot coordinates.
  case coordinateCount(expected: Int, found: Int)
  /// A knot coordinate is NaN or lies beyond the knots.
  case coordinate(axis: Int, x: Int, y: Int, value: Double, knots: Int)
  /// An image is not as wide as the plan was built for.
  case widthDiffers(planned: Int, found: Int)
  /// No image can be so wide.
  case badWidth(Int)
  /// The environment's `FEWTAP_ISA` names no instruction set of this machine.
  case unknownInstructionSet(String, available: [String])
  /// A parameter map is not of the image's size.
  case mapSize(map: [Int], image: [Int])
  /// A parameter map does not have one value for each of the basis' parameters.
  case mapAxes(found: Int, names: [String])
  /// Weights are not one plane for each filter of the basis.
  case weightPlanes(expected: Int, found: Int)
  /// A parameter map holds no number, or a weight is not finite.
  case badMap(axis: String, x: Int, y: Int, value: String)
  /// Weights are given for a basis that interpolates taps, whose filters do not run by themselves.
  case interpolatesTaps
  /// The adjoint of what divides by alpha is not a filter.
  case adjointOfAlpha
  /// A cotangent, the gradient of a loss at the filtered image, is not of the image's columns, rows and channels.
  case cotangentSize(cotangent: [Int], image: [Int])
  /// A basis' filters have different sums, by which alpha or a normalized border would have to be divided.
  case sumsDiffer([Double])
  /// A basis has no parameter of this index that could be the radius of blur.
  case noRadiusAxis(Int, names: [String])
  /// A constant border has no depth, by which it would hide or be hidden.
  case borderWithoutDepth
  /// Streaming needs more memory than it may take.
  case memory(needed: Int, limit: Int)
  /// A buffer does not hold an image as its layout says.
  case layout(PixelLayoutError)
  /// ``Cancellation/cancel()`` was called before the last band was done.
  case cancelled

  /// Sums that are normal numbers in Float, and so are their inverses.
  static let divisibleSums = 0x1p-126...0x1p126

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .filter(let error): "\(error)"
    case .malformedPlane(let channel, let width, let height, let count):
      "channel \(channel) is \(width)x\(height) with \(count) values: it must hold one value a pixel, and one pixel or more"
    case .nonFinitePixel(let channel, let x, let y, let value):
      "channel \(channel) is \(value) at column \(x), row \(y): pixels must be finite, "
        + "unless nonfinite (of the command: --nonfinite) is zero or keep"
    case .nonFiniteBorder(let value): "the border's constant is \(value): it must be finite"
    case .zeroSumNormalized(let sum):
      "the filter's weights cancel (their sum is \(sum)), so a normalized border has nothing to divide by: "
        + "choose clamp, mirror, wrap or a constant"
    case .sumBeyondFloat(let sum):
      "the filter's weights sum to \(sum): to divide by that, for alpha or a normalized border, its size must be "
        + "\(Float(Self.divisibleSums.lowerBound)) to \(Float(Self.divisibleSums.upperBound)), so scale the filter"
    case .workingSet(let bytes, let limit):
      "the filter reads so far around each pixel that one band of rows needs \(bytes >> 20) MiB: at most \(limit >> 20) "
        + "MiB a thread are allowed, so use a filter of smaller reach or a smaller image"
    case .coordinateCount(let expected, let found):
      "\(found) planes of knot coordinates are given for a basis of \(expected) axes: it takes one for each"
    case .coordinate(let axis, let x, let y, let value, let knots):
      "the knot coordinate of axis \(axis) is \(value) at column \(x), row \(y): expected 0 to \(knots - 1)"
    case .widthDiffers(let planned, let found):
      "the image is \(found) pixels wide, but the plan was built for \(planned): build one for \(found)"
    case .badWidth(let width): "no image is \(width) pixels wide: expected 1 to \(Int32.max)"
    case .unknownInstructionSet(let name, let available):
      "FEWTAP_ISA is \(quoted(name)): expected one of \(available.joined(separator: ", ")) on this machine"
    case .mapSize(let map, let image):
      "the parameter map is \(map[0])x\(map[1]) and the image \(image[0])x\(image[1]): they must be of one size"
    case .mapAxes(let found, let names):
      "the parameter map has \(found) values a pixel: the basis needs \(names.count) (\(names.joined(separator: ", ")))"
    case .weightPlanes(let expected, let found):
      "there are \(found) planes of weights: expected \(expected), one for each filter of the basis"
    case .badMap(let axis, let x, let y, let value):
      "the map of \(axis) is \(value) at column \(x), row \(y): it must be a number everywhere, and a weight finite"
    case .interpolatesTaps:
      "a basis of interpolated taps (operator offsets) has no filters to weigh: give it a map of parameters, or fit one with "
        + "operator outputs"
    case .adjointOfAlpha:
      "the image has alpha, by which results are divided: take the adjoint of its channels multiplied by alpha, without it"
    case .cotangentSize(let cotangent, let image):
      "the cotangent is \(cotangent[0])x\(cotangent[1]) of \(cotangent[2]) channels and the image \(image[0])x\(image[1]) of "
        + "\(image[2]): they must be of one size"
    case .sumsDiffer(let sums):
      "the basis' filters have sums from \(sums.min() ?? 0) to \(sums.max() ?? 0): alpha and a normalized border need one "
        + "sum for all, so scale the filters"
    case .noRadiusAxis(let index, let names):
      "the basis has no parameter \(index) to be the radius of blur: it has \(names.count), counted from 0 "
        + "(\(names.joined(separator: ", ")))"
    case .borderWithoutDepth:
      "a constant border has no depth: choose clamp, mirror, wrap or normalized, or leave occlusion out (--no-occlusion)"
    case .memory(let needed, let limit):
      "the filter needs \(needed >> 20) MiB for a few rows of this image, more than the \(limit >> 20) MiB allowed: "
        + "allow more (--memory), or use fewer threads"
    case .layout(let error): "\(error)"
    case .cancelled: "cancelled"
    }
  }
}
