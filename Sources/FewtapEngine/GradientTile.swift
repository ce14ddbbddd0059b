internal import CFewtapKernels
import FewtapCore

/// What a tile of a gradient's products works in.
struct GradientShape: Sendable {
  /// Pixels, of the layers' rate, over which the products are summed.
  let region: Region
  let images: TileShape
  let cotangents: TileShape
  let chunk: Int
  private let runCount: Int
  private let sumCount: Int

  init(_ gradient: CompiledGradient, _ region: Region) {
    self.region = region
    chunk = TileShape.chunk(gradient.images)
    images = Self.shape(gradient.images, region, reads: gradient.layers.map(\.bounds), chunk: chunk)
    let itself = OffsetBounds(PixelOffset(x: 0, y: 0))
    cotangents = Self.shape(gradient.cotangents, region, reads: gradient.layers.map { _ in itself }, chunk: chunk)
    runCount = gradient.layers.reduce(0) { $0 + $1.offsets.runs.count }
    sumCount = gradient.count
  }

  /// Of a chain of which what layer l reads, and what the last one gives, is read by `reads[l]` for the region, row by row: the rows
  /// stay that a chunk's products need, while later layers ask for rows below them.
  private static func shape(
    _ filter: CompiledFilter, _ region: Region, reads: [OffsetBounds], chunk: Int
  ) -> TileShape {
    let last = reads[reads.count - 1]
    var regions = [region.read(by: last)]
    // Rows below a chunk's first one that are made for it.
    var end = chunk - last.minY
    var held = [end + last.maxY + chunk]
    for (bounds, read) in zip(filter.layers.map(\.bounds), reads).reversed() {
      regions.insert(region.read(by: read).union(regions[0].read(by: bounds)), at: 0)
      // A layer makes whole chunks.
      end = max(chunk - read.minY, end + chunk - bounds.minY)
      held.insert(max(end + max(read.maxY, bounds.maxY), bounds.height + chunk) + chunk, at: 0)
    }
    return TileShape(filter, layers: regions, held: held)
  }

  /// Floats that parts of the memory begin at multiples of.
  private static let unit = 16

  private static func rounded(_ count: Int) -> Int { ceilingDivide(count, unit) * unit }

  /// Floats of the images' part, of the cotangents', of runs, of partial sums, and of sums.
  var parts: (images: Int, cotangents: Int, runs: Int, partial: Int, sums: Int) {
    let float = MemoryLayout<Float>.stride
    return (
      Self.rounded(images.floatCount(channels: 1)), Self.rounded(cotangents.floatCount(channels: 1)),
      Self.rounded(runCount * MemoryLayout<fewtap_run>.stride / float), sumCount * Self.unit,
      Self.rounded(sumCount * MemoryLayout<Double>.stride / float)
    )
  }

  /// Floats of all that a tile works in.
  var floatCount: Int {
    let parts = parts
    return parts.images + parts.cotangents + parts.runs + parts.partial + parts.sums
  }
}

/// The products of a filter's gradient over one tile: the layers' images and their cotangents run side by side from top to bottom,
/// in windows that stay in cache, and each chunk of rows is multiplied as soon as both are there.
///
/// Sums are of the tile alone: whoever cuts an image into the same tiles gets the same bits.
struct GradientTile {
  private let gradient: CompiledGradient
  private let shape: GradientShape
  private let kernels: fewtap_kernels
  private let images: TileRun
  private let cotangents: TileRun
  private let packed: [fewtap_layer]
  private let partial: UnsafeMutablePointer<Float>
  private let sums: UnsafeMutablePointer<Double>

  /// In memory of ``GradientShape/floatCount`` floats.
  init(
    _ gradient: CompiledGradient, _ shape: GradientShape, _ kernels: fewtap_kernels, image: TileSource,
    cotangent: TileSource, memory: UnsafeMutablePointer<Float>
  ) {
    (self.gradient, self.shape, self.kernels) = (gradient, shape, kernels)
    let parts = shape.parts
    var next = memory
    func take(_ count: Int) -> UnsafeMutablePointer<Float> {
      defer { next += count }
      return next
    }
    images = TileRun(
      gradient.images, shape.images, kernels, source: image, target: nil, low: nil, memory: take(parts.images))
    cotangents = TileRun(
      gradient.cotangents, shape.cotangents, kernels, source: cotangent, target: nil, low: nil,
      memory: take(parts.cotangents))
    let count = gradient.layers.reduce(0) { $0 + $1.offsets.runs.count }
    var runs = UnsafeMutableRawPointer(take(parts.runs)).bindMemory(to: fewtap_run.self, capacity: count)
    var packed: [fewtap_layer] = []
    for (index, layer) in gradient.layers.enumerated() {
      packed.append(layer.offsets.pack(into: runs, stride: images.window(layer: index).stride))
      runs += layer.offsets.runs.count
    }
    self.packed = packed
    partial = take(parts.partial)
    sums = UnsafeMutableRawPointer(take(parts.sums)).bindMemory(to: Double.self, capacity: gradient.count)
  }

  /// Whether a NaN or infinity was seen.
  var sawNonFinite: Bool { images.sawNonFinite || cotangents.sawNonFinite }

  /// The sums of all layers; ends early, with what it has, where `isStopped` says so or a pixel is not finite.
  func run(isStopped: () -> Bool) -> [Double] {
    sums.initialize(repeating: 0, count: gradient.count)
    let (region, layers) = (shape.region, gradient.layers)
    let width = Int32(region.x.count)
    for y in stride(from: region.y.lowerBound, to: region.y.upperBound, by: shape.chunk) {
      if isStopped() || sawNonFinite { break }
      let rows = min(shape.chunk, region.y.upperBound - y)
      for (index, layer) in layers.enumerated() {
        images.pinRows(layer: index, from: y - layer.bounds.maxY)
        cotangents.pinRows(layer: index, from: y)
      }
      for (index, layer) in layers.enumerated().reversed() {
        images.makeRows(layer: index, through: y + rows - layer.bounds.minY)
        cotangents.makeRows(layer: index, through: y + rows)
      }
      for (index, layer) in layers.enumerated() {
        // The last layer's cotangents come first.
        let (x, c) = (images.window(layer: index), cotangents.window(layer: layers.count - 1 - index))
        withUnsafePointer(to: packed[index]) { packed in
          check(
            kernels.dot_layer(
              packed, x.row(y, 0) + (region.x.lowerBound - x.columns.lowerBound), x.stride,
              c.row(y, 0) + (region.x.lowerBound - c.columns.lowerBound), c.stride, partial, sums + layer.first, width,
              Int32(rows)))
        }
      }
    }
    return Array(UnsafeBufferPointer(start: sums, count: gradient.count))
  }
}
