import FewtapCore

/// How a picture is cut by depth into layers.
///
/// A layer is a range of *nearness*: the circle of confusion's radius turned round, so that it rises toward the camera. Layers share
/// the pixels between their centers, by weights that sum to 1, so that a slanted plane has no seams; where the picture has no
/// pixel for a while, depth jumps, and the layers on both sides share nothing.
///
/// Equation: `weight_k(z) = rise_k(z) - rise_{k+1}(z)`, `rise_k` going from 0 to 1 between the last pixel that is all in layer
///           k - 1 and the first that is all in layer k; radius 0 is the center of a layer, so that what is in focus is all in one.
struct DepthLayers: Equatable, Sendable {
  /// A layer's share of pixels by their nearness.
  struct Layer: Equatable, Sendable {
    /// The weight goes from 0 at the first to 1 at the last; nil: nothing is farther.
    var rise: ClosedRange<Float>?
    /// The weight goes from 1 at the first to 0 at the last; nil: nothing is nearer.
    var fall: ClosedRange<Float>?

    /// The weight of a pixel.
    @inline(__always)
    func weight(of nearness: Float) -> Float {
      if let rise, nearness < rise.upperBound {
        return nearness <= rise.lowerBound ? 0 : (nearness - rise.lowerBound) / (rise.upperBound - rise.lowerBound)
      }
      if let fall, nearness > fall.lowerBound {
        return nearness >= fall.upperBound ? 0 : 1 - (nearness - fall.lowerBound) / (fall.upperBound - fall.lowerBound)
      }
      return 1
    }

    /// Whether a pixel is nearer than all of the layer, so that it may hide some of it.
    @inline(__always)
    func isHidden(_ nearness: Float) -> Bool { fall.map { nearness >= $0.upperBound } ?? false }
  }

  /// From far to near.
  let layers: [Layer]

  /// Cells of the histogram of depth for each pixel of radius: finer than what a kernel's edge shows.
  private static let cellsPerPixel: Float = 16
  /// A jump of depth separates layers if radii differ by this much, px: less is as sharp on both sides.
  private static let leastGap: Float = 0.5

  /// Layers for the pixels of `nearness`: as thick as `thickness` says at a radius, thinner where that divides evenly.
  init(_ nearness: [Float], thickness: (Float) -> Float) {
    let (low, high) = (nearness.min() ?? 0, nearness.max() ?? 0)
    let centers = Self.centers(low...high, thickness)
    // Which cells have pixels: jumps are runs of empty ones.
    let cells = Int(((high - low) * Self.cellsPerPixel).rounded(.up)) + 1
    var isTaken = [Bool](repeating: false, count: cells)
    for value in nearness { isTaken[min(Int((value - low) * Self.cellsPerPixel), cells - 1)] = true }
    var transitions: [ClosedRange<Float>] = []
    for (far, near) in zip(centers, centers.dropFirst()) {
      let (first, last) = (
        Int((far - low) * Self.cellsPerPixel), min(Int((near - low) * Self.cellsPerPixel), cells - 1)
      )
      // The longest run of empty cells between the two centers.
      var (best, run) = (0..<0, first..<first)
      for cell in first...max(first, last) {
        run = isTaken[cell] ? cell + 1..<cell + 1 : run.lowerBound..<cell + 1
        if run.count > best.count { best = run }
      }
      let gap = (low + Float(best.lowerBound) / Self.cellsPerPixel, low + Float(best.upperBound) / Self.cellsPerPixel)
      if gap.1 - gap.0 >= Self.leastGap {
        transitions.append(max(gap.0, far)...min(max(gap.1, gap.0), near))
      } else {
        transitions.append(far...near)
      }
    }
    layers = centers.indices.map { index in
      Layer(rise: index > 0 ? transitions[index - 1] : nil, fall: index < transitions.count ? transitions[index] : nil)
    }
  }

  /// Centers from the farthest to the nearest pixel, 0 among them if it lies between.
  private static func centers(_ range: ClosedRange<Float>, _ thickness: (Float) -> Float) -> [Float] {
    // From what is nearest to focus outward, on both sides.
    let start = min(max(0, range.lowerBound), range.upperBound)
    func side(to end: Float) -> [Float] {
      var (places, place) = ([Float](), Float(0))
      while place < abs(end - start) {
        place += thickness(abs(start) + place)
        places.append(place)
      }
      // Even steps in proportion, so that the last one ends at the end.
      guard let last = places.last, last > 0 else { return [] }
      return places.map { start + (end - start) * ($0 / last) }
    }
    return side(to: range.lowerBound).reversed() + [start] + side(to: range.upperBound)
  }
}
