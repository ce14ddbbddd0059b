import Foundation

/// A number with so many digits after the point and a true minus sign; "–" for one that is not finite.
package func decimal(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite else { return "–" }
  let text = String(format: "%.\(digits)f", value)
  guard text.hasPrefix("-") else { return text }
  return (text.contains { ("1"..."9").contains($0) } ? "−" : "") + text.dropFirst()
}

/// The same of a figure that may be missing.
func decimal(_ value: Double?, _ digits: Int) -> String { value.map { decimal($0, digits) } ?? "–" }

/// dB with one digit; beyond what Float holds a figure says nothing.
func decibels(_ value: Double, _ digits: Int = 1) -> String { isExact(value) ? "exact" : decimal(value, digits) }

/// The same with its unit.
func decibelsWithUnit(_ value: Double) -> String { isExact(value) ? "exact" : "\(decimal(value, 1)) dB" }

/// Whether a PSNR is beyond what Float holds.
func isExact(_ decibels: Double) -> Bool { decibels > 140 }

/// A length or place in SVG: hundredths of a pixel.
func place(_ value: Double) -> String {
  let text = String(format: "%.2f", value.isFinite ? value : 0)
  return text.hasSuffix(".00") ? String(text.dropLast(3)) : text
}

/// The least of 1, 2, 5 times a power of ten that is at least `value`; 1 if that is not positive.
package func roundUp(_ value: Double) -> Double {
  guard value > 0, value.isFinite else { return 1 }
  let power = pow(10, log10(value).rounded(.down))
  // What rounding adds to a round number must not lift it to the next.
  return ([1, 2, 5].first { $0 * power >= value * (1 - 1e-12) } ?? 10) * power
}
