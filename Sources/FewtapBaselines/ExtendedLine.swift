import FewtapCore
import FewtapEngine

/// A filter of lines that is run along rows, then along columns.
protocol LineFilter {
  /// How far it reads to each side.
  var reach: Int { get }
  /// The filtered line: shorter by `reach` at both ends than `line`, which holds the border.
  func filtered(_ line: [Double]) -> [Double]
}

extension LineFilter {
  /// What the filter makes of an impulse: `2 reach + 1` weights, offset 0 in the middle.
  func impulseResponse() -> [Double] {
    var line = [Double](repeating: 0, count: 4 * reach + 1)
    line[2 * reach] = 1
    return filtered(line)
  }
}

extension Plane<Float> {
  /// The plane filtered along its rows by `rowFilter`, then along its columns by `columnFilter`, both of sum 1, which keeps
  /// constants outside what they are.
  ///
  /// Throws: ``FewtapEngine/ApplyError/cancelled``.
  func filtered(
    rows rowFilter: some LineFilter, columns columnFilter: some LineFilter, _ options: ApplyOptions
  ) throws(ApplyError) -> Plane<Float> {
    let across = try filteredRows(rowFilter, options, share: 0...0.5).transposed()
    return try across.filteredRows(columnFilter, options, share: 0.5...1).transposed()
  }

  private func filteredRows(
    _ filter: some LineFilter, _ options: ApplyOptions, share: ClosedRange<Double>
  ) throws(ApplyError) -> Plane<Float> {
    var result = self
    let (border, reach) = (options.border, filter.reach)
    let sources = (-reach..<width + reach).map { border.source(of: $0, count: width) }
    for y in 0..<height {
      if options.cancellation?.isCancelled ?? false { throw .cancelled }
      let start = y * width
      let line = sources.map { Double($0.map { values[start + $0] } ?? border.outside) }
      let filtered = filter.filtered(line)
      for x in 0..<width { result.values[start + x] = Float(filtered[x]) }
      let done = Double(y + 1) / Double(height)
      options.progress?(share.lowerBound + (share.upperBound - share.lowerBound) * done)
    }
    return result
  }

  private func transposed() -> Plane<Float> {
    var result = Plane(width: height, height: width)
    for y in 0..<height { for x in 0..<width { result.values[x * height + y] = values[y * width + x] } }
    return result
  }
}
