import Fewtap
import FewtapBaselines

/// The family of kernels that a basis was fitted to, made again.
struct FamilyOfBasis {
  private let family: KernelFamily
  /// The basis' parameters: the family may be made for more values.
  private let axes: [ParameterAxis]

  /// The family that a basis' file tells in words, or the `given` one, taken from files as `options` say.
  ///
  /// Throws: ``Failure`` if there is none, or its parameters are others than the basis'.
  init(_ basis: FilterBasis, name: String, given: String?, options: FamilyOptions) throws {
    axes = basis.axes.map(\.axis)
    if let given {
      family = try options.family(FamilyArgument(argument: given))
    } else {
      guard let words = basis.family else {
        throw Failure("\(name): it does not name its family; give it with --kernel")
      }
      // Words from a file never open another file.
      guard let family = try? KernelFamily(words) else {
        throw Failure("\(name): its family \(legible(words)) cannot be made from words; give it with --kernel")
      }
      self.family = family
    }
    guard family.axes.map(\.name) == axes.map(\.name) else {
      throw Failure(
        "\(name): its parameters are \(axes.map { legible($0.name) }.joined(separator: ", ")), those of "
          + "\(legible(family.name)) are \(family.axes.map { legible($0.name) }.joined(separator: ", "))")
    }
  }

  /// The kernels at points, one value an axis.
  func kernels(at points: [[Double]], threads: Int) throws -> [Kernel] {
    let family = family
    return try parallelMap(count: points.count, threads: threads) { index in
      Result { try family.kernel(at: points[index]) }
    }.map { try $0.get() }
  }

  /// The image, which has no alpha, filtered by the kernel of every pixel: the nearest one of some thousands.
  ///
  /// Throws: ``ApplyError``, and what the family's maker throws.
  func filtered(_ image: Image, by map: ParameterMap, _ options: ApplyOptions) throws -> Image {
    let lattice = ParameterLattice(axes, counts: axes.map { _ in Self.levels(axes.count) })
    let nearest = lattice.nearest(map)
    let used = Array(Set(nearest)).sorted()
    let places = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($1, Int32($0)) })
    let dense = try DenseVarying(kernels(at: used.map { lattice.point(Int($0)) }, threads: options.threads))
    let indices = nearest.compactMap { places[$0] }
    let planes = try image.planes.enumerated().map { done, color in
      var part = options
      part.progress = options.progress.map { progress in
        { @Sendable share in progress((Double(done) + share) / Double(image.planes.count)) }
      }
      return try dense.apply(toPlane: color, indices: indices, options: part)
    }
    return try Image(planes: planes)
  }

  /// Kernels along each of `count` parameters: a step is then a tenth of a pixel of radius, or some degrees.
  private static func levels(_ count: Int) -> Int {
    switch count {
    case 1: 512
    case 2: 64
    case 3: 16
    default: 8
    }
  }
}
