/// Turns linear light into the nearest integer code: nearest among encoded values, as a decoder's inverse must be.
///
/// Accuracy: exact but for the rounding of `pow` in the thresholds; the code of a decoded code is that code.
/// Cost:     one table look-up and a binary search of at most 7 steps; no `pow` a sample.
struct CodeEncoder {
  /// Entry k is the least Float that is at least as near to code k + 1 as to code k.
  private let thresholds: [Float]
  /// Entry j counts the thresholds whose key is below `firstKey + j`: between two of them, a value's code is searched.
  private let starts: [Int]
  private let firstKey: Int
  /// Values outside round to codes outside 0...maximumCode.
  private let lowest: Float
  private let highest: Float

  init(transfer: TransferFunction, maximumCode: Int) {
    let step = 1 / Double(maximumCode)
    thresholds = (0..<maximumCode).map { code in
      let exact = transfer.decode((Double(code) + 0.5) * step)
      let rounded = Float(exact)
      return Double(rounded) < exact ? rounded.nextUp : rounded
    }
    lowest = Float(transfer.decode(-0.5 * step))
    highest = Float(transfer.decode(1 + 0.5 * step))
    let keys = thresholds.map(Self.key)
    firstKey = keys[0]
    var starts = [Int](repeating: 0, count: keys[keys.count - 1] - keys[0] + 2)
    for key in keys { starts[key - keys[0] + 1] += 1 }
    for index in 1..<starts.count { starts[index] += starts[index - 1] }
    self.starts = starts
  }

  /// Exponent and the mantissa's leading 8 bits: positive numbers sort as their keys do.
  private static func key(_ value: Float) -> Int { Int(value.bitPattern >> 15) }

  /// True if the value's nearest code does not exist, or if it is NaN.
  func clips(_ value: Float) -> Bool { !(value >= lowest && value <= highest) }

  /// The nearest code; 0 for NaN.
  func code(_ value: Float) -> Int {
    guard value >= thresholds[0] else { return 0 }
    guard value < thresholds[thresholds.count - 1] else { return thresholds.count }
    let bin = Self.key(value) - firstKey
    var (low, high) = (starts[bin], starts[bin + 1])
    while low < high {
      let middle = (low + high) / 2
      if thresholds[middle] <= value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
