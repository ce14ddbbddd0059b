internal import CFewtapKernels
import FewtapCore

/// From a parameter's values to knot coordinates, as the row kernels take it: a table at equal steps.
///
/// Accuracy: within a cell of ``KnotAxis/coordinate(of:)`` bent by the curve's corner in it: a quarter of the cell times the change
///           of slope there, knots; exact at the first and last knot. Held by FewtapEngineTests/KnotTableTests.
final class KnotTable: @unchecked Sendable {
  /// Half of the first-level cache's 32 KiB hold the table: 2048 cells, a ninetieth of a pixel for radii to 24.
  static let cellCount = 2048

  let axis: KnotAxis
  private let pieces: UnsafeMutablePointer<fewtap_knot_piece>
  /// Of each cell what coordinates rise by, knots a unit of the parameter: constants, to be looked up as coordinates are.
  private let rates: UnsafeMutablePointer<fewtap_knot_piece>

  init(_ axis: KnotAxis) {
    self.axis = axis
    let (points, count) = (axis.points, Self.cellCount)
    let (low, high) = (points[0].value, points[points.count - 1].value)
    var segment = 0
    let exact = (0...count).map { cell in
      let value = low + (high - low) * (Double(cell) / Double(count))
      while segment < points.count - 2, points[segment + 1].value <= value { segment += 1 }
      let (a, b) = (points[segment], points[segment + 1])
      let coordinate = a.coordinate + (b.coordinate - a.coordinate) * ((value - a.value) / (b.value - a.value))
      return min(max(coordinate, 0), Double(axis.knots.count - 1))
    }
    let coordinates = exact.map { Float($0) }
    rates = .allocate(capacity: count)
    for cell in 0..<count {
      let rate = (exact[cell + 1] - exact[cell]) * (Double(count) / (high - low))
      (rates + cell).initialize(to: fewtap_knot_piece(start: Float(rate), slope: 0))
    }
    pieces = .allocate(capacity: count)
    for cell in 0..<count {
      // Rounding must not lead beyond the next cell's start, or the last knot.
      var slope = coordinates[cell + 1] - coordinates[cell]
      while coordinates[cell] + slope > coordinates[cell + 1] { slope = slope.nextDown }
      (pieces + cell).initialize(to: fewtap_knot_piece(start: coordinates[cell], slope: slope))
    }
  }

  deinit {
    pieces.deallocate()
    rates.deallocate()
  }

  /// Values that lie outside of the knots, or are NaN.
  struct Outside {
    var below: Int64 = 0
    var above: Int64 = 0
    var nans: Int64 = 0
  }

  /// The coordinates of `count` values; may be done in place.
  func look(
    up values: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>, count: Int, _ outside: inout Outside,
    _ kernels: fewtap_kernels
  ) {
    look(up: values, in: pieces, into: result, count: count, &outside, kernels)
  }

  private func look(
    up values: UnsafePointer<Float>, in pieces: UnsafePointer<fewtap_knot_piece>,
    into result: UnsafeMutablePointer<Float>, count: Int, _ outside: inout Outside, _ kernels: fewtap_kernels
  ) {
    let (low, high) = (axis.knots[0], axis.knots[axis.knots.count - 1])
    var table = fewtap_knot_table(
      pieces: pieces, cells: Int32(Self.cellCount), low: Float(low), high: Float(high),
      scale: Float(Double(Self.cellCount) / (high - low)), periodic: axis.isPeriodic ? 1 : 0)
    check(
      kernels.look_up_knots(
        &table, values, result, Int32(count), &outside.below, &outside.above, &outside.nans))
  }

  /// What a loss changes by with `count` values from what it changes by with their coordinates: times the slope of the table's cell,
  /// and 0 where values lie outside. `result` may be neither.
  func slopes(
    of values: UnsafePointer<Float>, changes: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>,
    count: Int, _ kernels: fewtap_kernels
  ) {
    var outside = Outside()
    look(up: values, in: rates, into: result, count: count, &outside, kernels)
    check(kernels.multiply_row(result, changes, Int32(count)))
    guard !axis.isPeriodic, outside.below + outside.above > 0 else { return }
    let (low, high) = (Float(axis.knots[0]), Float(axis.knots[axis.knots.count - 1]))
    for index in 0..<count where values[index] < low || values[index] > high { result[index] = 0 }
  }
}
