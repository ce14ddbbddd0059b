import FewtapCore

/// The effective kernel of a chain on a periodic grid, and its derivatives with respect to the chain's parameters.
///
/// Equation: `K^ = prod_l F_l`, `F_l = FFT(sum_i w_i tent(. - o_i))`; `dK^/dp_i = P_l d F_l/dp_i` with `P_l` the product of the
///           other layers.
/// Shapes:   parameters `[weights..., x..., y...]` (see ``ChainParameters``); planes `size x size`, row-major, offset 0 first.
/// Border:   periodic: exact while the sum over layers of the largest |offset| is below `size / 2`.
/// Accuracy: rounding of the transforms; derivatives are exact where no offset is a whole number, one-sided (to the right)
///           there, since the tent has a kink. Held by DerivativeTests to finite differences and to the dot-product test.
public struct ChainSynthesis: Sendable {
  /// The parameters.
  public let parameters: ChainParameters
  /// The grid.
  public let grid: GridTransform
  /// Spectra of the layers.
  public let layers: [Spectrum]
  /// Spectrum of the effective kernel.
  public let kernel: Spectrum

  /// Synthesizes the chain of `parameters` on `grid`.
  public init(_ parameters: ChainParameters, on grid: GridTransform) {
    self.parameters = parameters
    self.grid = grid
    layers = parameters.ranges.map { range in
      var plane = [Double](repeating: 0, count: grid.size * grid.size)
      for i in range { Footprint(parameters.x[i], parameters.y[i], grid).add(parameters.weights[i], to: &plane) }
      return grid.forward(plane)
    }
    kernel = layers.dropFirst().reduce(layers.first ?? grid.one(), grid.product)
  }

  /// The same chain after new weights, positions or both in one layer, the other layers' spectra kept.
  package init(_ parameters: ChainParameters, on grid: GridTransform, changing layer: Int, of old: ChainSynthesis) {
    self.parameters = parameters
    self.grid = grid
    var layers = old.layers
    var plane = [Double](repeating: 0, count: grid.size * grid.size)
    for i in parameters.ranges[layer] {
      Footprint(parameters.x[i], parameters.y[i], grid).add(parameters.weights[i], to: &plane)
    }
    layers[layer] = grid.forward(plane)
    self.layers = layers
    kernel = layers.dropFirst().reduce(layers[0], grid.product)
  }

  /// The effective kernel, offset 0 at index 0, wrapped around.
  public func effectiveKernel() -> [Double] { grid.inverse(kernel) }

  /// For each layer the product of the others.
  public func otherLayers() -> [Spectrum] {
    guard layers.count > 1 else { return [grid.one()] }
    var others: [Spectrum] = []
    var before: Spectrum?
    for layer in layers {
      others.append(before ?? grid.one())
      before = before.map { grid.product($0, layer) } ?? layer
    }
    var after: Spectrum?
    for index in layers.indices.reversed() {
      if let product = after { others[index] = index == 0 ? product : grid.product(others[index], product) }
      after = after.map { grid.product($0, layers[index]) } ?? layers[index]
    }
    return others
  }

  /// Derivative of the effective kernel along `direction`: `J d`, a plane.
  public func jvp(_ direction: [Double]) -> [Double] {
    let n = parameters.tapCount
    precondition(direction.count == 3 * n)
    let others = otherLayers()
    var sum = Spectrum(count: grid.spectrumCount)
    for (layer, range) in parameters.ranges.enumerated() {
      var plane = [Double](repeating: 0, count: grid.size * grid.size)
      for i in range {
        let footprint = Footprint(parameters.x[i], parameters.y[i], grid)
        footprint.add(direction[i], to: &plane)
        footprint.addSlope(
          parameters.weights[i] * direction[n + i], parameters.weights[i] * direction[2 * n + i], to: &plane)
      }
      let term = grid.product(others[layer], grid.forward(plane))
      for index in sum.re.indices {
        sum.re[index] += term.re[index]
        sum.im[index] += term.im[index]
      }
    }
    return grid.inverse(sum)
  }

  /// Pullback of a cotangent plane: `J^T c`, one number a parameter.
  public func vjp(_ cotangent: [Double]) -> [Double] {
    pullback(grid.forward(cotangent), weight: grid.tabulate { _, _ in 1 }, others: otherLayers())
  }

  /// `J^T c` for the cotangent whose spectrum is `weight * spectrum`.
  package func pullback(_ spectrum: Spectrum, weight: [Double], others: [Spectrum]) -> [Double] {
    let n = parameters.tapCount
    var gradient = [Double](repeating: 0, count: 3 * n)
    for (layer, range) in parameters.ranges.enumerated() {
      let correlation = grid.inverse(grid.correlation(others[layer], spectrum, weight: weight))
      for i in range {
        let footprint = Footprint(parameters.x[i], parameters.y[i], grid)
        gradient[i] = footprint.value(in: correlation)
        let slope = footprint.slope(in: correlation)
        gradient[n + i] = parameters.weights[i] * slope.x
        gradient[2 * n + i] = parameters.weights[i] * slope.y
      }
    }
    return gradient
  }
}

/// The four grid points that a tap touches, and their shares.
struct Footprint {
  private let corners: (Int, Int, Int, Int)
  private let a: Double
  private let b: Double

  init(_ x: Double, _ y: Double, _ grid: GridTransform) {
    let (left, top) = (x.rounded(.down), y.rounded(.down))
    (a, b) = (x - left, y - top)
    let (x0, x1) = (grid.wrapped(Int(left)), grid.wrapped(Int(left) + 1))
    let (y0, y1) = (grid.wrapped(Int(top)) * grid.size, grid.wrapped(Int(top) + 1) * grid.size)
    corners = (y0 + x0, y0 + x1, y1 + x0, y1 + x1)
  }

  func add(_ weight: Double, to plane: inout [Double]) {
    plane[corners.0] += weight * (1 - a) * (1 - b)
    plane[corners.1] += weight * a * (1 - b)
    plane[corners.2] += weight * (1 - a) * b
    plane[corners.3] += weight * a * b
  }

  /// Adds `dx` times the derivative with respect to x, and `dy` times that with respect to y.
  func addSlope(_ dx: Double, _ dy: Double, to plane: inout [Double]) {
    plane[corners.0] -= dx * (1 - b) + dy * (1 - a)
    plane[corners.1] += dx * (1 - b) - dy * a
    plane[corners.2] += -dx * b + dy * (1 - a)
    plane[corners.3] += dx * b + dy * a
  }

  func value(in plane: [Double]) -> Double {
    (1 - a) * (1 - b) * plane[corners.0] + a * (1 - b) * plane[corners.1] + (1 - a) * b * plane[corners.2]
      + a * b * plane[corners.3]
  }

  func slope(in plane: [Double]) -> (x: Double, y: Double) {
    let (p, q, r, s) = (plane[corners.0], plane[corners.1], plane[corners.2], plane[corners.3])
    return ((1 - b) * (q - p) + b * (s - r), (1 - a) * (r - p) + a * (s - q))
  }
}
