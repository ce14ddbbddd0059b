import FewtapCore

// Flat shapes: a pixel's weight is the area of it that the shape covers, divided by the sum. The center of a kernel is
// its middle pixel. Angles are degrees counterclockwise as seen on a screen. A `size` is the odd number of pixels a side;
// without one, the kernel is the smallest of odd sides that holds the shape.

extension Kernel {
  /// A filled circle: a lens out of focus, wide open. Variance along each axis: `radius^2 / 4`, within 0.2.
  ///
  /// Throws: ``TargetError`` if a value is out of range or `size` cuts the shape.
  public static func disk(radius: Double, size: Int? = nil) throws(TargetError) -> Kernel {
    let specification = try KernelSpecification("disk", ["radius": .number(radius), "size": .whole(size)])
    return try covered(specification, by: [.ellipse(radiusX: radius, radiusY: radius)])
  }

  /// A circle with a hole of radius `inner` in its middle: a mirror lens out of focus.
  ///
  /// Throws: ``TargetError`` if a value is out of range, `inner` is not less than `radius` by 0.01, or `size` cuts the shape.
  public static func ring(radius: Double, inner: Double, size: Int? = nil) throws(TargetError) -> Kernel {
    let specification = try KernelSpecification(
      "ring", ["radius": .number(radius), "inner": .number(inner), "size": .whole(size)])
    // Closer circles than this would cross where they are drawn with chords.
    try specification.require(
      radius - inner >= KernelCatalog.smallestLength, "the inner radius must be less than the radius by 0.01 px or more"
    )
    return try covered(
      specification, by: [.ellipse(radiusX: radius, radiusY: radius)],
      without: [.ellipse(radiusX: inner, radiusY: inner)])
  }

  /// A filled ellipse, `radiusX` along the direction `angle` and `radiusY` across: an anamorphic lens out of focus.
  ///
  /// Throws: ``TargetError`` if a value is out of range or `size` cuts the shape.
  public static func ellipse(
    radiusX: Double, radiusY: Double, angle: Double = 0, size: Int? = nil
  ) throws(TargetError) -> Kernel {
    let specification = try KernelSpecification(
      "ellipse",
      ["radius-x": .number(radiusX), "radius-y": .number(radiusY), "angle": .number(angle), "size": .whole(size)])
    return try covered(specification, by: [.ellipse(radiusX: radiusX, radiusY: radiusY, angle: angle)])
  }

  /// A rectangle of `width` times `height` pixels (a square without `height`), fractions included, turned by `angle`.
  ///
  /// Throws: ``TargetError`` if a value is out of range or `size` cuts the shape.
  public static func box(
    width: Double, height: Double? = nil, angle: Double = 0, size: Int? = nil
  ) throws(TargetError) -> Kernel {
    let specification = try KernelSpecification(
      "box", ["width": .number(width), "height": .number(height), "angle": .number(angle), "size": .whole(size)])
    return try covered(
      specification,
      by: [.rectangle(along: direction(degrees: angle), length: width, width: height ?? width)])
  }

  /// A regular polygon with corners on a circle of `radius`, one of them straight up: an aperture of `blades` blades.
  ///
  /// `rotation` turns it; `curvature` bends its sides to arcs from straight (0) to the full circle (1), or inwards if negative.
  /// Throws: ``TargetError`` if a value is out of range or `size` cuts the shape.
  public static func polygon(
    blades: Int, radius: Double, curvature: Double = 0, rotation: Double = 0, size: Int? = nil
  ) throws(TargetError) -> Kernel {
    let specification = try KernelSpecification(
      "polygon",
      [
        "blades": .whole(blades), "radius": .number(radius), "curvature": .number(curvature),
        "rotation": .number(rotation), "size": .whole(size),
      ])
    return try covered(
      specification, by: [.polygon(corners: blades, radius: radius, curvature: curvature, rotation: rotation)])
  }

  /// A star with `points` tips at `radius`, one of them straight up, and notches at `inner`.
  ///
  /// Throws: ``TargetError`` if a value is out of range, `inner` is not less than `radius`, or `size` cuts the shape.
  public static func star(
    points: Int, radius: Double, inner: Double, rotation: Double = 0, size: Int? = nil
  ) throws(TargetError) -> Kernel {
    let specification = try KernelSpecification(
      "star",
      [
        "points": .whole(points), "radius": .number(radius), "inner": .number(inner), "rotation": .number(rotation),
        "size": .whole(size),
      ])
    try specification.require(inner < radius, "the inner radius must be less than the radius")
    return try covered(
      specification, by: [.star(points: points, radius: radius, inner: inner, rotation: rotation)])
  }

  /// An upright heart that fills most of `size` times `size` pixels.
  ///
  /// Equation: (x^2 + y^2 - 0.6)^3 = x^2 y^3 with y up, the unit being 3/8 of `size - 1`, moved up by `(size - 1) / 24`.
  /// Throws:   ``TargetError`` if the size is even or out of range.
  public static func heart(size: Int) throws(TargetError) -> Kernel {
    let specification = try KernelSpecification("heart", ["size": .whole(size)])
    let unit = Double(size - 1) / 48
    return try covered(specification, by: [.heart(center: SIMD2(0, -2) * unit, scale: 18 * unit)])
  }

  /// The silhouette of a cat's head, ears up, that fills most of `size` times `size` pixels.
  ///
  /// Throws: ``TargetError`` if the size is even or out of range.
  public static func cat(size: Int) throws(TargetError) -> Kernel {
    let specification = try KernelSpecification("cat", ["size": .whole(size)])
    // Drawn on a square that reaches 24 to each side.
    let unit = Double(size - 1) / 48
    let head = Outline.ellipse(center: SIMD2(0, 3) * unit, radiusX: 17 * unit, radiusY: 14 * unit)
    let ears = [-1.0, 1].map { side in
      Outline([SIMD2(16 * side, -22) * unit, SIMD2(17 * side, 2) * unit, SIMD2(4 * side, -9) * unit])
    }
    return try covered(specification, by: [head] + ears, without: ears.map { head.clipped(to: $0) })
  }

  /// The silhouette of a fish that swims to the left and fills most of the width of `size` times `size` pixels.
  ///
  /// Throws: ``TargetError`` if the size is even or out of range.
  public static func fish(size: Int) throws(TargetError) -> Kernel {
    let specification = try KernelSpecification("fish", ["size": .whole(size)])
    // Drawn on a square that reaches 24 to each side.
    let unit = Double(size - 1) / 48
    let body = Outline.ellipse(center: SIMD2(-5, 0) * unit, radiusX: 17 * unit, radiusY: 11 * unit)
    let (root, notch) = (SIMD2(6.0, 0) * unit, SIMD2(17.0, 0) * unit)
    let tips = [SIMD2(22.0, -12) * unit, SIMD2(22.0, 12) * unit]
    // The body ends before the notch: what it shares with the tail it shares with the tail's convex hull.
    return try covered(
      specification, by: [body, Outline([root, tips[0], notch, tips[1]])],
      without: [body.clipped(to: Outline([root, tips[0], tips[1]]))])
  }

  /// The normalized coverage by outlines, less that by others: what a union counts twice, or a hole.
  static func covered(
    _ specification: KernelSpecification, by outlines: [Outline], without others: [Outline] = []
  ) throws(TargetError) -> Kernel {
    let extent = outlines.reduce(SIMD2<Double>.zero) { pointwiseMax($0, $1.extent) }
    let half = try specification.half(holding: extent)
    var raster = CoverageRaster(halfWidth: half.x, halfHeight: half.y)
    for outline in outlines { raster.add(outline) }
    for outline in others { raster.add(outline, weight: -1) }
    return try specification.kernel(raster.areas(), normalized: true)
  }
}
