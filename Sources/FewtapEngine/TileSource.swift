internal import CFewtapKernels
import FewtapCore

/// What a tile reads: rows of light of the image, extended by the border rule, colors times alpha.
struct TileSource: Sendable {
  let image: SourceImage
  let border: BorderRule
  let group: ChannelGroup
  let kernels: fewtap_kernels
  /// Whether colors are multiplied by coverage before they are filtered.
  private let premultiplies: Bool
  /// Whether pixels may be NaN or infinite and somebody wants to know.
  let checksFinite: Bool
  private let replacesNonfinite: Bool
  /// A knot's weights, if pixels count by them.
  private var weights: KnotWeights?

  init(
    _ image: SourceImage, border: BorderRule, group: ChannelGroup, premultiplies: Bool, nonfinite: NonfinitePolicy,
    kernels: fewtap_kernels
  ) {
    (self.image, self.border, self.group, self.kernels) = (image, border, group, kernels)
    self.premultiplies = premultiplies && group.alpha != nil
    checksFinite = nonfinite == .refuse && image.mayBeNonfinite
    replacesNonfinite = nonfinite == .zero && image.mayBeNonfinite
  }

  /// The same, where pixels count by a knot's weights, those outside of the image by those there. Loading then writes up to 15 columns
  /// more.
  func weighted(by weights: KnotWeights) -> TileSource {
    var source = self
    source.weights = weights
    return source
  }

  /// The rows of the only channel where they lie, if sums of them need no copy; `columns` are those that would be read.
  func directRows(_ columns: ColumnExtension) -> DirectRows? {
    guard weights == nil, group.mask == nil, !premultiplies, !replacesNonfinite, columns.isComplete else {
      return nil
    }
    if group.roles.count == image.channels, let place = image.interleaved {
      return DirectRows(
        row0: place.row0, stride: place.stride, samples: image.channels, height: image.height, border: border,
        columns: columns)
    }
    guard group.roles.count == 1, case .image(let channel) = group.roles[0] else { return nil }
    return image.plane(channel).map {
      DirectRows(
        row0: $0.row0, stride: $0.stride, samples: 1, height: image.height, border: border, columns: columns)
    }
  }

  /// Row 0 and stride of a role's channel, where it lies as light that needs no change.
  func directPlane(_ role: Int) -> (row0: UnsafePointer<Float>, stride: Int)? {
    guard group.mask == nil, !premultiplies, !replacesNonfinite, case .image(let channel) = group.roles[role] else {
      return nil
    }
    return image.plane(channel)
  }

  /// Some columns of a role's row where they lie in the image, if that needs no change, and 15 columns more may be read.
  func directRow(_ y: Int, _ columns: Range<Int>, role: Int) -> UnsafePointer<Float>? {
    let held = image.heldRows
    guard columns.lowerBound >= 0, columns.upperBound <= image.width, held.contains(y),
      columns.upperBound + 15 <= image.width || held.contains(y + 1), let place = directPlane(role)
    else { return nil }
    return place.row0 + y * place.stride + columns.lowerBound
  }

  /// Asks for row `y`, which will be loaded soon: while layers are computed, the processor does not guess which rows come next.
  func prefetch(row y: Int, _ columns: ColumnExtension) {
    guard (0..<image.height).contains(y), !columns.inside.isEmpty else { return }
    for span in group.spans where !image.isPlanar || span.channels.count == 1 {
      let bytes = image.bytes(row: y, columns: columns.inside, channel: span.channels.lowerBound)
      check(kernels.prefetch(bytes.baseAddress, bytes.count))
    }
  }

  /// Loads row `y` over `columns`, one pointer a role.
  func load(row y: Int, _ columns: ColumnExtension, into rows: ChannelRows) {
    guard let weights else { return loadPlain(row: y, columns, into: rows) }
    // Where there are none outside of the image, its own row goes by without a copy.
    if rows.count == 1, weights.region.x.clamped(to: columns.columns) == columns.inside,
      let row = directRow(y, columns.inside, role: 0)
    {
      weights.weigh(row, into: rows[0] + columns.begin, row: y, columns: columns.inside)
      columns.fill(rows[0], outside: border.outside)
      return
    }
    loadPlain(row: y, columns, into: rows)
    for role in 0..<rows.count {
      weights.weigh(UnsafePointer(rows[role]), into: rows[role], row: y, columns: columns.columns)
    }
  }

  private func loadPlain(row y: Int, _ columns: ColumnExtension, into rows: ChannelRows) {
    let count = columns.columns.count
    if let source = border.source(of: y, count: image.height) {
      let inside = columns.inside
      if !inside.isEmpty {
        for span in group.spans {
          image.load(
            row: source, columns: inside, channels: span.channels,
            into: rows.part(span.first..<span.first + span.channels.count, from: columns.begin))
        }
        if let mask = group.mask { (rows[mask] + columns.begin).update(repeating: 1, count: inside.count) }
      }
      for role in 0..<rows.count {
        if replacesNonfinite { check(kernels.zero_nonfinite(rows[role] + columns.begin, Int32(inside.count))) }
        columns.fill(rows[role], outside: border.outside) { pixel(row: source, column: $0, role: role) }
      }
    } else {
      for role in 0..<rows.count { rows[role].update(repeating: border.outside, count: count) }
    }
    guard premultiplies, let alpha = group.alpha else { return }
    for role in 0..<rows.count where role != alpha && role != group.mask {
      check(kernels.multiply_row(rows[role], rows[alpha], Int32(count)))
    }
  }

  /// Loads row `y` of one role alone, as it is.
  func load(role: Int, row y: Int, columns: Range<Int>, into row: UnsafeMutablePointer<Float>) {
    guard case .image(let channel) = group.roles[role] else { return }
    image.load(
      row: y, columns: columns, channels: channel..<channel + 1, into: ChannelRows(first: row, stride: 0, count: 1))
    if replacesNonfinite { check(kernels.zero_nonfinite(row, Int32(columns.count))) }
  }

  /// One pixel of the image; few are asked for one by one.
  private func pixel(row y: Int, column: Int, role: Int) -> Float {
    guard case .image = group.roles[role] else { return 1 }
    var pixel: Float = 0
    load(role: role, row: y, columns: column..<column + 1, into: &pixel)
    return pixel
  }
}

/// The rows of a plane of light, or of interleaved planes, summed where they lie.
struct DirectRows {
  let row0: UnsafePointer<Float>
  let stride: Int
  /// Channels side by side in a pixel.
  let samples: Int
  let height: Int
  let border: BorderRule
  let columns: ColumnExtension

  /// `sum_i weights[i] row_{first + i}` over extended rows; the same bits as from loaded rows.
  ///
  /// Rows from `ahead` on, if they follow, are asked for, since the next sum needs them. `pointers` holds one address a weight, `constant` one row of
  /// all channels more, and so does `packed`, where channels lie side by side.
  func sum(
    from first: Int, _ weights: CompiledFilter.Weights, into results: ChannelRows,
    pointers: UnsafeMutablePointer<UnsafePointer<Float>?>, constant: UnsafeMutablePointer<Float>,
    packed: UnsafeMutablePointer<Float>, ahead: Range<Int>, _ kernels: fewtap_kernels
  ) {
    let inside = columns.inside
    let count = Int32(weights.count)
    let width = inside.count * samples
    let row0 = row0 + inside.lowerBound * samples
    var outside: Float = 0
    if border.source(of: -1, count: 1) == nil { outside = sumOutside(weights, pointers, constant, kernels) }
    for index in 0..<weights.count {
      let y = first + index
      pointers[index] =
        (0..<height).contains(y)
        ? row0 + y * stride : border.source(of: y, count: height).map { row0 + $0 * stride } ?? UnsafePointer(constant)
    }
    let sums = samples == 1 ? results[0] + columns.begin : packed
    check(kernels.weighted_rows(pointers, weights.values, count, sums, Int32(width), 0, nil))
    for y in ahead where (0..<height).contains(y) {
      check(
        kernels.prefetch(row0 + y * stride, width * MemoryLayout<Float>.stride))
    }
    if samples > 1 {
      let layout = fewtap_samples(type: FEWTAP_SAMPLES_FLOAT, channels: Int32(samples), step: samples)
      results.part(0..<samples, from: columns.begin).withAddresses { rows in
        check(kernels.load_samples(layout, packed, nil, rows, Int32(inside.count)))
      }
    }
    for channel in 0..<results.count { columns.fill(results[channel], outside: outside) }
  }

  /// Where row `y` begins, if it is the image's own.
  func row(_ y: Int) -> UnsafePointer<Float>? {
    (0..<height).contains(y) ? row0 + y * stride + columns.inside.lowerBound * samples : nil
  }

  /// Fills `constant` with what stands for the rows outside of the image; returns what the weights make of that.
  private func sumOutside(
    _ weights: CompiledFilter.Weights, _ pointers: UnsafeMutablePointer<UnsafePointer<Float>?>,
    _ constant: UnsafeMutablePointer<Float>, _ kernels: fewtap_kernels
  ) -> Float {
    constant.update(repeating: border.outside, count: max(1, columns.inside.count * samples))
    for index in 0..<weights.count { pointers[index] = UnsafePointer(constant) }
    var sum: Float = 0
    check(kernels.weighted_rows(pointers, weights.values, Int32(weights.count), &sum, 1, 0, nil))
    return sum
  }
}
