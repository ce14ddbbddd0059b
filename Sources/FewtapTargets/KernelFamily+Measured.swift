import FewtapCore

/// Kernels that were measured or drawn at some values of some parameters: a point spread function by field position, an
/// aperture by f-number.
public struct MeasuredKernels: Sendable {
  /// What the parameters are called, with their units.
  public var axes: [(name: String, unit: String)]
  /// The kernels, each at a point of one value an axis.
  public var members: [(point: [Double], kernel: Kernel)]

  /// Kernels at points.
  public init(axes: [(name: String, unit: String)], members: [(point: [Double], kernel: Kernel)]) {
    (self.axes, self.members) = (axes, members)
  }
}

extension KernelFamily {
  /// A family through measured kernels that stand on a grid, in any order; between them it is linear along each parameter.
  ///
  /// Equation: `K(p) = sum_k prod_axes max(0, 1 - |p - p_k| / step) K_k` over the grid's corners around p, centers aligned.
  /// Throws: ``TargetError/contradiction(kernel:_:)`` for no parameter or kernel, a parameter of one value, a kernel that is
  ///         missing on the grid or given twice; ``TargetError/constantParameter(kernel:parameter:)``.
  public init(name: String, measured: MeasuredKernels) throws(TargetError) {
    let grid = try MeasuredGrid(measured, name: name)
    let axes = zip(measured.axes, grid.values).map { axis, values in
      ParameterAxis(name: axis.name, unit: axis.unit, range: values[0]...values[values.count - 1])
    }
    self = try KernelFamily(name: name, axes: axes) { try grid.kernel(at: $0, name: name) }.checked()
  }
}

extension MeasuredKernels {
  /// Throws unless every kernel stands at a point of its own, one finite number a parameter.
  func check(_ name: String) throws(TargetError) {
    var known: Set<[Double]> = []
    for (index, member) in members.enumerated() {
      guard member.point.count == axes.count, member.point.allSatisfy(\.isFinite) else {
        throw .contradiction(
          kernel: name, "kernel \(index) stands at \(member.point): one finite number for each parameter is needed")
      }
      guard known.insert(member.point).inserted else {
        throw .contradiction(kernel: name, "there are two kernels at \(text(member.point))")
      }
    }
  }

  fileprivate func text(_ point: [Double]) -> String {
    zip(axes, point).map { "\($0.name) \(ParameterValue.text(of: $1))" }.joined(separator: ", ")
  }

  /// The weighted sum of some of the kernels.
  func mixture(_ parts: [(index: Int, weight: Double)], name: String) throws(TargetError) -> Kernel {
    do throws(KernelError) {
      return try Kernel(name: name, sumOf: parts.map { (members[$0.index].kernel, $0.weight) })
    } catch {
      throw .kernel(error)
    }
  }
}

/// Kernels on a grid of points, the last axis' following one another.
private struct MeasuredGrid: Sendable {
  let values: [[Double]]
  private let measured: MeasuredKernels
  /// The kernel at each point, by its place among the measured ones.
  private let members: [Int]

  init(_ measured: MeasuredKernels, name: String) throws(TargetError) {
    func refuse(_ reason: String) -> TargetError { .contradiction(kernel: name, reason) }
    let count = measured.axes.count
    guard (1...ParameterAxis.maximumCount).contains(count) else {
      throw refuse("it has \(count) parameters, 1 to \(ParameterAxis.maximumCount) are possible")
    }
    try measured.check(name)
    let values = (0..<count).map { axis in Set(measured.members.map { $0.point[axis] }).sorted() }
    for (axis, values) in zip(measured.axes, values) where values.count < 2 {
      throw refuse("\(axis.name) has \(values.count == 1 ? "one value" : "no value"): two kernels are the least")
    }
    let places = Dictionary(uniqueKeysWithValues: measured.members.enumerated().map { ($1.point, $0) })
    let total = values.reduce(1) { $0.multipliedReportingOverflow(by: $1.count).overflow ? .max : $0 * $1.count }
    guard total <= FilterBasis.maximumFilterCount else { throw refuse("its grid has more than 65536 points") }
    var members: [Int] = []
    for index in 0..<total {
      var (rest, point) = (index, [Double]())
      for axis in values.reversed() {
        point.append(axis[rest % axis.count])
        rest /= axis.count
      }
      point.reverse()
      guard let place = places[point] else {
        throw refuse(
          "its kernels do not stand on a grid: there is none at \(measured.text(point)) "
            + "(\(measured.members.count) of \(total) are there)")
      }
      members.append(place)
    }
    (self.measured, self.values, self.members) = (measured, values, members)
  }

  func kernel(at point: [Double], name: String) throws(TargetError) -> Kernel {
    var parts: [(index: Int, weight: Double)] = [(0, 1)]
    for (value, values) in zip(point, values) {
      let low = min(max(values.lastIndex { $0 <= value } ?? 0, 0), values.count - 2)
      let share = min(max((value - values[low]) / (values[low + 1] - values[low]), 0), 1)
      parts = parts.flatMap { part in
        [(low, 1 - share), (low + 1, share)].compactMap { index, weight in
          weight > 0 ? (part.index * values.count + index, part.weight * weight) : nil
        }
      }
    }
    return try measured.mixture(parts.map { (members[$0.index], $0.weight) }, name: name)
  }
}
