internal import CFewtapLAPACK
import FewtapCore
import FewtapTargets

/// A disk as a sum of complex Gaussians, which are round and separable at once: the lens blur of photo programs.
///
/// Equation: `K[x, y] = sum_j Re((A_j + i B_j) exp(-(a_j + i b_j) (x^2 + y^2) / r^2))`. As
///           `exp(-z (x^2 + y^2)) = exp(-z x^2) exp(-z y^2)`, each component is two real products of a row and a column.
/// Accuracy: a disk of radius 20: relative error 0.22, 0.13, 0.083, 0.056, 0.038, 0.025 with one to six components; held by
///           FewtapBaselinesTests/ComplexDiskTests. A disk of few pixels is met exactly.
/// Cost:     the fit: 0.4 s for six components at radius 20, 1 s at 60.
/// Source:   Niemitalo, "Circularly symmetric convolution and lens blur", 2010; Garcia, "Circular separable convolution depth of
///           field", SIGGRAPH 2017 Talks, doi:10.1145/3084363.3085022. Departures: the parameters are no table but a least squares
///           fit to the very disk, pixels on its rim included; and a component takes two products, by folding its factor into the
///           row, where programs keep complex planes and multiply four times along the columns.
public enum ComplexDisk {
  /// Numbers of components that are accepted.
  public static let componentCounts = 1...6
  /// Radii that are accepted, in pixels: from where a disk is round to the largest kernel.
  public static let radii = 1.5...Double(Kernel.maximumSide / 2)

  /// One complex Gaussian.
  struct Component: Equatable, Sendable {
    var real: Double
    var imaginary: Double
    var decay: Double
    var frequency: Double

    /// `exp(-decay s)` times cosine and sine of `frequency s`, for a squared distance s in squared radii.
    func parts(_ s: Double) -> (cosine: Double, sine: Double) {
      let height = exponential(-decay * s)
      return (height * cosine(frequency * s), height * sine(frequency * s))
    }
  }

  /// The blur for the disk of so many pixels of radius, its sum 1.
  ///
  /// Throws: ``BaselineError/badComponents(_:radius:)``.
  public static func filter(radius: Double, components: Int) throws -> SeparableSum {
    guard componentCounts.contains(components), radii.contains(radius) else {
      throw BaselineError.badComponents(components, radius: radius)
    }
    // Shapes of the components hardly depend on the radius: beyond this one, a smaller disk tells them.
    let shapeRadius = min(radius, largestShapeRadius)
    let shape = ComplexDiskFit(try DiskProfile(radius: shapeRadius)).run(components: components)
    let profile = try DiskProfile(radius: radius)
    let fitted = shapeRadius == radius ? shape : ComplexDiskFit(profile).withBestFactors(shape)
    let sum = try separable(fitted, radius: radius, half: profile.half)
    return try sum.scaled(by: 1 / sum.effectiveKernel().sum)
  }

  private static let largestShapeRadius = 32.0

  private static func separable(_ components: [Component], radius: Double, half: Int) throws(BaselineError)
    -> SeparableSum
  {
    var terms: [SeparableSum.Term] = []
    for component in components {
      let parts = (-half...half).map { component.parts(Double($0 * $0) / (radius * radius)) }
      // Re((A + iB) (c - is) (c' - is')) = (A c + B s) c' + (B c - A s) s'
      let (a, b) = (component.real, component.imaginary)
      terms.append(.init(row: parts.map { a * $0.cosine + b * $0.sine }, column: parts.map(\.cosine)))
      terms.append(.init(row: parts.map { b * $0.cosine - a * $0.sine }, column: parts.map(\.sine)))
    }
    return try SeparableSum(terms: terms, center: PixelOffset(x: half, y: half))
  }
}

/// The pixels of a disk's window, one for each that symmetry makes equal.
struct DiskProfile {
  /// A pixel: its squared distance in squared radii, its coverage, and how many there are like it.
  struct Pixel {
    var squaredDistance: Double
    var coverage: Double
    var count: Double
  }

  let half: Int
  let pixels: [Pixel]

  init(radius: Double) throws {
    let disk = try Kernel.disk(radius: radius)
    half = disk.center.x
    let area = Double.pi * radius * radius
    var pixels: [Pixel] = []
    for y in 0...half {
      for x in y...half {
        let count = (x == 0 ? 1.0 : x == y || y == 0 ? 4 : 8)
        pixels.append(
          Pixel(
            squaredDistance: Double(x * x + y * y) / (radius * radius),
            coverage: disk.values[half + x, half + y] * area, count: count))
      }
    }
    self.pixels = pixels
  }
}

/// Least squares for the components of a disk: Levenberg and Marquardt's method from several starts.
struct ComplexDiskFit {
  private let profile: DiskProfile
  /// Measured at radii 5 to 60: more starts or steps change no error by 1%.
  private static let (starts, iterations) = (8, 120)

  init(_ profile: DiskProfile) { self.profile = profile }

  /// The best of all starts, one of which is the best fit with a component fewer: more components are never worse.
  func run(components count: Int) -> [ComplexDisk.Component] {
    var random = SeededGenerator(seed: 1)
    var best: (components: [ComplexDisk.Component], cost: Double)?
    if count > 1 {
      let further = ComplexDisk.Component(
        real: 0, imaginary: 0, decay: Double(count) / 2, frequency: Double(count) * Double.pi)
      best = descend(from: run(components: count - 1) + [further])
    }
    for _ in 0..<Self.starts {
      // Frequencies about one turn of the edge apart, as a Fourier series over the disk has them.
      let start = (0..<count).map { index in
        ComplexDisk.Component(
          real: 0, imaginary: 0, decay: random.uniform(0.5, 1 + Double(count)),
          frequency: (Double(index) + random.unit()) * Double.pi)
      }
      let end = descend(from: withBestFactors(start))
      if end.cost < best?.cost ?? .infinity { best = end }
    }
    return best?.components ?? []
  }

  /// The components with the factors that fit best, which is a linear problem.
  func withBestFactors(_ components: [ComplexDisk.Component]) -> [ComplexDisk.Component] {
    let size = 2 * components.count
    var (matrix, right) = ([Double](repeating: 0, count: size * size), [Double](repeating: 0, count: size))
    for pixel in profile.pixels {
      let row = components.flatMap { component in
        let parts = component.parts(pixel.squaredDistance)
        return [parts.cosine, parts.sine]
      }
      accumulate(row, residual: -pixel.coverage, count: pixel.count, &matrix, &right)
    }
    // Sines of frequency 0 vanish, and equal components cannot be told apart.
    let ridge = 1e-12 * (0..<size).reduce(0) { max($0, matrix[$1 * size + $1]) }
    for i in 0..<size { matrix[i * size + i] += ridge }
    var factors = right.map { -$0 }
    guard fewtap_solve_positive(Int32(size), &matrix, &factors) == FEWTAP_LAPACK_OK else { return components }
    var result = components
    for j in result.indices { (result[j].real, result[j].imaginary) = (factors[2 * j], factors[2 * j + 1]) }
    return result
  }

  private func descend(from start: [ComplexDisk.Component]) -> (components: [ComplexDisk.Component], cost: Double) {
    var (components, cost, damping) = (start, self.cost(start), 1e-3)
    for _ in 0..<Self.iterations {
      let (matrix, gradient) = normalEquations(components)
      let size = gradient.count
      let floor = 1e-12 * (0..<size).reduce(0) { max($0, matrix[$1 * size + $1]) }
      var improved = false
      // Sixteen fourfold rises of the damping make a step a billionth as long.
      for _ in 0..<16 {
        var damped = matrix
        for i in 0..<size { damped[i * size + i] += damping * matrix[i * size + i] + floor }
        var step = gradient.map { -$0 }
        if fewtap_solve_positive(Int32(size), &damped, &step) == FEWTAP_LAPACK_OK {
          var moved = components
          for j in moved.indices {
            moved[j].real += step[4 * j]
            moved[j].imaginary += step[4 * j + 1]
            moved[j].decay += step[4 * j + 2]
            moved[j].frequency += step[4 * j + 3]
          }
          let value = self.cost(moved)
          if value < cost {
            (components, cost, damping, improved) = (moved, value, max(damping / 4, 1e-9), true)
            break
          }
        }
        damping *= 4
      }
      guard improved else { break }
    }
    return (components, cost)
  }

  private func cost(_ components: [ComplexDisk.Component]) -> Double {
    profile.pixels.reduce(0) { sum, pixel in
      let error = value(components, pixel.squaredDistance) - pixel.coverage
      return sum + pixel.count * error * error
    }
  }

  private func value(_ components: [ComplexDisk.Component], _ s: Double) -> Double {
    components.reduce(0) { sum, component in
      let parts = component.parts(s)
      return sum + component.real * parts.cosine + component.imaginary * parts.sine
    }
  }

  /// `J^T J` and `J^T r`; parameters by component: real, imaginary, decay, frequency.
  private func normalEquations(_ components: [ComplexDisk.Component]) -> (matrix: [Double], gradient: [Double]) {
    let size = 4 * components.count
    var (matrix, gradient) = ([Double](repeating: 0, count: size * size), [Double](repeating: 0, count: size))
    var row = [Double](repeating: 0, count: size)
    for pixel in profile.pixels {
      let s = pixel.squaredDistance
      var value = 0.0
      for (j, component) in components.enumerated() {
        let (c, d) = component.parts(s)
        let part = component.real * c + component.imaginary * d
        value += part
        (row[4 * j], row[4 * j + 1]) = (c, d)
        row[4 * j + 2] = -s * part
        row[4 * j + 3] = s * (component.imaginary * c - component.real * d)
      }
      accumulate(row, residual: value - pixel.coverage, count: pixel.count, &matrix, &gradient)
    }
    return (matrix, gradient)
  }

  private func accumulate(
    _ row: [Double], residual: Double, count: Double, _ matrix: inout [Double], _ right: inout [Double]
  ) {
    let size = row.count
    for i in 0..<size {
      let scaled = count * row[i]
      right[i] += scaled * residual
      for j in i..<size { matrix[i * size + j] += scaled * row[j] }
    }
  }
}
