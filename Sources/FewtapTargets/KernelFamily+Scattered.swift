import FewtapCore

extension KernelFamily {
  /// A family through kernels measured at scattered points of two parameters, a point spread function at stars for example;
  /// between them it is linear on the triangles of `Triangulation`, outside of all triangles that of the nearest place in one.
  ///
  /// Throws: ``TargetError/contradiction(kernel:_:)`` for other than two parameters, points that are no numbers, two kernels at a
  ///         point, fewer than three or all on a line; ``TargetError/constantParameter(kernel:parameter:)``.
  public init(name: String, scattered measured: MeasuredKernels) throws(TargetError) {
    func refuse(_ reason: String) -> TargetError { .contradiction(kernel: name, reason) }
    guard measured.axes.count == 2 else {
      throw refuse("kernels at scattered points need two parameters, it has \(measured.axes.count)")
    }
    try measured.check(name)
    let points = measured.members.map { SIMD2($0.point[0], $0.point[1]) }
    guard let triangles = Triangulation(points) else {
      throw refuse("its \(points.count) points must be three at least that are not on one line")
    }
    let axes = measured.axes.enumerated().map { index, axis in
      let values = points.map { $0[index] }
      return ParameterAxis(name: axis.name, unit: axis.unit, range: (values.min() ?? 0)...(values.max() ?? 0))
    }
    self = try KernelFamily(name: name, axes: axes) { point in
      try measured.mixture(
        triangles.weights(at: SIMD2(point[0], point[1])).filter { $0.weight > 0 }, name: name)
    }.checked()
  }
}
