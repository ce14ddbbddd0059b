/// A dense convolution kernel with an explicit center.
///
/// Shapes: `values` is row-major `[y][x]`, +y down; the value at `center` is the one at offset 0.
/// Units:  dimensionless weights; we *convolve*: a pixel of light spreads as the kernel looks.
public struct Kernel: Equatable, Sendable {
  /// Largest width or height that is accepted, in pixels.
  public static let maximumSide = 1025

  /// What it is called in reports: a specification (`heart:size=49`) or a file's name.
  public let name: String
  /// The weights.
  public let values: Plane<Double>
  /// Column and row of offset 0.
  public let center: PixelOffset

  /// A kernel over given weights.
  ///
  /// `center` defaults to the middle of an odd size; an even size has no middle pixel, so it must be given there.
  /// Throws: ``KernelError``.
  public init(name: String, values: Plane<Double>, center: PixelOffset? = nil) throws(KernelError) {
    try self.init(name: name, values: values, center: center, maximumSide: Self.maximumSide)
  }

  /// The same with another bound: an effective kernel may be larger than the kernel that it stands for.
  package init(
    name: String, values: Plane<Double>, center: PixelOffset?, maximumSide: Int
  ) throws(KernelError) {
    let (width, height) = (values.width, values.height)
    guard width > 0, height > 0 else { throw .empty }
    guard width <= maximumSide, height <= maximumSide else { throw .tooLarge(width: width, height: height) }
    if let bad = values.firstNonFinite() { throw .nonFinite(x: bad.x, y: bad.y, value: bad.value) }
    guard values.values.contains(where: { $0 != 0 }) else { throw .allZero }
    guard center != nil || (width % 2 == 1 && height % 2 == 1) else {
      throw .evenSizeWithoutCenter(width: width, height: height)
    }
    let center = center ?? PixelOffset(x: width / 2, y: height / 2)
    guard (0..<width).contains(center.x), (0..<height).contains(center.y) else {
      throw .centerOutside(center: center, width: width, height: height)
    }
    self.name = name
    self.values = values
    self.center = center
  }

  /// `sum w K`, centers on centers, in the smallest box that holds them all and offset 0; one term or more.
  package init(
    name: String, sumOf terms: [(kernel: Kernel, weight: Double)], maximumSide: Int = Kernel.maximumSide
  ) throws(KernelError) {
    let bounds = terms.reduce(OffsetBounds(PixelOffset(x: 0, y: 0))) { $0.union($1.kernel.supportBounds) }
    var values = Plane<Double>(width: bounds.width, height: bounds.height)
    for (kernel, weight) in terms {
      kernel.forEachOffset { x, y, value in
        if value != 0 { values[x - bounds.minX, y - bounds.minY] += weight * value }
      }
    }
    try self.init(
      name: name, values: values, center: PixelOffset(x: -bounds.minX, y: -bounds.minY), maximumSide: maximumSide)
  }

  /// Columns.
  public var width: Int { values.width }
  /// Rows.
  public var height: Int { values.height }
  /// Sum of all weights: the brightness of a filtered constant 1.
  public var sum: Double { values.values.reduce(0, +) }
  /// Sum of the weights' magnitudes.
  public var absoluteSum: Double { values.values.reduce(0) { $0 + abs($1) } }
  /// True if no weight is negative.
  public var isNonnegative: Bool { values.values.allSatisfy { $0 >= 0 } }
  /// True if the weights cancel to rounding: `|sum| <= 1e-9 sum|w|`, far above the rounding of 1025^2 additions in
  /// Double (1.2e-10) and far below any kernel meant to keep brightness.
  public var isZeroSum: Bool { abs(sum) <= 1e-9 * absoluteSum }
  /// How many weights are not zero.
  public var supportCount: Int { values.values.count { $0 != 0 } }

  /// The smallest box of offsets that holds every nonzero weight.
  public var supportBounds: OffsetBounds {
    var bounds: OffsetBounds?
    for y in 0..<height {
      for x in 0..<width where values[x, y] != 0 {
        let offset = OffsetBounds(PixelOffset(x: x - center.x, y: y - center.y))
        bounds = bounds?.union(offset) ?? offset
      }
    }
    return bounds ?? OffsetBounds(PixelOffset(x: 0, y: 0))
  }

  /// Largest distance of a nonzero weight from the center along either axis, in pixels.
  public var radius: Int { supportBounds.reach }

  /// Centroid (relative to the center) and central second moments of the weights' magnitudes, in pixels.
  public var moments: KernelMoments {
    let total = absoluteSum
    var (meanX, meanY) = (0.0, 0.0)
    forEachOffset { x, y, weight in
      meanX += Double(x) * abs(weight)
      meanY += Double(y) * abs(weight)
    }
    meanX /= total
    meanY /= total
    var (xx, yy, xy) = (0.0, 0.0, 0.0)
    forEachOffset { x, y, weight in
      let (dx, dy) = (Double(x) - meanX, Double(y) - meanY)
      xx += dx * dx * abs(weight)
      yy += dy * dy * abs(weight)
      xy += dx * dy * abs(weight)
    }
    return KernelMoments(
      centroidX: meanX, centroidY: meanY, varianceX: xx / total, varianceY: yy / total, covariance: xy / total)
  }

  /// Calls `body` with every offset (pixels, relative to the center) and its weight, in reading order.
  package func forEachOffset(_ body: (_ x: Int, _ y: Int, _ weight: Double) -> Void) {
    for y in 0..<height {
      for x in 0..<width { body(x - center.x, y - center.y, values[x, y]) }
    }
  }

  /// The same kernel with every weight multiplied by `factor`. Throws if that leaves no finite, nonzero weight.
  public func scaled(by factor: Double) throws(KernelError) -> Kernel {
    var scaled = values
    for index in scaled.values.indices { scaled.values[index] *= factor }
    return try Kernel(name: name, values: scaled, center: center)
  }

  /// The same kernel under another name.
  public func named(_ name: String) -> Kernel { Kernel(renaming: self, to: name) }

  private init(renaming kernel: Kernel, to name: String) {
    self.name = name
    values = kernel.values
    center = kernel.center
  }

  /// SHA-256 over width, height, center x, center y (64-bit little-endian integers), then the weights (binary64,
  /// little-endian, row-major): which kernel a filter file was fitted to. Hexadecimal.
  public var sha256: String {
    var hash = SHA256()
    for number in [width, height, center.x, center.y] { hash.update(UInt64(number)) }
    for weight in values.values { hash.update(weight.bitPattern) }
    return hash.finalize()
  }
}

/// An offset or position on the pixel grid, +y down.
public struct PixelOffset: Equatable, Hashable, Sendable {
  /// Columns to the right.
  public var x: Int
  /// Rows down.
  public var y: Int

  /// The offset `(x, y)`.
  public init(x: Int, y: Int) {
    self.x = x
    self.y = y
  }
}

/// A box of offsets, both ends included, in pixels.
public struct OffsetBounds: Equatable, Sendable {
  /// Leftmost column offset.
  public var minX: Int
  /// Rightmost column offset.
  public var maxX: Int
  /// Topmost row offset.
  public var minY: Int
  /// Lowest row offset.
  public var maxY: Int

  /// The box of one offset.
  public init(_ offset: PixelOffset) {
    (minX, maxX, minY, maxY) = (offset.x, offset.x, offset.y, offset.y)
  }

  /// The box from `minX`, `minY` to `maxX`, `maxY`.
  public init(minX: Int, maxX: Int, minY: Int, maxY: Int) {
    (self.minX, self.maxX, self.minY, self.maxY) = (minX, maxX, minY, maxY)
  }

  /// Columns.
  public var width: Int { maxX - minX + 1 }
  /// Rows.
  public var height: Int { maxY - minY + 1 }
  /// Largest distance of a side from offset 0.
  public var reach: Int { max(-minX, maxX, -minY, maxY, 0) }

  /// The smallest box that holds both.
  public func union(_ other: OffsetBounds) -> OffsetBounds {
    OffsetBounds(
      minX: min(minX, other.minX), maxX: max(maxX, other.maxX), minY: min(minY, other.minY), maxY: max(maxY, other.maxY)
    )
  }

  /// The box of all sums of an offset of each: the support of a convolution.
  public func sum(_ other: OffsetBounds) -> OffsetBounds {
    OffsetBounds(
      minX: minX + other.minX, maxX: maxX + other.maxX, minY: minY + other.minY, maxY: maxY + other.maxY)
  }
}

/// First and second moments of a kernel, in pixels.
public struct KernelMoments: Equatable, Sendable {
  /// Mean column offset from the center.
  public var centroidX: Double
  /// Mean row offset from the center.
  public var centroidY: Double
  /// Variance of the column offsets, square pixels.
  public var varianceX: Double
  /// Variance of the row offsets, square pixels.
  public var varianceY: Double
  /// Covariance of column and row offsets, square pixels.
  public var covariance: Double
}

/// Why numbers do not make a kernel.
public enum KernelError: Error, Equatable, CustomStringConvertible {
  /// A side is zero.
  case empty
  /// A side is beyond ``Kernel/maximumSide``.
  case tooLarge(width: Int, height: Int)
  /// A weight is NaN or infinite.
  case nonFinite(x: Int, y: Int, value: Double)
  /// Every weight is zero.
  case allZero
  /// An even side has no middle pixel, and no center was given.
  case evenSizeWithoutCenter(width: Int, height: Int)
  /// The given center is not a pixel of the kernel.
  case centerOutside(center: PixelOffset, width: Int, height: Int)

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .empty: "the kernel has no pixels"
    case .tooLarge(let width, let height):
      "the kernel is \(width)x\(height): at most \(Kernel.maximumSide) pixels a side are accepted"
    case .nonFinite(let x, let y, let value):
      "the kernel's value at column \(x), row \(y) is \(value): it must be finite"
    case .allZero: "the kernel is zero everywhere: it needs at least one nonzero value"
    case .evenSizeWithoutCenter(let width, let height):
      "the kernel is \(width)x\(height): an even size has no middle pixel, so say which pixel is the center, "
        + "for example center \(width / 2),\(height / 2) (--center X,Y)"
    case .centerOutside(let center, let width, let height):
      "center \(center.x),\(center.y) is outside the kernel: columns are 0...\(width - 1), rows 0...\(height - 1)"
    }
  }
}
