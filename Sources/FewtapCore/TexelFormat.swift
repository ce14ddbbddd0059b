/// What the textures hold that passes on a graphics processor read and write, a texel.
public enum TexelFormat: String, CaseIterable, Sendable {
  /// Four half floats.
  case half = "rgba16f"
  /// Four floats.
  case float = "rgba32f"

  /// Bytes of a texel.
  public var bytes: Int { self == .half ? 8 : 16 }
}
