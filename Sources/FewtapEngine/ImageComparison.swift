import FewtapCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How far one image is from another: PSNR with peak 1, and the largest difference, computed in Double.
///
/// Equation: `PSNR = -10 log10(mean (a - b)^2)` dB.
/// Alpha:    colors are compared premultiplied by their own image's alpha, so what transparent pixels hide does not count.
public struct ImageComparison: Equatable, Sendable {
  /// dB a channel, in the images' order (alpha as it is); infinite where they are equal.
  public let psnrPerChannel: [Double]
  /// dB over all color channels together (alpha, if it is the only channel); infinite if they are equal.
  public let psnr: Double
  /// Largest `|a - b|` over all channels.
  public let largestDifference: Double

  /// Compares `image` with `reference`.
  ///
  /// `inset`: pixels to leave out along every side, for instance where borders are guessed.
  /// Throws: ``ComparisonError``.
  public init(_ image: Image, reference: Image, inset: Int = 0) throws(ComparisonError) {
    let (width, height) = (reference.width, reference.height)
    guard image.width == width, image.height == height else {
      throw .sizesDiffer(width: image.width, height: image.height, referenceWidth: width, referenceHeight: height)
    }
    guard image.planes.count == reference.planes.count, image.alphaIndex == reference.alphaIndex else {
      throw .channelsDiffer(image.planes.count, reference: reference.planes.count)
    }
    guard inset >= 0, inset < (min(width, height) + 1) / 2 else {
      throw .insetTooLarge(inset, width: width, height: height)
    }
    let alpha = reference.alphaIndex
    var squares: [Double] = []
    var largest = 0.0
    for channel in reference.planes.indices {
      let cover = channel == alpha ? nil : alpha
      var sum = 0.0
      for y in inset..<height - inset {
        // A sum a row keeps rounding near that of the rows' count, not the pixels'.
        var rowSum = 0.0
        for x in inset..<width - inset {
          let index = y * width + x
          var (a, b) = (Double(image.planes[channel].values[index]), Double(reference.planes[channel].values[index]))
          if let cover {
            if !image.alphaIsAssociated { a *= Double(image.planes[cover].values[index]) }
            if !reference.alphaIsAssociated { b *= Double(reference.planes[cover].values[index]) }
          }
          let difference = abs(a - b)
          rowSum += difference * difference
          largest = max(largest, difference)
        }
        guard rowSum.isFinite else { throw .nonFinite(channel: channel, row: y) }
        sum += rowSum
      }
      squares.append(sum / Double((width - 2 * inset) * (height - 2 * inset)))
    }
    let colors = squares.indices.count == 1 ? squares : squares.indices.filter { $0 != alpha }.map { squares[$0] }
    psnrPerChannel = squares.map(Self.decibels)
    psnr = Self.decibels(colors.reduce(0, +) / Double(colors.count))
    largestDifference = largest
  }

  /// Compares two planes. Throws: as ``init(_:reference:inset:)-(Image,_,_)``.
  public init(_ plane: Plane<Float>, reference: Plane<Float>, inset: Int = 0) throws(ComparisonError) {
    try self.init(Image(sameSizePlanes: [plane]), reference: Image(sameSizePlanes: [reference]), inset: inset)
  }

  private static func decibels(_ meanSquare: Double) -> Double { -10 * log10(meanSquare) }
}

/// Why two images cannot be compared.
public enum ComparisonError: Error, Equatable, CustomStringConvertible {
  /// Their sizes differ.
  case sizesDiffer(width: Int, height: Int, referenceWidth: Int, referenceHeight: Int)
  /// Their channels differ in number, or only one has alpha there.
  case channelsDiffer(Int, reference: Int)
  /// The inset leaves no pixel.
  case insetTooLarge(Int, width: Int, height: Int)
  /// A pixel is NaN or infinite, or a difference too large to square.
  case nonFinite(channel: Int, row: Int)

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .sizesDiffer(let width, let height, let referenceWidth, let referenceHeight):
      "the image is \(width)x\(height) and its reference \(referenceWidth)x\(referenceHeight): sizes must be equal"
    case .channelsDiffer(let count, let reference):
      "the image has \(count) channels and its reference \(reference), or another one is alpha: channels must be the same"
    case .insetTooLarge(let inset, let width, let height):
      "an inset of \(inset) leaves nothing of \(width)x\(height): it must be 0 to \((min(width, height) + 1) / 2 - 1)"
    case .nonFinite(let channel, let row):
      "channel \(channel) is NaN or infinite in row \(row): only finite pixels can be compared"
    }
  }
}
