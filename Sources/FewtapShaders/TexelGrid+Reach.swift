import FewtapCore

/// Columns and rows of a texture.
struct TexelArea: Equatable {
  var x: TexelGrid
  var y: TexelGrid

  /// The image's own pixels.
  static let image = TexelArea(x: .image, y: .image)

  func union(_ other: TexelArea) -> TexelArea { TexelArea(x: x.union(other.x), y: y.union(other.y)) }

  /// The texels decimated, along both axes, to these.
  func decimated(by weights: Resampling.Weights, factor: Int) -> TexelArea {
    TexelArea(x: x.decimated(by: weights, factor: factor), y: y.decimated(by: weights, factor: factor))
  }

  /// What a layer reads for this area: the result at p reads p - o.
  func read(by bounds: OffsetBounds) -> TexelArea {
    TexelArea(x: x.read(bounds.minX...bounds.maxX), y: y.read(bounds.minY...bounds.maxY))
  }
}

extension TexelGrid {
  /// The texels read for these by offsets of a range: the result at p reads p - o.
  func read(_ offsets: ClosedRange<Int>) -> TexelGrid {
    TexelGrid(
      factor: factor, added: added, extra: extra + offsets.upperBound - offsets.lowerBound,
      origin: origin - offsets.upperBound)
  }

  /// The low-rate texels that the image's own pixels are interpolated between, for any phase as many as `weights` has.
  static func low(factor: Int, _ weights: PhaseWeights, first: Int) -> TexelGrid {
    TexelGrid(factor: factor, added: -1, extra: weights.count, origin: first)
  }

  /// The pixels of the image that a prefilter reads for these low-rate texels: a few more than needed, as their number is that of
  /// whole texels.
  ///
  /// `ratio` of the texels that are decimated make one of these; they are the image's own pixels where that is the factor.
  func decimated(by weights: Resampling.Weights, factor ratio: Int) -> TexelGrid {
    // r floor((n - 1) / (r f)) <= floor((n - 1) / f).
    TexelGrid(
      factor: factor / ratio, added: added, extra: ratio * (extra - 1) + weights.values.count,
      origin: ratio * origin - weights.last)
  }

  /// The texels of both; needs grids whose sizes follow the image's in the same way.
  func union(_ other: TexelGrid) -> TexelGrid {
    let first = min(origin, other.origin)
    return TexelGrid(
      factor: factor, added: added, extra: max(origin + extra, other.origin + other.extra) - first, origin: first)
  }
}

extension TapLayer {
  /// Whether nothing is read between texels.
  var isWhole: Bool { taps.allSatisfy { $0.x == $0.x.rounded() && $0.y == $0.y.rounded() } }

  /// The offsets that a texture must cover: where reads lie between texels, the next texel of each, even where its weight is 0.
  var coveredBounds: OffsetBounds {
    var box = bounds
    guard !isWhole else { return box }
    // The read at p - o takes the texel at floor(p - o) and the one after it.
    for tap in taps {
      let (x, y) = (-Int((-tap.x).rounded(.down)), -Int((-tap.y).rounded(.down)))
      box = box.union(OffsetBounds(minX: x - 1, maxX: x, minY: y - 1, maxY: y))
    }
    return box
  }
}

extension PhaseWeights {
  /// The interpolation of a rate.
  ///
  /// Equation: `y[n] = sum_m b[n - D m] low[m]` along each axis; from `n = D q + r` follow `m = q + first + j` and `b[r - D (first + j)]`.
  init(_ rate: Resampling, low: TexelArea?) {
    let (b, factor) = (rate.interpolatorWeights, rate.factor)
    func quotient(_ a: Int, _ rule: FloatingPointRoundingRule) -> Int {
      Int((Double(a) / Double(factor)).rounded(rule))
    }
    let first = quotient(-b.last, .up)
    let last = quotient(factor - 1 - b.first, .down)
    let weights = (0..<factor).map { phase in
      (first...last).map { m in
        let index = phase - factor * m - b.first
        return b.values.indices.contains(index) ? b.values[index] : 0
      }
    }
    self.init(
      factor: factor,
      first: PixelOffset(x: first - (low?.x.origin ?? 0), y: first - (low?.y.origin ?? 0)), weights: weights)
  }
}
