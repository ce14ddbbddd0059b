import FewtapCore

/// What to do with NaN and infinite pixels.
public enum NonfinitePolicy: String, CaseIterable, Sendable {
  /// Refuse an image of which a result reads such a pixel, naming the image's first. One that no result reads, since the
  /// filter looks elsewhere, may pass.
  case refuse
  /// Filter as if they were 0, in color and alpha alike.
  case zero
  /// Filter them as they are: each turns every pixel within the filter's reach into NaN or infinity.
  case keep

  /// `plane` as the policy lets it through; `channel` is what the error calls it.
  ///
  /// Throws: ``ApplyError/nonFinitePixel(channel:x:y:value:)`` under ``refuse``.
  package func admit(_ plane: Plane<Float>, channel: Int) throws(ApplyError) -> Plane<Float> {
    guard self != .keep, let found = plane.firstNonFinite() else { return plane }
    guard self == .zero else { throw .nonFinitePixel(channel: channel, x: found.x, y: found.y, value: found.value) }
    var cleaned = plane
    for index in cleaned.values.indices where !cleaned.values[index].isFinite { cleaned.values[index] = 0 }
    return cleaned
  }

  /// The same for all planes of an image.
  func admit(_ image: Image) throws(ApplyError) -> Image {
    var planes: [Plane<Float>] = []
    for (channel, plane) in image.planes.enumerated() { planes.append(try admit(plane, channel: channel)) }
    return Image(sameSizePlanes: planes, alphaIndex: image.alphaIndex, alphaIsAssociated: image.alphaIsAssociated)
  }
}
