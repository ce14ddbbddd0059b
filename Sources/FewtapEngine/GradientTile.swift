internal import CFewtapKernels
import FewtapCore

/// What a tile of a gradient's products works in.
struct GradientShape: Sendable {
  /// Pixels, of the layers' rate, over which the products are summed.
  let region: Region
  /// The layers' products, and whether those of the first come with the input's gradient.
  let layers: [CompiledGradient.Layer]
  let spreads: Bool
  /// What is read of each of their images, from the first layer's on, and of each of their cotangents, from the last layer's on.
  let reads: (images: [OffsetBounds], cotangents: [OffsetBounds])
  let images: TileShape
  let cotangents: TileShape
  let chunk: Int
  /// Sums of all layers.
  let sumCount: Int
  /// Floats from one row of the input's gradient to the next.
  let outputStride: Int
  private let runCount: Int

  init(_ gradient: CompiledGradient, _ region: Region, spreads: Bool) {
    self.region = region
    self.spreads = spreads
    layers = (spreads ? gradient.spreading : nil) ?? gradient.layers
    chunk = TileShape.chunk(gradient.images)
    let itself = OffsetBounds(PixelOffset(x: 0, y: 0))
    var reads = (images: layers.map(\.bounds), cotangents: layers.map { _ in itself })
    if spreads { (reads.images[0], reads.cotangents[layers.count - 1]) = (itself, layers[0].bounds) }
    self.reads = reads
    images = Self.shape(gradient.images, region, reads: reads.images, chunk: chunk)
    cotangents = Self.shape(gradient.cotangents, region, reads: reads.cotangents, chunk: chunk)
    runCount = layers.reduce(0) { $0 + $1.offsets.runs.count }
    sumCount = layers.reduce(0) { $0 + $1.count }
    outputStride = spreads ? TileShape.stride(region.x.count) : 0
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
      // A layer makes whole chunks, and goes on where it ended.
      let reader = end
      end = max(chunk - read.minY, reader + chunk - bounds.minY)
      let above = max(read.maxY, bounds.maxY, bounds.maxY - reader)
      held.insert(max(end + above, bounds.height + chunk) + chunk, at: 0)
    }
    return TileShape(filter, layers: regions, held: held)
  }

  /// Floats that parts of the memory begin at multiples of.
  private static let unit = 16

  private static func rounded(_ count: Int) -> Int { ceilingDivide(count, unit) * unit }

  /// Floats of the images' part, of the cotangents', of runs, of partial sums, of sums, and of rows of the input's gradient.
  var parts: (images: Int, cotangents: Int, runs: Int, partial: Int, sums: Int, output: Int) {
    let float = MemoryLayout<Float>.stride
    return (
      Self.rounded(images.floatCount(channels: 1)), Self.rounded(cotangents.floatCount(channels: 1)),
      Self.rounded(runCount * MemoryLayout<fewtap_run>.stride / float), sumCount * Self.unit,
      Self.rounded(sumCount * MemoryLayout<Double>.stride / float), chunk * outputStride
    )
  }

  /// Floats of all that a tile works in.
  var floatCount: Int {
    let parts = parts
    return parts.images + parts.cotangents + parts.runs + parts.partial + parts.sums + parts.output
  }
}

/// The products of a filter's gradient over one tile: the layers' images and their cotangents run side by side from top to bottom,
/// in windows that stay in cache, and each chunk of rows is multiplied as soon as both are there.
///
/// Sums are of the tile alone: whoever cuts an image into the same tiles gets the same bits.
struct GradientTile {
  private let shape: GradientShape
  private let kernels: fewtap_kernels
  private let images: TileRun
  private let cotangents: TileRun
  private let packed: [fewtap_layer]
  private let partial: UnsafeMutablePointer<Float>
  private let sums: UnsafeMutablePointer<Double>
  private let output: UnsafeMutablePointer<Float>

  /// In memory of ``GradientShape/floatCount`` floats.
  init(
    _ gradient: CompiledGradient, _ shape: GradientShape, _ kernels: fewtap_kernels, image: TileSource,
    cotangent: TileSource, memory: UnsafeMutablePointer<Float>
  ) {
    (self.shape, self.kernels) = (shape, kernels)
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
    let count = shape.layers.reduce(0) { $0 + $1.offsets.runs.count }
    var runs = UnsafeMutableRawPointer(take(parts.runs)).bindMemory(to: fewtap_run.self, capacity: count)
    var packed: [fewtap_layer] = []
    for (index, layer) in shape.layers.enumerated() {
      let read =
        shape.spreads && index == 0
        ? cotangents.window(layer: shape.layers.count - 1) : images.window(layer: index)
      packed.append(layer.offsets.pack(into: runs, stride: read.stride))
      runs += layer.offsets.runs.count
    }
    self.packed = packed
    partial = take(parts.partial)
    sums = UnsafeMutableRawPointer(take(parts.sums)).bindMemory(to: Double.self, capacity: shape.sumCount)
    output = take(parts.output)
  }

  /// Whether a NaN or infinity was seen.
  var sawNonFinite: Bool { images.sawNonFinite || cotangents.sawNonFinite }

  /// The sums of all layers; ends early, with what it has, where `isStopped` says so or a pixel is not finite. `store` gets the rows of
  /// the input's gradient, over the tile's columns.
  func run(isStopped: () -> Bool, store: (_ y: Int, _ row: UnsafePointer<Float>) -> Void) -> [Double] {
    sums.initialize(repeating: 0, count: shape.sumCount)
    let (region, layers) = (shape.region, shape.layers)
    for y in stride(from: region.y.lowerBound, to: region.y.upperBound, by: shape.chunk) {
      if isStopped() || sawNonFinite { break }
      let rows = min(shape.chunk, region.y.upperBound - y)
      for (run, reads) in [(images, shape.reads.images), (cotangents, shape.reads.cotangents)] {
        for (layer, bounds) in reads.enumerated() { run.pinRows(layer: layer, from: y - bounds.maxY) }
        for (layer, bounds) in reads.enumerated().reversed() {
          run.makeRows(layer: layer, through: y + rows - bounds.minY)
        }
      }
      for (index, layer) in layers.enumerated() {
        let (image, cotangent) = (
          images.window(layer: index), cotangents.window(layer: layers.count - 1 - index)
        )
        // Of one of them a block is held, the other is read at all offsets.
        let spreads = shape.spreads && index == 0
        let (input, factor) = spreads ? (cotangent, image) : (image, cotangent)
        withUnsafePointer(to: packed[index]) { packed in
          check(
            kernels.dot_layer(
              packed, input.row(y, 0) + (region.x.lowerBound - input.columns.lowerBound), input.stride,
              factor.row(y, 0) + (region.x.lowerBound - factor.columns.lowerBound), factor.stride,
              spreads ? output : nil, shape.outputStride, partial, sums + layer.first, Int32(region.x.count),
              Int32(rows)))
        }
      }
      if shape.spreads { for row in 0..<rows { store(y + row, output + row * shape.outputStride) } }
    }
    return Array(UnsafeBufferPointer(start: sums, count: shape.sumCount))
  }
}
