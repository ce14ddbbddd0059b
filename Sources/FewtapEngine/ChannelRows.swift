/// One row a channel, at a constant distance.
package struct ChannelRows: BitwiseCopyable {
  /// That of channel 0.
  package var first: UnsafeMutablePointer<Float>
  /// Floats from one to the next.
  package var stride: Int
  /// Channels.
  package var count: Int

  /// `count` rows, the first at `first`, `stride` floats from one to the next.
  package init(first: UnsafeMutablePointer<Float>, stride: Int, count: Int) {
    (self.first, self.stride, self.count) = (first, stride, count)
  }

  /// The row of a channel.
  package subscript(channel: Int) -> UnsafeMutablePointer<Float> { first + channel * stride }

  /// Those of some of the channels, from another column on.
  func part(_ channels: Range<Int>, from column: Int) -> ChannelRows {
    ChannelRows(first: self[channels.lowerBound] + column, stride: stride, count: channels.count)
  }

  /// Calls `body` with the addresses of the rows, one a channel.
  func withAddresses<Result>(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<Float>?>) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Float>?.self, capacity: count) { addresses in
      for channel in 0..<count { addresses.initializeElement(at: channel, to: self[channel]) }
      return body(addresses.baseAddress!)
    }
  }

  /// The same for rows that are only read.
  func withConstantAddresses<Result>(_ body: (UnsafeMutablePointer<UnsafePointer<Float>?>) -> Result) -> Result {
    withAddresses { $0.withMemoryRebound(to: UnsafePointer<Float>?.self, capacity: count, body) }
  }
}
