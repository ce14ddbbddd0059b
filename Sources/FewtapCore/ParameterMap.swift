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
    case made(Fill)
  }

  /// Makes the values of an axis at some columns of a row, as many as there are columns.
  public typealias Fill =
    @Sendable (
      _ axis: Int, _ row: Int, _ columns: Range<Int>, _ values: UnsafeMutableBufferPointer<Float>
    ) -> Void

  /// A map whose values a closure makes: from any thread, the same ones each time, whatever is asked for with them.
  ///
  /// Cost: tiles that overlap ask for what they share again.
  public init(width: Int, height: Int, axisCount: Int, fill: @escaping Fill) {
    (self.width, self.height, self.axisCount, storage) = (width, height, axisCount, .made(fill))
  }

  /// A map over planes of one size, one an axis.
  ///
  /// Throws: ``MapError/noPlanes``; ``MapError/planesDiffer(axis:found:expected:)``;
  ///         ``MapError/planeCount(axis:expected:found:)`` for one that does not hold one value a pixel.
  public init(_ planes: [Plane<Float>]) throws(MapError) {
    guard let first = planes.first else { throw .noPlanes }
    for (axis, plane) in planes.enumerated() {
      let (found, expected) = (plane.width * plane.height, PixelOffset(x: first.width, y: first.height))
      guard plane.values.count == found else {
        throw .planeCount(axis: axis, expected: found, found: plane.values.count)
      }
      guard plane.width == expected.x, plane.height == expected.y else {
        throw .planesDiffer(axis: axis, found: PixelOffset(x: plane.width, y: plane.height), expected: expected)
      }
    }
    self.init(sameSizePlanes: planes)
  }

  /// A map over planes that were made for one image, one or more: nothing is left to check.
  package init(sameSizePlanes planes: [Plane<Float>]) {
    (width, height, axisCount, storage) = (planes[0].width, planes[0].height, planes.count, .planes(planes))
  }

  /// The same parameters at every pixel.
  public init(width: Int, height: Int, constant: [Double]) {
    let values = constant.map { Float($0) }
    self.init(width: width, height: height, axisCount: values.count) { axis, _, _, row in
      row.update(repeating: values[axis])
    }
  }

  /// Row `row` of `axis`, as many values as columns.
  public func load(axis: Int, row: Int, into values: UnsafeMutableBufferPointer<Float>) {
    precondition(values.count == width)
    withRow(axis: axis, row: row, columns: 0..<width, scratch: values) { row in
      guard let to = values.baseAddress, UnsafePointer(to) != row else { return }
      to.update(from: row, count: width)
    }
  }

  /// Whether rows lie in memory, one after the other.
  package var isStored: Bool {
    if case .planes = storage { return true }
    return false
  }

  /// Calls `body` with some columns of a row, where they lie or made into `scratch`, which must have room for them.
  package func withRow<Result>(
    axis: Int, row: Int, columns: Range<Int>, scratch: UnsafeMutableBufferPointer<Float>,
    _ body: (UnsafePointer<Float>) -> Result
  ) -> Result {
    precondition((0..<height).contains(row) && (0..<axisCount).contains(axis))
    precondition(columns.lowerBound >= 0 && columns.upperBound <= width && scratch.count >= columns.count)
    switch storage {
    case .planes(let planes):
      return planes[axis].values.withUnsafeBufferPointer { body($0.baseAddress! + row * width + columns.lowerBound) }
    case .made(let fill):
      fill(axis, row, columns, UnsafeMutableBufferPointer(rebasing: scratch[..<columns.count]))
      return body(scratch.baseAddress!)
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
