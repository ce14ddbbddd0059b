internal import CFewtapKernels
import FewtapCore

/// How a picture is cut by depth into layers: one at each knot of the radius, behind the focus and before it.
///
/// A pixel between two knots belongs to both layers, by the weights that the basis blends their filters with: so light spreads by the
/// blur of the surface that it comes from, by the filter that was fitted to it, and a slanted plane has no seams.
///
/// Equation: layer k has `max(0, 1 - |d - k|)` of a pixel whose coordinate is d, from 0, the farthest, to `count - 1`, the nearest.
struct DepthLayers: Sendable {
  /// The knots that layers lie at.
  private let table: KnotTable
  /// Whether knots tell the side by their sign: else they are sizes of blur, on both sides.
  private let isSigned: Bool
  /// How many there are, from far to near.
  let count: Int

  /// A pixel as near to a layer as this is all in it, knots: what the table of coordinates does not tell.
  private static let snap: Float = 0x1p-8
  /// Layers of interpolated taps, whose knots are too far apart for blending: their distance in proportion to the radius, and the
  /// least, px.
  private static let (share, least): (Double, Double) = (0.15, 0.75)

  init(_ basis: FilterBasis, radiusAxis: Int) {
    var axis = basis.axes[radiusAxis]
    if basis.interpolation == .offsets {
      let (low, high) = (axis.knots[0], axis.knots[axis.knots.count - 1])
      var places = low <= 0 && high >= 0 ? [0.0] : [low]
      while let last = places.last, last < high { places.append(last + max(Self.least, Self.share * abs(last))) }
      while places[0] > low { places.insert(places[0] - max(Self.least, Self.share * abs(places[0])), at: 0) }
      (places[0], places[places.count - 1]) = (low, high)
      axis = KnotAxis(name: axis.name, unit: axis.unit, knots: places)
    }
    (table, isSigned) = (KnotTable(axis), axis.knots[0] < 0)
    count = isSigned ? axis.knots.count : 2 * axis.knots.count - 1
  }

  /// The index of a layer's knot.
  func knot(_ layer: Int) -> Int {
    isSigned ? count - 1 - layer : abs(layer - (count - 1) / 2)
  }

  /// The radius of a layer, as the basis counts it.
  func radius(_ layer: Int) -> Double { table.axis.knots[knot(layer)] }

  /// The coordinates of pixels by their signed radii, which are not NaN: negative in front of the focus.
  func coordinates(_ radii: [Float], _ kernels: RowKernels) -> [Float] {
    var sizes = radii
    if !isSigned { for index in sizes.indices { sizes[index] = abs(sizes[index]) } }
    var outside = KnotTable.Outside()
    sizes.withUnsafeMutableBufferPointer { sizes in
      guard let values = sizes.baseAddress else { return }
      table.look(up: values, into: values, count: sizes.count, &outside, kernels.table)
    }
    let (middle, zero) = (Float(count / 2), table.axis.knots.firstIndex(of: 0).map { Float($0) })
    for index in sizes.indices {
      var place = sizes[index]
      let nearest = place.rounded()
      if abs(place - nearest) <= Self.snap { place = nearest }
      // What is in focus is all in one layer: the table is not exact at knots between its ends.
      if let zero, radii[index] == 0 { place = zero }
      sizes[index] = isSigned ? Float(count - 1) - place : middle + (radii[index] < 0 ? place : -place)
    }
    return sizes
  }
}
