import FewtapCore

/// An image file that is written row by row, whole or not at all, so that an image of any height takes bounded memory.
///
/// Samples: what ``layout`` says: linear light as Float, or what the file stores where the caller asks for that.
/// Memory:  ``workingBytes`` at most, beside the caller's buffer. No format needs the whole image.
/// Safety:  the file appears at its path in ``finish(clipped:)``. If an error ends the writing, or the writer is given up
///          before, no file was made, and one that stood there is untouched.
/// Bytes:   those of ``ImageFile/write(path:options:)``, however the rows are cut into pieces; held by RowWriterTests.
///          A TIFF that takes longer than seconds may hold an unused directory.
public final class ImageRowWriter {
  /// What ``append(rows:from:)`` takes.
  public let layout: SampleLayout
  /// Upper bound of what the writer holds, in bytes.
  public let workingBytes: Int

  private let path: String
  private let plan: OutputPlan
  private let sink: ByteSink
  private let encoder: any RowEncoder
  /// nil where samples come as they are stored.
  private var light: SampleEncoder?
  private var samples: [UInt8] = []
  private var nextRow = 0
  private var warnings: [ImageWarning]

  /// Rows that are encoded together: about 4 MiB of them.
  private let piece: Int

  /// Opens a file in the format that the path's extension names, for the pixels of `image`.
  ///
  /// `image` tells size, channels and alpha; its type and transfer do not matter. With `asStored`, the caller makes samples
  /// of the stored type wherever channels and alpha are stored as they come, and ``layout`` says which.
  /// Throws: ``ImageFileError``.
  public convenience init(
    path: String, image: SampleLayout, metadata: ImageMetadata, options: WriteOptions = WriteOptions(),
    asStored: Bool = false
  ) throws(ImageFileError) {
    guard let format = ImageFormat(path: path) else { throw .unknownExtension(path: path) }
    try Self.check(image, format, options, path)
    let sink = ByteSink(try AtomicFile(path: path))
    try self.init(
      path: path, format: format, image: image, metadata: metadata, options: options, asStored: asStored, sink)
  }

  init(
    path: String, format: ImageFormat, image: SampleLayout, metadata: ImageMetadata, options: WriteOptions,
    asStored: Bool, _ sink: ByteSink
  ) throws(ImageFileError) {
    try Self.check(image, format, options, path)
    let plan = OutputPlan(image, metadata, format: format, options: options)
    (self.path, self.plan, self.sink) = (path, plan, sink)
    warnings = plan.warnings
    var layout = image
    if asStored, plan.keepsChannels(of: image) {
      (layout.type, layout.transfer) = (plan.type, plan.transfer)
      light = nil
    } else {
      (layout.type, layout.transfer) = (.float, .linear)
      light = SampleEncoder(image, plan)
    }
    self.layout = layout
    let sampleType = light == nil ? plan.type : SampleEncoder.sampleType(plan.type)
    let storedRow = image.width * plan.planes.count * sampleType.byteCount
    piece = min(max(1, (4 << 20) / storedRow), image.height)
    switch format {
    case .png, .jpeg, .tiff, .openexr, .hdr:
      encoder = try OpenImageIOEncoder.open(plan, image, sampleType, options, path, sink, &warnings)
    case .pnm, .pfm, .fits, .npy:
      encoder = try PlainEncoder.open(plan, width: image.width, height: image.height, sink)
    }
    workingBytes = encoder.workingBytes + (light == nil ? 0 : piece * storedRow)
  }

  private static func check(
    _ image: SampleLayout, _ format: ImageFormat, _ options: WriteOptions, _ path: String
  ) throws(ImageFileError) {
    guard (1...100).contains(options.jpegQuality) else {
      throw .cannotWrite(
        path: path, cause: "JPEG quality is \(options.jpegQuality)", advice: "it must be 1 to 100")
    }
    let sides = 1...format.maximumSide
    guard sides.contains(image.width), sides.contains(image.height) else {
      throw .cannotWrite(
        path: path, cause: "the image is \(image.width)x\(image.height)",
        advice: "sides must be 1 to \(format.maximumSide)")
    }
    guard (1...ImageFile.maximumChannels).contains(image.channels),
      image.alphaIndex.map((0..<image.channels).contains) ?? true
    else {
      throw .cannotWrite(
        path: path, cause: "the image has \(image.channels) channels",
        advice: "1 to \(ImageFile.maximumChannels) are, alpha among them")
    }
  }

  /// Adds rows, which must follow those before; `buffer` holds `rows.count * layout.rowBytes` bytes, aligned to samples.
  ///
  /// Throws: ``ImageFileError``; the writer is of no use then.
  public func append(rows: Range<Int>, from buffer: UnsafeRawBufferPointer) throws(ImageFileError) {
    guard rows.lowerBound == nextRow, rows.upperBound <= layout.height, buffer.count == rows.count * layout.rowBytes
    else {
      throw .rows(
        path: path, rows,
        expected: "rows from \(nextRow) on, below \(layout.height), and \(layout.rowBytes) bytes for each")
    }
    guard light != nil else {
      try encoder.append(buffer, rows: rows)
      nextRow = rows.upperBound
      return
    }
    guard let base = buffer.bindMemory(to: Float.self).baseAddress else { return }
    try append(rows: rows, channels: (0..<layout.channels).map { base + $0 }, step: layout.channels)
  }

  /// Adds rows of light, whose first pixel is where `channels` point.
  func append(rows: Range<Int>, channels: [UnsafePointer<Float>], step: Int) throws(ImageFileError) {
    for begin in stride(from: rows.lowerBound, to: rows.upperBound, by: piece) {
      let part = begin..<min(begin + piece, rows.upperBound)
      let skipped = (begin - rows.lowerBound) * layout.width * step
      let lines = LightRows(
        channels: channels.map { $0 + skipped }, step: step, pixelCount: part.count * layout.width)
      let sampleBytes = SampleEncoder.sampleType(plan.type).byteCount
      let count = lines.pixelCount * plan.planes.count * sampleBytes
      if samples.count < count { samples = [UInt8](repeating: 0, count: count) }
      samples.withUnsafeMutableBytes { light?.encode(lines, into: $0) }
      try samples.withBytes { (samples) throws(ImageFileError) in
        try encoder.append(UnsafeRawBufferPointer(rebasing: samples[..<count]), rows: part)
      }
    }
    nextRow = rows.upperBound
  }

  /// Ends the file and puts it in its place. `clipped` counts the samples that a caller who makes stored samples clipped.
  ///
  /// Returns: what the format could not hold.
  /// Throws: ``ImageFileError``, also if rows are missing.
  public func finish(clipped: Int = 0) throws(ImageFileError) -> [ImageWarning] {
    guard nextRow == layout.height else {
      throw .rows(path: path, nextRow..<layout.height, expected: "all rows before the end")
    }
    try encoder.finish()
    try sink.file?.commit()
    let beyond = clipped + (light?.clipped ?? 0)
    if beyond > 0 {
      let all = layout.width * layout.height * plan.planes.count
      warnings.append(.clipped(samples: beyond, of: all, type: plan.type))
    }
    if let unlit = light?.lightWithoutAlpha, unlit > 0 {
      warnings.append(.lightWithoutAlpha(pixels: unlit, format: plan.format))
    }
    return warnings
  }
}

extension PlainEncoder {
  /// An encoder for the formats that are written here.
  fileprivate static func open(
    _ plan: OutputPlan, width: Int, height: Int, _ sink: ByteSink
  ) throws(ImageFileError) -> PlainEncoder {
    let channels = plan.planes.count
    func encoder(
      _ header: [UInt8], _ order: Order, isBigEndian: Bool, blockSize: Int = 1
    ) throws(ImageFileError) -> PlainEncoder {
      try PlainEncoder(
        plan, width: width, height: height, header: header, order: order, isBigEndian: isBigEndian,
        blockSize: blockSize, sink)
    }
    switch plan.format {
    case .pfm:
      let header = PortableFloatMap.header(width: width, height: height, channels: channels)
      return try encoder(header, .bottomToTop, isBigEndian: false)
    case .fits:
      let header = FITSFile.header(width: width, height: height, channels: channels)
      return try encoder(header, .planesBottomToTop, isBigEndian: true, blockSize: FITSFile.blockSize)
    case .npy:
      let shape = [height, width] + (channels == 1 ? [] : [channels])
      return try encoder(NumpyFile.header(shape: shape, as: .float32), .topToBottom, isBigEndian: false)
    default:
      let header = PortableMap.header(width: width, height: height, channels: channels, type: plan.type)
      return try encoder(header, .topToBottom, isBigEndian: true)
    }
  }
}
