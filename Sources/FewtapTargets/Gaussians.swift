import FewtapCore

extension Kernel {
  /// A Gaussian, sampled at the pixels' centers: `sigma` along the direction `angle` (degrees counterclockwise as seen),
  /// `sigmaY` (as `sigma` by default) across.
  ///
  /// It ends at 3 sigma along each axis unless `size` says otherwise: the tails left out hold 0.54% of a Gaussian, and its
  /// sum is 1 without them. From sigma 0.8 on, sampling changes its sum by less than 4 exp(-2 pi^2 sigma^2) = 1.3e-5.
  /// Throws: ``TargetError`` if a value is out of range.
  public static func gaussian(
    sigma: Double, sigmaY: Double? = nil, angle: Double = 0, size: Int? = nil
  ) throws(TargetError) -> Kernel {
    let specification = try KernelSpecification(
      "gaussian",
      ["sigma": .number(sigma), "sigma-y": .number(sigmaY), "angle": .number(angle), "size": .whole(size)])
    let shape = GaussianShape(sigma: SIMD2(sigma, sigmaY ?? sigma), angle: angle)
    return try specification.kernel(
      shape.sampled(half: specification.givenHalf ?? shape.half(sigmas: 3)), normalized: true)
  }

  /// The Laplacian of a Gaussian: the second derivatives of the blurred image, summed. A signed kernel of sum 0.
  ///
  /// Equation: `a (r^2 - c) exp(-r^2 / 2 sigma^2)` with c for sum 0 and a for `sum w r^2 = 4`, as the Laplacian of r^2 has it,
  ///           both over the pixels that exist: no constant and no slope passes, and a parabola is answered exactly.
  /// Throws:   ``TargetError`` if a value is out of range.
  public static func laplacianOfGaussian(sigma: Double, size: Int? = nil) throws(TargetError) -> Kernel {
    let specification = try KernelSpecification("log", ["sigma": .number(sigma), "size": .whole(size)])
    let shape = GaussianShape(sigma: SIMD2(sigma, sigma), angle: 0)
    // The polynomial keeps the tails up: 3 sigma would cut where the kernel is still 4% of its depth, 4 sigma at 0.2%.
    let half = specification.givenHalf ?? shape.half(sigmas: 4)
    var values = shape.sampled(half: half)
    func squaredRadius(_ index: Int) -> Double {
      let (x, y) = (index % values.width - half.x, index / values.width - half.y)
      return Double(x * x + y * y)
    }
    let indices = values.values.indices
    let sum = indices.reduce(0) { $0 + values.values[$1] }
    let mean = indices.reduce(0) { $0 + values.values[$1] * squaredRadius($1) } / sum
    for index in indices { values.values[index] *= squaredRadius(index) - mean }
    let response = indices.reduce(0) { $0 + values.values[$1] * squaredRadius($1) }
    try specification.require(response > 0, "one pixel holds no second derivative: give a size of at least 3")
    for index in indices { values.values[index] *= 4 / response }
    return try specification.kernel(values, normalized: false)
  }

  /// An unsharp mask: the image and `amount` times what a Gaussian of `sigma` takes from it. A signed kernel of sum 1.
  ///
  /// Throws: ``TargetError`` if a value is out of range.
  public static func sharpen(sigma: Double, amount: Double, size: Int? = nil) throws(TargetError) -> Kernel {
    let specification = try KernelSpecification(
      "sharpen", ["sigma": .number(sigma), "amount": .number(amount), "size": .whole(size)])
    let shape = GaussianShape(sigma: SIMD2(sigma, sigma), angle: 0)
    let half = specification.givenHalf ?? shape.half(sigmas: 3)
    var values = shape.sampled(half: half)
    let sum = values.values.reduce(0, +)
    for index in values.values.indices { values.values[index] *= -amount / sum }
    values[half.x, half.y] += 1 + amount
    return try specification.kernel(values, normalized: false)
  }

  /// One weight of 1 at the center: the image itself.
  ///
  /// Throws: ``TargetError`` if the size is even or out of range.
  public static func delta(size: Int = 1) throws(TargetError) -> Kernel {
    let specification = try KernelSpecification("delta", ["size": .whole(size)])
    var values = Plane<Double>(width: size, height: size)
    values[size / 2, size / 2] = 1
    return try specification.kernel(values, normalized: false)
  }
}

/// A Gaussian's shape: deviations along and across a direction.
private struct GaussianShape {
  let sigma: SIMD2<Double>
  let axis: SIMD2<Double>

  init(sigma: SIMD2<Double>, angle: Double) {
    self.sigma = sigma
    axis = direction(degrees: angle)
  }

  /// Pixels to each side that hold a number of the deviations along each axis of the image.
  func half(sigmas count: Double) -> PixelOffset {
    func deviation(_ along: Double, _ across: Double) -> Double {
      (along * along * sigma.x * sigma.x + across * across * sigma.y * sigma.y).squareRoot()
    }
    return PixelOffset(
      x: Int((count * deviation(axis.x, axis.y) - 1e-9).rounded(.up)),
      y: Int((count * deviation(axis.y, axis.x) - 1e-9).rounded(.up)))
  }

  /// The bell with height 1 at the pixels' centers.
  func sampled(half: PixelOffset) -> Plane<Double> {
    var values = Plane<Double>(width: 2 * half.x + 1, height: 2 * half.y + 1)
    for y in -half.y...half.y {
      for x in -half.x...half.x {
        let (x, y) = (Double(x), Double(y))
        let along = (x * axis.x + y * axis.y) / sigma.x
        let across = (x * axis.y - y * axis.x) / sigma.y
        values[Int(x) + half.x, Int(y) + half.y] = exponential(-(along * along + across * across) / 2)
      }
    }
    return values
  }
}
