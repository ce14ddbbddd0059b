/// Numbers over a rectangle of pixels.
struct Patch {
  let region: Region
  var values: [Double]

  init(_ region: Region, repeating value: Double = 0) {
    self.region = region
    values = [Double](repeating: value, count: region.x.count * region.y.count)
  }

  subscript(x: Int, y: Int) -> Double {
    get { values[index(x, y)] }
    set { values[index(x, y)] = newValue }
  }

  private func index(_ x: Int, _ y: Int) -> Int {
    (y - region.y.lowerBound) * region.x.count + x - region.x.lowerBound
  }
}

/// A linear step from one patch to another, written as the weights that a pixel has to do with: its transpose is then the same loop
/// with both sides exchanged.
struct LinearStage {
  typealias Entry = (_ x: Int, _ y: Int, _ weight: Double) -> Void

  let input: Region
  let output: Region
  /// True if `entries` tells what an input's pixel gives, and to whom; else what an output's pixel reads. Pixels beyond the
  /// other side's region count for nothing.
  let spreads: Bool
  let entries: (_ x: Int, _ y: Int, _ entry: Entry) -> Void

  /// `output[p] = sum_q weight(p, q) input[q]`
  func applied(to patch: Patch) -> Patch { run(patch, transposed: false) }

  /// `input[q] = sum_p weight(p, q) output[p]`
  func transposed(on patch: Patch) -> Patch { run(patch, transposed: true) }

  private func run(_ patch: Patch, transposed: Bool) -> Patch {
    var result = Patch(transposed ? input : output)
    let (pixels, others) = spreads ? (input, output) : (output, input)
    for y in pixels.y {
      for x in pixels.x {
        entries(x, y) { otherX, otherY, weight in
          guard others.x.contains(otherX), others.y.contains(otherY) else { return }
          if spreads == transposed {
            result[x, y] += weight * patch[otherX, otherY]
          } else {
            result[otherX, otherY] += weight * patch[x, y]
          }
        }
      }
    }
    return result
  }
}
