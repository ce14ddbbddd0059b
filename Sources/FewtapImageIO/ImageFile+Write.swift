import FewtapCore

extension ImageFile {
  /// Writes the file, whole or not at all, in the format that the path's extension names.
  ///
  /// Integer types clamp light to 0...1 and round to the nearest code; half and float keep all of it.
  /// Returns: what the format could not hold.
  /// Throws: ``ImageFileError``; then no file was made, and one that stood there is untouched.
  @discardableResult
  public func write(path: String, options: WriteOptions = WriteOptions()) throws(ImageFileError) -> [ImageWarning] {
    guard let format = ImageFormat(path: path) else { throw .unknownExtension(path: path) }
    let (bytes, warnings) = try encode(as: format, options: options, path: path)
    try AtomicFile.write(bytes, to: path)
    return warnings
  }

  /// The file's bytes, and what the format could not hold; `path` is what errors call it.
  ///
  /// Throws: ``ImageFileError``.
  public func encode(
    as format: ImageFormat, options: WriteOptions = WriteOptions(), path: String
  ) throws(ImageFileError) -> (bytes: [UInt8], warnings: [ImageWarning]) {
    guard (1...100).contains(options.jpegQuality) else {
      throw .cannotWrite(
        path: path, cause: "JPEG quality is \(options.jpegQuality)", advice: "it must be 1 to 100")
    }
    guard image.width > 0, image.width <= Int(Int32.max), image.height > 0, image.height <= Int(Int32.max) else {
      throw .cannotWrite(
        path: path, cause: "the image is \(image.width)x\(image.height)", advice: "sides must be 1 to 2147483647")
    }
    let plan = OutputPlan(self, format: format, options: options)
    var encoder = SampleEncoder(image, plan)
    var warnings = plan.warnings
    let bytes =
      switch format {
      case .png, .jpeg, .tiff, .openexr, .hdr:
        try encodeByLibrary(plan, &encoder, options, path, &warnings)
      case .pnm: encodePortableMap(plan, &encoder)
      case .pfm:
        PortableFloatMap.encode(
          width: image.width, height: image.height, channels: plan.planes.count, rows: floatRows(&encoder))
      case .fits:
        FITSFile.encode(
          width: image.width, height: image.height, channels: plan.planes.count, rows: floatRows(&encoder))
      }
    if encoder.clipped > 0 {
      let all = image.width * image.height * plan.planes.count
      warnings.append(.clipped(samples: encoder.clipped, of: all, type: plan.type))
    }
    if encoder.lightWithoutAlpha > 0 {
      warnings.append(.lightWithoutAlpha(pixels: encoder.lightWithoutAlpha, format: format))
    }
    return (bytes, warnings)
  }

  private func encodeByLibrary(
    _ plan: OutputPlan, _ encoder: inout SampleEncoder, _ options: WriteOptions, _ path: String,
    _ warnings: inout [ImageWarning]
  ) throws(ImageFileError) -> [UInt8] {
    func start(profile: [UInt8]) throws(ImageFileError) -> OpenImageIOEncoder {
      try OpenImageIOEncoder(
        plan, width: image.width, height: image.height, profile: profile, quality: options.jpegQuality, path: path)
    }
    var output: OpenImageIOEncoder?
    if let profile = plan.colorProfile {
      do throws(ImageFileError) {
        output = try start(profile: profile)
      } catch {
        // A profile that does not fit (RGB on gray, or damaged) must not cost the user the image.
        guard case .cannotWrite(_, let cause, _) = error else { throw error }
        warnings.append(.colorProfileLost(format: plan.format, reason: cause))
      }
    }
    let encoding = if let output { output } else { try start(profile: []) }
    // As many rows as make about 4 MiB: the interleaved copy stays small.
    let rows = max(1, (4 << 20) / (image.width * plan.planes.count * 4))
    for begin in stride(from: 0, to: image.height, by: rows) {
      let range = begin..<min(begin + rows, image.height)
      try encoding.append(encoder.encode(rows: range), rows: range)
    }
    return try encoding.finish()
  }

  private func encodePortableMap(_ plan: OutputPlan, _ encoder: inout SampleEncoder) -> [UInt8] {
    var bytes = PortableMap.header(
      width: image.width, height: image.height, channels: plan.planes.count, type: plan.type)
    for row in 0..<image.height {
      switch encoder.encode(rows: row..<row + 1) {
      case .codes8(let codes): bytes += codes
      case .codes16(let codes): bytes.append(bytesOf: codes.map { $0.bigEndian })
      case .floats: break
      }
    }
    return bytes
  }

  private func floatRows(_ encoder: inout SampleEncoder) -> [[Float]] {
    (0..<image.height).map { row in
      if case .floats(let values) = encoder.encode(rows: row..<row + 1) { values } else { [] }
    }
  }
}
