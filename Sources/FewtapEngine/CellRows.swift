internal import CFewtapKernels
import FewtapCore

/// Knot coordinates of some columns of a row, along one axis, into as many places.
package typealias CoordinateRows =
  @Sendable (
    _ axis: Int, _ row: Int, _ columns: Range<Int>, _ coordinates: UnsafeMutablePointer<Float>
  ) -> Void

/// Where the pixels of a tile lie between a basis' knots: rows of shares along each axis and of cells, made when they are first
/// asked for.
struct CellRows {
  private let filter: CompiledOffsets
  private let kernels: fewtap_kernels
  private let coordinates: CoordinateRows
  /// Columns and rows of the image; outside of it the nearest pixel's counts.
  private let image: (width: Int, height: Int)
  /// Shares along each axis, then cells.
  private var window: RowWindow
  private let coordinateRow: UnsafeMutablePointer<Float>

  /// Floats that the pixels of `region` take, `capacity` rows held at once.
  static func count(_ filter: CompiledOffsets, _ region: Region, capacity: Int) -> Int {
    let stride = TileShape.stride(region.x.count)
    return RowWindow.count(stride: stride, capacity: capacity, channels: filter.shape.count + 1) + stride
  }

  init(
    _ filter: CompiledOffsets, _ region: Region, capacity: Int, _ kernels: fewtap_kernels,
    image: (width: Int, height: Int),
    coordinates: @escaping CoordinateRows, memory: UnsafeMutablePointer<Float>
  ) {
    (self.filter, self.kernels, self.image, self.coordinates) = (filter, kernels, image, coordinates)
    let stride = TileShape.stride(region.x.count)
    coordinateRow = memory
    window = RowWindow(
      columns: region.x, rows: region.y, stride: stride, capacity: capacity, channels: filter.shape.count + 1,
      isHalf: false, base: memory + stride)
  }

  /// The pixels of `rows` from a column on; rows above `first` may go.
  mutating func pixels(_ rows: Range<Int>, from column: Int, keepingFrom first: Int) -> fewtap_pixel_cells {
    while window.held.upperBound < rows.upperBound {
      let y = window.held.upperBound
      window.makeRoom(1, keepingFrom: first)
      make(row: y)
      window.append(1)
    }
    let places = window.rows(rows.lowerBound).part(0..<window.channels, from: column - window.columns.lowerBound)
    var pixels = fewtap_pixel_cells()
    pixels.cells = UnsafeRawPointer(places[window.channels - 1]).assumingMemoryBound(to: Int32.self)
    pixels.stride = window.stride
    withUnsafeMutableBytes(of: &pixels.shares) { bytes in
      let shares = bytes.bindMemory(to: UnsafePointer<Float>?.self)
      for axis in 0..<window.channels - 1 { shares[axis] = UnsafePointer(places[axis]) }
    }
    return pixels
  }

  private func make(row y: Int) {
    let columns = window.columns
    let row = min(max(y, 0), image.height - 1)
    // Outside the image the nearest pixel's; where no column lies inside, one stands for all.
    let first = min(max(columns.lowerBound, 0), image.width - 1)
    let inside = first..<max(first + 1, min(columns.upperBound, image.width))
    let before = min(max(0, inside.lowerBound - columns.lowerBound), columns.count - 1)
    let places = window.rows(y)
    let cells = UnsafeMutableRawPointer(places[window.channels - 1]).assumingMemoryBound(to: Int32.self)
    cells.update(repeating: 0, count: columns.count)
    let count = min(inside.count, columns.count - before)
    for axis in 0..<window.channels - 1 {
      coordinates(axis, row, inside, coordinateRow)
      check(
        kernels.find_cells(
          coordinateRow, Int32(filter.shape[axis]), Int32(filter.cellSteps[axis]), cells + before,
          places[axis] + before, Int32(count)))
      extend(places[axis], before, count)
    }
    extend(cells, before, count)
  }

  private func extend<Value>(_ row: UnsafeMutablePointer<Value>, _ before: Int, _ count: Int) {
    row.update(repeating: row[before], count: before)
    (row + before + count).update(repeating: row[before + count - 1], count: window.columns.count - before - count)
  }
}
