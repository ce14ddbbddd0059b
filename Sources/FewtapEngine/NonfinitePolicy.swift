import FewtapCore

/// What to do with NaN and infinite pixels.
public enum NonfinitePolicy: String, CaseIterable, Sendable {
  /// Refuse the image, naming the first such pixel.
  case refuse
  /// Filter as if they were 0, in color and alpha alike.
  case zero
  /// Filter them as they are: each turns every pixel within the filter's reach into NaN or infinity.
  case keep

  /// `plane` as the policy lets it through; `channel` is what the error calls it.
  ///
  /// Throws: ``ApplyError/nonFinitePixel(channel:x:y:value:)`` under ``refuse``.
  func admit(_ plane: Plane<Float>, channel: Int) throws(ApplyError) -> Plane<Float> {
    guard self != .keep, let index = plane.values.firstIndex(where: { !$0.isFinite }) else { return plane }
    guard self == .zero else {
      throw .nonFinitePixel(
        channel: channel, x: index % plane.width, y: index / plane.width, value: plane.values[index])
    }
    var cleaned = plane
    for index in index..<cleaned.values.count where !cleaned.values[index].isFinite { cleaned.values[index] = 0 }
    return cleaned
  }
}
