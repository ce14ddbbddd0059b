import ArgumentParser
import Fewtap
import FewtapImageIO

/// Readers for values of options: each refuses what its option cannot use and says what it can.
enum OptionValue {
  /// A whole number in `range`.
  static func whole(_ range: ClosedRange<Int>) -> @Sendable (String) throws -> Int {
    { text in
      guard let value = Int(text), range.contains(value) else {
        throw ValidationError("it must be a whole number, \(range.lowerBound) to \(range.upperBound)")
      }
      return value
    }
  }

  /// A seed: 64 bits.
  @Sendable static func seed(_ text: String) throws -> UInt64 {
    guard let value = UInt64(text) else { throw ValidationError("it must be a whole number, 0 to \(UInt64.max)") }
    return value
  }

  /// A finite number of at least `least`.
  static func number(atLeast least: Double) -> @Sendable (String) throws -> Double {
    { text in
      guard let value = Double(text), value.isFinite, value >= least else {
        throw ValidationError("it must be a number, \(significant(least)) or more")
      }
      return value
    }
  }

  /// A number that Float holds.
  @Sendable static func float(_ text: String) throws -> Float {
    guard let value = Float(text), value.isFinite else { throw ValidationError("it must be a finite number") }
    return value
  }

  /// A pixel `X,Y`.
  @Sendable static func pixel(_ text: String) throws -> PixelOffset {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let x = numbers[0], let y = numbers[1] else {
      throw ValidationError("it must be a column and a row from 0 on, X,Y, for example 24,24")
    }
    return PixelOffset(x: x, y: y)
  }

  /// Columns and rows, `1920x1080`: at least 16 each, and no more than four bytes a sample of three channels make 1 GiB of.
  @Sendable static func size(_ text: String) throws -> PixelSize {
    let numbers = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let width = numbers[0], let height = numbers[1], width >= 16, height >= 16,
      width <= 1 << 20, height <= 1 << 20, width * height <= 89_000_000
    else {
      throw ValidationError("it must be columns and rows, 16 at least and 89 megapixels at most, for example 1920x1080")
    }
    return PixelSize(width: width, height: height)
  }

  /// A layout.
  @Sendable static func layout(_ text: String) throws -> Layout { try Layout(parsing: text) }
}

extension TapModel: ExpressibleByArgument {}
extension FitOptions.Guess: ExpressibleByArgument {}
extension Objective: ExpressibleByArgument {}
extension FitOptions.Recipe: ExpressibleByArgument {}
extension NonfinitePolicy: ExpressibleByArgument {}
extension Transfer: ExpressibleByArgument {}
extension PixelType: ExpressibleByArgument {}

/// Columns and rows of an image.
struct PixelSize: Equatable, Sendable {
  let width: Int
  let height: Int
}
