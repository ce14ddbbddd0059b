import FewtapCore

extension Kernel {
  /// The trace of a point of light that moves evenly by `length` pixels in the direction `angle` (degrees counterclockwise as
  /// seen) and is `thickness` pixels wide across it. Variance along a horizontal line: `length^2 / 12`, within 0.2.
  ///
  /// Throws: ``TargetError`` if a value is out of range or `size` cuts the shape.
  public static func line(
    length: Double, angle: Double = 0, thickness: Double = 1, size: Int? = nil
  ) throws(TargetError) -> Kernel {
    let specification = try KernelSpecification(
      "line",
      [
        "length": .number(length), "angle": .number(angle), "thickness": .number(thickness), "size": .whole(size),
      ])
    return try covered(
      specification, by: [.rectangle(along: direction(degrees: angle), length: length, width: thickness)])
  }

  /// The trace of a point of light that moves evenly along straight pieces through `points` (pixels, +y down): camera shake.
  ///
  /// A pixel's weight is the time that the light spends in it, so a stretch traveled twice counts twice. The light is
  /// `thickness` pixels wide across its way; at a bend the two pieces overlap inside and part outside by no more than that.
  /// The path is moved so that its mean is the kernel's center: a blurred picture stays where it was.
  /// Throws: ``TargetError`` if a value is out of range, the way is shorter than 0.01, or `size` cuts the shape.
  public static func path(
    through points: [SIMD2<Double>], thickness: Double = 1, size: Int? = nil
  ) throws(TargetError) -> Kernel {
    let specification = try KernelSpecification(
      "path", ["points": .points(points), "thickness": .number(thickness), "size": .whole(size)])
    let pieces = zip(points, points.dropFirst()).map(Piece.init).filter { $0.length > 0 }
    let total = pieces.reduce(0) { $0 + $1.length }
    try specification.require(
      total >= KernelCatalog.smallestLength, "the path through its points is shorter than 0.01 px")
    let mean = pieces.reduce(SIMD2<Double>.zero) { $0 + $1.middle * ($1.length / total) }
    return try covered(
      specification,
      by: pieces.map { piece in
        Outline.rectangle(
          center: piece.middle - mean, along: piece.along, length: piece.length, width: thickness)
      })
  }
}

/// A straight piece of a path.
private struct Piece {
  let middle: SIMD2<Double>
  let length: Double
  /// Its direction; of no meaning if the length is 0.
  let along: SIMD2<Double>

  init(from start: SIMD2<Double>, to end: SIMD2<Double>) {
    let step = end - start
    middle = (start + end) / 2
    length = (step * step).sum().squareRoot()
    along = step / length
  }
}
