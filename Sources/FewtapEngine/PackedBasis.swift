internal import CFewtapKernels
import FewtapCore

/// A basis packed for one run: its layers as the row kernels read them, for the strides of that run. Tiles get pointers into it, so that
/// nothing is packed or counted by reference pixel by pixel, or tile by tile.
final class PackedBasis: @unchecked Sendable {
  /// A layer for rows of one stride.
  struct Layer {
    var packed: fewtap_layer
    var bounds: OffsetBounds
  }

  /// A filter of the basis.
  struct Knot {
    /// Its indices along the axes.
    var indices: (Int, Int, Int, Int)
    /// Words of marks before each axis'.
    var words: (Int, Int, Int, Int)
    /// The level that it reads; -1: the image.
    var level: Int
    /// Whether it is the image itself.
    var isIdentity: Bool
    /// Its layers, the first one for the rows that it reads, the others for stages.
    var layers: UnsafeBufferPointer<Layer>
    /// The first layer for the image's own rows, in place.
    var direct: Layer

    func index(_ axis: Int) -> Int { axis == 0 ? indices.0 : axis == 1 ? indices.1 : axis == 2 ? indices.2 : indices.3 }
    func word(_ axis: Int) -> Int { axis == 0 ? words.0 : axis == 1 ? words.1 : axis == 2 ? words.2 : words.3 }
  }

  let knots: UnsafeBufferPointer<Knot>
  /// The rate of each knot that has a level.
  let rates: UnsafeBufferPointer<CompiledFilter.Rate?>
  /// Words of marks for each axis, a bit a knot.
  let wordCounts: [Int]
  private var memory: [UnsafeMutableRawPointer] = []

  /// For levels of these strides, `sourceStride` for copies of the image, `directStride` for the image in place, and stages of
  /// `stageStride`.
  init(_ basis: CompiledBasis, levelStrides: [Int], sourceStride: Int, directStride: Int, stageStride: Int) {
    let words = basis.tables.map { ceilingDivide($0.axis.knots.count, 64) }
    wordCounts = words
    var memory: [UnsafeMutableRawPointer] = []
    func pack(_ layer: CompiledFilter.Layer, stride: Int) -> Layer {
      let runs = UnsafeMutablePointer<fewtap_run>.allocate(capacity: max(1, layer.runs.count))
      memory.append(UnsafeMutableRawPointer(runs))
      return Layer(packed: layer.pack(into: runs, stride: stride), bounds: layer.bounds)
    }
    func four(_ values: [Int]) -> (Int, Int, Int, Int) {
      let values = values + [0, 0, 0, 0]
      return (values[0], values[1], values[2], values[3])
    }
    let before = words.indices.map { words[..<$0].reduce(0, +) }
    let packed = basis.knots.map { knot in
      let layers = knot.filter.layers.enumerated().map { index, layer in
        pack(layer, stride: index > 0 ? stageStride : knot.level.map { levelStrides[$0] } ?? sourceStride)
      }
      let buffer = UnsafeMutableBufferPointer.copying(layers)
      if let address = buffer.baseAddress { memory.append(UnsafeMutableRawPointer(address)) }
      return Knot(
        indices: four(knot.indices), words: four(before), level: knot.level ?? -1, isIdentity: knot.isIdentity,
        layers: UnsafeBufferPointer(buffer),
        direct: knot.level == nil ? pack(knot.filter.layers[0], stride: directStride) : layers[0])
    }
    knots = UnsafeBufferPointer(.copying(packed))
    rates = UnsafeBufferPointer(.copying(basis.knots.map(\.filter.rate)))
    self.memory = memory
  }

  deinit {
    for pointer in memory { pointer.deallocate() }
    knots.deallocate()
    rates.deallocate()
  }
}
