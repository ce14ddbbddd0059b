package import CFewtapKernels
import FewtapCore

/// Reads rows of stored samples as rows of linear light, and stores them back.
///
/// Shapes: a row of light is contiguous Float, one a channel; sample i of `columns` is at index i - columns.lowerBound.
/// Alpha:  colors come straight or associated as ``lightIsAssociated`` says, and are to be handed back so.
/// Cost:   nothing is allocated, but for what is rare and slow: floats that are not linear, and sRGB multiplied by alpha.
package struct RowCoder: @unchecked Sendable {
  /// What it reads or writes.
  package let layout: PixelLayout
  private let kernels: fewtap_kernels
  /// True if neither a table nor division decodes a stored color: the transfer function itself runs, pixel by pixel.
  private let isSlow: Bool
  // Pointers into tables that live as long as the process.
  private let decodings: [UnsafePointer<Float>?]
  private let encodings: [UnsafePointer<fewtap_encoding>?]

  /// A coder for a layout that was checked.
  package init(_ layout: PixelLayout, kernels: fewtap_kernels) {
    self.layout = layout
    self.kernels = kernels
    // Codes multiplied by alpha are decoded after division, when they are no codes any more.
    isSlow = layout.codesAreAssociated || (layout.transfer != .linear && layout.type == .float)
    let transfers = (0..<layout.channels).map {
      $0 == layout.alphaIndex || layout.codesAreAssociated ? .linear : layout.transfer
    }
    decodings = transfers.map { LightDecoding.shared($0, layout.type)?.table }
    encodings = transfers.map { LightEncoding.shared($0, layout.type)?.pointer }
  }

  /// True if rows of light are multiplied by alpha: as the layout has it, but for associated sRGB, whose light is only known
  /// straight.
  package var lightIsAssociated: Bool {
    layout.alphaIndex != nil && layout.alphaIsAssociated && !layout.codesAreAssociated
  }

  /// The channels that one call should ask for together: all, if they lie side by side, else one at a time is as fast.
  package var isInterleaved: Bool { layout.channels > 1 && layout.channelStride == layout.type.byteCount }

  // MARK: Load

  /// Light of the pixels `columns` of the row whose sample (0, y, 0) is at `row`: one row for each of `channels`.
  package func load(
    _ row: UnsafeRawPointer, columns: Range<Int>, channels: Range<Int>, into rows: ChannelRows
  ) {
    rows.withAddresses { out in
      decodings.withUnsafeBufferPointer { tables in
        forEachGroup(of: channels) { group in
          // A table for halfs is asked by their bits.
          let type = layout.type == .half && tables[group.lowerBound] != nil ? .uint16 : layout.type
          check(
            kernels.load_samples(
              samples(group, as: type), row + offset(columns.lowerBound, group.lowerBound),
              tables.baseAddress.map { $0 + group.lowerBound }, out + (group.lowerBound - channels.lowerBound),
              Int32(columns.count)))
        }
      }
    }
    if isSlow { decode(rows, channels, alpha: alpha(row, columns), count: columns.count) }
  }

  /// The stored alpha where colors are to be divided by it.
  private func alpha(_ row: UnsafeRawPointer, _ columns: Range<Int>) -> [Float]? {
    guard layout.codesAreAssociated, let alphaIndex = layout.alphaIndex else { return nil }
    let channel = RowCoder(layout.alphaAlone, kernels: kernels)
    return [Float](unsafeUninitializedCapacity: columns.count) { buffer, count in
      if let base = buffer.baseAddress {
        channel.load(
          row + alphaIndex * layout.channelStride, columns: columns, channels: 0..<1,
          into: ChannelRows(first: base, stride: 0, count: 1))
      }
      count = columns.count
    }
  }

  private func decode(_ rows: ChannelRows, _ channels: Range<Int>, alpha: [Float]?, count: Int) {
    for channel in channels where channel != layout.alphaIndex {
      let light = rows[channel - channels.lowerBound]
      for index in 0..<count {
        var value = Double(light[index])
        if let alpha, alpha[index] != 0 { value /= Double(alpha[index]) }
        light[index] = Float(layout.transfer.decode(value))
      }
    }
  }

  // MARK: Store

  /// Stores light as the pixels `columns` of the row whose sample (0, y, 0) is at `row`.
  ///
  /// - Parameter rows: one row for each of `channels`.
  /// - Parameter alpha: the row of alpha, which associated sRGB is multiplied by.
  /// - Returns: how many samples the type could not hold: those were clamped, and NaN became 0 in integer types.
  package func store(
    _ rows: [UnsafePointer<Float>], alpha: UnsafePointer<Float>? = nil, columns: Range<Int>, channels: Range<Int>,
    to row: UnsafeMutableRawPointer
  ) -> Int {
    guard isSlow || (layout.transfer != .linear && layout.type == .half) else {
      return put(rows, columns: columns, channels: channels, to: row)
    }
    var clipped = 0
    var encoded = [Float](repeating: 0, count: columns.count)
    for (channel, light) in zip(channels, rows) {
      for index in 0..<columns.count {
        var value = light[index]
        if channel != layout.alphaIndex {
          let code = layout.transfer.encode(Double(value))
          value = Float(layout.codesAreAssociated ? code * Double(alpha?[index] ?? 1) : code)
        }
        encoded[index] = value
      }
      encoded.withUnsafeBufferPointer { encoded in
        guard let base = encoded.baseAddress else { return }
        clipped += put([base], columns: columns, channels: channel..<channel + 1, to: row)
      }
    }
    return clipped
  }

  private func put(
    _ rows: [UnsafePointer<Float>], columns: Range<Int>, channels: Range<Int>, to row: UnsafeMutableRawPointer
  ) -> Int {
    var clipped: Int64 = 0
    rows.withUnsafeBytes { rows in
      let light = rows.assumingMemoryBound(to: UnsafePointer<Float>?.self)
      encodings.withUnsafeBufferPointer { encodings in
        forEachGroup(of: channels) { group in
          check(
            kernels.store_samples(
              samples(group, as: layout.type), light.baseAddress.map { $0 + (group.lowerBound - channels.lowerBound) },
              encodings.baseAddress.map { $0 + group.lowerBound }, row + offset(columns.lowerBound, group.lowerBound),
              Int32(columns.count), &clipped))
        }
      }
    }
    return Int(clipped)
  }

  // MARK: Layouts as the C kernels see them

  /// `channels` in groups that one call can move: neighbors in memory together, others one by one.
  private func forEachGroup(of channels: Range<Int>, _ body: (Range<Int>) -> Void) {
    // A table for halfs stands for colors, not for alpha, so they do not go together.
    let together = isInterleaved && !(layout.type == .half && layout.transfer != .linear)
    let size = together ? Int(FEWTAP_SAMPLE_CHANNELS) : 1
    var first = channels.lowerBound
    while first < channels.upperBound {
      let end = min(first + size, channels.upperBound)
      body(first..<end)
      first = end
    }
  }

  private func samples(_ group: Range<Int>, as type: PixelType) -> fewtap_samples {
    let code: fewtap_sample_type =
      switch type {
      case .uint8: FEWTAP_SAMPLES_UINT8
      case .uint16: FEWTAP_SAMPLES_UINT16
      case .half: FEWTAP_SAMPLES_HALF
      case .float: FEWTAP_SAMPLES_FLOAT
      }
    return fewtap_samples(type: code, channels: Int32(group.count), step: layout.pixelStride / type.byteCount)
  }

  private func offset(_ column: Int, _ channel: Int) -> Int {
    column * layout.pixelStride + channel * layout.channelStride
  }
}

extension PixelLayout {
  /// True if stored colors are encoded light times alpha, so that they have to be divided before they can be decoded.
  fileprivate var codesAreAssociated: Bool { alphaIndex != nil && alphaIsAssociated && transfer != .linear }

  /// The layout of a single channel that is stored as alpha is: linear.
  fileprivate var alphaAlone: PixelLayout {
    var layout = self
    (layout.transfer, layout.channels, layout.alphaIndex, layout.alphaIsAssociated) = (.linear, 1, nil, false)
    return layout
  }
}
