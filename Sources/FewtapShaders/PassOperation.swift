import FewtapCore

/// What a pass does to make a texel.
enum PassOperation: Equatable, Sendable {
  /// The image, extended beyond its border and multiplied by alpha where that is asked for; texel 0 is the pixel `origin`.
  case extend(origin: PixelOffset)
  /// A sum of weighted reads.
  case tapSum(TapSum)
  /// Weights along both axes that the texel's phase chooses.
  case interpolation(PhaseWeights)
  /// Of a basis: knot coordinates of the parameters, an axis a channel.
  case coordinates([KnotCurve])
  /// Of a basis: a sum of taps that are interpolated between those of the knots.
  case varyingSum(VaryingSum)
  /// Of a basis: the sum of the outputs of the knots around, weighted.
  case blend(KnotBlend)

  /// What a compute shader's group shares; nil: nothing.
  var tile: SharedTile? { wantedTile.flatMap { $0.fits ? $0 : nil } }

  /// What it would share if that fitted.
  var wantedTile: SharedTile? {
    switch self {
    case .tapSum(let sum): sum.tile
    case .interpolation(let phases): phases.tile
    case .varyingSum(let sum): sum.tile
    case .extend, .coordinates, .blend: nil
    }
  }
}

/// Equation: `out[t] = sum_i w_i in(stride t + r_i)`, t and reads in texels, read bilinearly between them.
struct TapSum: Equatable, Sendable {
  /// A place to read, from `stride t`, and its weight.
  struct Read: Equatable, Sendable {
    var x: Double
    var y: Double
    var weight: Double
  }

  var reads: [Read]
  var strideX = 1
  var strideY = 1
  /// What the numbers are, for a comment.
  var meaning: String
  /// Where the numbers stand.
  var storage = Storage.statements
  /// What a compute shader's group is to share, if it fits; nil: nothing.
  var tile: SharedTile?

  enum Storage: Equatable, Sendable {
    case statements
    case constants
    /// In a texture of that many columns, row after row.
    case texture(String, width: Int)
  }

  /// Whether nothing is read between texels.
  var isWhole: Bool { reads.allSatisfy { $0.x == $0.x.rounded() && $0.y == $0.y.rounded() } }
}

/// Equation: `out[t] = sum_j sum_i w[t.y mod D][j] w[t.x mod D][i] in(t / D + first + (i, j))`.
struct PhaseWeights: Equatable, Sendable {
  var factor: Int
  /// Texel that the first weights belong to, from `t / D`.
  var first: PixelOffset
  /// Of each phase its weights, as many as ``count``.
  var weights: [[Double]]
  /// What a compute shader's group is to share, if it fits; nil: nothing.
  var tile: SharedTile?

  /// Weights along an axis, 2...4.
  var count: Int { weights[0].count }

  /// Of each phase, reads between texels that take two weights each: where, from ``first``, and the sum of the two.
  var pairs: [[(place: Double, weight: Double)]] {
    weights.map { weights in
      stride(from: 0, to: weights.count, by: 2).map { index in
        let next = index + 1 < weights.count ? weights[index + 1] : 0
        let sum = weights[index] + next
        return (Double(index) + (sum == 0 ? 0 : next / sum), sum)
      }
    }
  }
}

/// What the image's texels are to a pass.
struct ImageReading: Equatable, Sendable {
  enum Content: Equatable, Sendable {
    /// What the image holds.
    case pixels
    /// Colors times alpha.
    case premultiplied
    /// In the first channel 1 on the image and 0 outside, in the second 1 everywhere.
    case mask
  }

  var content: Content
  var border: BorderRule
}

/// What makes a result of a sum.
struct Finish: Equatable, Sendable {
  /// Whether to divide by the share of the weights that lies on the image, which the texture `mask` tells.
  var dividesByShare = false
  /// What becomes of the fourth channel.
  var alpha: Alpha = .none

  enum Alpha: Equatable, Sendable {
    /// Nothing.
    case none
    /// It is multiplied; then colors are divided by it if they are to be straight.
    case scaled(Double, straight: Bool)
    /// It is the image's own; then colors are divided by it if they are to be straight.
    case kept(straight: Bool)
  }

  /// What a normalized border divides by at least, as the engine does.
  static let leastShare = 0x1p-8
  /// Below this coverage a color is 0, as the engine has it.
  static let leastCoverage = 0x1p-17
}
