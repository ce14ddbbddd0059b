import FewtapCore
import FewtapEngine
import FewtapFit

/// Dual filtering: halve the image a few times with five samples a pixel, and double it as often with eight.
///
/// Equation: down: `(4 s(0, 0) + sum s(+-h, +-h)) / 8`; up: `(sum s(+-2h, 0) + sum s(0, +-2h) + 2 sum s(+-h, +-h)) / 12`, s a
///           bilinear sample around the new pixel's center, h half a pixel of the smaller image times the offset.
/// Border:   the image is extended once by the rule, not at each level. Level pixels are counted from the image's corner.
/// Accuracy: a point of light becomes a kernel that depends on its column and row modulo `2^levels`: every phase is measured.
/// Cost:     a plane of 1920 x 1080 in 18 ms, on one core whatever the options allow.
/// Source:   Bjorge, "Bandwidth-efficient rendering", SIGGRAPH 2015 (moving mobile graphics), after Kawase, GDC 2003.
public struct DualFilter: BaselineFilter, PhasedFilter, Equatable {
  /// Levels that are accepted; phases to be measured grow fourfold with each.
  public static let levelCounts = 1...5
  /// Offsets that are accepted: beyond, the samples of a pixel leave gaps.
  public static let offsets = 0.25...2.0

  /// How often the image is halved.
  public let levels: Int
  /// Scale of the samples' distances; 1 is the method's own.
  public let offset: Double
  /// The pixels that a halved one reads, relative to twice its position.
  private let down: [PixelWeight]
  /// The same for the four phases `2 (y % 2) + x % 2` of a doubled one, relative to half its position.
  private let up: [[PixelWeight]]
  /// Far enough for every sample of every level.
  package let reach: Int

  private struct PixelWeight: Equatable, Sendable {
    var x: Int
    var y: Int
    var weight: Double
  }

  /// A blur of so many levels.
  ///
  /// Throws: ``BaselineError/badDualFilter(levels:offset:)``.
  public init(levels: Int, offset: Double = 1) throws(BaselineError) {
    guard Self.levelCounts.contains(levels), Self.offsets.contains(offset) else {
      throw .badDualFilter(levels: levels, offset: offset)
    }
    self.init(validLevels: levels, offset)
  }

  private init(validLevels levels: Int, _ offset: Double) {
    (self.levels, self.offset) = (levels, offset)
    // A halved pixel lies between two; half of its side is a pixel.
    down = Self.samples(around: 0.5, 0.5, axial: 0, diagonal: offset, weights: (4, 0, 1), sum: 8)
    // Doubled pixels lie a quarter of a pixel to either side.
    up = [(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)].map {
      Self.samples(around: $0.0, $0.1, axial: offset, diagonal: offset / 2, weights: (0, 1, 2), sum: 12)
    }
    let (downReach, upReach) = (
      down.reduce(0) { max($0, abs($1.x)) }, up.joined().reduce(0) { max($0, abs($1.x)) }
    )
    reach = (0..<levels).reduce(0) { $0 + (1 << $1) * (downReach + 2 * upReach + 2) }
  }

  /// The blur of a standard deviation, in pixels along each axis, whose offset is nearest to the method's own.
  ///
  /// Accuracy: the mean kernel has the deviation asked for, to 40 bisections; held by FewtapBaselinesTests/DualFilterTests.
  /// Throws:   ``BaselineError/deviation(rival:_:least:most:)``.
  public init(deviation: Double) throws(BaselineError) {
    let fits = Self.levelCounts.compactMap { levels -> DualFilter? in
      func variance(_ offset: Double) -> Double { DualFilter(validLevels: levels, offset).variance }
      let range = variance(Self.offsets.lowerBound)...variance(Self.offsets.upperBound)
      guard deviation > 0, range.contains(deviation * deviation) else { return nil }
      return DualFilter(
        validLevels: levels, bisected(Self.offsets) { variance($0) < deviation * deviation })
    }
    guard let best = fits.min(by: { max($0.offset, 1 / $0.offset) < max($1.offset, 1 / $1.offset) }) else {
      let (least, most) = (Self.levelCounts.lowerBound, Self.levelCounts.upperBound)
      throw .deviation(
        rival: "dual filter", deviation,
        least: DualFilter(validLevels: least, Self.offsets.lowerBound).variance.squareRoot(),
        most: DualFilter(validLevels: most, Self.offsets.upperBound).variance.squareRoot())
    }
    self = best
  }

  private static func samples(
    around x: Double, _ y: Double, axial: Double, diagonal: Double,
    weights: (center: Double, axial: Double, diagonal: Double), sum: Double
  ) -> [PixelWeight] {
    var taps = [Tap(x: x, y: y, weight: weights.center)]
    for side in [-1.0, 1] {
      taps.append(Tap(x: x + side * axial, y: y, weight: weights.axial))
      taps.append(Tap(x: x, y: y + side * axial, weight: weights.axial))
      taps.append(Tap(x: x + side * diagonal, y: y - diagonal, weight: weights.diagonal))
      taps.append(Tap(x: x + side * diagonal, y: y + diagonal, weight: weights.diagonal))
    }
    return TapLayer(taps).mergedIntegerTaps()
      .map { PixelWeight(x: $0.offset.x, y: $0.offset.y, weight: $0.weight / sum) }
  }

  /// Variance of the mean kernel along an axis, square pixels: levels add theirs, each in pixels twice as large.
  private var variance: Double {
    let halved = down.reduce(0) { $0 + $1.weight * (Double($1.x) - 0.5) * (Double($1.x) - 0.5) }
    let doubled = up.enumerated().reduce(0) { sum, phase in
      sum
        + phase.element.reduce(0) {
          let distance = Double(phase.offset % 2) - 0.5 - 2 * Double($1.x)
          return $0 + $1.weight * distance * distance / 4
        }
    }
    return (0..<levels).reduce(0) { sum, level in sum + Double(1 << (2 * level)) * (halved + doubled) }
  }

  /// Both axes have this period, in pixels.
  package var period: Int { 1 << levels }

  /// Bilinear samples: five a level on the way down, eight on the way up.
  public var tapCount: Int { 13 * levels }

  /// Pixels that the samples read, by the share of the pixels that each level has.
  public var multiplyAddCount: Double {
    let doubled = Double(up.reduce(0) { $0 + $1.count }) / 4
    return (0..<levels).reduce(0) { sum, level in
      sum + (Double(down.count) / 4 + doubled) / Double(1 << (2 * level))
    }
  }

  /// Two a level.
  public var passCount: Int { 2 * levels }
  /// 1: no weight is negative.
  public var noiseGain: Double? { 1 }

  /// The mean over all phases of what a point of light becomes.
  public func effectiveKernel() throws -> Kernel { try kernel(meanReading()) }

  /// What a point of light in column `x` and row `y` becomes, by running it.
  public func phaseKernel(x: Int, y: Int) throws -> Kernel {
    let (plane, corner) = impulse(x: x, y: y)
    return try kernel(window(filtered(plane), corner))
  }

  private func kernel(_ plane: Plane<Double>) throws -> Kernel {
    try Kernel(
      name: "effective kernel", values: plane, center: PixelOffset(x: reach, y: reach), maximumSide: plane.width)
  }

  /// The accuracy over all phases; see ``PhasedFilter``.
  public func accuracy(against kernel: Kernel) throws -> FilterAccuracy { phasedAccuracy(against: kernel) }

  /// The transposed filter, run on a point, has what its pixel reads, mirrored.
  package func reading(x: Int, y: Int) -> Plane<Double> {
    let (plane, corner) = impulse(x: x, y: y)
    var result = window(transposed(plane), corner)
    result.values.reverse()
    return result
  }

  /// A plane that holds all that an impulse at a phase touches, and where the window around it begins.
  private func impulse(x: Int, y: Int) -> (Plane<Double>, corner: PixelOffset) {
    let phase = PixelOffset(x: (x % period + period) % period, y: (y % period + period) % period)
    let before = (reach + period - 1) / period * period
    let side = (before + period + reach + period - 1) / period * period
    var plane = Plane<Double>(width: side, height: side)
    plane[before + phase.x, before + phase.y] = 1
    return (plane, PixelOffset(x: before + phase.x - reach, y: before + phase.y - reach))
  }

  private func window(_ plane: Plane<Double>, _ corner: PixelOffset) -> Plane<Double> {
    let side = 2 * reach + 1
    var result = Plane<Double>(width: side, height: side)
    for y in 0..<side { for x in 0..<side { result[x, y] = plane[corner.x + x, corner.y + y] } }
    return result
  }
}

// What it does to planes whose sides are multiples of the period; beyond their edges is zero.
extension DualFilter {
  /// The plane after all levels.
  private func filtered<Scalar>(_ plane: Plane<Scalar>) -> Plane<Scalar> {
    var result = plane
    for _ in 0..<levels { result = halved(result) }
    for _ in 0..<levels { result = doubled(result) }
    return result
  }

  /// The transposed operator.
  private func transposed(_ plane: Plane<Double>) -> Plane<Double> {
    var result = plane
    for _ in 0..<levels { result = doubledTransposed(result) }
    for _ in 0..<levels { result = halvedTransposed(result) }
    return result
  }

  private func halved<Scalar>(_ plane: Plane<Scalar>) -> Plane<Scalar> {
    var result = Plane<Scalar>(width: plane.width / 2, height: plane.height / 2)
    let (width, height) = (result.width, result.height)
    plane.add(to: &result) { input, output in
      for y in 0..<height {
        let target = output.baseAddress! + y * width
        for tap in down where (0..<2 * height).contains(2 * y + tap.y) {
          let (weight, source) = (Scalar(tap.weight), input.baseAddress! + ((2 * y + tap.y) * 2 * width + tap.x))
          for x in inside(tap.x, step: 2, count: width, of: 2 * width) { target[x] += weight * source[2 &* x] }
        }
      }
    }
    return result
  }

  private func halvedTransposed(_ plane: Plane<Double>) -> Plane<Double> {
    var result = Plane<Double>(width: 2 * plane.width, height: 2 * plane.height)
    plane.add(to: &result) { input, output in
      forEachHalved(plane.width, plane.height) { index, source, weight in output[source] += weight * input[index] }
    }
    return result
  }

  /// A row of each phase at a time, whose pixels lie side by side, then the two of a row interleaved.
  private func doubled<Scalar>(_ plane: Plane<Scalar>) -> Plane<Scalar> {
    let (width, height) = (plane.width, plane.height)
    var result = Plane<Scalar>(width: 2 * width, height: 2 * height)
    var phases = [Scalar](repeating: 0, count: 2 * width)
    plane.add(to: &result) { input, output in
      phases.withUnsafeMutableBufferPointer { phases in
        for y in 0..<2 * height {
          for i in 0..<2 * width { phases[i] = 0 }
          for column in 0...1 {
            // Pointers, since sums of indices would be checked for overflow, which no vector loop does.
            let target = phases.baseAddress! + column * width
            for tap in up[2 * (y % 2) + column] where (0..<height).contains(y / 2 + tap.y) {
              let (weight, source) = (Scalar(tap.weight), input.baseAddress! + ((y / 2 + tap.y) * width + tap.x))
              for x in inside(tap.x, step: 1, count: width, of: width) { target[x] += weight * source[x] }
            }
          }
          let (target, even, odd) = (
            output.baseAddress! + 2 * y * width, phases.baseAddress!, phases.baseAddress! + width
          )
          for x in 0..<width {
            target[2 &* x] = even[x]
            target[2 &* x &+ 1] = odd[x]
          }
        }
      }
    }
    return result
  }

  private func doubledTransposed(_ plane: Plane<Double>) -> Plane<Double> {
    var result = Plane<Double>(width: plane.width / 2, height: plane.height / 2)
    let (width, height) = (result.width, result.height)
    plane.add(to: &result) { input, output in
      forEachDoubled(width, height) { index, source, weight in output[source] += weight * input[index] }
    }
    return result
  }

  /// Every product of halving to `width x height` pixels: the halved pixel, the one that it reads, the weight.
  @inline(__always)
  private func forEachHalved(_ width: Int, _ height: Int, _ body: (Int, Int, Double) -> Void) {
    // Tap after tap within a row: its pixels are still in the cache.
    for y in 0..<height {
      for tap in down where (0..<2 * height).contains(2 * y + tap.y) {
        for x in inside(tap.x, step: 2, count: width, of: 2 * width) {
          body(y * width + x, (2 * y + tap.y) * 2 * width + 2 * x + tap.x, tap.weight)
        }
      }
    }
  }

  /// The same of doubling from `width x height` pixels.
  @inline(__always)
  private func forEachDoubled(_ width: Int, _ height: Int, _ body: (Int, Int, Double) -> Void) {
    for y in 0..<height {
      for (phase, taps) in up.enumerated() {
        for tap in taps where (0..<height).contains(y + tap.y) {
          for x in inside(tap.x, step: 1, count: width, of: width) {
            body((2 * y + phase / 2) * 2 * width + 2 * x + phase % 2, (y + tap.y) * width + x + tap.x, tap.weight)
          }
        }
      }
    }
  }

  /// The positions in `0..<count` for which `step * position + shift` lies in `0..<limit`.
  private func inside(_ shift: Int, step: Int, count: Int, of limit: Int) -> Range<Int> {
    let first = max(0, (-shift + step - 1) / step)
    let end = min(count, (limit - 1 - shift) / step + 1)
    return first..<max(first, end)
  }

  /// The filtered plane. Throws: ``FewtapEngine/ApplyError``.
  public func apply(toPlane plane: Plane<Float>, options: ApplyOptions = ApplyOptions()) throws(ApplyError)
    -> Plane<Float>
  {
    try options.applyingNormalization(to: plane, sum: 1, absoluteSum: 1) { plane, options throws(ApplyError) in
      if options.cancellation?.isCancelled ?? false { throw .cancelled }
      let before = (reach + period - 1) / period * period
      func side(_ count: Int) -> Int { (before + count + reach + period - 1) / period * period }
      let extended = plane.extended(
        by: before, width: side(plane.width), height: side(plane.height), options.border)
      let result = filtered(extended)
      var inner: [Float] = []
      inner.reserveCapacity(plane.width * plane.height)
      for y in 0..<plane.height {
        let start = (y + before) * result.width + before
        inner.append(contentsOf: result.values[start..<start + plane.width])
      }
      options.progress?(1)
      return Plane(width: plane.width, height: plane.height, exactly: inner)
    }
  }
}

extension Plane {
  /// Calls `body` with the numbers of this plane and those of `result`.
  @inline(__always)
  fileprivate func add(
    to result: inout Plane, _ body: (UnsafeBufferPointer<Scalar>, UnsafeMutableBufferPointer<Scalar>) -> Void
  ) {
    values.withUnsafeBufferPointer { input in
      result.values.withUnsafeMutableBufferPointer { output in body(input, output) }
    }
  }
}

extension Plane<Float> {
  /// The plane of `width x height` pixels in which this one begins at `(before, before)`, and the rule fills the rest.
  fileprivate func extended(by before: Int, width: Int, height: Int, _ border: BorderRule) -> Plane {
    var result: [Float] = []
    result.reserveCapacity(width * height)
    let columns = (0..<width).map { border.source(of: $0 - before, count: self.width) }
    for y in 0..<height {
      guard let row = border.source(of: y - before, count: self.height) else {
        result.append(contentsOf: repeatElement(border.outside, count: width))
        continue
      }
      let start = row * self.width
      for column in columns[..<before] { result.append(column.map { values[start + $0] } ?? border.outside) }
      result.append(contentsOf: values[start..<start + self.width])
      for column in columns[(before + self.width)...] {
        result.append(column.map { values[start + $0] } ?? border.outside)
      }
    }
    return Plane(width: width, height: height, exactly: result)
  }
}
