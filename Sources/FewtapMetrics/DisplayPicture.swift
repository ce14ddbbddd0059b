import FewtapCore

/// A picture as a display shows it, which is what the metrics of seeing compare: one gray plane, or red, green and blue.
///
/// Shapes: `planes` holds 1 or 3 planes of one size.
/// Units:  sRGB codes as numbers from 0 to 1 (code 255 of a byte is 1); what is brighter or darker is clamped, as a display does.
public struct DisplayPicture: Equatable, Sendable {
  /// The codes.
  public let planes: [Plane<Float>]

  /// Columns.
  public var width: Int { planes[0].width }
  /// Rows.
  public var height: Int { planes[0].height }

  /// A picture of codes that are encoded already.
  ///
  /// Throws: ``MetricError``, unless there are 1 or 3 planes of one size with finite values.
  public init(codes planes: [Plane<Float>]) throws(MetricError) {
    guard planes.count == 1 || planes.count == 3 else { throw .channelCount(planes.count) }
    for (channel, plane) in planes.enumerated() {
      guard plane.width == planes[0].width, plane.height == planes[0].height else {
        throw .sizesDiffer(
          width: plane.width, height: plane.height, referenceWidth: planes[0].width, referenceHeight: planes[0].height)
      }
      if let bad = plane.firstNonFinite() { throw .nonFinite(channel: channel, x: bad.x, y: bad.y, value: bad.value) }
    }
    guard !planes[0].values.isEmpty else {
      throw .tooSmall(width: planes[0].width, height: planes[0].height, least: 1)
    }
    self.planes = planes.map { plane in
      var clamped = plane
      for index in clamped.values.indices { clamped.values[index] = min(max(clamped.values[index], 0), 1) }
      return clamped
    }
  }

  /// What a display shows of light: its colors over black, encoded.
  ///
  /// No result depends on `threads`.
  /// Throws: ``MetricError``, unless there are 1 or 3 channels besides alpha, all finite.
  public init(_ image: Image, threads: Int = 1) throws(MetricError) {
    if let bad = image.firstNonFinite() {
      throw .nonFinite(channel: bad.channel, x: bad.x, y: bad.y, value: bad.value)
    }
    let cover = image.alphaIsAssociated ? nil : image.alphaIndex.map { image.planes[$0] }
    let colors = image.planes.indices.filter { $0 != image.alphaIndex }.map { image.planes[$0] }
    try self.init(codes: colors.map { $0.encoded(cover: cover, threads: threads) })
  }

  /// Throws unless `other` has the size and the channels of this one.
  func checkComparable(to reference: DisplayPicture) throws(MetricError) {
    guard width == reference.width, height == reference.height else {
      throw .sizesDiffer(
        width: width, height: height, referenceWidth: reference.width, referenceHeight: reference.height)
    }
    guard planes.count == reference.planes.count else {
      throw .channelsDiffer(planes.count, reference: reference.planes.count)
    }
  }
}

extension Plane<Float> {
  /// The sRGB codes of light, each pixel dimmed by `cover` first.
  fileprivate func encoded(cover: Plane<Float>?, threads: Int) -> Plane<Float> {
    var result = self
    let (light, width) = (values, width)
    result.values.withUnsafeMutableBufferPointer { output in
      // Each row writes pixels of its own.
      nonisolated(unsafe) let output = output
      parallelForEach(count: height, threads: threads) { y in
        for index in y * width..<(y + 1) * width {
          let value = Double(light[index]) * Double(cover?.values[index] ?? 1)
          // Light past 1 may be too large to encode as Float; the display clamps it anyway.
          output[index] = Float(TransferFunction.srgb.encode(Swift.min(value, 1)))
        }
      }
    }
    return result
  }
}

/// Why pictures cannot be measured.
public enum MetricError: Error, Equatable, CustomStringConvertible {
  /// Their sizes differ.
  case sizesDiffer(width: Int, height: Int, referenceWidth: Int, referenceHeight: Int)
  /// One is gray, the other has colors.
  case channelsDiffer(Int, reference: Int)
  /// Neither gray nor red, green and blue.
  case channelCount(Int)
  /// A side is shorter than the metric's window.
  case tooSmall(width: Int, height: Int, least: Int)
  /// A pixel is NaN or infinite.
  case nonFinite(channel: Int, x: Int, y: Int, value: Float)

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .sizesDiffer(let width, let height, let referenceWidth, let referenceHeight):
      "the picture is \(width)x\(height) and its reference \(referenceWidth)x\(referenceHeight): sizes must be equal"
    case .channelsDiffer(let count, let reference):
      "the picture has \(count) color channels and its reference \(reference): they must have the same"
    case .channelCount(let count):
      "the picture has \(count) color channels: it must have 1 (gray) or 3 (red, green, blue)"
    case .tooSmall(let width, let height, let least):
      "the picture is \(width)x\(height): both sides must be at least \(least)"
    case .nonFinite(let channel, let x, let y, let value):
      "channel \(channel) is \(value) at column \(x), row \(y): only finite pixels can be compared"
    }
  }
}
