/// How many taps each layer has, and whether they come in vertical runs.
public struct Layout: Equatable, Sendable, CustomStringConvertible {
  /// A layer: `count` runs of `length` taps, one below the other. A run of one tap is a tap.
  ///
  /// A processor executes a run of four taps in about one and a half times the time of one tap, since the taps share what is
  /// loaded (METHOD.md, section 8).
  public struct Layer: Equatable, Sendable, CustomStringConvertible {
    /// Runs; at least 1.
    public let count: Int
    /// Taps of a run; at least 1.
    public let length: Int

    /// `count` runs of `length` taps.
    public init(count: Int, length: Int = 1) {
      self.count = count
      self.length = length
    }

    /// `8`, or `8r4` for 8 runs of 4 taps.
    public var description: String { length == 1 ? "\(count)" : "\(count)r\(length)" }

    fileprivate init?(parsing text: some StringProtocol) {
      let parts = text.split(separator: "r", omittingEmptySubsequences: false)
      guard parts.count <= 2, let count = Int(parts[0]), let length = parts.count == 2 ? Int(parts[1]) : 1 else {
        return nil
      }
      self.init(count: count, length: length)
    }
  }

  /// The layers, first layer first.
  public let layers: [Layer]
  /// Taps a layer, first layer first; each at least 1.
  public var taps: [Int] { layers.map { $0.count * $0.length } }

  /// Whether taps come in runs of more than one.
  public var hasRuns: Bool { layers.contains { $0.length > 1 } }

  /// Most layers, and most taps in all, that a fit accepts: memory grows with the square of the taps, time with
  /// the cube.
  public static let (maximumLayers, maximumTaps) = (16, 2048)
  /// Most taps of a run: twice what the engine's row kernels take at a time.
  public static let maximumRunLength = 8

  /// A layout of given layers.
  ///
  /// Throws: ``FitError/badLayout(_:)`` if there is no layer, a layer has no tap, or there are too many, or a run is too long.
  public init(layers: [Layer]) throws(FitError) {
    let isValid = layers.allSatisfy {
      (1...Self.maximumTaps).contains($0.count) && (1...Self.maximumRunLength).contains($0.length)
    }
    guard isValid, (1...Self.maximumLayers).contains(layers.count),
      layers.reduce(0, { $0 + $1.count * $1.length }) <= Self.maximumTaps
    else { throw .badLayout(Self.text(layers)) }
    self.layers = layers
  }

  /// A layout of one layer that is known to be within the limits.
  init(exactly layer: Layer) { layers = [layer] }

  /// A layout of single taps, so many a layer.
  ///
  /// Throws: as ``init(layers:)``.
  public init(_ taps: [Int]) throws(FitError) { try self.init(layers: taps.map { Layer(count: $0) }) }

  /// The layout that `text` spells: layers separated by commas, each a number of taps, or of runs as `8r4` (8 runs of 4 taps);
  /// or one layer `x` how often, `24x4`.
  public init(parsing text: String) throws(FitError) {
    let uniform = text.split(separator: "x", omittingEmptySubsequences: false)
    var layers: [Layer?]
    if uniform.count == 2, let count = Int(uniform[1]), (1...Self.maximumLayers).contains(count) {
      layers = Array(repeating: Layer(parsing: uniform[0]), count: count)
    } else {
      layers = text.split(separator: ",", omittingEmptySubsequences: false).map { Layer(parsing: $0) }
    }
    guard layers.allSatisfy({ $0 != nil }) else { throw .badLayout(text) }
    do { try self.init(layers: layers.compactMap { $0 }) } catch { throw .badLayout(text) }
  }

  /// `76,8,6,6`, `17r4,4r4,3` or, of equal layers, `24x4`.
  public var description: String { Self.text(layers) }

  private static func text(_ layers: [Layer]) -> String {
    if let first = layers.first, layers.count > 1, layers.allSatisfy({ $0 == first }) {
      return "\(first)x\(layers.count)"
    }
    return layers.map(\.description).joined(separator: ",")
  }

  /// Layouts worth trying for a budget of taps, the best first on average: nearly all taps in the first layer, and a few small
  /// layers that smooth between them (METHOD.md, section 4).
  package static func candidates(taps: Int) -> [[Int]] {
    // Shares of the later layers, in 96ths of the budget.
    let shares = [[10, 6, 6], [8, 4, 4], [10, 5, 5], [10, 8]]
    var layouts: [[Int]] = []
    for share in shares {
      var later = share.map { max(3, (Double($0) * Double(taps) / 96).rounded()) }.map { Int($0) }
      // A small budget has no room for three later layers: the first keeps at least half.
      while !later.isEmpty, later.reduce(0, +) * 2 > taps { later.removeLast() }
      let layout = [taps - later.reduce(0, +)] + later
      if !layouts.contains(layout) { layouts.append(layout) }
    }
    return layouts
  }

  /// Numbers of layers that `shared(taps:layers:)` makes layouts of.
  public static let layerCounts = 1...4

  /// The layout of so many layers, of ``layerCounts``, that interpolates best: one that places the mass, and small ones that smooth.
  ///
  /// Source: METHOD.md section 7, "82 + 14" and "70 + 12 + 8 + 6".
  package static func shared(taps: Int, layers: Int) throws(FitError) -> Layout {
    let shares = [[], [14], [12, 8], [12, 8, 6]][layers - 1].map { max(3, ($0 * Double(taps) / 96).rounded()) }
    return try Layout([max(1, taps - Int(shares.reduce(0, +)))] + shares.map { Int($0) })
  }

  /// Layouts worth trying for `count` runs of `length` taps (within the limits of a layout) against a kernel of `support` nonzero
  /// pixels of the rate at which the chain runs, the best first on average.
  ///
  /// The denser the taps can lie in the kernel, the fewer layers it takes to fill the gaps: one layer if they cover 0.6 of the
  /// kernel, two from 0.25 on, three from 0.16 on, else four. Measured on disk, star, heart, ampersand and coma of 49 x 49 pixels
  /// at full, half and quarter rate, 8 to 70 runs of 4: at equal cost for the engine the layers' number is worth 1 to 8 dB, their
  /// shares 0.3 dB.
  package static func candidates(runs count: Int, of length: Int, support: Int) -> [Layout] {
    let density = Double(count * length) / Double(max(1, support))
    let wanted = density >= 0.6 ? 1 : density >= 0.25 ? 2 : density >= 0.16 ? 3 : 4
    // Later layers grow with the root of the budget; they are these for 26 runs.
    let later = [4.0, 3, 2].map { max(2, Int(($0 * (Double(count) / 26).squareRoot()).rounded())) }
    // The first layer places the kernel's mass: it keeps at least half.
    let most = (1...4).last { 2 * later.prefix($0 - 1).reduce(0, +) <= count } ?? 1
    let best = min(wanted, most)
    return [best, best + 1, best - 1].filter((1...most).contains).compactMap { layers in
      let rest = later.prefix(layers - 1)
      return try? Layout(layers: ([count - rest.reduce(0, +)] + rest).map { Layer(count: $0, length: length) })
    }
  }
}
