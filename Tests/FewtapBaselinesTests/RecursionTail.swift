import Foundation

/// What the recursive Gaussian's response beyond 8 sigma, which is cut, sums to along an axis on both sides: the magnitudes of
/// Deriche's constants over the slower decay, relative to a bell's sum.
let recursionTail = 2 * (1.68 + 3.735 + 0.6803 + 0.2598) * exp(-1.723 * 8) / 1.723 / (2 * Double.pi).squareRoot()
