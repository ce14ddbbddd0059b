/// A rectangular grid of numbers: one channel of an image, or a kernel.
///
/// Shapes: `values` is row-major `[y][x]`, +y down, `width * height` long.
/// Units:  linear light where it holds pixels; `Float` to apply, `Double` to fit and for references.
public struct Plane<Scalar: BinaryFloatingPoint & Sendable>: Equatable, Sendable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// The numbers, row-major; its count never changes.
  public var values: [Scalar]

  /// A plane filled with one value. Traps on a negative size: sizes from users go through ``init(width:height:values:)``.
  @inlinable
  public init(width: Int, height: Int, repeating value: Scalar = 0) {
    precondition(width >= 0 && height >= 0, "a plane cannot have a negative size")
    self.width = width
    self.height = height
    values = [Scalar](repeating: value, count: width * height)
  }

  /// A plane over given numbers.
  ///
  /// Throws: ``PlaneError/count(expected:found:)`` if the count is not `width * height`, ``PlaneError/size(width:height:)``
  ///         if a side is not positive or the product overflows.
  public init(width: Int, height: Int, values: [Scalar]) throws(PlaneError) {
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflow else { throw .size(width: width, height: height) }
    guard values.count == count else { throw .count(expected: count, found: values.count) }
    self.width = width
    self.height = height
    self.values = values
  }

  /// A plane over numbers that were made for it: one a pixel.
  package init(width: Int, height: Int, exactly values: [Scalar]) {
    precondition(values.count == width * height)
    self.width = width
    self.height = height
    self.values = values
  }

  /// The number in column `x` of row `y`; both must lie inside.
  @inlinable
  public subscript(x: Int, y: Int) -> Scalar {
    get { values[y * width + x] }
    set { values[y * width + x] = newValue }
  }

  /// Position and value of the first number, in reading order, that is NaN or infinite.
  @inlinable
  public func firstNonFinite() -> (x: Int, y: Int, value: Scalar)? {
    values.withUnsafeBufferPointer { values in
      // Counted a stretch at a time, which runs in vectors.
      let stretch = 4096
      for first in stride(from: 0, to: values.count, by: stretch) {
        let part = values[first..<min(first + stretch, values.count)]
        var count: Int32 = 0
        for index in part.indices { count &+= part[index].isFinite ? 0 : 1 }
        guard count > 0, let index = part.firstIndex(where: { !$0.isFinite }) else { continue }
        return (index % width, index / width, values[index])
      }
      return nil
    }
  }
}

/// Why numbers do not make a plane.
public enum PlaneError: Error, Equatable, CustomStringConvertible {
  /// A side is not positive, or too many pixels to count.
  case size(width: Int, height: Int)
  /// The numbers given are too few or too many.
  case count(expected: Int, found: Int)

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .size(let width, let height): "size \(width)x\(height) is not a size: both sides must be at least 1"
    case .count(let expected, let found): "\(found) values given where the size asks for \(expected)"
    }
  }
}
