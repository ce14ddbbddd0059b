import Fewtap

/// Something that runs on a device.
struct GPUContender {
  enum Work {
    case filter(SparseFilter)
    case basis(FilterBasis)
  }

  /// What it stands for: a kernel, or a file.
  let subject: String
  let name: String
  let work: Work
  /// On photographs, where it is known.
  let decibels: Double?

  /// Taps of all layers; of a basis those of its largest member.
  var taps: Int { filters.map(\.chain.tapCount).max() ?? 0 }

  private var filters: [SparseFilter] {
    switch work {
    case .filter(let filter): [filter]
    case .basis(let basis): basis.filters
    }
  }

  /// The largest difference of a result from the slow reference, on a crop from the middle. Four numbers a pixel.
  func difference(
    _ result: [Float], from texels: [Float], _ parameters: ParameterMap?, _ size: PixelSize
  ) throws -> Double {
    let (columns, rows) = (CropRange(size.width, filters), CropRange(size.height, filters))
    func crop(_ value: (Int) -> Double) -> Plane<Double> {
      var plane = Plane<Double>(width: columns.outer.count, height: rows.outer.count)
      for y in rows.outer {
        for x in columns.outer {
          plane[x - columns.outer.lowerBound, y - rows.outer.lowerBound] = value(y * size.width + x)
        }
      }
      return plane
    }
    let reference: (Plane<Double>) throws -> Plane<Double>
    switch work {
    case .filter(let filter): reference = { try ReferenceApply.apply(filter, to: $0) }
    case .basis(let basis):
      let coordinates = basis.axes.enumerated().map { index, axis in
        let values = parameters?.plane(axis: index).values ?? []
        return crop { axis.coordinate(of: Double(values[$0])) }
      }
      reference = try ReferenceVarying(basis, coordinates: coordinates).apply(to:)
    }
    var largest = 0.0
    for channel in 0..<4 {
      let expected = try reference(crop { Double(texels[4 * $0 + channel]) })
      for y in rows.inner {
        for x in columns.inner {
          let found = Double(result[4 * (y * size.width + x) + channel])
          let off = abs(found - expected[x - columns.outer.lowerBound, y - rows.outer.lowerBound])
          // What is not a number is as far off as can be.
          largest = off.isFinite ? max(largest, off) : .infinity
        }
      }
    }
    return largest
  }
}

/// Columns, or rows, of a crop from an image's middle, and of what filters read for it.
private struct CropRange {
  let inner: Range<Int>
  let outer: Range<Int>

  private static let side = 24

  init(_ length: Int, _ filters: [SparseFilter]) {
    let reach = filters.map { $0.bounds.reach }.max() ?? 0
    // Low-rate pixels are counted from the image's corner.
    let unit = filters.map { $0.rate?.factor ?? 1 }.reduce(1) { $0 * $1 / greatestCommonDivisor($0, $1) }
    let start = max(0, (length - Self.side) / 2)
    inner = start..<min(length, start + Self.side)
    outer =
      max(0, inner.lowerBound - reach - unit) / unit * unit..<min(length, inner.upperBound + reach + unit)
  }
}
