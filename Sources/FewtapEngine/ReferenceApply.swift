import FewtapCore

/// What applying a filter means, written for reading: slow, in Double, one pixel after the other. Fast paths are held to it.
///
/// Border: the image is extended once, by the whole filter's reach; layers then shrink it ("valid"), down to its own size.
/// Rate:   low-rate pixel m lies at pixel D m of the image, counted from its own corner: so a crop gives the same pixels only
///         where it starts at a multiple of D.
public enum ReferenceApply {
  /// The filter's chain, layer by layer, times its gain; at a lower rate between decimation and interpolation.
  ///
  /// Equation: `I_l[p] = sum_i w_{l,i} I_{l-1}(p - o_{l,i})`, read bilinearly between pixels; the rate's: ``Resampling``.
  /// Throws: ``ApplyError/filter(_:)`` if the filter breaks its invariants, ``ApplyError/malformedPlane(channel:width:height:count:)``,
  ///         ``ApplyError/zeroSumNormalized(sum:)``, ``ApplyError/workingSet(bytes:limit:)``.
  public static func apply(_ filter: SparseFilter, to plane: Plane<Double>, border: BorderRule = .clamp)
    throws(ApplyError) -> Plane<Double>
  {
    do {
      try filter.checkInvariants()
    } catch {
      throw .filter(error)
    }
    let chain = filter.chain
    return try apply(
      plane, bounds: filter.bounds, sum: chain.sum * filter.gain, absoluteSum: chain.noiseGain * abs(filter.gain),
      border: border
    ) { extended in
      let input = filter.rate.map { decimated(extended, by: $0) } ?? extended
      let output = chain.layers.reduce(input) { valid($1, on: $0) }
      var result = filter.rate.map { interpolated(output, by: $0, width: plane.width, height: plane.height) } ?? output
      for index in result.plane.values.indices { result.plane.values[index] *= filter.gain }
      return result
    }
  }

  /// The dense convolution with `kernel`.
  ///
  /// Equation: `out[p] = sum_o K[o] in(p - o)`.
  /// Throws: as ``apply(_:to:border:)-(SparseFilter,_,_)``.
  public static func apply(_ kernel: Kernel, to plane: Plane<Double>, border: BorderRule = .clamp)
    throws(ApplyError) -> Plane<Double>
  {
    var taps: [Tap] = []
    kernel.forEachOffset { taps.append(Tap(x: Double($0), y: Double($1), weight: $2)) }
    let layer = TapLayer(taps)
    return try apply(
      plane, bounds: layer.bounds, sum: kernel.sum, absoluteSum: kernel.absoluteSum, border: border
    ) { valid(layer, on: $0) }
  }

  /// A plane whose pixel (0, 0) lies at (-left, -top) of its numbers.
  private struct Extended {
    var plane: Plane<Double>
    var left: Int
    var top: Int
  }

  private static func apply(
    _ plane: Plane<Double>, bounds: OffsetBounds, sum: Double, absoluteSum: Double, border: BorderRule,
    filter: (Extended) -> Extended
  ) throws(ApplyError) -> Plane<Double> {
    let (width, height) = (plane.width, plane.height)
    guard width > 0, height > 0, plane.values.count == width * height else {
      throw .malformedPlane(channel: 0, width: width, height: height, count: plane.values.count)
    }
    let (bytes, overflow) = (width + bounds.width).multipliedReportingOverflow(by: 16 * (height + bounds.height))
    let limit = PlanRun.workingSetLimit
    guard !overflow, bytes <= limit else { throw .workingSet(bytes: overflow ? Int.max : bytes, limit: limit) }

    func filtered(_ plane: Plane<Double>) -> Plane<Double> { filter(extended(plane, by: bounds, border)).plane }
    guard border == .normalized else { return filtered(plane) }
    guard abs(sum) > 0x1p-10 * absoluteSum else { throw .zeroSumNormalized(sum: sum) }
    var result = filtered(plane)
    let ones = filtered(Plane(width: width, height: height, repeating: 1))
    for index in result.values.indices {
      result.values[index] /= max(ones.values[index] / sum, BorderNormalization.leastShare)
    }
    return result
  }

  private static func extended(_ plane: Plane<Double>, by bounds: OffsetBounds, _ border: BorderRule) -> Extended {
    let (left, top) = (bounds.maxX, bounds.maxY)
    var result = Plane<Double>(width: plane.width + bounds.width - 1, height: plane.height + bounds.height - 1)
    for y in 0..<result.height {
      for x in 0..<result.width {
        let column = border.source(of: x - left, count: plane.width)
        let row = border.source(of: y - top, count: plane.height)
        if let column, let row {
          result[x, y] = plane[column, row]
        } else {
          result[x, y] = Double(border.outside)
        }
      }
    }
    return Extended(plane: result, left: left, top: top)
  }

  /// One layer, on those pixels for which all that it reads is there.
  private static func valid(_ layer: TapLayer, on input: Extended) -> Extended {
    let bounds = layer.bounds
    let (left, top) = (input.left - bounds.maxX, input.top - bounds.maxY)
    var result = Plane<Double>(
      width: input.plane.width - (bounds.width - 1), height: input.plane.height - (bounds.height - 1))
    for y in 0..<result.height {
      for x in 0..<result.width {
        result[x, y] = layer.taps.reduce(0) { sum, tap in
          sum + tap.weight
            * bilinear(input.plane, x: Double(x - left + input.left) - tap.x, y: Double(y - top + input.top) - tap.y)
        }
      }
    }
    return Extended(plane: result, left: left, top: top)
  }

  /// The prefiltered image at every low-rate pixel for which all that the prefilter reads is there.
  ///
  /// Equation: `low[m] = sum_k a[k] x[D m - k]` along each axis.
  private static func decimated(_ input: Extended, by rate: Resampling) -> Extended {
    let (a, factor) = (rate.prefilterWeights, rate.factor)
    func lowPixels(_ before: Int, _ count: Int) -> ClosedRange<Int> {
      quotient(-before + a.last, factor, .up)...quotient(count - 1 - before + a.first, factor, .down)
    }
    let columns = lowPixels(input.left, input.plane.width)
    let rows = lowPixels(input.top, input.plane.height)
    let result = Plane<Double>(columns.count, rows.count) { i, j in
      let (x, y) = (factor * (columns.lowerBound + i) + input.left, factor * (rows.lowerBound + j) + input.top)
      return sum(over: a) { ky, wy in sum(over: a) { kx, wx in wy * wx * input.plane[x - kx, y - ky] } }
    }
    return Extended(plane: result, left: -columns.lowerBound, top: -rows.lowerBound)
  }

  /// The image of `width x height` pixels from a low-rate one that holds all that it reads.
  ///
  /// Equation: `y[n] = sum_m b[n - D m] low[m]` along each axis.
  private static func interpolated(_ low: Extended, by rate: Resampling, width: Int, height: Int) -> Extended {
    let (b, factor) = (rate.interpolatorWeights, rate.factor)
    func lowPixels(_ n: Int) -> ClosedRange<Int> {
      quotient(n - b.last, factor, .up)...quotient(n - b.first, factor, .down)
    }
    let result = Plane<Double>(width, height) { x, y in
      var sum = 0.0
      for my in lowPixels(y) {
        for mx in lowPixels(x) {
          let weight = b.values[y - factor * my - b.first] * b.values[x - factor * mx - b.first]
          sum += weight * low.plane[mx + low.left, my + low.top]
        }
      }
      return sum
    }
    return Extended(plane: result, left: 0, top: 0)
  }

  private static func quotient(_ a: Int, _ b: Int, _ rule: FloatingPointRoundingRule) -> Int {
    Int((Double(a) / Double(b)).rounded(rule))
  }

  private static func sum(over weights: Resampling.Weights, _ term: (Int, Double) -> Double) -> Double {
    weights.values.indices.reduce(0) { $0 + term(weights.first + $1, weights.values[$1]) }
  }

  private static func bilinear(_ plane: Plane<Double>, x: Double, y: Double) -> Double {
    let (column, row) = (x.rounded(.down), y.rounded(.down))
    let (a, b) = (x - column, y - row)
    func pixel(_ dx: Int, _ dy: Int, _ share: Double) -> Double {
      share == 0 ? 0 : share * plane[Int(column) + dx, Int(row) + dy]
    }
    return pixel(0, 0, (1 - a) * (1 - b)) + pixel(1, 0, a * (1 - b)) + pixel(0, 1, (1 - a) * b) + pixel(1, 1, a * b)
  }
}

extension Plane {
  /// The plane of the numbers that `value` gives for every column and row.
  fileprivate init(_ width: Int, _ height: Int, _ value: (_ x: Int, _ y: Int) -> Scalar) {
    self.init(width: width, height: height)
    for y in 0..<height { for x in 0..<width { self[x, y] = value(x, y) } }
  }
}
