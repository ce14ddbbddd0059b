internal import CFewtapKernels
import FewtapCore

/// A basis of interpolated taps made ready to run on images of one width.
package struct OffsetsPlan: Sendable {
  private let width: Int
  private let tables: [KnotTable]
  let compiled: CompiledOffsets
  private let kernels: RowKernels
  let pool = WorkspacePool()

  /// Throws: ``ApplyError/filter(_:)``, ``ApplyError/workingSet(bytes:limit:)``.
  package init(_ basis: FilterBasis, width: Int, kernels: RowKernels) throws(ApplyError) {
    (self.width, self.kernels, compiled) = (width, kernels, try CompiledOffsets(basis))
    tables = basis.axes.map { KnotTable($0) }
  }

  /// The offsets that a pixel of the result reads at most.
  var bounds: OffsetBounds { compiled.bounds }

  /// Filters `rows`, by a map of the image's size. Returns how many samples could not be held; `refuse` throws if a pixel may not be.
  func run(
    _ mapped: MappedPlan, _ pass: PixelPass, rows: Range<Int>, refuse: () throws(ApplyError) -> Void
  ) throws(ApplyError) -> Int {
    let sawNaN = Locked<Bool>(false)
    let clipped = try run(
      pass, mapped.direction, rows: rows, refuse: refuse, coordinates: coordinates(mapped, sawNaN))
    if sawNaN.withLock({ $0 }) { try mapped.refuseMap(rows: 0..<mapped.map.height) }
    return clipped
  }

  /// The knot coordinates of a map's values; `sawNaN` becomes true where there is none.
  func coordinates(_ mapped: MappedPlan, _ sawNaN: Locked<Bool>) -> CoordinateRows {
    let (map, tables, kernels) = (mapped.map, tables, kernels.table)
    return { axis, row, columns, result in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: map.width) { scratch in
        map.withRow(axis: axis, row: row, columns: columns, scratch: scratch) { values in
          var outside = KnotTable.Outside()
          tables[axis].look(up: values, into: result, count: columns.count, &outside, kernels)
          if outside.nans > 0 { sawNaN.withLock { $0 = true } }
        }
      }
    }
  }

  /// From what a loss changes by with the coordinates of an axis to what it changes by with the map's values.
  func scale(_ changes: inout Plane<Float>, bySlopesOf map: ParameterMap, axis: Int) {
    let (width, height) = (changes.width, changes.height)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * width) { scratch in
      let given = UnsafeMutableBufferPointer(rebasing: scratch[..<width])
      let made = UnsafeMutableBufferPointer(rebasing: scratch[width...])
      guard let from = given.baseAddress else { return }
      changes.values.withUnsafeMutableBufferPointer { values in
        guard let values = values.baseAddress else { return }
        for y in 0..<height {
          from.update(from: values + y * width, count: width)
          map.withRow(axis: axis, row: y, columns: 0..<width, scratch: made) {
            tables[axis].slopes(of: $0, changes: from, into: values + y * width, count: width, kernels.table)
          }
        }
      }
    }
  }

  /// Bytes that filtering `rows` takes: the tiles of all threads.
  func tileBytes(
    _ direction: VaryingDirection, rows: Range<Int>, channels: Int, alphaIndex: Int?, options: ApplyOptions
  ) -> Int {
    let groups = ChannelGroup.groups(
      channels: channels, alphaIndex: alphaIndex, needsMask: options.border == .normalized, isPlanar: false)
    let bytes = groups.flatMap { group in
      OffsetsRun.regions(compiled, direction, width: width, rows: rows, channels: group.roles.count, options).map {
        OffsetsRun.byteCount(compiled, direction, $0, channels: group.roles.count)
      }
    }
    return min(max(1, options.threads), bytes.count) * (bytes.max() ?? 0)
  }

  /// The same with planes of knot coordinates, one an axis.
  package func apply(
    to image: Image, coordinates: [Plane<Float>], direction: VaryingDirection = .gather,
    options: ApplyOptions = ApplyOptions()
  ) throws(ApplyError) -> Image {
    try image.filtered(options: options) { pass, refuse throws(ApplyError) in
      try run(pass, direction, rows: 0..<image.height, refuse: refuse) { axis, row, columns, result in
        coordinates[axis].values.withUnsafeBufferPointer { values in
          guard let values = values.baseAddress else { return }
          result.update(from: values + row * coordinates[axis].width + columns.lowerBound, count: columns.count)
        }
      }
    }
  }

  private func run(
    _ pass: PixelPass, _ direction: VaryingDirection, rows: Range<Int>, refuse: () throws(ApplyError) -> Void,
    coordinates: @escaping CoordinateRows
  ) throws(ApplyError) -> Int {
    try OffsetsRun(
      filter: compiled, kernels: kernels.table, pool: pool, pass: pass, coordinates: coordinates, direction: direction
    ).run(rows: rows, refuse: refuse)
  }
}
