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
  /// Most pixels of a picture with light above 1: 8 bytes of text each.
  static let maximumBrightPixels = 1_000_000
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
      try Self.checkWebP(bytes, path, readsPixels: readsPixels)
      (image, pixels, isAsStored, warnings) = (ViewImage(kind: .webp, bytes: bytes), nil, true, [])
      return
    }
    let file = try ImageFile.decode(bytes, path: path)
    if let bad = file.image.firstNonFinite() {
      throw Failure(
        "\(path): channel \(bad.channel) is \(bad.value) at column \(bad.x), row \(bad.y): only finite pixels can be shown"
      )
    }
    let colors = file.image.planes.indices.filter { $0 != file.image.alphaIndex }
    let isSmall = Self.share(file.image.width, file.image.height, Self.maximumPixels) == 1
    // Maps are for pixels as stored, and a browser would turn them.
    let isPlain = !readsPixels || (file.metadata.orientation == 1 && file.metadata.colorProfile == nil)
    if let kind, isSmall, bytes.count <= Self.maximumBytes, isPlain, colors.count == 1 || colors.count == 3 {
      image = ViewImage(kind: kind, bytes: bytes)
      (isAsStored, warnings) = (true, file.warnings.map { "\(path): \($0)" })
      pixels = try readsPixels ? ImageFile.decode(bytes, path: path).image.overGray() : nil
      return
    }
    isAsStored = false
    var warnings = file.warnings.map { "\(path): \($0)" }
    if file.metadata.orientation != 1 { warnings.append("\(path): its orientation is left out: it is shown as stored") }
    if colors.contains(where: { file.image.planes[$0].values.contains { $0 > 1 } }) {
      guard colors.count == 1 || colors.count == 3 else {
        throw Failure("\(path): it has \(colors.count) colors: a page shows one or three")
      }
      let (small, told) = try Self.shrunk(file.image, to: Self.maximumBrightPixels)
      let light = try small.overGray(inLight: true)
      if light.planes.contains(where: { $0.values.contains { $0 > 65504 } }) {
        warnings.append("\(path): it has light above 65504, which a page's half floats clip")
      }
      image = ViewImage(light: light)
      pixels = try readsPixels ? light.inHalfFloats() : nil
      self.warnings = warnings + told.map { "\(path): \($0)" }
    } else {
      let encoded = try Self.encoded(file, path)
      image = encoded.image
      pixels = try readsPixels ? ImageFile.decode(image.bytes, path: path).image.overGray() : nil
      self.warnings = warnings + encoded.warnings.map { "\(path): \($0)" }
    }
  }

  /// Its pixels are not read here: a browser does.
  private static func checkWebP(_ bytes: [UInt8], _ path: String, readsPixels: Bool) throws {
    guard let header = WebPHeader(bytes) else {
      throw Failure("\(path): it is no whole WebP file: it is cut short, or has no picture in it")
    }
    if readsPixels {
      throw Failure(
        "\(path): it is WebP, which browsers decode and fewtap does not: with a map its pixels are needed here; give a PNG or "
          + "JPEG")
    }
    guard share(header.width, header.height, maximumPixels) == 1, bytes.count <= maximumBytes else {
      throw Failure(
        "\(path): it is WebP of \(header.width)x\(header.height), \(bytes.count) bytes, embedded as it is: at most "
          + "\(maximumPixels) pixels, \(maximumSide) a side and \(maximumBytes) bytes; give a PNG or JPEG, which is scaled down"
      )
    }
  }

  /// By how much a picture is scaled down.
  private static func share(_ width: Int, _ height: Int, _ most: Int) -> Double {
    min(
      1, (Double(most) / (Double(width) * Double(height))).squareRoot(),
      Double(maximumSide) / Double(max(width, height)))
  }

  /// The image of at most so many pixels, and what there is to say about that.
  private static func shrunk(_ image: Image, to most: Int) throws -> (Image, [String]) {
    let (width, height) = (image.width, image.height)
    let share = share(width, height, most)
    guard share < 1 else { return (image, []) }
    let small = try image.shrunk(
      width: max(1, Int(Double(width) * share)), height: max(1, Int(Double(height) * share)))
    return (small, ["it is \(width)x\(height), and scaled down to \(small.width)x\(small.height)"])
  }

  /// The picture of 8 bits, scaled down where it is large, and what is lost by that.
  private static func encoded(_ file: ImageFile, _ path: String) throws -> (image: ViewImage, warnings: [String]) {
    let (image, warnings) = try shrunk(file.image, to: maximumPixels)
    let kind: ViewImage.Kind =
      image.alphaIndex == nil && image.width * image.height > losslessPixels ? .jpeg : .png
    let result = try ImageFile(image: image).encode(
      as: kind == .png ? .png : .jpeg, options: WriteOptions(type: .uint8, transfer: .srgb), path: path)
    // Made from floats, it always loses precision.
    let lost = result.warnings.filter { if case .precisionReduced = $0 { false } else { true } }
    return (ViewImage(kind: kind, bytes: result.bytes), warnings + lost.map { "\($0)" })
  }
}

extension Image {
  /// The image before the gray, code 128, that a page lays under it: mixed as browsers do, in codes of sRGB, or in linear light.
  fileprivate func overGray(inLight: Bool = false) throws -> Image {
    guard let alphaIndex else { return self }
    let (alpha, gray) = (planes[alphaIndex], 128.0 / 255)
    let colors = planes.indices.filter { $0 != alphaIndex }.map { index -> Plane<Float> in
      var color = planes[index]
      for place in color.values.indices {
        let (cover, light) = (Double(alpha.values[place]), Double(color.values[place]))
        if inLight {
          let mixed = (alphaIsAssociated ? light : cover * light) + (1 - cover) * TransferFunction.srgb.decode(gray)
          color.values[place] = Float(mixed)
        } else {
          let code = TransferFunction.srgb.encode(light)
          color.values[place] = Float(TransferFunction.srgb.decode(cover * code + (1 - cover) * gray))
        }
      }
      return color
    }
    return try Image(planes: colors)
  }

  /// The image, which has no alpha, as a page's half floats hold it.
  fileprivate func inHalfFloats() throws -> Image {
    try Image(
      planes: planes.map { plane in
        var plane = plane
        for place in plane.values.indices {
          plane.values[place] = Float(HalfBits.value(HalfBits.bits(nearest: Double(plane.values[place]))))
        }
        return plane
      })
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
