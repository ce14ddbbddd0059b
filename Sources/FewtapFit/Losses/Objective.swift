import FewtapCore

/// What an error costs: which differences between effective and target kernel matter.
public enum Objective: String, CaseIterable, Sendable {
  /// What is seen on photographs, whose power falls as 1/f^2.
  case photo
  /// Photographs, with some weight on fine detail of the kernel itself.
  case balanced
  /// The kernel itself, as a point of light shows it: all frequencies alike.
  case highlights
  /// The paper's smoothed L1 distance of the kernels.
  case charbonnier

  /// Power `W2(f)` that the error's spectrum is weighted with; `f` in cycles a pixel.
  ///
  /// Equation: `W2 = 1 / (f^2 + f0^2) + white`. The photographs that the project is measured on have `f0` of 0.01...0.03
  ///           cycles a pixel; `white` 10 equals the photographs' power at f = 0.3.
  func power(squaredFrequency f2: Double) -> Double {
    switch self {
    case .photo: 1 / (f2 + Self.cornerFrequency * Self.cornerFrequency)
    case .balanced: 1 / (f2 + Self.cornerFrequency * Self.cornerFrequency) + 10
    case .highlights, .charbonnier: 1
    }
  }

  private static let cornerFrequency = 0.02
}
