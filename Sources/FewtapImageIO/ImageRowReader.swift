import FewtapCore

/// An image file that is read row by row, so that an image of any height takes bounded memory.
///
/// Samples:  as stored where they are 8 or 16 bits, half or float; light as Float where the file stores what
///           ``SampleLayout`` cannot tell (sRGB codes multiplied by alpha, Netpbm codes of another full scale).
/// Order:    rows that follow those read before are the cheapest. Going back is allowed: PNG, JPEG, HDR, TIFF in strips and
///           Netpbm's text kinds decode again from the first row on.
/// Memory:   ``workingBytes`` at most, beside the caller's buffer; a file that is no regular one (a pipe) is held whole.
/// Accuracy: the same samples as ``ImageFile/read(path:transfer:memoryLimit:)``; held by RowReaderTests.
public final class ImageRowReader {
  /// What ``read(rows:into:)`` gives.
  public let layout: SampleLayout
  /// What is carried from file to file; its type and transfer are those stored.
  public let metadata: ImageMetadata
  /// What reading cannot keep.
  public let warnings: [ImageWarning]
  /// Upper bound of what the decoder holds, in bytes: a band of tiles or strips; the whole image where its rows cannot be
  /// decoded one by one (interlaced PNG, progressive JPEG, TIFF in a single compressed strip).
  public let workingBytes: Int
  /// Reads that begin and end at multiples of this many rows are the fastest.
  public let bandHeight: Int

  private let path: String
  private let decoder: any RowDecoder

  /// Opens a file; its content, not its name, tells the format. `transfer` says how stored values stand for light.
  ///
  /// Throws: ``ImageFileError``.
  public init(path: String, transfer: Transfer = .automatic) throws(ImageFileError) {
    let source = try ByteSource(path: path, limit: ImageFile.defaultMemoryLimit)
    decoder = try DecodeRequest(path: path, transfer: transfer, memoryLimit: nil).open(source)
    self.path = path
    let header = decoder.header
    (layout, metadata, warnings) = (header.layout, header.metadata, header.warnings)
    let held = if case .memory = source.place { source.count } else { 0 }
    workingBytes = header.workingBytes + held
    bandHeight = header.bandHeight
  }

  /// Fills `buffer` with the samples of `rows`, `rows.count * layout.rowBytes` bytes.
  ///
  /// Throws: ``ImageFileError``, ``ImageFileError/damaged(path:cause:)`` where the file ends early; the buffer is undefined
  ///         then.
  public func read(rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(ImageFileError) {
    guard rows.lowerBound >= 0, rows.upperBound <= layout.height, buffer.count == rows.count * layout.rowBytes else {
      throw .rows(
        path: path, rows, expected: "rows within 0 to \(layout.height), and \(layout.rowBytes) bytes for each")
    }
    guard !rows.isEmpty else { return }
    try decoder.read(rows: rows, into: buffer)
  }
}
