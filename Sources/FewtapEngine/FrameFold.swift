internal import CFewtapKernels
import FewtapCore

/// Results around an image, for which a border rule says to which of the image's pixels they are added.
struct FrameFold: @unchecked Sendable {
  let region: Region
  private let memory: [UnsafeMutablePointer<Float>]

  /// All of it zero; whoever makes one calls ``deallocate()``.
  init(_ region: Region, channels: Int) {
    self.region = region
    let count = region.x.count * region.y.count
    memory = (0..<channels).map { _ in
      let plane = UnsafeMutablePointer<Float>.allocate(capacity: count)
      plane.initialize(repeating: 0, count: count)
      return plane
    }
  }

  func deallocate() { for plane in memory { plane.deallocate() } }

  /// The place of column 0 in row `y` of a channel, which itself may lie outside of it.
  func row(_ y: Int, _ channel: Int) -> UnsafeMutablePointer<Float> {
    memory[channel] + ((y - region.y.lowerBound) * region.x.count - region.x.lowerBound)
  }

  /// As what a plan writes.
  var target: TargetImage {
    TargetImage(planes: memory.indices.map { row(0, $0) }, height: region.y.count, rowStride: region.x.count)
  }

  /// Adds all of it to an image of `width` columns and `height` rows, from top to bottom.
  func fold(
    into image: TargetImage, width: Int, height: Int, _ border: BorderRule, _ kernels: fewtap_kernels
  ) {
    let inside = region.x.clamped(to: 0..<width)
    let outside = region.x.filter { !inside.contains($0) }.compactMap { x in
      border.source(of: x, count: width).map { (from: x, to: $0) }
    }
    for channel in memory.indices {
      guard let (row0, stride) = image.plane(channel) else { continue }
      for y in region.y {
        guard let source = border.source(of: y, count: height) else { continue }
        let (row, given) = (row0 + source * stride, row(y, channel))
        check(kernels.add_row(row + inside.lowerBound, given + inside.lowerBound, Int32(inside.count)))
        for column in outside { row[column.to] += given[column.from] }
      }
    }
  }
}

extension OffsetBounds {
  /// What filters of these offsets read around an image of `width` columns and `height` rows, without the image.
  func frame(width: Int, height: Int) -> [Region] {
    // The result at p reads p - o.
    let (left, right) = (-max(0, maxX), width + max(0, -minX))
    let (top, bottom) = (-max(0, maxY), height + max(0, -minY))
    return [
      Region(x: left..<right, y: top..<0), Region(x: left..<0, y: 0..<height),
      Region(x: width..<right, y: 0..<height), Region(x: left..<right, y: height..<bottom),
    ].filter { !$0.x.isEmpty && !$0.y.isEmpty }
  }
}
