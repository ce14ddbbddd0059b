import FewtapCore

/// Kernels that change with parameters: a lens out of focus by any amount, motion of any length and direction.
public struct KernelFamily: Sendable {
  /// Specification or file name.
  public let name: String
  /// The parameters that change; one or more.
  public let axes: [ParameterAxis]
  private let make: @Sendable ([Double]) throws -> Kernel

  /// A family made by a closure, which gets one value an axis, each in its range.
  public init(name: String, axes: [ParameterAxis], make: @escaping @Sendable ([Double]) throws -> Kernel) {
    (self.name, self.axes, self.make) = (name, axes, make)
  }

  /// The kernel at a point, one value an axis.
  ///
  /// Throws: ``TargetError/pointCount(family:found:names:)``; what the family's maker throws.
  public func kernel(at point: [Double]) throws -> Kernel {
    guard point.count == axes.count else {
      throw TargetError.pointCount(family: name, found: point.count, names: axes.map(\.name))
    }
    return try make(zip(axes, point).map { $0.admitted($1) })
  }
}

extension KernelFamily {
  /// Throws what keeps it from being a family: no parameter or too many; a range of one value; ends that make no kernel; a
  /// parameter that does not change the kernel; a periodic one whose ends are different kernels.
  ///
  /// Throws: ``TargetError``, and what the family's maker throws.
  public func checkMembers() throws {
    guard (1...ParameterAxis.maximumCount).contains(axes.count) else {
      throw TargetError.contradiction(
        kernel: name, "it has \(axes.count) parameters, 1 to \(ParameterAxis.maximumCount) are possible")
    }
    for axis in axes {
      let (low, high) = (axis.range.lowerBound, axis.range.upperBound)
      guard low.isFinite, high.isFinite, low < high else {
        throw TargetError.contradiction(
          kernel: name, "its \(axis.name) goes from \(low) to \(high): a family needs two finite values at least")
      }
    }
    _ = try kernel(at: axes.map(\.range.lowerBound))
    _ = try kernel(at: axes.map(\.range.upperBound))
    for (index, axis) in axes.enumerated() {
      let isChanged = try Self.places.contains { place in
        let kernels = try [0, 0.382, 0.618, 1].map { try kernel(at: point(place, with: $0, at: index)) }
        return kernels.contains { !$0.isEqual(to: kernels[0]) }
      }
      guard isChanged else { throw TargetError.constantParameter(kernel: name, parameter: axis.name) }
      if axis.isPeriodic, try !comesAround(index) {
        throw TargetError.endsDiffer(
          kernel: name, parameter: axis.name, low: axis.range.lowerBound, high: axis.range.upperBound)
      }
    }
  }

  /// The same family if it is one, ``checkMembers()``; with periods, its angles are periodic whose kernel comes back to itself.
  func checked(findingPeriods: Bool = false) throws(TargetError) -> KernelFamily {
    do {
      var axes = axes
      for index in axes.indices where findingPeriods && axes[index].unit == "degrees" {
        axes[index].isPeriodic = try comesAround(index)
      }
      let family = KernelFamily(name: name, axes: axes, make: make)
      try family.checkMembers()
      return family
    } catch let error as TargetError {
      throw error
    } catch {
      throw .contradiction(kernel: name, "\(error)")
    }
  }

  /// Whether both ends of a parameter are the same kernel, wherever the others are.
  private func comesAround(_ index: Int) throws -> Bool {
    try Self.places.allSatisfy { place in
      try make(point(place, with: 0, at: index)).isEqual(to: make(point(place, with: 1, at: index)))
    }
  }

  /// Where the other parameters are looked at, as shares of their ranges: nowhere special, since at the middle, say, an ellipse
  /// may be a circle.
  private static let places = [0.618, 0.871]

  private func point(_ place: Double, with share: Double, at index: Int) -> [Double] {
    axes.enumerated().map { position, axis in
      let share = position == index ? share : place
      return axis.range.lowerBound * (1 - share) + axis.range.upperBound * share
    }
  }
}

extension Kernel {
  /// Whether no image of 16 bits shows a difference: the weights' differences add up to 2^-17 of the weights at most, half a
  /// code. (Drawing at another angle rounds, and draws curves by other chords.)
  package func isEqual(to other: Kernel) -> Bool {
    let reach = max(radius, other.radius)
    func weight(_ kernel: Kernel, _ x: Int, _ y: Int) -> Double {
      let (column, row) = (x + kernel.center.x, y + kernel.center.y)
      guard (0..<kernel.width).contains(column), (0..<kernel.height).contains(row) else { return 0 }
      return kernel.values[column, row]
    }
    var difference = 0.0
    for y in -reach...reach {
      for x in -reach...reach { difference += abs(weight(self, x, y) - weight(other, x, y)) }
    }
    return difference <= 0x1p-17 * min(absoluteSum, other.absoluteSum)
  }
}
