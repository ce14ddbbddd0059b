/// How many taps each layer has.
public struct Layout: Equatable, Sendable, CustomStringConvertible {
  /// Taps a layer, first layer first; each at least 1.
  public let taps: [Int]

  /// Most layers, and most taps in all, that a fit accepts: memory grows with the square of the taps, time with
  /// the cube.
  public static let (maximumLayers, maximumTaps) = (16, 2048)

  /// A layout of given counts.
  ///
  /// Throws: ``FitError/badLayout(_:)`` if there is no layer, a layer has no tap, or there are too many.
  public init(_ taps: [Int]) throws(FitError) {
    let text = taps.map(String.init).joined(separator: ",")
    guard !taps.isEmpty, taps.allSatisfy({ $0 >= 1 && $0 <= Self.maximumTaps }), taps.count <= Self.maximumLayers,
      taps.reduce(0, +) <= Self.maximumTaps
    else { throw .badLayout(text) }
    self.taps = taps
  }

  /// The layout that `text` spells: `24x4` (24 taps in each of 4 layers) or `76,8,6,6`.
  public init(parsing text: String) throws(FitError) {
    var counts: [Int] = []
    let uniform = text.split(separator: "x", omittingEmptySubsequences: false)
    if uniform.count == 2, let taps = Int(uniform[0]), let layers = Int(uniform[1]),
      (1...Self.maximumLayers).contains(layers)
    {
      counts = Array(repeating: taps, count: layers)
    } else {
      for part in text.split(separator: ",", omittingEmptySubsequences: false) { counts.append(Int(part) ?? 0) }
    }
    do { try self.init(counts) } catch { throw .badLayout(text) }
  }

  /// `76,8,6,6`.
  public var description: String { taps.map(String.init).joined(separator: ",") }

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
}
