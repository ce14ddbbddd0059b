import FewtapCore

/// A file format's decoder: knows the header, and reads any rows.
protocol RowDecoder: AnyObject {
  /// What the file says before its pixels.
  var header: ImageHeader { get }
  /// Fills `buffer`, which is `rows.count * header.layout.rowBytes` long, with those rows; they lie inside the image.
  func read(rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(ImageFileError)
}

/// What a decoder knows before it reads pixels.
struct ImageHeader {
  /// How rows are read: mostly as stored.
  var layout: SampleLayout
  var metadata: ImageMetadata
  var warnings: [ImageWarning] = []
  /// Upper bound of what the decoder holds beside the rows asked for, in bytes.
  var workingBytes = 0
  /// Reads that begin and end at multiples of this many rows are the fastest.
  var bandHeight = 1
}

/// What a decoder needs to know beside the bytes.
struct DecodeRequest {
  let path: String
  let transfer: Transfer
  /// Most bytes that Float planes of the image may take; nil: rows are read one by one.
  let memoryLimit: Int?
  var maximumSide = Int(Int32.max)

  /// A decoder for what the content says it is.
  ///
  /// Throws: ``ImageFileError`` if the header is damaged, or tells of what is not read.
  func open(_ source: ByteSource) throws(ImageFileError) -> any RowDecoder {
    guard let format = ImageFormat(content: source.bytes(at: 0, upTo: ImageFormat.longestMagic)) else {
      throw .unknownFormat(path: path)
    }
    let decoder: any RowDecoder =
      switch format {
      case .pnm: try PortableMap(source, self)
      case .pfm: try PortableFloatMap(source, self)
      case .fits: try FITSFile(source, self)
      case .npy: try NumpyRows(source, self)
      case .png, .jpeg, .tiff, .openexr, .hdr: try OpenImageIODecoder(source, format, self)
      }
    let layout = decoder.header.layout
    return layout.alphaIsAssociated && layout.transfer != .linear ? UnassociatedRows(decoder) : decoder
  }

  /// Refuses a size before anything is allocated for it.
  func check(width: Int, height: Int, channels: Int) throws(ImageFileError) {
    let error = ImageFileError.size(
      path: path, width: width, height: height, channels: channels, limit: memoryLimit)
    guard width > 0, height > 0, (1...ImageFile.maximumChannels).contains(channels) else { throw error }
    if width > maximumSide || height > maximumSide {
      throw .kernel(path: path, .tooLarge(width: width, height: height))
    }
    guard let memoryLimit else { return }
    let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, pixels <= ImageFile.maximumPixels,
      pixels * channels <= memoryLimit / MemoryLayout<Float>.size
    else { throw error }
  }

  func damaged(_ cause: String) -> ImageFileError { .damaged(path: path, cause: cause) }

  /// Fewer bytes than pixels of that size take; `needed` is nil where they are too many to count.
  func tooShort(_ found: Int, width: Int, height: Int, needed: Int?) -> ImageFileError {
    damaged(
      "\(found) bytes follow its header where its size, \(width)x\(height), asks for "
        + (needed.map(String.init) ?? "more than can be counted"))
  }
}

extension SampleLayout {
  /// Fills a row of floats with `value(pixel, channel)`.
  func fillFloats(_ row: UnsafeMutableRawBufferPointer, _ value: (Int, Int) -> Float) {
    row.withMemoryRebound(to: Float.self) { row in
      for pixel in 0..<width {
        for channel in 0..<channels { row[pixel * channels + channel] = value(pixel, channel) }
      }
    }
  }

  /// The bytes of row `index` of a buffer.
  func row(_ index: Int, of buffer: UnsafeMutableRawBufferPointer) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: buffer[index * rowBytes..<(index + 1) * rowBytes])
  }
}
