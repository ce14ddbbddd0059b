import Fewtap
import FewtapViewer

/// A picture of depths, and how it blurs: what `--depth` and the options beside it say.
struct DepthPicture {
  /// The parameter that is the radius.
  let axis: Int
  let plane: Plane<Float>
  let blur: DepthBlur
  /// What radii without a lens are divided by, if it was given.
  let fNumber: Double?
  /// The depths to reckon with; nil: those of the picture.
  let depths: ClosedRange<Double>?
  let isSigned: Bool
  let sampling: MapSampling

  /// The parameter of every pixel.
  var source: MapSource {
    let source = MapSource.depth(plane, blur, depths: depths, isSigned: isSigned, sampling: sampling)
    guard let fNumber else { return source }
    return source.mapping { [largest = blur.largestRadius] in min(max($0 / fNumber, -largest), largest) }
  }

  /// The same for a page, whose reader chooses the focus.
  ///
  /// Throws: ``FewtapViewer/ViewError``; ``FewtapCore/MapError``.
  func view(width: Int, height: Int) throws -> ViewDepth {
    let pixels = try ParameterMap(width: width, height: height, [.plane(plane, sampling: sampling)]).plane(axis: 0)
    guard let depths = depths ?? plane.finiteRange else { throw MapError.empty("the depth map") }
    return try ViewDepth(pixels, blur, fNumber: fNumber ?? 1, depths: depths, axis: axis)
  }
}
