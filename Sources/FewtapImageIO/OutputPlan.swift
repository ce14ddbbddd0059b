import FewtapCore

/// How to write a file; what is not said follows the source.
public struct WriteOptions: Equatable, Sendable {
  /// The type to store; nil: the source's, or what is nearest to it among those of the format.
  public var type: PixelType?
  /// How stored values stand for light; `.automatic`: as in the source, if integers stay integers or floats stay floats.
  public var transfer: Transfer
  /// JPEG's quality, 1...100.
  public var jpegQuality: Int

  /// Options, each with its usual choice.
  public init(type: PixelType? = nil, transfer: Transfer = .automatic, jpegQuality: Int = 95) {
    self.type = type
    self.transfer = transfer
    self.jpegQuality = jpegQuality
  }
}

/// What is stored, decided before any pixel is looked at, with what the format cannot hold.
struct OutputPlan {
  let format: ImageFormat
  let type: PixelType
  let transfer: TransferFunction
  /// The image's planes in the order that they are stored; one may stand thrice (gray in a color format).
  let planes: [Int]
  let channelNames: [String]
  /// Which of the stored channels is alpha.
  let alphaIndex: Int?
  let alphaIsAssociated: Bool
  let colorProfile: [UInt8]?
  let orientation: Int
  let resolution: Resolution?
  let window: DisplayWindow?
  private(set) var warnings: [ImageWarning] = []

  init(_ image: SampleLayout, _ metadata: ImageMetadata, format: ImageFormat, options: WriteOptions) {
    self.format = format
    let wanted = options.type ?? metadata.pixelType
    type = wanted.substitutes.first(where: format.types.contains) ?? format.types[0]
    if !wanted.fits(in: type) { warnings.append(.precisionReduced(from: wanted, to: type, format: format)) }
    transfer =
      options.transfer == .automatic && metadata.pixelType.isInteger == type.isInteger
      ? metadata.transfer : options.transfer.function(for: type)

    let names =
      metadata.channelNames.count == image.channels ? metadata.channelNames : Self.defaultNames(image)
    var colors = (0..<image.channels).filter { $0 != image.alphaIndex }
    if let counts = format.colorCounts, !counts.contains(colors.count) {
      if colors.count == 1 {
        colors = [colors[0], colors[0], colors[0]]
      } else {
        let kept = counts.last(where: { $0 <= colors.count })
        let lost = colors.dropFirst(kept ?? 1)
        warnings.append(.channelsLost(names: lost.map { names[$0] }, format: format))
        // A color format without a gray kind: two channels leave one, shown as gray.
        colors = kept.map { Array(colors.prefix($0)) } ?? [colors[0], colors[0], colors[0]]
      }
    }
    if let alphaIndex = image.alphaIndex {
      if !format.holdsAlpha { warnings.append(.alphaLost(format: format)) }
      if format == .npy { warnings.append(.alphaUnmarked(channel: alphaIndex, format: format)) }
    }
    let alpha = format.holdsAlpha ? image.alphaIndex : nil
    // Formats that name channels keep the source's order; the others want alpha last.
    let stored =
      format.colorCounts == nil
      ? (0..<image.channels).filter { $0 != image.alphaIndex || alpha != nil } : colors + (alpha.map { [$0] } ?? [])
    planes = stored
    channelNames = stored.map { names[$0] }
    alphaIndex = alpha.flatMap { stored.firstIndex(of: $0) }
    // OpenEXR's colors are associated by definition, PNG's are not, coded ones never here; TIFF holds either. Without alpha
    // in the file, the colors over black are what is left.
    switch format {
    case .png: alphaIsAssociated = false
    case .tiff: alphaIsAssociated = transfer == .linear && image.alphaIsAssociated
    case .npy: alphaIsAssociated = image.alphaIsAssociated
    default: alphaIsAssociated = true
    }

    colorProfile = format.holdsColorProfile ? metadata.colorProfile : nil
    if metadata.colorProfile != nil, !format.holdsColorProfile {
      warnings.append(.colorProfileLost(format: format, reason: "the format holds none"))
    }
    var lost: [String] = []
    if metadata.orientation != 1, !format.holdsOrientation { lost.append("the orientation (\(metadata.orientation))") }
    if metadata.resolution != nil, !format.holdsResolution { lost.append("the resolution") }
    if metadata.window != nil, format != .openexr { lost.append("the display window") }
    if !lost.isEmpty { warnings.append(.tagsLost(names: lost, format: format)) }
    orientation = format.holdsOrientation ? metadata.orientation : 1
    resolution = format.holdsResolution ? metadata.resolution : nil
    window = format == .openexr ? metadata.window : nil
  }

  /// True if channels and alpha are stored as they come.
  func keepsChannels(of image: SampleLayout) -> Bool {
    planes == Array(0..<image.channels) && (image.alphaIndex == nil || alphaIsAssociated == image.alphaIsAssociated)
  }

  private static func defaultNames(_ image: SampleLayout) -> [String] {
    let colors = image.channels - (image.alphaIndex == nil ? 0 : 1)
    var next = 0
    return (0..<image.channels).map { index in
      if index == image.alphaIndex { return "A" }
      defer { next += 1 }
      if colors == 1 { return "Y" }
      return next < 3 ? ["R", "G", "B"][next] : "channel\(next)"
    }
  }
}
