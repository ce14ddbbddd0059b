internal import CFewtapKernels
import FewtapCore

/// A dense kernel of its own at every pixel, applied directly: what a varying filter is measured against, in time and in truth.
///
/// Equation: `out[p] = sum_o K_{i(p)}[o] in(p - o)`, i the index of a pixel's kernel.
/// Accuracy: within `gamma_n sum|K| |in|` of exact, n the weights of a kernel and `u = 2^-24`; held by
///           FewtapEngineTests/DenseVaryingTests.
/// Cost:     one multiply-add a weight of the kernel's box, in vectors along its rows: a tenth of a nanosecond each.
public struct DenseVarying: Sendable {
  /// Weights of a kernel, turned over.
  private struct Entry: Sendable {
    var weights: [Float]
    var bounds: OffsetBounds
    var columns: Int
  }

  private let entries: [Entry]
  private let bounds: OffsetBounds
  private let kernels: RowKernels

  /// The filter that chooses among `kernels`.
  ///
  /// Throws: ``ApplyError/filter(_:)`` if there is none; ``ApplyError/unknownInstructionSet(_:available:)``.
  public init(_ kernels: [Kernel]) throws(ApplyError) {
    try self.init(kernels, kernels: RowKernels.chosen())
  }

  package init(_ kernels: [Kernel], kernels rows: RowKernels) throws(ApplyError) {
    guard !kernels.isEmpty else { throw .filter(FilterError("kernels", "has none", "one kernel or more")) }
    self.kernels = rows
    entries = kernels.map { kernel in
      let bounds = kernel.supportBounds
      let columns = ceilingDivide(bounds.width, 16) * 16
      var weights = [Float](repeating: 0, count: columns * bounds.height)
      kernel.forEachOffset { x, y, weight in
        guard weight != 0 else { return }
        weights[(bounds.maxY - y) * columns + bounds.maxX - x] = Float(weight)
      }
      return Entry(weights: weights, bounds: bounds, columns: columns)
    }
    bounds = entries.dropFirst().reduce(entries[0].bounds) { $0.union($1.bounds) }
  }

  /// The filtered plane; `indices` holds the index of each pixel's kernel, row-major.
  ///
  /// Throws: ``ApplyError/malformedPlane(channel:width:height:count:)``; ``ApplyError/cancelled``.
  public func apply(
    toPlane plane: Plane<Float>, indices: [Int32], options: ApplyOptions = ApplyOptions()
  ) throws(ApplyError) -> Plane<Float> {
    try plane.check(channel: 0)
    let (width, height) = (plane.width, plane.height)
    guard indices.count == width * height, indices.allSatisfy({ (0..<Int32(entries.count)).contains($0) }) else {
      throw .malformedPlane(channel: 0, width: width, height: height, count: indices.count)
    }
    // The image with its border around it, and room for a kernel's last columns.
    let (left, above) = (max(0, bounds.maxX), max(0, bounds.maxY))
    let stride = width + left + max(0, -bounds.minX) + 16
    let rows = height + above + max(0, -bounds.minY)
    var padded = [Float](repeating: 0, count: stride * rows)
    let columns = (0..<stride).map { options.border.source(of: $0 - left, count: width) }
    for y in 0..<rows {
      let source = options.border.source(of: y - above, count: height)
      for x in 0..<stride {
        if let source, let column = columns[x] {
          padded[y * stride + x] = plane[column, source]
        } else {
          padded[y * stride + x] = options.border.outside
        }
      }
    }
    let counter = TileCounter(total: width * height, options: options)
    var result = Plane<Float>(width: width, height: height)
    let weights = entries.map { UnsafeMutableBufferPointer.copying($0.weights) }
    defer { for buffer in weights { buffer.deallocate() } }
    let packed = zip(entries, weights).map { entry, weights in
      fewtap_dense_kernel(
        weights: weights.baseAddress, first_column: Int32(-entry.bounds.maxX), first_row: Int32(-entry.bounds.maxY),
        columns: Int32(entry.columns), rows: Int32(entry.bounds.height))
    }
    padded.withUnsafeBufferPointer { input in
      packed.withUnsafeBufferPointer { packed in
        indices.withUnsafeBufferPointer { indices in
          result.values.withUnsafeMutableBufferPointer { output in
            // Rows of its own, and inputs that are only read.
            nonisolated(unsafe) let (input, packed, indices, output) = (input, packed, indices, output)
            parallelForEach(count: height, threads: options.threads) { y in
              guard !counter.isStopped else { return }
              check(
                kernels.table.gather_row(
                  packed.baseAddress, Int32(packed.count), indices.baseAddress! + y * width,
                  input.baseAddress! + (y + above) * stride + left, stride, output.baseAddress! + y * width,
                  Int32(width)))
              _ = counter.advance(width)
            }
          }
        }
      }
    }
    if counter.isCancelled { throw .cancelled }
    return result
  }
}
