import FewtapCore
import FewtapTargets

/// Evenly spaced points of a parameter space, the ends included; of a periodic axis the last one comes before the end, which is the
/// first again. The last axis runs fastest.
package struct ParameterLattice: Equatable, Sendable {
  /// The parameters.
  package let axes: [ParameterAxis]
  /// Points along each, two or more.
  package let counts: [Int]

  /// The lattice with so many points along each of `axes`.
  package init(_ axes: [ParameterAxis], counts: [Int]) {
    precondition(axes.count == counts.count && counts.allSatisfy { $0 >= 2 }, "an axis needs two points")
    (self.axes, self.counts) = (axes, counts)
  }

  /// Points in all.
  package var count: Int { counts.reduce(1, *) }

  /// The parameters at a point.
  package func point(_ index: Int) -> [Double] {
    var (rest, point) = (index, [Double]())
    for (axis, count) in zip(axes, counts).reversed() {
      let steps = axis.isPeriodic ? count : count - 1
      point.append(
        axis.range.lowerBound + Double(rest % count) / Double(steps) * (axis.range.upperBound - axis.range.lowerBound))
      rest /= count
    }
    return point.reversed()
  }

  /// The kernels of `family` at all points. Throws: what the family's maker throws.
  package func kernels(of family: KernelFamily, threads: Int) throws -> [Kernel] {
    try parallelMap(count: count, threads: threads) { index in
      Result { try family.kernel(at: point(index)) }
    }.map { try $0.get() }
  }

  /// Where values lie along an axis, in steps from its first point: below ``counts``, and on an axis that is not periodic at most the
  /// last point. NaN counts as the first point.
  struct Ruler: Sendable {
    let (low, scale): (Float, Float)
    let count: Int
    let isPeriodic: Bool

    @inline(__always)
    func place(_ value: Float) -> Float {
      let steps = (value - low) * scale
      guard isPeriodic else { return min(max(0, steps), Float(count - 1)) }
      let turns = (steps / Float(count)).rounded(.down)
      let place = steps - turns * Float(count)
      return place >= 0 && place < Float(count) ? place : 0
    }

    /// The point after `index`.
    @inline(__always)
    func next(_ index: Int32) -> Int32 {
      let next = index + 1
      return next < Int32(count) ? next : isPeriodic ? 0 : index
    }
  }

  /// The ruler along an axis.
  func ruler(_ axis: Int) -> Ruler {
    let (range, isPeriodic) = (axes[axis].range, axes[axis].isPeriodic)
    let steps = isPeriodic ? counts[axis] : counts[axis] - 1
    return Ruler(
      low: Float(range.lowerBound), scale: Float(Double(steps) / (range.upperBound - range.lowerBound)),
      count: counts[axis], isPeriodic: isPeriodic)
  }

  /// The nearest point to each pixel of a map, rows after one another.
  package func nearest(_ map: ParameterMap) -> [Int32] {
    var indices = [Int32](repeating: 0, count: map.width * map.height)
    var row = [Float](repeating: 0, count: map.width)
    for axis in axes.indices {
      let (ruler, count) = (ruler(axis), Int32(counts[axis]))
      for y in 0..<map.height {
        row.withUnsafeMutableBufferPointer { map.load(axis: axis, row: y, into: $0) }
        indices.withUnsafeMutableBufferPointer { indices in
          row.withUnsafeBufferPointer { row in
            for x in 0..<row.count {
              let place = Int32(ruler.place(row[x]).rounded())
              // Rounded up at the end of a turn, it is the first point.
              let index = place < count ? place : 0
              indices[y * row.count + x] = indices[y * row.count + x] * count + index
            }
          }
        }
      }
    }
    return indices
  }
}
