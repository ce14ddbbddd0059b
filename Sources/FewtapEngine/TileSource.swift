internal import CFewtapKernels
import FewtapCore

/// What a tile reads: rows of light of the image, extended by the border rule, colors times alpha.
struct TileSource {
  let image: SourceImage
  let border: BorderRule
  let group: ChannelGroup
  let kernels: fewtap_kernels
  /// Whether colors are multiplied by coverage before they are filtered.
  private let premultiplies: Bool
  /// Whether pixels may be NaN or infinite and somebody wants to know.
  let checksFinite: Bool
  private let replacesNonfinite: Bool
  /// Whether rows may be summed where they lie, without a copy.
  private let allowsDirect: Bool

  init(
    _ image: SourceImage, border: BorderRule, group: ChannelGroup, premultiplies: Bool, nonfinite: NonfinitePolicy,
    kernels: fewtap_kernels
  ) {
    (self.image, self.border, self.group, self.kernels) = (image, border, group, kernels)
    self.premultiplies = premultiplies && group.alpha != nil
    checksFinite = nonfinite == .refuse && image.mayBeNonfinite
    replacesNonfinite = nonfinite == .zero && image.mayBeNonfinite
    allowsDirect =
      !self.premultiplies && !replacesNonfinite && group.mask == nil
      && image.floatRow(0, channel: 0) != nil
  }

  /// True if rows over `columns` can be summed where they lie: every column outside the image stands for one among `columns`.
  func isDirect(over columns: Range<Int>) -> Bool {
    guard allowsDirect else { return false }
    let inside = insideImage(columns)
    return (Array(columns.lowerBound..<inside.lowerBound) + Array(inside.upperBound..<columns.upperBound)).allSatisfy {
      border.source(of: $0, count: image.width).map(inside.contains) ?? true
    }
  }

  /// Those of `columns` that lie in the image; if none does, nothing at the first column.
  private func insideImage(_ columns: Range<Int>) -> Range<Int> {
    let inside = columns.clamped(to: 0..<image.width)
    return inside.isEmpty ? columns.lowerBound..<columns.lowerBound : inside
  }

  // MARK: Extended rows

  /// Loads row `y` over `columns`, one pointer a role.
  func load(row y: Int, columns: Range<Int>, into rows: [UnsafeMutablePointer<Float>]) {
    guard let source = border.source(of: y, count: image.height) else {
      for row in rows { row.update(repeating: border.outside, count: columns.count) }
      if premultiplies { premultiply(rows, columns.count) }
      return
    }
    let inside = insideImage(columns)
    let begin = inside.lowerBound - columns.lowerBound
    if !inside.isEmpty {
      for span in group.spans {
        let part = rows[span.first..<span.first + span.channels.count].map { $0 + begin }
        image.load(row: source, columns: inside, channels: span.channels, into: part)
      }
      if let mask = group.mask { (rows[mask] + begin).update(repeating: 1, count: inside.count) }
    }
    for (role, row) in rows.enumerated() {
      if replacesNonfinite { check(kernels.zero_nonfinite(row + begin, Int32(inside.count))) }
      extend(row, columns: columns, inside: inside, outside: border.outside) {
        pixel(row: source, column: $0, role: role)
      }
    }
    if premultiplies { premultiply(rows, columns.count) }
  }

  /// Loads row `y` of one role alone, as it is.
  func load(role: Int, row y: Int, columns: Range<Int>, into row: UnsafeMutablePointer<Float>) {
    guard case .image(let channel) = group.roles[role] else { return }
    image.load(row: y, columns: columns, channels: channel..<channel + 1, into: [row])
    if replacesNonfinite { check(kernels.zero_nonfinite(row, Int32(columns.count))) }
  }

  /// One pixel of the image; few are asked for one by one.
  private func pixel(row y: Int, column: Int, role: Int) -> Float {
    guard case .image = group.roles[role] else { return 1 }
    var pixel: Float = 0
    load(role: role, row: y, columns: column..<column + 1, into: &pixel)
    return pixel
  }

  private func premultiply(_ rows: [UnsafeMutablePointer<Float>], _ count: Int) {
    guard let alpha = group.alpha else { return }
    for (role, row) in rows.enumerated() where role != alpha && role != group.mask {
      check(kernels.multiply_row(row, rows[alpha], Int32(count)))
    }
  }

  /// Fills the columns of a row that lie outside the image, from those inside.
  private func extend(
    _ row: UnsafeMutablePointer<Float>, columns: Range<Int>, inside: Range<Int>, outside: Float,
    elsewhere: (Int) -> Float
  ) {
    for range in [columns.lowerBound..<inside.lowerBound, inside.upperBound..<columns.upperBound] {
      for x in range {
        guard let column = border.source(of: x, count: image.width) else {
          row[x - columns.lowerBound] = outside
          continue
        }
        row[x - columns.lowerBound] = inside.contains(column) ? row[column - columns.lowerBound] : elsewhere(column)
      }
    }
  }

  // MARK: Direct sums

  /// `sum_i weights[i] row_i` over extended rows, read where they lie; the same bits as from loaded rows. `isDirect(over:)`
  /// must hold.
  func sum(
    _ rows: ClosedRange<Int>, _ weights: [Float], columns: Range<Int>, role: Int,
    into result: UnsafeMutablePointer<Float>
  ) {
    guard case .image(let channel) = group.roles[role] else { return }
    let inside = insideImage(columns)
    // A row outside the image is one value: it is laid into the result's own place beyond the row, and read from there.
    let constant = result + columns.count
    if rows.contains(where: { border.source(of: $0, count: image.height) == nil })
      || border.source(of: -1, count: 1) == nil
    {
      constant.update(repeating: border.outside, count: inside.count)
    }
    let pointers = rows.map { y -> UnsafePointer<Float>? in
      border.source(of: y, count: image.height).flatMap { image.floatRow($0, channel: channel) }
        .map { $0 + inside.lowerBound } ?? UnsafePointer(constant)
    }
    let begin = inside.lowerBound - columns.lowerBound
    check(kernels.weighted_rows(pointers, weights, Int32(rows.count), result + begin, Int32(inside.count), 0))
    var outside: Float = 0
    if border.source(of: -1, count: 1) == nil {
      let constants = [UnsafePointer<Float>?](repeating: UnsafePointer(constant), count: rows.count)
      check(kernels.weighted_rows(constants, weights, Int32(rows.count), &outside, 1, 0))
    }
    extend(result, columns: columns, inside: inside, outside: outside) { _ in 0 }
  }
}
