internal import CFewtapLAPACK
import FewtapCore
import FewtapEngine
import FewtapSynthesis

/// The eigen-PSFs of a family: the kernels whose weighted sums come nearest to all its members, most important first.
///
/// Equation: with the members as rows of M, `M M^T = U L U^T`; eigen-PSF i is `E_i = U_i^T M`, and `K_j = sum_i U_ji E_i`. The first r
///           terms are the nearest matrix of rank r (Eckart, Young).
/// Accuracy: that of eigenvalues of M M^T: what is below `2^-26` of the largest singular value of M is rounding.
/// Source:   Lauer, "Deconvolution with a spatially-variant PSF", SPIE 4847, 2002 (eigen-PSFs); Denis, Thiebaut, Soulez, Becker,
///           Mourya, "Fast approximations of shift-variant blur", IJCV 115, 2015 (product-convolution, and who else uses it).
package struct EigenKernels: Sendable {
  /// The parameters of the members.
  package let lattice: ParameterLattice
  let bounds: OffsetBounds
  /// U: `[member][term]`, all terms.
  let vectors: [Double]
  let members: [Kernel]

  /// Throws: ``BaselineError/notConverged(width:height:)``.
  package init(_ lattice: ParameterLattice, _ members: [Kernel], threads: Int) throws(BaselineError) {
    precondition(lattice.count == members.count, "a point needs a kernel")
    (self.lattice, self.members) = (lattice, members)
    let bounds = members.dropFirst().reduce(members[0].supportBounds) { $0.union($1.supportBounds) }
    self.bounds = bounds
    let (count, length) = (members.count, bounds.width * bounds.height)
    let rows = members.map { Self.row($0, bounds) }
    let products = parallelMap(count: count, threads: threads) { i in
      rows[i].withUnsafeBufferPointer { a in
        (0...i).map { j in
          rows[j].withUnsafeBufferPointer { b in
            var sum = SIMD8<Double>()
            for k in 0..<length / 8 {
              let (p, q) = (UnsafeRawPointer(a.baseAddress! + 8 * k), UnsafeRawPointer(b.baseAddress! + 8 * k))
              sum += p.loadUnaligned(as: SIMD8<Double>.self) * q.loadUnaligned(as: SIMD8<Double>.self)
            }
            return (length / 8 * 8..<length).reduce(sum.sum()) { $0 + a[$1] * b[$1] }
          }
        }
      }
    }
    var square = [Double](repeating: 0, count: count * count)
    for i in 0..<count {
      for j in 0...i {
        square[i * count + j] = products[i][j]
        square[j * count + i] = products[i][j]
      }
    }
    fewtap_lapack_use_one_thread()
    var values = [Double](repeating: 0, count: count)
    var (left, right) = (square, square)
    var scratch = [Double](repeating: 0, count: Int(fewtap_svd_scratch_count(Int32(count), Int32(count))))
    let status = fewtap_singular_values(Int32(count), Int32(count), &square, &values, &left, &right, &scratch)
    guard status == FEWTAP_LAPACK_OK else { throw .notConverged(width: count, height: count) }
    vectors = left
  }

  /// A member's weights in the box of all.
  private static func row(_ kernel: Kernel, _ bounds: OffsetBounds) -> [Double] {
    var row = [Double](repeating: 0, count: bounds.width * bounds.height)
    kernel.forEachOffset { x, y, weight in
      if weight != 0 { row[(y - bounds.minY) * bounds.width + x - bounds.minX] = weight }
    }
    return row
  }

  /// Eigen-PSF `index` in the box of all.
  func kernel(_ index: Int) -> [Double] {
    var sum = [Double](repeating: 0, count: bounds.width * bounds.height)
    for (member, kernel) in members.enumerated() {
      let weight = vectors[member * members.count + index]
      kernel.forEachOffset { x, y, value in
        if value != 0 { sum[(y - bounds.minY) * bounds.width + x - bounds.minX] += weight * value }
      }
    }
    return sum
  }
}

/// A varying filter as a sum of convolutions with eigen-PSFs, each weighted pixel by pixel.
///
/// Equation: `out[p] = sum_i c_i(P(p)) (E_i * in)[p]`, the coefficients linear between the lattice's points, and scaled there so that
///           their kernels have the members' sums, where truncation leaves half to twice of them: photographs show that most.
/// Accuracy: that of transforms in Double, then a rounding to Float; held by FewtapBaselinesTests/ProductConvolutionTests to a dense
///           kernel at every pixel.
/// Cost:     one transform of a tile forth and one back a term, as ``FourierFilter``.
package struct ProductConvolution: VaryingFilter {
  /// Terms that one may have.
  package static let termCounts = 1...64

  private let lattice: ParameterLattice
  private let tiles: OverlapSave
  /// The eigen-PSFs in the tiles' box, and their spectra.
  private let terms: [[Double]]
  private let spectra: [Spectrum]
  /// `[term][point]`.
  private let coefficients: [[Double]]

  /// The first `count` terms of a family's decomposition.
  ///
  /// Throws: ``BaselineError/badTermCount(_:most:)``.
  package init(_ eigen: EigenKernels, terms count: Int) throws(BaselineError) {
    let most = min(Self.termCounts.upperBound, eigen.members.count)
    guard (1...most).contains(count) else { throw .badTermCount(count, most: most) }
    (lattice, tiles) = (eigen.lattice, OverlapSave(eigen.bounds))
    let (bounds, members) = (eigen.bounds, eigen.members)
    let terms = (0..<count).map { eigen.kernel($0) }
    let sums = terms.map { $0.reduce(0, +) }
    let scales = members.indices.map { member in
      let kept = (0..<count).reduce(0) { $0 + eigen.vectors[member * members.count + $1] * sums[$1] }
      let ratio = members[member].sum / kept
      return members[member].isZeroSum || !(0.5...2).contains(ratio) ? 1 : ratio
    }
    coefficients = (0..<count).map { term in
      members.indices.map { eigen.vectors[$0 * members.count + term] * scales[$0] }
    }
    self.terms = terms
    let grid = tiles.grid
    spectra = terms.map { term in
      var plane = [Double](repeating: 0, count: grid.size * grid.size)
      for (index, weight) in term.enumerated() {
        let (x, y) = (bounds.minX + index % bounds.width, bounds.minY + index / bounds.width)
        plane[grid.wrapped(y) * grid.size + grid.wrapped(x)] += weight
      }
      return grid.forward(plane)
    }
  }

  package var makeup: String { "\(terms.count) terms of \(tiles.bounds.width)x\(tiles.bounds.height)" }
  package var numberCount: Int { terms.count * (tiles.bounds.width * tiles.bounds.height + lattice.count) }
  package var fileByteCount: Int? { nil }

  /// `max_p sum_i |c_i| |E_i|_1 / |sum K|`; nil where weights cancel.
  package var noiseGain: Double? {
    let sizes = terms.map { $0.reduce(0) { $0 + abs($1) } }
    let sums = terms.map { $0.reduce(0, +) }
    var worst: Double? = nil
    for point in 0..<lattice.count {
      let sum = abs(terms.indices.reduce(0) { $0 + coefficients[$1][point] * sums[$1] })
      let size = terms.indices.reduce(0) { $0 + abs(coefficients[$1][point]) * sizes[$1] }
      guard sum > 1e-9 * size else { return nil }
      worst = max(worst ?? 0, size / sum)
    }
    return worst
  }

  package func effectiveKernel(at point: [Double]) throws -> Kernel {
    var places = LatticePlaces(lattice, capacity: 1)
    places.look(up: ParameterMap(width: 1, height: 1, constant: point), row: 0, columns: 0..<1)
    let bounds = tiles.bounds
    let box = bounds.union(OffsetBounds(PixelOffset(x: 0, y: 0)))
    var values = Plane<Double>(width: box.width, height: box.height)
    for (term, weights) in terms.enumerated() {
      let coefficient = places.mean(of: coefficients[term], at: 0)
      for (index, weight) in weights.enumerated() {
        values[bounds.minX - box.minX + index % bounds.width, bounds.minY - box.minY + index / bounds.width] +=
          coefficient * weight
      }
    }
    return try Kernel(
      name: "effective kernel", values: values, center: PixelOffset(x: -box.minX, y: -box.minY),
      maximumSide: GridTransform.maximumSize)
  }

  package func prepared(width: Int) throws -> VaryingPlaneFilter {
    { plane, map, options in try filtered(plane, map, options) }
  }

  private func filtered(
    _ plane: Plane<Float>, _ map: ParameterMap, _ options: ApplyOptions
  ) throws -> Plane<Float> {
    guard options.border != .normalized else { throw BaselineError.normalizedBorder(rival: "product-convolution") }
    let grid = tiles.grid
    return try tiles.filtered(plane, options) { tile, image in
      var places = LatticePlaces(lattice, capacity: tile.x.count * tile.y.count)
      func start(_ y: Int) -> Int { (y - tile.y.lowerBound) * tile.x.count }
      for y in tile.y { places.look(up: map, row: y, columns: tile.x, at: start(y)) }
      var sums = [Double](repeating: 0, count: grid.size * grid.size)
      for (term, spectrum) in spectra.enumerated() {
        let part = grid.inverse(grid.product(image, spectrum))
        for y in tile.y {
          places.add(
            part, at: tile.place(tile.x.lowerBound, y), weightedBy: coefficients[term], of: start(y),
            count: tile.x.count, to: &sums)
        }
      }
      return sums
    }
  }
}

/// Where pixels lie between the points of a lattice: the points around each, and their shares.
private struct LatticePlaces {
  private let lattice: ParameterLattice
  private let corners: Int
  /// `[pixel][corner]`.
  private var points: [Int32]
  private var shares: [Float]
  private var row: [Float] = []

  init(_ lattice: ParameterLattice, capacity: Int) {
    self.lattice = lattice
    corners = 1 << lattice.axes.count
    points = [Int32](repeating: 0, count: capacity * corners)
    shares = [Float](repeating: 0, count: capacity * corners)
  }

  /// Looks up some columns of a map's row, for the pixels from `start` on.
  mutating func look(up map: ParameterMap, row y: Int, columns: Range<Int>, at start: Int = 0) {
    if row.count < columns.count { row = [Float](repeating: 0, count: columns.count) }
    let first = start * corners
    for index in first..<first + columns.count * corners { (points[index], shares[index]) = (0, 1) }
    for axis in lattice.axes.indices {
      let (ruler, count) = (lattice.ruler(axis), Int32(lattice.counts[axis]))
      row.withUnsafeMutableBufferPointer { scratch in
        map.withRow(axis: axis, row: y, columns: columns, scratch: scratch) { values in
          for x in 0..<columns.count {
            let place = ruler.place(values[x])
            let low = Int32(place)
            let (share, high) = (place - Float(low), ruler.next(low))
            for corner in 0..<corners {
              let isHigh = corner >> axis & 1 == 1
              let index = first + x * corners + corner
              points[index] = points[index] * count + (isHigh ? high : low)
              shares[index] *= isHigh ? share : 1 - share
            }
          }
        }
      }
    }
  }

  /// The mean of `table` around a pixel.
  func mean(of table: [Double], at pixel: Int) -> Double {
    (pixel * corners..<(pixel + 1) * corners).reduce(0) { $0 + Double(shares[$1]) * table[Int(points[$1])] }
  }

  /// `sums += table's mean * part` from `place` on, for `count` pixels from `start` on.
  func add(
    _ part: [Double], at place: Int, weightedBy table: [Double], of start: Int, count: Int, to sums: inout [Double]
  ) {
    points.withUnsafeBufferPointer { points in
      shares.withUnsafeBufferPointer { shares in
        table.withUnsafeBufferPointer { table in
          part.withUnsafeBufferPointer { part in
            sums.withUnsafeMutableBufferPointer { sums in
              for x in 0..<count {
                var coefficient = 0.0
                for index in (start + x) * corners..<(start + x + 1) * corners {
                  coefficient += Double(shares[index]) * table[Int(points[index])]
                }
                sums[place + x] += coefficient * part[place + x]
              }
            }
          }
        }
      }
    }
  }
}
