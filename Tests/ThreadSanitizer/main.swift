// Runs one plan from several threads at once, at every kind of rate and border. Scripts/check-sanitizers builds it with the
// thread sanitizer, which makes the program fail after a race; with the argument `race` it makes one on purpose.
import FewtapCore
import FewtapEngine
import Synchronization

final class Counter: Sendable {
  nonisolated(unsafe) var value = 0
  /// Relaxed, so that it orders nothing else.
  let arrived = Atomic<Int>(0)
}

if CommandLine.arguments.contains("race") {
  let counter = Counter()
  parallelForEach(count: 2, threads: 2) { _ in
    counter.arrived.add(1, ordering: .relaxed)
    // Until the other thread is there: else one might do all, and there would be no race. If there is only one, not forever.
    for _ in 0..<1_000_000_000 where counter.arrived.load(ordering: .relaxed) == 2 { break }
    // Many times: of two accesses at the very same moment the sanitizer may see neither.
    for _ in 0..<10_000 { counter.value += 1 }
  }
  print("counted \(counter.value)")
}

let (width, height) = (700, 300)
var random = SeededGenerator(seed: 1)
var planes = [Plane<Float>](repeating: Plane(width: width, height: height), count: 4)
for channel in planes.indices {
  for index in planes[channel].values.indices { planes[channel].values[index] = Float(random.uniform(0, 1)) }
}
let layer = TapLayer([Tap(x: 2, y: -1, weight: 0.5), Tap(x: -3, y: 2, weight: 0.3), Tap(x: 0, y: 3, weight: 0.2)])

/// The codes that come out for codes that go in.
func codes(_ plan: ApplyPlan, _ options: ApplyOptions) -> [UInt8] {
  let layout = PixelLayout.interleaved(type: .uint8, transfer: .srgb, width: width, channels: 3)
  let input = (0..<3 * width * height).map { UInt8(truncatingIfNeeded: $0 * 37 >> 3) }
  var output = [UInt8](repeating: 0, count: input.count)
  input.withUnsafeBytes { input in
    output.withUnsafeMutableBytes { output in
      _ = try? plan.apply(from: input, layout, to: output, layout, height: height, options: options)
    }
  }
  return output
}

// Filters that change from pixel to pixel, collecting and spreading.
let knots = [nil, Resampling(factor: 2, prefilter: .linear), Resampling(factor: 4, prefilter: .linear)].map { rate in
  SparseFilter(chain: TapChain(model: .integer, layers: [layer, layer]), rate: rate)
}
let taps = [0.3, 1, 2].map { scale in
  let taps = layer.taps.map { Tap(x: scale * $0.x, y: scale * $0.y, weight: $0.weight) }
  return SparseFilter(chain: TapChain(model: .bilinear, layers: [TapLayer(taps), TapLayer(taps)]))
}
for (interpolation, filters) in [(FilterBasis.Interpolation.outputs, knots), (.offsets, taps)] {
  let basis = FilterBasis(
    interpolation: interpolation, axes: [KnotAxis(name: "radius", knots: [0, 0.5, 1])], filters: filters)
  let varying = try VaryingPlan(basis, width: width)
  for direction in VaryingDirection.allCases {
    let image = try Image(planes: Array(planes[..<3]))
    func result(_ threads: Int) throws -> Image {
      try varying.apply(
        to: image, map: ParameterMap([planes[3]]), direction: direction, options: ApplyOptions(threads: threads))
    }
    let (expected, found) = (try result(1), try result(4))
    precondition(found == expected, "another result on other threads")
  }
}

for rate in [nil, Resampling(factor: 3), Resampling(factor: 8)] {
  let filter = SparseFilter(chain: TapChain(model: .integer, layers: [layer, layer]), rate: rate)
  let plan = try ApplyPlan(filter, width: width)
  for border in [BorderRule.mirror, .wrap, .normalized] {
    for alphaIndex in [nil, 3] as [Int?] {
      let image = try Image(planes: planes, alphaIndex: alphaIndex)
      let expected = try plan.apply(to: image, options: ApplyOptions(border: border, threads: 1))
      // Nothing orders the tiles of one image but the queue that they are taken from: progress would, by its lock.
      let alone = try plan.apply(to: image, options: ApplyOptions(border: border, threads: 4))
      precondition(alone == expected, "another result on other threads")
      // A plan in use twice at once; there, dispatch has no threads left for the tiles.
      parallelForEach(count: 2, threads: 2) { _ in
        let options = ApplyOptions(border: border, threads: 3, progress: { _ in }, cancellation: Cancellation())
        let result = try? plan.apply(to: image, options: options)
        precondition(result == expected, "another result beside other threads")
      }
    }
  }
  for border in [BorderRule.mirror, .constant(1)] {
    // Backwards: the two images are anything of one size.
    let (cotangent, image) = (try Image(planes: Array(planes[..<2])), try Image(planes: Array(planes[2...])))
    func gradient(_ threads: Int, _ parts: GradientParts) throws -> ApplyPlan.Gradient {
      try plan.pullback(
        of: cotangent, at: image, wanting: parts, options: ApplyOptions(border: border, threads: threads))
    }
    for parts in [GradientParts.all, .filter] {
      let (expected, found) = (try gradient(1, parts), try gradient(4, parts))
      precondition(found == expected, "another gradient on other threads")
    }
  }
  let expected = codes(plan, ApplyOptions(threads: 1))
  precondition(codes(plan, ApplyOptions(threads: 4, progress: { _ in })) == expected, "other codes on other threads")
}
let dense = DenseApply(try Kernel(name: "box", values: Plane(width: 5, height: 5, repeating: 0.04)))
let truth = try dense.apply(toPlane: planes[0], options: ApplyOptions(threads: 1))
let shared = try dense.apply(toPlane: planes[0], options: ApplyOptions(threads: 4))
precondition(shared == truth, "another truth on other threads")
print("plans: no race")
