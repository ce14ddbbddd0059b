import FewtapCore
import FewtapEngine

/// A filter of lines that is run along rows, then along columns: eight lines at a time, one in each lane of a vector, since a
/// recursion along one line waits for itself.
protocol LineFilter: Sendable {
  /// How far it reads to each side.
  var reach: Int { get }
  /// The filtered lines: shorter by `reach` at both ends than `lines`, which hold the border.
  func filtered(_ lines: [Lanes]) -> [Lanes]
}

/// One pixel of eight lines.
typealias Lanes = SIMD8<Double>

extension LineFilter {
  /// What the filter makes of an impulse: `2 reach + 1` weights, offset 0 in the middle.
  func impulseResponse() -> [Double] {
    var line = [Lanes](repeating: .zero, count: 4 * reach + 1)
    line[2 * reach] = Lanes(repeating: 1)
    return filtered(line).map { $0[0] }
  }
}

extension Plane<Float> {
  /// The plane filtered along its rows by `rowFilter`, then along its columns by `columnFilter`, both of sum 1, which keeps
  /// constants outside what they are.
  ///
  /// Lines are shared out among threads; no bit depends on how many.
  /// Throws: ``FewtapEngine/ApplyError/cancelled``.
  func filtered(
    rows rowFilter: some LineFilter, columns columnFilter: some LineFilter, _ options: ApplyOptions
  ) throws(ApplyError) -> Plane<Float> {
    let across = try filteredAndTransposed(rowFilter, options)
    options.progress?(0.5)
    let result = try across.filteredAndTransposed(columnFilter, options)
    options.progress?(1)
    return result
  }

  private func filteredAndTransposed(_ filter: some LineFilter, _ options: ApplyOptions) throws(ApplyError) -> Plane {
    let (width, height, border, reach) = (width, height, options.border, filter.reach)
    let sources = (-reach..<width + reach).map { border.source(of: $0, count: width) }
    let outside = Lanes(repeating: Double(border.outside))
    var result = Plane(width: height, height: width)
    values.withUnsafeBufferPointer { input in
      result.values.withUnsafeMutableBufferPointer { output in
        // Each group of lines writes pixels of its own.
        nonisolated(unsafe) let (input, output) = (input, output)
        parallelForEach(count: (height + 7) / 8, threads: options.threads) { group in
          if options.cancellation?.isCancelled ?? false { return }
          let first = 8 * group
          // The last group repeats its last line in the lanes that are left.
          func row(_ lane: Int) -> UnsafePointer<Float> { input.baseAddress! + min(first + lane, height - 1) * width }
          let rows = (row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7))
          let lines = sources.map { source in
            guard let x = source else { return outside }
            return Lanes(
              SIMD8<Float>(
                rows.0[x], rows.1[x], rows.2[x], rows.3[x], rows.4[x], rows.5[x], rows.6[x], rows.7[x]))
          }
          let filtered = filter.filtered(lines)
          for x in 0..<width {
            let pixels = SIMD8<Float>(filtered[x])
            for lane in 0..<min(8, height - first) { output[x * height + first + lane] = pixels[lane] }
          }
        }
      }
    }
    if options.cancellation?.isCancelled ?? false { throw .cancelled }
    return result
  }
}
