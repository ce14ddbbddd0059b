import FewtapCore

/// What a graphics processor keeps of a filter's numbers.
public struct GPUTarget: Equatable, Sendable {
  /// What ``fractionBits`` may be: Vulkan promises 4 (VkPhysicalDeviceLimits, subTexelPrecisionBits); 16 are more than half floats resolve.
  public static let fractionBitCounts = 4...16

  /// Bits of the place between two texels that the texture unit reads with.
  ///
  /// 8 is what Direct3D 11 and 12 ask for (D3D11_SUBTEXEL_FRACTIONAL_BIT_COUNT), and what CUDA's programming guide tells of NVIDIA's
  /// (9 bits of fixed point, 8 of them after the point, snapped to the nearest). A filter whose offsets are rounded to them is read as it
  /// says on every device that has as many or more.
  public var fractionBits = 8
  /// What textures between passes, and the result, hold.
  public var format = TexelFormat.half

  /// Direct3D's bits, and half floats.
  public init() {}
}
