/// What passes over textures ask of a graphics processor, a pixel of the image, its four channels at once.
public struct GPUWork: Equatable, Sendable {
  /// Draws or dispatches.
  public var passes: Int
  /// Texture reads, bilinear ones and plain ones alike.
  public var fetches: Double
  /// Bytes from and to memory: each texel that a pass reads, once, and each that it writes. That neighbors share what they read is left to
  /// caches; tables of numbers stay there.
  public var bytes: Double

  /// Work of given parts.
  public init(passes: Int = 0, fetches: Double = 0, bytes: Double = 0) {
    (self.passes, self.fetches, self.bytes) = (passes, fetches, bytes)
  }

  /// Adds a pass that writes so many texels a pixel, with so many fetches a texel, of so many texels read a pixel.
  package mutating func add(written: Double, fetches: Double, read: Double, bytesPerTexel: Int) {
    passes += 1
    self.fetches += written * fetches
    bytes += (written + read) * Double(bytesPerTexel)
  }
}
