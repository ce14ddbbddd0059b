/// The parameters of every pixel of an image: which filter of a basis it gets.
public struct ParameterMap: Sendable {
  /// Columns: the image's.
  public let width: Int
  /// Rows: the image's.
  public let height: Int
  /// Parameters a pixel.
  public let axisCount: Int
  private let storage: Storage

  private enum Storage {
    case planes([Plane<Float>])
    case rows(@Sendable (_ axis: Int, _ row: Int, _ values: UnsafeMutableBufferPointer<Float>) -> Void)
  }

  /// A map whose rows a closure makes: `width` values of an axis in a row, from any thread, the same ones each time.
  public init(
    width: Int, height: Int, axisCount: Int,
    fill: @escaping @Sendable (_ axis: Int, _ row: Int, _ values: UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    (self.width, self.height, self.axisCount, storage) = (width, height, axisCount, .rows(fill))
  }

  /// A map over planes of one size, one an axis.
  public init(_ planes: [Plane<Float>]) {
    precondition(!planes.isEmpty, "a map needs a plane")
    precondition(
      planes.allSatisfy { $0.width == planes[0].width && $0.height == planes[0].height },
      "the planes of a map must be of one size")
    (width, height, axisCount, storage) = (planes[0].width, planes[0].height, planes.count, .planes(planes))
  }

  /// The same parameters at every pixel.
  public init(width: Int, height: Int, constant: [Double]) {
    let values = constant.map { Float($0) }
    self.init(width: width, height: height, axisCount: values.count) { axis, _, row in
      row.update(repeating: values[axis])
    }
  }

  /// Row `row` of `axis`, as many values as columns.
  public func load(axis: Int, row: Int, into values: UnsafeMutableBufferPointer<Float>) {
    precondition(values.count == width)
    load(axis: axis, row: row, columns: 0..<width, into: values)
  }

  /// Some columns of a row.
  ///
  /// Cost: a row that a closure makes is made whole, whatever is asked for of it.
  package func load(axis: Int, row: Int, columns: Range<Int>, into values: UnsafeMutableBufferPointer<Float>) {
    precondition((0..<height).contains(row) && (0..<axisCount).contains(axis) && values.count == columns.count)
    guard let to = values.baseAddress else { return }
    switch storage {
    case .planes(let planes):
      planes[axis].values.withUnsafeBufferPointer { source in
        guard let from = source.baseAddress else { return }
        to.update(from: from + row * width + columns.lowerBound, count: columns.count)
      }
    case .rows(let fill) where columns.count == width: fill(axis, row, values)
    case .rows(let fill):
      withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { whole in
        whole.initialize(repeating: 0)
        fill(axis, row, whole)
        to.update(from: whole.baseAddress! + columns.lowerBound, count: columns.count)
      }
    }
  }

  /// The plane of an axis.
  public func plane(axis: Int) -> Plane<Float> {
    var plane = Plane<Float>(width: width, height: height)
    plane.values.withUnsafeMutableBufferPointer { values in
      for row in 0..<height {
        load(axis: axis, row: row, into: UnsafeMutableBufferPointer(rebasing: values[row * width..<(row + 1) * width]))
      }
    }
    return plane
  }
}
