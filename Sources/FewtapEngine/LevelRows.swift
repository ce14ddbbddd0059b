internal import CFewtapKernels
import FewtapCore

/// The levels of a varying filter over some rows of an image: planes at the low rates, which all tiles read.
struct LevelRows: Sendable {
  /// A level's pixels, and where they begin in the memory.
  private struct Part {
    var region: Region
    var stride: Int
    var first: [Int]
  }

  private let basis: CompiledBasis
  private let groups: [ChannelGroup]
  private let parts: [Part]
  /// Floats of all levels and groups.
  let floatCount: Int

  /// The levels that `region` of the result needs.
  init(_ basis: CompiledBasis, _ region: Region, groups: [ChannelGroup]) {
    (self.basis, self.groups) = (basis, groups)
    var next = 0
    parts = basis.levelRegions(for: region).map { region in
      let stride = TileShape.stride(region.x.count)
      let first = groups.map { group in
        defer { next += RowWindow.count(stride: stride, capacity: region.y.count, channels: group.roles.count) }
        return next
      }
      return Part(region: region, stride: stride, first: first)
    }
    floatCount = next
  }

  /// Floats of a level's row.
  var strides: [Int] { parts.map(\.stride) }

  /// A level's rows of a group, in memory of ``floatCount`` floats; or of `channels`, where groups of one follow one another.
  func window(
    _ level: Int, group: Int, channels: Int? = nil, in memory: UnsafeMutablePointer<Float>
  ) -> RowWindow {
    let part = parts[level]
    return RowWindow(
      columns: part.region.x, rows: part.region.y, stride: part.stride, capacity: part.region.y.count,
      channels: channels ?? groups[group].roles.count, isHalf: false, base: memory + part.first[group])
  }

  /// Rows of a level that one thread makes at a time.
  private static let bandHeight = 64

  /// A level's parts that threads make one of at a time. A level must be whole before those made from it are begun.
  func bands(_ level: Int) -> [(group: Int, region: Region)] {
    let region = parts[level].region
    return groups.indices.flatMap { group in
      stride(from: region.y.lowerBound, to: region.y.upperBound, by: Self.bandHeight).map { y in
        (group, Region(x: region.x, y: y..<min(y + Self.bandHeight, region.y.upperBound)))
      }
    }
  }

  /// Floats that making a band takes.
  func scratchCount(_ level: Int, group: Int) -> Int {
    let region = parts[level].region
    guard let step = basis.levels[level].step else {
      let band = Region(x: region.x, y: 0..<min(Self.bandHeight, region.y.count))
      return TileShape(basis.levels[level].decimation, low: band, halfs: false)
        .floatCount(channels: groups[group].roles.count)
    }
    return step.factor * (region.x.count + 64) + step.weights.count + 64
  }

  /// Makes a band of a level from its parent.
  func make(
    _ level: Int, _ region: Region, group: Int, in memory: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, _ kernels: fewtap_kernels
  ) {
    guard let step = basis.levels[level].step, let parent = basis.levels[level].parent else { return }
    let (from, to) = (window(parent, group: group, in: memory), window(level, group: group, in: memory))
    let read = region.read(by: step)
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: step.weights.count) { rows in
      for y in region.y {
        for channel in 0..<to.channels {
          let first = step.factor * y + step.weights.first
          for index in 0..<rows.count {
            rows[index] = UnsafePointer(
              from.row(first + index, channel) + (read.x.lowerBound - from.columns.lowerBound))
          }
          check(
            kernels.weighted_rows(
              rows.baseAddress!, step.weights.values, Int32(rows.count), scratch, Int32(read.x.count), 0, nil))
          // A band has whole rows: what is written beyond their columns lies in their own memory.
          check(
            kernels.decimate(
              Int32(step.factor), step.weights.values, Int32(step.weights.count), scratch, to.row(y, channel),
              Int32(region.x.count)))
        }
      }
    }
  }
}
