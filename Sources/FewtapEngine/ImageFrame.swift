import FewtapCore

/// An image with room around it for all that a plan reads.
struct ImageFrame {
  let left: Int
  let above: Int
  let width: Int
  let height: Int
  private let inner: (width: Int, height: Int)

  init(of plan: VaryingPlan, height: Int) {
    let box = if case .offsets(let offsets) = plan.compiled { offsets.compiled.reach } else { plan.basis.bounds }
    // Low-rate pixels must stay where they lie, at multiples of their factors.
    let unit = plan.basis.filters.reduce(1) { unit, filter in
      let factor = filter.rate?.factor ?? 1
      return unit / greatestCommonDivisor(unit, factor) * factor
    }
    (left, above) = (ceilingDivide(max(0, box.maxX), unit) * unit, ceilingDivide(max(0, box.maxY), unit) * unit)
    inner = (plan.width, height)
    (width, self.height) = (left + plan.width + max(0, -box.minX), above + height + max(0, -box.minY))
  }

  /// The plane with zeros around it.
  func surrounded(_ plane: Plane<Float>) -> Plane<Float> { surrounded(plane, .constant(0)) }

  /// The plane with what stands around it by the border rule.
  func surrounded(_ plane: Plane<Float>, _ border: BorderRule) -> Plane<Float> {
    let columns = outerColumns.map { ($0, border.source(of: $0 - left, count: inner.width)) }
    let values = [Float](unsafeUninitializedCapacity: width * height) { result, count in
      guard let result = result.baseAddress else { return }
      plane.values.withUnsafeBufferPointer { values in
        guard let values = values.baseAddress else { return }
        for y in 0..<height {
          let row = result + y * width
          guard let source = border.source(of: y - above, count: inner.height) else {
            row.initialize(repeating: border.outside, count: width)
            continue
          }
          let from = values + source * inner.width
          (row + left).initialize(from: from, count: inner.width)
          for (x, column) in columns { (row + x).initialize(to: column.map { from[$0] } ?? border.outside) }
        }
      }
      count = width * height
    }
    return Plane(width: width, height: height, exactly: values)
  }

  /// The map with its nearest pixels around it.
  func surrounded(_ map: ParameterMap) -> ParameterMap {
    ParameterMap(width: width, height: height, axisCount: map.axisCount) { [self] axis, row, columns, values in
      let source = min(max(row - above, 0), inner.height - 1)
      let first = min(max(columns.lowerBound - left, 0), inner.width - 1)
      let inside = first..<max(first + 1, min(columns.upperBound - left, inner.width))
      withUnsafeTemporaryAllocation(of: Float.self, capacity: inside.count) { scratch in
        map.withRow(axis: axis, row: source, columns: inside, scratch: scratch) { from in
          guard let to = values.baseAddress else { return }
          let before = min(max(0, left - columns.lowerBound), values.count)
          let count = max(0, min(columns.upperBound, left + inner.width) - max(columns.lowerBound, left))
          to.update(repeating: from[0], count: before)
          (to + before).update(from: from, count: count)
          (to + before + count).update(repeating: from[inside.count - 1], count: values.count - before - count)
        }
      }
    }
  }

  /// The image's part, with what lies around it added to the pixels that stand there by the border rule.
  func folded(_ plane: Plane<Float>, _ border: BorderRule) -> Plane<Float> {
    var result = Plane<Float>(width: inner.width, height: inner.height)
    let columns = outerColumns.compactMap { x in
      border.source(of: x - left, count: inner.width).map { (x, $0) }
    }
    plane.values.withUnsafeBufferPointer { values in
      result.values.withUnsafeMutableBufferPointer { result in
        guard let values = values.baseAddress, let result = result.baseAddress else { return }
        for y in 0..<height {
          guard let target = border.source(of: y - above, count: inner.height) else { continue }
          let (from, row) = (values + y * width, result + target * inner.width)
          for x in 0..<inner.width { row[x] += from[left + x] }
          for (x, column) in columns { row[column] += from[x] }
        }
      }
    }
    return result
  }

  /// Columns beside the image.
  private var outerColumns: [Int] { Array(0..<left) + Array(left + inner.width..<width) }
}
