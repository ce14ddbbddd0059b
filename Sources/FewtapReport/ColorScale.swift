import FewtapCore
import Foundation

/// Colors for signed numbers: blue below zero, nearly white at zero, orange above; told apart by color-blind people, and as dark at one end
/// as at the other.
///
/// Source: `vik` of Crameri, "Scientific colour maps", DOI 10.5281/zenodo.1243862 (MIT), ten of its colors and that of its middle, straight lines between.
package enum ColorScale {
  private static let anchors: [(place: Double, red: Double, green: Double, blue: Double)] = [
    (-9, 0, 18, 97), (-7, 3, 62, 125), (-5, 30, 111, 157), (-3, 113, 168, 196), (-1, 201, 221, 231), (0, 236, 229, 224),
    (1, 234, 206, 189), (3, 211, 151, 116), (5, 190, 101, 51), (7, 139, 39, 6), (9, 89, 0, 8),
  ]

  /// Codes 0...255 of sRGB for a share of the scale's end, cut off at -1 and 1.
  package static func codes(_ share: Double) -> [Double] {
    // So few steps that eyes see none, and files stay small.
    let share = (min(max(share.isFinite ? share : 0, -1), 1) * 32).rounded() / 32
    let index = min(anchors.lastIndex { $0.place <= 9 * share } ?? 0, anchors.count - 2)
    let (low, high) = (anchors[index], anchors[index + 1])
    let part = (9 * share - low.place) / (high.place - low.place)
    return [(low.red, high.red), (low.green, high.green), (low.blue, high.blue)].map { $0 + part * ($1 - $0) }
  }

  /// The color as CSS writes it.
  static func css(_ share: Double) -> String {
    "rgb(" + codes(share).map { "\(Int($0.rounded()))" }.joined(separator: ",") + ")"
  }

  /// Signed numbers as a picture, in linear light; `limit` is where the scale ends.
  package static func image(_ plane: Plane<Double>, limit: Double) -> Image {
    let light = (0...64).map { step in
      codes(Double(step) / 32 - 1).map { Float(TransferFunction.srgb.decode(($0.rounded()) / 255)) }
    }
    let steps = plane.values.map { value in
      let share = value / limit
      return Int(((share.isFinite ? min(max(share, -1), 1) : 0) * 32).rounded()) + 32
    }
    return Image(
      sameSizePlanes: (0..<3).map { channel in
        Plane(width: plane.width, height: plane.height, exactly: steps.map { light[$0][channel] })
      })
  }

  /// Where a scale for several planes ends: a round number that half of them stay within, but for a twentieth of their pixels.
  package static func limit(for planes: [Plane<Double>]) -> Double {
    let high = planes.filter { !$0.values.isEmpty }.map { plane in
      let sizes = plane.values.map(abs).sorted()
      return sizes[min(sizes.count - 1, sizes.count * 19 / 20)]
    }.sorted()
    return roundUp(high.isEmpty ? 0 : high[high.count / 2])
  }

  /// The scale with numbers at its ends and in its middle, an SVG element's content of 340 x 46 pixels.
  static func bar(id: String, low: String, high: String, meaning: String) -> String {
    let stops = (0...32).map { step in
      "<stop offset=\"\(place(Double(step) / 32 * 100))%\" stop-color=\"\(css(Double(step) / 16 - 1))\"/>"
    }.joined()
    return """
      <defs><linearGradient id="\(id)">\(stops)</linearGradient></defs>
      <text x="170" y="11" text-anchor="middle">\(markup(meaning))</text>
      <rect x="40" y="17" width="260" height="11" fill="url(#\(id))"/>
      <text class="tick" x="40" y="43" text-anchor="middle">\(markup(low))</text>
      <text class="tick" x="170" y="43" text-anchor="middle">0</text>
      <text class="tick" x="300" y="43" text-anchor="middle">\(markup(high))</text>
      """
  }
}
