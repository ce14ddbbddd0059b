import FewtapCore

/// Turns linear light into the nearest integer code: nearest among encoded values, as a decoder's inverse must be.
///
/// Accuracy: exact but for the rounding of `pow` in the thresholds; the code of a decoded code is that code.
/// Cost:     one table look-up and 4 comparisons without branches, which random pixels would mispredict; no `pow` a sample.
struct CodeEncoder {
  /// Entry k is the least Float that is at least as near to code k + 1 as to code k; 15 infinities follow, for the search.
  private let thresholds: [Float]
  /// Entry j counts the thresholds whose key is below `firstKey + j`. At most 8 share a key: linear codes of 16 bits below 1,
  /// where a key is 2^-13 wide; sRGB's have 1.055 / 2.4 of that slope there, and below 0.5 no more than 8 either.
  private let starts: [UInt16]
  private let firstKey: Int
  private let maximumCode: Int
  /// Values outside round to codes outside 0...maximumCode.
  private let lowest: Float
  private let highest: Float

  init(transfer: TransferFunction, maximumCode: Int) {
    self.maximumCode = maximumCode
    let step = 1 / Double(maximumCode)
    let finite = (0..<maximumCode).map { code in
      let exact = transfer.decode((Double(code) + 0.5) * step)
      let rounded = Float(exact)
      return Double(rounded) < exact ? rounded.nextUp : rounded
    }
    lowest = Float(transfer.decode(-0.5 * step))
    highest = Float(transfer.decode(1 + 0.5 * step))
    thresholds = finite + [Float](repeating: .infinity, count: 15)
    let keys = finite.map(Self.key)
    firstKey = keys[0]
    // There are 65535 thresholds at most, so counts fit 16 bits.
    var starts = [UInt16](repeating: 0, count: keys[keys.count - 1] - keys[0] + 2)
    for key in keys { starts[key - keys[0] + 1] += 1 }
    for index in 1..<starts.count { starts[index] += starts[index - 1] }
    self.starts = starts
  }

  /// Exponent and the mantissa's leading 12 bits: positive numbers sort as their keys do.
  private static func key(_ value: Float) -> Int { Int(value.bitPattern >> 11) }

  /// True if the value's nearest code does not exist, or if it is NaN.
  func clips(_ value: Float) -> Bool { !(value >= lowest && value <= highest) }

  /// The nearest code; 0 for NaN.
  func code(_ value: Float) -> Int {
    thresholds.withUnsafeBufferPointer { thresholds in
      guard value >= thresholds[0] else { return 0 }
      guard value < thresholds[maximumCode - 1] else { return maximumCode }
      var code = starts.withUnsafeBufferPointer { Int($0[Self.key(value) - firstKey]) }
      code &+= thresholds[code &+ 7] <= value ? 8 : 0
      code &+= thresholds[code &+ 3] <= value ? 4 : 0
      code &+= thresholds[code &+ 1] <= value ? 2 : 0
      code &+= thresholds[code] <= value ? 1 : 0
      return code
    }
  }
}
