import Fewtap
import FewtapImageIO
import FewtapViewer

/// The picture that a page opens with: the file as it is where browsers read it, else encoded again.
struct PagePicture {
  let image: ViewImage
  /// What a page makes of it, in linear light without alpha; nil unless asked for.
  let pixels: Image?
  /// Whether the file's own bytes are embedded.
  let isAsStored: Bool
  let warnings: [String]

  /// Most pixels: a page must stay quick on a small device.
  static let maximumPixels = 4_000_000
  /// Most columns or rows: textures of most devices are no larger.
  static let maximumSide = 8192
  /// Most bytes of a file that is embedded as it is.
  static let maximumBytes = 12 << 20
  /// Pixels up to which a picture is encoded without loss.
  private static let losslessPixels = 1 << 20

  /// The picture of a file.
  ///
  /// Throws: ``Failure`` for pixels that a picture cannot have; ``ImageFileError``.
  init(path: String, readsPixels: Bool) throws {
    guard !path.isEmpty else { throw Failure("IMAGE is empty: give an image file", .usage) }
    let bytes = try FewtapImageIO.readBytes(path: path, limit: ImageFile.defaultMemoryLimit)
    let kind = ViewImage.Kind(content: bytes)
    if kind == .webp {
      // Its pixels are not read here: a browser does.
      guard !readsPixels, bytes.count <= Self.maximumBytes else {
        let reason = readsPixels ? "its pixels cannot be read here, for the map" : "it is too large to embed as it is"
        throw Failure("\(path): it is WebP, and \(reason); give a PNG or JPEG")
      }
      (image, pixels, isAsStored, warnings) = (ViewImage(kind: .webp, bytes: bytes), nil, true, [])
      return
    }
    let file = try ImageFile.decode(bytes, path: path)
    if let bad = file.image.firstNonFinite() {
      throw Failure(
        "\(path): channel \(bad.channel) is \(bad.value) at column \(bad.x), row \(bad.y): only finite pixels can be shown"
      )
    }
    let colors = file.image.planes.count - (file.image.alphaIndex == nil ? 0 : 1)
    let isSmall =
      file.image.width * file.image.height <= Self.maximumPixels
      && max(file.image.width, file.image.height) <= Self.maximumSide
    // Maps are for pixels as stored, and a browser would turn them.
    let isPlain = !readsPixels || (file.metadata.orientation == 1 && file.metadata.colorProfile == nil)
    if let kind, isSmall, bytes.count <= Self.maximumBytes, isPlain, colors == 1 || colors == 3 {
      image = ViewImage(kind: kind, bytes: bytes)
      (isAsStored, warnings) = (true, file.warnings.map { "\(path): \($0)" })
    } else {
      (image, warnings) = try Self.encoded(file, path)
      isAsStored = false
    }
    pixels = try readsPixels ? ImageFile.decode(image.bytes, path: path).image.overGray() : nil
  }

  /// The picture of 8 bits, scaled down where it is large, and what is lost by that.
  private static func encoded(_ file: ImageFile, _ path: String) throws -> (ViewImage, [String]) {
    var (image, warnings) = (file.image, file.warnings.map { "\($0)" })
    let (width, height) = (image.width, image.height)
    let share = min(
      (Double(maximumPixels) / (Double(width) * Double(height))).squareRoot(),
      Double(maximumSide) / Double(max(width, height)))
    if share < 1 {
      image = try image.shrunk(
        width: max(1, Int(Double(width) * share)), height: max(1, Int(Double(height) * share)))
      warnings.append("it is \(width)x\(height), and scaled down to \(image.width)x\(image.height)")
    }
    let colors = image.planes.indices.filter { $0 != image.alphaIndex }
    if colors.contains(where: { image.planes[$0].values.contains { $0 > 1 } }) {
      warnings.append("it has light above 1, which a page's picture of 8 bits clips")
    }
    if file.metadata.orientation != 1 { warnings.append("its orientation is left out: it is shown as stored") }
    let kind: ViewImage.Kind =
      image.alphaIndex == nil && image.width * image.height > losslessPixels ? .jpeg : .png
    let result = try ImageFile(image: image).encode(
      as: kind == .png ? .png : .jpeg, options: WriteOptions(type: .uint8, transfer: .srgb), path: path)
    // Made from floats, it always loses precision.
    let lost = result.warnings.filter { if case .precisionReduced = $0 { false } else { true } }
    return (ViewImage(kind: kind, bytes: result.bytes), (warnings + lost.map { "\($0)" }).map { "\(path): \($0)" })
  }
}

extension Image {
  /// The image before the gray, code 128, that a page lays under it: mixed as browsers do, in codes of sRGB.
  fileprivate func overGray() throws -> Image {
    guard let alphaIndex else { return self }
    let (alpha, gray) = (planes[alphaIndex], 128.0 / 255)
    let colors = planes.indices.filter { $0 != alphaIndex }.map { index -> Plane<Float> in
      var color = planes[index]
      for place in color.values.indices {
        let cover = Double(alpha.values[place])
        let code = TransferFunction.srgb.encode(Double(color.values[place]))
        color.values[place] = Float(TransferFunction.srgb.decode(cover * code + (1 - cover) * gray))
      }
      return color
    }
    return try Image(planes: colors)
  }

  /// The image scaled down: each pixel is the mean of the area that it covers, colors weighted by alpha.
  func shrunk(width: Int, height: Int) throws -> Image {
    func shrunk(_ plane: Plane<Float>) -> Plane<Float> { plane.shrunk(width: width, height: height) }
    guard let alphaIndex, !alphaIsAssociated else {
      return try Image(planes: planes.map(shrunk), alphaIndex: alphaIndex, alphaIsAssociated: alphaIsAssociated)
    }
    let alpha = planes[alphaIndex]
    let small = shrunk(alpha)
    let result = planes.indices.map { index -> Plane<Float> in
      guard index != alphaIndex else { return small }
      var color = planes[index]
      for place in color.values.indices { color.values[place] *= alpha.values[place] }
      var mean = shrunk(color)
      for place in mean.values.indices where small.values[place] > 0 { mean.values[place] /= small.values[place] }
      return mean
    }
    return try Image(planes: result, alphaIndex: alphaIndex)
  }
}

extension Plane<Float> {
  /// The plane scaled down to at most its own size, by means over areas.
  fileprivate func shrunk(width: Int, height: Int) -> Plane {
    let (columns, rows) = (Self.areas(self.width, width), Self.areas(self.height, height))
    var result = Plane(width: width, height: height)
    var row = [Float](repeating: 0, count: self.width)
    for y in 0..<height {
      for x in row.indices { row[x] = 0 }
      for (source, share) in rows[y] {
        let start = source * self.width
        for x in row.indices { row[x] += share * values[start + x] }
      }
      for x in 0..<width {
        result[x, y] = columns[x].reduce(0) { $0 + $1.share * row[$1.source] }
      }
    }
    return result
  }

  /// For each of `count` pixels the old ones that it covers, and their shares of it, which sum to 1.
  private static func areas(_ old: Int, _ count: Int) -> [[(source: Int, share: Float)]] {
    let size = Double(old) / Double(count)
    return (0..<count).map { index in
      let (begin, end) = (Double(index) * size, Double(index + 1) * size)
      return (Int(begin)..<min(old, Int(end.rounded(.up)))).map { source in
        let covered = Swift.min(Double(source + 1), end) - Swift.max(Double(source), begin)
        return (source, Float(Swift.max(0, covered) / size))
      }
    }
  }
}
