internal import CFewtapKernels
import FewtapCore

/// A filter as the row kernels take it: layers of vertical runs, the resampling's weights, all in Float.
struct CompiledFilter: Sendable {
  /// A layer's runs, sorted by length.
  struct Layer: Sendable {
    var runs: [(offset: PixelOffset, weights: [Float])]
    var bounds: OffsetBounds
    /// Multiply-adds a pixel of the layer's rate.
    var multiplyAdds: Int
  }

  /// Weights of one of the resampling's filters, at the pixels `first`, ...; the memory is the plan's.
  struct Weights: @unchecked Sendable, BitwiseCopyable {
    var first: Int
    var count: Int
    var values: UnsafePointer<Float>

    /// Pixel of the last weight.
    var last: Int { first + count - 1 }
  }

  /// Decimation and interpolation: whole weights for the columns, one filter a prime factor for the rows. Nothing in it is
  /// counted by reference, so that a row costs no more than its arithmetic.
  struct Rate: @unchecked Sendable {
    /// One prime factor of the rate.
    struct Prime: BitwiseCopyable {
      var factor: Int
      var prefilter: Weights
      var interpolator: Weights
    }

    /// A part of the decimation down the columns: row m of the next is a sum of the rows from `factor * m + weights.first` on.
    struct ColumnStep: BitwiseCopyable {
      var factor: Int
      var weights: Weights

      /// The rows that are read for `rows`.
      func read(for rows: Range<Int>) -> Range<Int> {
        let first = factor * rows.lowerBound + weights.first
        return first..<factor * (rows.count - 1) + first + weights.count
      }
    }

    /// Which low-rate rows are interpolated between for the rows of one phase, `y mod factor`.
    struct Phase: BitwiseCopyable {
      /// The first of them, counted from `y / factor`.
      var first: Int
      /// A weight each, top row first.
      var weights: Weights
    }

    var factor: Int
    var prefilter: Weights
    var interpolator: Weights
    /// What decimates first comes first.
    var primes: UnsafeBufferPointer<Prime>
    /// Down the columns: the first step reads the image.
    var columnSteps: UnsafeBufferPointer<ColumnStep>
    var phases: UnsafeBufferPointer<Phase>

    /// The low-rate rows that row `y` of the image is interpolated between, and their weights.
    @inline(__always)
    func interpolation(of y: Int) -> (rows: Range<Int>, weights: Weights) {
      let low = floorDivide(y, factor)
      let phase = phases[y - factor * low]
      return (low + phase.first..<low + phase.first + phase.weights.count, phase.weights)
    }
  }

  /// Owns what ``Rate`` points to.
  private final class Memory: @unchecked Sendable {
    private var weights: [UnsafeMutablePointer<Float>] = []
    private var tables: [UnsafeMutableRawPointer] = []

    func store(_ source: Resampling.Weights) -> Weights {
      let values = UnsafeMutablePointer<Float>.allocate(capacity: source.values.count)
      for (index, value) in source.values.enumerated() { (values + index).initialize(to: Float(value)) }
      weights.append(values)
      return Weights(first: source.first, count: source.values.count, values: values)
    }

    func store<Entry: BitwiseCopyable>(_ source: [Entry]) -> UnsafeBufferPointer<Entry> {
      let buffer = UnsafeMutableBufferPointer<Entry>.allocate(capacity: source.count)
      _ = buffer.initialize(from: source)
      if let address = buffer.baseAddress { tables.append(UnsafeMutableRawPointer(address)) }
      return UnsafeBufferPointer(buffer)
    }

    deinit {
      for values in weights { values.deallocate() }
      for table in tables { table.deallocate() }
    }
  }

  var layers: [Layer]
  var rate: Rate?
  /// What the filter does to a constant 1.
  var sum: Double
  /// `sum|w|` of the layers, multiplied: what `sum` is small against when weights cancel.
  var noiseGain: Double
  /// True if layers that read half floats are faster. Microseconds a megapixel, measured on AVX-512: a run of 1 or 2 taps waits for
  /// its loads, which are half as long; for one of 3 or 4 converting them costs more, and so does rounding the rows.
  let gainsFromHalfs: Bool
  private let memory = Memory()

  /// True if the weights cancel: what is left of their sum is less than 2^-10 of their magnitudes, so that dividing by it
  /// would cost ten of Float's 24 bits.
  var cancels: Bool { abs(sum) <= 0x1p-10 * noiseGain }

  /// Throws: ``ApplyError/filter(_:)`` if the filter breaks its invariants, or has a weight that Float cannot hold.
  init(_ filter: SparseFilter) throws(ApplyError) {
    do {
      try filter.checkInvariants()
    } catch {
      throw .filter(error)
    }
    try self.init(filter.chain.layers[...], gain: filter.gain, rate: filter.rate)
  }

  /// Some layers of a filter that keeps its invariants, or none.
  init(_ chain: ArraySlice<TapLayer>, gain: Double, rate: Resampling?) throws(ApplyError) {
    layers = []
    for (index, layer) in zip(chain.indices, chain) {
      // In the last layer the gain costs nothing, and is rounded together with its weights.
      layers.append(try Self.compile(layer, index: index, scale: index == chain.endIndex - 1 ? gain : 1))
    }
    self.rate = nil
    let gains = [1: 1.6, 2: 0.7, 3: -0.4, 4: -0.7]
    gainsFromHalfs = layers.flatMap(\.runs).reduce(0) { $0 + (gains[$1.weights.count] ?? 0) } > 20
    sum = chain.reduce(gain) { $0 * $1.sum }
    noiseGain = chain.reduce(abs(gain)) { $0 * $1.absoluteSum }
    self.rate = rate.map { compile($0) }
  }

  private static func compile(_ layer: TapLayer, index: Int, scale: Double) throws(ApplyError) -> Layer {
    var bounds: OffsetBounds?
    var runs: [(offset: PixelOffset, weights: [Float])] = []
    for run in layer.verticalRuns() {
      let weights = run.weights.map { Float($0 * scale) }
      guard weights.allSatisfy(\.isFinite) else {
        throw .filter(
          FilterError(
            "layers[\(index)]",
            "has the weight \(run.weights.map { $0 * scale }.max { abs($0) < abs($1) } ?? 0) (with gain)",
            "weights up to 3.4e38, Float's largest"))
      }
      runs.append((run.offset, weights))
      let (x, y) = (run.offset.x, run.offset.y)
      let box = OffsetBounds(minX: x, maxX: x, minY: y, maxY: y + weights.count - 1)
      bounds = bounds?.union(box) ?? box
    }
    // No taps: a layer whose weights are all 0 reads nothing, and offset 0 stands for that.
    return Layer(
      runs: runs, bounds: bounds ?? OffsetBounds(PixelOffset(x: 0, y: 0)),
      multiplyAdds: runs.reduce(0) { $0 + $1.weights.count })
  }

  private func compile(_ rate: Resampling) -> Rate {
    var (factors, rest) = ([Int](), rate.factor)
    for prime in 2...rate.factor { while rest % prime == 0 { (rest, factors) = (rest / prime, factors + [prime]) } }
    // A B-spline of factor p q is that of p, then that of q on what is left: boxes of p q pixels are boxes of p pixels, q
    // of them side by side.
    let primes = factors.map { factor in
      let part = Resampling(factor: factor, prefilter: rate.prefilter, interpolator: rate.interpolator)
      return Rate.Prime(
        factor: factor, prefilter: memory.store(part.prefilterWeights),
        interpolator: memory.store(part.interpolatorWeights))
    }
    let b = rate.interpolatorWeights
    let phases = (0..<rate.factor).map { y in
      let low = ceilingDivide(y - b.last, rate.factor)...floorDivide(y - b.first, rate.factor)
      let weights = low.map { b.values[y - rate.factor * $0 - b.first] }
      return Rate.Phase(
        first: low.lowerBound, weights: memory.store(Resampling.Weights(first: low.lowerBound, values: weights)))
    }
    let prefilter = memory.store(rate.prefilterWeights)
    return Rate(
      factor: rate.factor, prefilter: prefilter, interpolator: memory.store(b), primes: memory.store(primes),
      columnSteps: memory.store(columnSteps(rate, factors, last: prefilter.last)), phases: memory.store(phases))
  }

  /// Most rows of the image that one step makes one of: so few that the rows which it sums stay in the first-level cache.
  private static let largestColumnStep = 6

  private func columnSteps(_ rate: Resampling, _ primes: [Int], last: Int) -> [Rate.ColumnStep] {
    var factors = [rate.factor]
    if rate.factor > Self.largestColumnStep {
      factors = primes.reduce(into: [1]) { factors, prime in
        if factors[factors.count - 1] == 1 || factors[factors.count - 1] * prime < Self.largestColumnStep {
          factors[factors.count - 1] *= prime
        } else {
          factors.append(prime)
        }
      }
    }
    // low[m] starts at image row factor * m - last: the first step shifts, the others do not.
    return factors.enumerated().map { index, factor in
      let part = Resampling(factor: factor, prefilter: rate.prefilter, interpolator: rate.interpolator)
      return Rate.ColumnStep(
        factor: factor,
        weights: memory.store(
          Resampling.Weights(first: index == 0 ? -last : 0, values: part.prefilterWeights.values)))
    }
  }

  /// What the filter reads for `region` of its result, stage by stage: of the image first, then what each stage gives,
  /// in the pixels of its own rate; the last layer's result at the end.
  func regions(for region: Region) -> [Region] {
    var regions = [rate.map { region.interpolated(by: $0) } ?? region]
    for layer in layers.reversed() { regions.append(regions[regions.count - 1].read(by: layer.bounds)) }
    return self.regions(forLow: regions.removeLast()) + regions.reversed()
  }

  /// Offsets that the layers read together, in the pixels of their rate.
  var reach: OffsetBounds { layers.reduce(OffsetBounds(PixelOffset(x: 0, y: 0))) { $0.sum($1.bounds) } }

  /// What the first layer reads for `region` of the result.
  func low(for region: Region) -> Region { regions(for: region)[rate?.columnSteps.count ?? 0] }

  /// The same for a region at the low rate, which is the last of the answer.
  func regions(forLow low: Region) -> [Region] {
    guard let rate else { return [low] }
    var (regions, columns) = ([low], low.decimated(by: rate).x)
    for step in rate.columnSteps.reversed() {
      regions.append(Region(x: columns, y: step.read(for: regions[regions.count - 1].y)))
    }
    return regions.reversed()
  }
}

/// A rectangle of pixels.
struct Region: Equatable, Sendable {
  var x: Range<Int>
  var y: Range<Int>

  /// What a layer reads for this region: the result at p reads p - o.
  func read(by bounds: OffsetBounds) -> Region {
    Region(
      x: x.lowerBound - bounds.maxX..<x.upperBound - bounds.minX,
      y: y.lowerBound - bounds.maxY..<y.upperBound - bounds.minY)
  }

  /// The smallest region that holds both.
  func union(_ other: Region) -> Region {
    Region(
      x: min(x.lowerBound, other.x.lowerBound)..<max(x.upperBound, other.x.upperBound),
      y: min(y.lowerBound, other.y.lowerBound)..<max(y.upperBound, other.y.upperBound))
  }

  /// The pixels of the image that the prefilter reads for this region at the low rate.
  func decimated(by rate: CompiledFilter.Rate) -> Region {
    func range(_ low: Range<Int>) -> Range<Int> {
      rate.factor * low.lowerBound - rate.prefilter.last..<rate.factor * (low.upperBound - 1) - rate.prefilter.first + 1
    }
    return Region(x: range(x), y: range(y))
  }

  /// The low-rate pixels that are interpolated for this region of the image.
  func interpolated(by rate: CompiledFilter.Rate) -> Region {
    func range(_ full: Range<Int>) -> Range<Int> {
      let first = ceilingDivide(full.lowerBound - rate.interpolator.last, rate.factor)
      let last = floorDivide(full.upperBound - 1 - rate.interpolator.first, rate.factor)
      return first..<last + 1
    }
    return Region(x: range(x), y: range(y))
  }
}

func floorDivide(_ a: Int, _ b: Int) -> Int { a >= 0 ? a / b : -((b - 1 - a) / b) }

func ceilingDivide(_ a: Int, _ b: Int) -> Int { -floorDivide(-a, b) }

package func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }
