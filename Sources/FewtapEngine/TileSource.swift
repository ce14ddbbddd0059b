internal import CFewtapKernels
import FewtapCore

/// What a tile reads: rows of light of the image, extended by the border rule, colors times alpha.
struct TileSource {
  /// What a channel of the work stands for.
  enum Role: Equatable {
    /// Channel of the image.
    case image(Int)
    /// 1 on the image, 0 outside: what a normalized border divides by.
    case mask
  }

  let image: SourceImage
  let border: BorderRule
  let roles: [Role]
  /// The channel that the others are multiplied by before they are filtered.
  let premultiplier: Int?
  /// Whether pixels may be NaN or infinite and somebody wants to know.
  let checksFinite: Bool
  let replacesNonfinite: Bool
  /// Whether rows may be summed where they lie, without a copy.
  private let allowsDirect: Bool

  init(
    _ image: SourceImage, border: BorderRule, roles: [Role], premultiplier: Int?, nonfinite: NonfinitePolicy
  ) {
    (self.image, self.border, self.roles, self.premultiplier) = (image, border, roles, premultiplier)
    checksFinite = nonfinite == .refuse && image.mayBeNonfinite
    replacesNonfinite = nonfinite == .zero && image.mayBeNonfinite
    allowsDirect =
      premultiplier == nil && !replacesNonfinite && !roles.contains(.mask) && image.floatRow(0, channel: 0) != nil
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

  /// Loads row `y` over `columns`, one pointer a channel.
  func load(row y: Int, columns: Range<Int>, into rows: (Int) -> UnsafeMutablePointer<Float>, _ kernels: fewtap_kernels)
  {
    for (channel, role) in roles.enumerated() { load(role, row: y, columns: columns, into: rows(channel)) }
    guard let premultiplier else { return }
    let alpha = rows(premultiplier)
    for channel in roles.indices where channel != premultiplier && roles[channel] != .mask {
      let color = rows(channel)
      for x in 0..<columns.count { color[x] *= alpha[x] }
    }
  }

  /// Loads row `y` of one channel alone, as it is.
  func load(row y: Int, columns: Range<Int>, channel: Int, into row: UnsafeMutablePointer<Float>) {
    load(roles[channel], row: y, columns: columns, into: row)
  }

  private func load(_ role: Role, row y: Int, columns: Range<Int>, into row: UnsafeMutablePointer<Float>) {
    let outside = border.outside
    guard let source = border.source(of: y, count: image.height) else {
      row.update(repeating: outside, count: columns.count)
      return
    }
    let inside = insideImage(columns)
    let begin = inside.lowerBound - columns.lowerBound
    switch role {
    case .mask: (row + begin).update(repeating: 1, count: inside.count)
    case .image(let channel): image.load(row: source, columns: inside, channel: channel, into: row + begin)
    }
    if replacesNonfinite {
      for x in begin..<begin + inside.count where !row[x].isFinite { row[x] = 0 }
    }
    extend(row, columns: columns, inside: inside, outside: outside) { column in
      var pixel: Float = 1
      if case .image(let channel) = role {
        image.load(row: source, columns: column..<column + 1, channel: channel, into: &pixel)
      }
      return replacesNonfinite && !pixel.isFinite ? 0 : pixel
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
    _ rows: ClosedRange<Int>, _ weights: [Float], columns: Range<Int>, channel: Int,
    into result: UnsafeMutablePointer<Float>, _ kernels: fewtap_kernels
  ) {
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
