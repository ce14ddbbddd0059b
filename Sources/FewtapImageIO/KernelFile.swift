import FewtapCore

/// Kernels from image files and NumPy arrays, and back.
///
/// Values: taken as stored, linear; integer codes are coverage, code / maximum (128 of 255 is 0.502), whatever curve the file
///         claims: a mask is drawn, not photographed. Alpha multiplies. Color becomes luminance (Rec. ITU-R BT.709-6, 3.2).
/// Rows:   the first row is the top as displayed; FITS and PFM store it last.
/// Sum:    a kernel without negative values is scaled to sum 1, unless its sum is kept.
/// Center: the middle of an odd size, or as given.
public enum KernelFile {
  /// Longest file that is read, and most memory for its planes, in bytes: thrice a 1025x1025 array of four doubles.
  static let maximumFileSize = 96 << 20
  /// Longest stack of kernels that is read, and most memory for its numbers, in bytes: 100 kernels of the largest size.
  static let maximumStackSize = 1 << 30

  /// Reads a kernel; a side above ``Kernel/maximumSide`` is refused before pixels are read.
  ///
  /// Throws: ``ImageFileError``; ``ImageFileError/kernel(path:_:)`` where the numbers make no kernel.
  public static func read(
    path: String, center: PixelOffset? = nil, keepSum: Bool = false
  ) throws(ImageFileError) -> Kernel {
    let values = try values(path: path, maximumSide: Kernel.maximumSide, memoryLimit: maximumFileSize)
    let name = String(path.split(separator: "/").last ?? "")
    return try kernel(values, name: name, path: path, center: center, keepSum: keepSum)
  }

  /// The kernel of a file's numbers.
  static func kernel(
    _ values: Plane<Double>, name: String, path: String, center: PixelOffset?, keepSum: Bool
  ) throws(ImageFileError) -> Kernel {
    do {
      let kernel = try Kernel(name: name, values: values, center: center)
      return keepSum || !kernel.isNonnegative ? kernel : try normalized(kernel)
    } catch {
      throw .kernel(path: path, error)
    }
  }

  /// The numbers of a file, larger than a kernel may be if they are to be scaled.
  ///
  /// Throws: ``ImageFileError``.
  package static func values(
    path: String, maximumSide: Int, memoryLimit: Int
  ) throws(ImageFileError) -> Plane<Double> {
    let source = try ByteSource(path: path, limit: memoryLimit)
    guard source.count <= memoryLimit else {
      throw .cannotOpen(path: path, cause: "it is longer than \(memoryLimit) bytes")
    }
    return source.bytes(at: 0, upTo: NumpyFile.magic.count) == NumpyFile.magic
      ? try numbers(source, path, maximumSide, memoryLimit) : try luminance(source, path, maximumSide, memoryLimit)
  }

  /// Writes a kernel by the path's extension: NPY keeps every bit; PFM, OpenEXR, TIFF and FITS round to Float; PNG and PNM
  /// store 16 bits a value, the largest as 65535.
  ///
  /// Returns: what the file could not hold.
  /// Throws: ``ImageFileError``.
  @discardableResult
  public static func write(_ kernel: Kernel, path: String) throws(ImageFileError) -> [ImageWarning] {
    var warnings: [ImageWarning] = []
    if kernel.center != PixelOffset(x: kernel.width / 2, y: kernel.height / 2) {
      warnings.append(.centerLost(x: kernel.center.x, y: kernel.center.y))
    }
    if path.lowercased().hasSuffix(".npy") {
      guard let file = NumpyFile(shape: [kernel.height, kernel.width], values: kernel.values.values) else {
        throw .kernel(path: path, .empty)
      }
      try file.write(path: path)
      return warnings
    }
    guard let format = ImageFormat(path: path) else { throw .unknownExtension(path: path) }
    guard format != .jpeg, format != .hdr else {
      throw .cannotWrite(
        path: path, cause: "\(format) would change the kernel", advice: "write .npy, .exr, .tif, .pfm, .fits or .png")
    }
    let scalesToPeak = !format.types.contains(.float)
    let peak = kernel.values.values.reduce(0) { max($0, abs($1)) }
    let scale = scalesToPeak ? 1 / peak : 1
    if scalesToPeak { warnings.append(.scaledToPeak(peak: peak)) }
    let plane: Plane<Float>
    let image: Image
    do {
      plane = try Plane(
        width: kernel.width, height: kernel.height, values: kernel.values.values.map { Float($0 * scale) })
      image = try Image(planes: [plane])
    } catch {
      throw .cannotWrite(path: path, cause: "\(error)", advice: "write .npy")
    }
    let metadata = ImageMetadata(pixelType: scalesToPeak ? .uint16 : .float, transfer: .linear)
    let file = ImageFile(image: image, metadata: metadata)
    return warnings + (try file.write(path: path, options: WriteOptions(transfer: .linear)))
  }

  /// Divides by the largest value first: the sum of values near the largest Double would overflow.
  private static func normalized(_ kernel: Kernel) throws(KernelError) -> Kernel {
    let peak = kernel.values.values.reduce(0, max)
    var values = kernel.values
    for index in values.values.indices { values.values[index] /= peak }
    let sum = values.values.reduce(0, +)
    for index in values.values.indices { values.values[index] /= sum }
    return try Kernel(name: kernel.name, values: values, center: kernel.center)
  }

  private static func numbers(
    _ source: ByteSource, _ path: String, _ maximumSide: Int, _ memoryLimit: Int
  ) throws(ImageFileError) -> Plane<Double> {
    let file = try NumpyFile.decode(
      source.bytes(at: 0, upTo: source.count), path: path, memoryLimit: memoryLimit, maximumSide: maximumSide)
    let channels = file.shape.count == 3 ? file.shape[2] : 1
    guard channels == 1 || channels == 3 else { throw colorError(path, channels) }
    var plane = Plane<Double>(width: file.shape[1], height: file.shape[0])
    for index in plane.values.indices {
      plane.values[index] =
        channels == 1 ? file.values[index] : luminance { file.values[index * 3 + $0] }
    }
    return plane
  }

  private static func luminance(
    _ source: ByteSource, _ path: String, _ maximumSide: Int, _ memoryLimit: Int
  ) throws(ImageFileError) -> Plane<Double> {
    let request = DecodeRequest(
      path: path, transfer: .linear, memoryLimit: memoryLimit, maximumSide: maximumSide)
    let file = try ImageFile.decode(source, request)
    let image = file.image
    var colors = image.planes.indices.filter { $0 != image.alphaIndex }
    if colors.count > 3 { colors = ["R", "G", "B"].compactMap(file.metadata.channelNames.firstIndex(of:)) }
    guard colors.count == 1 || colors.count == 3 else { throw colorError(path, image.planes.count) }
    var plane = Plane<Double>(width: image.width, height: image.height)
    for index in plane.values.indices {
      func light(_ color: Int) -> Double { Double(image.planes[colors[color]].values[index]) }
      plane.values[index] = colors.count == 1 ? light(0) : luminance(light)
      if let alpha = image.alphaIndex, !image.alphaIsAssociated {
        plane.values[index] *= Double(image.planes[alpha].values[index])
      }
    }
    return plane
  }

  private static func luminance(_ light: (Int) -> Double) -> Double {
    0.2126 * light(0) + 0.7152 * light(1) + 0.0722 * light(2)
  }

  private static func colorError(_ path: String, _ channels: Int) -> ImageFileError {
    .unsupported(
      path: path, what: "has \(channels) channels", advice: "a kernel is gray or RGB, with or without alpha")
  }
}
