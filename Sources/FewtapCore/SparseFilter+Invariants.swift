/// What every filter must satisfy, wherever it came from: checked when a file is read and before a filter is applied.
extension SparseFilter {
  /// Largest `|offset|` of a tap, in pixels of the rate at which its layer runs. Four times the largest kernel's side: far beyond what a fit can make, and
  /// small enough that no sum of offsets comes near an integer's end.
  public static let maximumOffset = 4.0 * Double(Kernel.maximumSide)
  /// Most layers in a chain.
  public static let maximumLayerCount = 64
  /// Most taps in a layer: every pixel of the largest kernel.
  public static let maximumTapCount = Kernel.maximumSide * Kernel.maximumSide

  /// Throws the first rule that does not hold, with the path of the bad value.
  public func checkInvariants() throws(FilterError) {
    guard gain.isFinite else { throw FilterError("gain", "is \(gain)", "a finite number") }
    try rate?.check()
    let layers = chain.layers
    guard (1...Self.maximumLayerCount).contains(layers.count) else {
      throw FilterError("layers", "has \(layers.count) layers", "1 to \(Self.maximumLayerCount) layers")
    }
    for (l, layer) in layers.enumerated() {
      guard (1...Self.maximumTapCount).contains(layer.taps.count) else {
        throw FilterError("layers[\(l)]", "has \(layer.taps.count) taps", "1 to \(Self.maximumTapCount) taps")
      }
      for (i, tap) in layer.taps.enumerated() {
        for (k, offset) in [tap.x, tap.y].enumerated() {
          guard abs(offset) <= Self.maximumOffset else {
            throw FilterError(
              "layers[\(l)][\(i)][\(k)]", "is \(offset)", "an offset within \(Self.maximumOffset) pixels")
          }
          guard chain.model == .bilinear || offset == offset.rounded() else {
            throw FilterError(
              "layers[\(l)][\(i)][\(k)]", "is \(offset)", "a whole number, since \"taps\" is \"integer\"")
          }
        }
        guard tap.weight.isFinite else {
          throw FilterError("layers[\(l)][\(i)][2]", "is \(tap.weight)", "a finite weight")
        }
      }
    }
    guard chain.noiseGain.isFinite else {
      throw FilterError("layers", "has weights whose sums overflow", "weights of ordinary size")
    }
    try kernel?.check()
    try fit?.check()
  }
}

extension Resampling {
  fileprivate func check() throws(FilterError) {
    guard Self.factors.contains(factor) else {
      throw FilterError("rate.factor", "is \(factor)", "\(Self.factors.lowerBound) to \(Self.factors.upperBound)")
    }
  }
}

extension KernelReference {
  fileprivate func check() throws(FilterError) {
    for (key, side) in [("width", width), ("height", height)] where !(1...Kernel.maximumSide).contains(side) {
      throw FilterError("kernel.\(key)", "is \(side)", "1 to \(Kernel.maximumSide)")
    }
  }
}

extension FitRecord {
  fileprivate func check() throws(FilterError) {
    for (key, value) in [
      ("relativeError", relativeError), ("photoPSNR", photoPSNR), ("worstPhotoPSNR", worstPhotoPSNR),
      ("noiseGain", noiseGain), ("flicker", flicker ?? 0),
    ] where !value.isFinite {
      throw FilterError("fit.\(key)", "is \(value)", "a finite number")
    }
  }
}

/// A value in a filter, or in its file, that cannot be.
public struct FilterError: Error, Equatable, CustomStringConvertible {
  /// Where in the file, for example `layers[0][3][2]`; empty for the file as a whole.
  public let path: String
  /// What is wrong there.
  public let problem: String
  /// What would be right.
  public let expected: String

  package init(_ path: String, _ problem: String, _ expected: String) {
    self.path = path
    self.problem = problem
    self.expected = expected
  }

  /// The sentence that a user reads.
  public var description: String { "\(path.isEmpty ? "the file" : path) \(problem): expected \(expected)" }
}
