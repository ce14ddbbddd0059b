internal import CFewtapKernels
import FewtapCore

/// A basis of interpolated taps made ready to run on images of one width.
package struct OffsetsPlan: Sendable {
  private let width: Int
  private let tables: [KnotTable]
  let compiled: CompiledOffsets
  private let kernels: RowKernels
  private let pool = WorkspacePool()

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
    let (map, tables, kernels) = (mapped.map, tables, kernels.table)
    let sawNaN = Locked<Bool>(false)
    let clipped = try run(pass, mapped.direction, rows: rows, refuse: refuse) { axis, row, columns, result in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: map.width) { scratch in
        map.withRow(axis: axis, row: row, columns: columns, scratch: scratch) { values in
          var outside = KnotTable.Outside()
          tables[axis].look(up: values, into: result, count: columns.count, &outside, kernels)
          if outside.nans > 0 { sawNaN.withLock { $0 = true } }
        }
      }
    }
    if sawNaN.withLock({ $0 }) { try mapped.refuseMap(rows: 0..<map.height) }
    return clipped
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
