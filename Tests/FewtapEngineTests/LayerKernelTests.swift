import CFewtapKernels
import FewtapCore
import FewtapEngine
import TestSupport
import Testing

/// Sparse convolutions of a block of rows, in every instruction set of this machine, against sums in Double.
@Suite("Layers of vertical runs") struct LayerKernelTests {
  /// A layer on random numbers, and what must come out.
  ///
  /// Columns beyond those that the runs read for whole blocks are NaN: one of them in a result would show.
  struct Sample {
    static let reach = 5
    let stride: Int
    let columns: Int
    var runs: [fewtap_run] = []
    var counts: (Int32, Int32, Int32, Int32, Int32)
    var input: [Float]
    /// The same numbers.
    var halfs: [UInt16]
    var expected: Plane<Double>
    /// `sum|w x|`, pixel by pixel.
    var magnitude: Plane<Double>
    /// Sums of `taps` terms: as many roundings, and one more for products.
    var taps = 0

    /// `counts[m - 1]` runs of m taps.
    init(width: Int, rows: Int, counts: [Int], seed: Int) {
      var random = SeededGenerator(seed: UInt64(seed))
      let block = Int(FEWTAP_BLOCK_COLUMNS)
      columns = (width + block - 1) / block * block
      stride = columns + Self.reach + random.index(4)
      let inputRows = rows + Self.reach + Int(FEWTAP_RUN_TAPS) - 1
      // As half floats hold them, subnormal ones too: so the same sample serves for those.
      halfs = (0..<inputRows * stride).map { _ in UInt16(random.index(0x3c00)) | (random.index(2) == 0 ? 0 : 0x8000) }
      input = halfs.map { Float(HalfBits.value($0)) }
      for row in 0..<inputRows {
        for x in columns + Self.reach..<stride { (input[row * stride + x], halfs[row * stride + x]) = (.nan, 0x7e00) }
      }
      self.counts = (0, Int32(counts[0]), Int32(counts[1]), Int32(counts[2]), Int32(counts[3]))
      expected = Plane(width: columns, height: rows)
      magnitude = expected
      for (index, count) in counts.enumerated() {
        for _ in 0..<count {
          let (x, y) = (random.index(Self.reach + 1), random.index(Self.reach + 1))
          var weights = (0...index).map { _ in Float(random.uniform(-1, 1)) }
          add(weights, x: x, y: y)
          // What a run does not have must not matter.
          while weights.count < Int(FEWTAP_RUN_TAPS) { weights.append(.nan) }
          runs.append(
            fewtap_run(offset: y * stride + x, weights: (weights[0], weights[1], weights[2], weights[3])))
        }
      }
    }

    private mutating func add(_ weights: [Float], x dx: Int, y dy: Int) {
      taps += weights.count
      for y in 0..<expected.height {
        for x in 0..<expected.width {
          for (j, weight) in weights.enumerated() {
            let product = Double(weight) * Double(input[(y + dy + j) * stride + x + dx])
            expected[x, y] += product
            magnitude[x, y] += abs(product)
          }
        }
      }
    }

    func run(
      _ kernels: RowKernels, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, stride: Int,
      width: Int, rows: Int
    ) -> fewtap_kernels_status {
      runs.withUnsafeBufferPointer { runs in
        var layer = fewtap_layer(runs: runs.baseAddress, counts: counts)
        return kernels.table.layer(&layer, input, self.stride, output, stride, Int32(width), Int32(rows))
      }
    }

    /// The same of half floats, into Floats and into half floats.
    func run(
      _ kernels: RowKernels, _ input: UnsafePointer<UInt16>, _ output: UnsafeMutablePointer<Float>,
      _ rounded: UnsafeMutablePointer<UInt16>, stride: Int, width: Int, rows: Int
    ) -> [fewtap_kernels_status] {
      runs.withUnsafeBufferPointer { runs in
        var layer = fewtap_layer(runs: runs.baseAddress, counts: counts)
        return [
          kernels.table.layer_of_halfs(&layer, input, self.stride, output, stride, Int32(width), Int32(rows)),
          kernels.table.layer_to_halfs(&layer, input, self.stride, rounded, stride, Int32(width), Int32(rows)),
        ]
      }
    }
  }

  /// A few runs of every length, some lengths missing; every ninth layer of one length alone.
  private static func counts(_ width: Int) -> [Int] {
    (0..<4).map { width % 9 == 0 ? (width / 9 % 4 == $0 ? 3 : 0) : (width * (7 + 2 * $0) / 3) % 4 }
  }

  @Test("every width, run length and alignment") func sums() {
    for width in 1...100 {
      let rows = Int(FEWTAP_BLOCK_ROWS) * (1 + width % 3)
      let sample = Sample(width: width, rows: rows, counts: Self.counts(width), seed: width)
      let bound = sample.magnitude.map { gamma(sample.taps + 1, roundoff: floatRoundoff) * $0 }
      for kernels in RowKernels.all {
        let stride = sample.columns + width % 5
        let input = GuardedBytes(sample.input, shift: width % 7)
        let output = GuardedBytes(
          [Float](repeating: .nan, count: (rows - 1) * stride + sample.columns), shift: width % 11)
        #expect(
          sample.run(kernels, input.floats, output.floats, stride: stride, width: width, rows: rows)
            == FEWTAP_KERNELS_OK)
        let found = output.array(of: Float.self)
        let result = Plane<Float>(width: sample.columns, height: rows) { x, y in found[y * stride + x] }
        #expect(violation(result, sample.expected, within: bound) == nil, "\(kernels.name), width \(width)")
        let between = found.indices.filter { $0 % stride >= sample.columns }
        let untouched = input.guardsStand && output.guardsStand && between.allSatisfy { found[$0].isNaN }
        #expect(untouched, "\(kernels.name), width \(width)")
      }
    }
  }

  @Test("half floats give the same bits, rounded once where they are stored so") func halfs() {
    for width in stride(from: 1, through: 100, by: 3) {
      let rows = Int(FEWTAP_BLOCK_ROWS) * (1 + width % 3)
      let sample = Sample(width: width, rows: rows, counts: Self.counts(width), seed: width)
      for kernels in RowKernels.all {
        let (stride, count) = (sample.columns + width % 5, (rows - 1) * (sample.columns + width % 5) + sample.columns)
        var floats = [Float](repeating: .nan, count: count)
        #expect(
          sample.run(kernels, sample.input, &floats, stride: stride, width: width, rows: rows) == FEWTAP_KERNELS_OK)
        let input = GuardedBytes(sample.halfs, shift: width % 7)
        let output = GuardedBytes([Float](repeating: .nan, count: count), shift: width % 11)
        let rounded = GuardedBytes([UInt16](repeating: 0x7e00, count: count), shift: width % 13)
        #expect(
          sample.run(
            kernels, input.words, output.floats, rounded.words, stride: stride, width: width, rows: rows)
            == [FEWTAP_KERNELS_OK, FEWTAP_KERNELS_OK])
        let place = "\(kernels.name), width \(width)"
        #expect(
          firstDifference(output.array(of: Float.self).map(\.bitPattern), floats.map(\.bitPattern)) == nil, "\(place)")
        #expect(firstDifference(rounded.array(of: UInt16.self), Self.rounded(floats, kernels)) == nil, "\(place)")
        #expect(input.guardsStand && output.guardsStand && rounded.guardsStand, "\(place)")
      }
    }
  }

  /// As the kernels store samples, which RowCoderTests holds to every half.
  private static func rounded(_ floats: [Float], _ kernels: RowKernels) -> [UInt16] {
    var halfs = [UInt16](repeating: 0, count: floats.count)
    var clipped: Int64 = 0
    let layout = fewtap_samples(type: FEWTAP_SAMPLES_HALF, channels: 1, step: 1)
    floats.withUnsafeBufferPointer { floats in
      var row = floats.baseAddress
      #expect(
        kernels.table.store_samples(layout, &row, nil, &halfs, Int32(floats.count), &clipped) == FEWTAP_KERNELS_OK)
    }
    return halfs
  }

  @Test("no bit depends on the rows and columns that are computed together") func independence() {
    let (width, rows) = (300, 24)
    let sample = Sample(width: width, rows: rows, counts: [3, 2, 1, 2], seed: 5)
    for kernels in RowKernels.all {
      var whole = [Float](repeating: .nan, count: sample.columns * rows)
      var part = whole
      #expect(
        sample.run(kernels, sample.input, &whole, stride: sample.columns, width: width, rows: rows)
          == FEWTAP_KERNELS_OK)
      for (x, y, columns) in [(0, 0, 1), (7, 8, 33), (129, 16, 64), (200, 0, 90)] {
        sample.input.withUnsafeBufferPointer { input in
          let status = sample.run(
            kernels, input.baseAddress! + y * sample.stride + x, &part, stride: sample.columns, width: columns, rows: 8)
          #expect(status == FEWTAP_KERNELS_OK)
        }
        for row in 0..<8 {
          for column in 0..<columns {
            let (found, expected) = (
              part[row * sample.columns + column], whole[(y + row) * sample.columns + x + column]
            )
            #expect(found.bitPattern == expected.bitPattern, "\(kernels.name) at \(x) + \(column), \(y) + \(row)")
          }
        }
      }
    }
  }

  @Test("what makes no sense is refused") func refusals() {
    let sample = Sample(width: 8, rows: 8, counts: [1, 1, 0, 0], seed: 6)
    let input = sample.input
    var output = [Float](repeating: 0, count: 8 * sample.columns)
    for kernels in RowKernels.all {
      for (width, rows) in [(0, 8), (-1, 8), (8, 0), (8, -8), (8, 7), (8, 9)] {
        #expect(
          sample.run(kernels, input, &output, stride: sample.columns, width: width, rows: rows)
            == FEWTAP_KERNELS_BAD_ARGUMENT)
      }
      var layer = fewtap_layer(runs: nil, counts: (0, 0, 0, 1, 0))
      let (layers, stride) = (kernels.table.layer!, sample.stride)
      #expect(layers(&layer, input, stride, &output, stride, 8, 8) == FEWTAP_KERNELS_BAD_ARGUMENT)
      layer.counts = (0, 0, -1, 0, 0)
      #expect(layers(&layer, input, stride, &output, stride, 8, 8) == FEWTAP_KERNELS_BAD_ARGUMENT)
      layer.counts = (0, 0, 0, 0, 0)
      #expect(layers(nil, input, stride, &output, stride, 8, 8) == FEWTAP_KERNELS_BAD_ARGUMENT)
      #expect(layers(&layer, nil, stride, &output, stride, 8, 8) == FEWTAP_KERNELS_BAD_ARGUMENT)
      #expect(layers(&layer, input, stride, nil, stride, 8, 8) == FEWTAP_KERNELS_BAD_ARGUMENT)
    }
  }
}
