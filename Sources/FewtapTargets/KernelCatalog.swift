import FewtapCore

/// Every kernel that a specification can name, with its parameters: what the command line prints as help.
public enum KernelCatalog {
  /// A kernel of the catalog.
  public struct Entry: Sendable {
    /// What stands left of `:`.
    public let name: String
    /// What it is, a phrase.
    public let summary: String
    /// Its parameters, in the order of a canonical specification.
    public let parameters: [KernelParameter]
    /// A specification to copy.
    public let example: String
    /// Makes the kernel of a specification of this name.
    let make: @Sendable (KernelSpecification) throws(TargetError) -> Kernel

    /// The parameter `key`. Throws: ``TargetError/unknownParameter(kernel:_:known:)``.
    func parameter(named key: String) throws(TargetError) -> KernelParameter {
      guard let parameter = parameters.first(where: { $0.key == key }) else {
        throw .unknownParameter(kernel: name, key, known: parameters.map(\.key))
      }
      return parameter
    }
  }

  /// The kernel `name`.
  ///
  /// Throws: ``TargetError/unknownKernel(_:nearest:)`` with the name that is fewest edits away, if those are few.
  public static func entry(named name: String) throws(TargetError) -> Entry {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw .unknownKernel(name, nearest: nearestName(to: name, among: entries.map(\.name)))
    }
    return entry
  }

  /// Every kernel, by kind.
  public static let entries: [Entry] = shapes + motions + optics + signed

  private static let shapes = [
    Entry(
      name: "disk", summary: "filled circle: a lens out of focus",
      parameters: [radius(20), size], example: "disk:radius=20",
      make: { spec throws(TargetError) in try .disk(radius: spec.number("radius"), size: spec.size) }),
    Entry(
      name: "ring", summary: "circle with a hole: a mirror lens out of focus",
      parameters: [radius(20), innerRadius(12), size], example: "ring:radius=20,inner=12",
      make: { spec throws(TargetError) in
        try .ring(radius: spec.number("radius"), inner: spec.number("inner"), size: spec.size)
      }),
    Entry(
      name: "ellipse", summary: "filled ellipse: an anamorphic lens out of focus",
      parameters: [
        length("radius-x", "radius along the angle", 20, to: largestRadius),
        length("radius-y", "radius across", 10, to: largestRadius), angle("angle", "direction of radius-x"), size,
      ], example: "ellipse:radius-x=20,radius-y=12,angle=30",
      make: { spec throws(TargetError) in
        try .ellipse(
          radiusX: spec.number("radius-x"), radiusY: spec.number("radius-y"), angle: spec.number("angle"),
          size: spec.size)
      }),
    Entry(
      name: "box", summary: "rectangle or square, whole pixels or not",
      parameters: [
        length("width", "side along the angle", 21, to: largestSide),
        length("height", "side across (default: as width)", nil, to: largestSide),
        angle("angle", "direction of the width"), size,
      ], example: "box:width=21,height=7.5",
      make: { spec throws(TargetError) in
        try .box(
          width: spec.number("width"), height: spec.optionalNumber("height"), angle: spec.number("angle"),
          size: spec.size)
      }),
    Entry(
      name: "polygon", summary: "aperture of straight or curved blades, a corner up",
      parameters: [
        KernelParameter("blades", "number of sides", .whole(3...64), standard: .number(6)), radius(22),
        // Two bent sides of a triangle meet at tan(15 degrees) / tan(30 degrees) = 0.46; other polygons stand more.
        KernelParameter(
          "curvature", "bend of the sides: 0 straight, 1 a circle, negative inwards",
          .number(-0.4...1, unit: ""), standard: .number(0)),
        rotation, size,
      ], example: "polygon:blades=6,radius=22,curvature=0.3,rotation=15",
      make: { spec throws(TargetError) in
        try .polygon(
          blades: spec.whole("blades"), radius: spec.number("radius"), curvature: spec.number("curvature"),
          rotation: spec.number("rotation"), size: spec.size)
      }),
    Entry(
      name: "star", summary: "star, a tip up",
      parameters: [
        KernelParameter("points", "number of tips", .whole(2...64), standard: .number(4)), radius(22),
        innerRadius(7), rotation, size,
      ], example: "star:points=5,radius=22,inner=9",
      make: { spec throws(TargetError) in
        try .star(
          points: spec.whole("points"), radius: spec.number("radius"), inner: spec.number("inner"),
          rotation: spec.number("rotation"), size: spec.size)
      }),
    Entry(
      name: "heart", summary: "upright heart", parameters: [drawnSize], example: "heart:size=49",
      make: { spec throws(TargetError) in try .heart(size: spec.whole("size")) }),
    Entry(
      name: "cat", summary: "silhouette of a cat's head", parameters: [drawnSize], example: "cat:size=49",
      make: { spec throws(TargetError) in try .cat(size: spec.whole("size")) }),
    Entry(
      name: "fish", summary: "silhouette of a fish", parameters: [drawnSize], example: "fish:size=49",
      make: { spec throws(TargetError) in try .fish(size: spec.whole("size")) }),
  ]

  private static let motions = [
    Entry(
      name: "line", summary: "even motion along a line",
      parameters: [
        length("length", "way of the light", 31, to: largestSide), angle("angle", "direction"), thickness, size,
      ],
      example: "line:length=31,angle=30",
      make: { spec throws(TargetError) in
        try .line(
          length: spec.number("length"), angle: spec.number("angle"), thickness: spec.number("thickness"),
          size: spec.size)
      }),
    Entry(
      name: "path", summary: "even motion along straight pieces, its mean at the center: camera shake",
      parameters: [
        KernelParameter(
          "points", "corners of the way, +y down", .points(count: 2...1000, within: largestRadius),
          standard: .points([SIMD2(0, 0), SIMD2(10, 5), SIMD2(20, 0)])),
        thickness, size,
      ], example: "path:points=0 0/10 5/20 0",
      make: { spec throws(TargetError) in
        try .path(through: spec.points("points"), thickness: spec.number("thickness"), size: spec.size)
      }),
  ]

  private static let optics = [
    Entry(
      name: "gaussian", summary: "bell, ending at 3 sigma",
      parameters: [
        sigma("sigma", "standard deviation along the angle", 5),
        sigma("sigma-y", "standard deviation across (default: as sigma)", nil), angle("angle", "direction of sigma"),
        size,
      ], example: "gaussian:sigma=7",
      make: { spec throws(TargetError) in
        try .gaussian(
          sigma: spec.number("sigma"), sigmaY: spec.optionalNumber("sigma-y"), angle: spec.number("angle"),
          size: spec.size)
      }),
    Entry(
      name: "psf", summary: "image of a point through a lens with aberrations (Zernike, Noll's norm)",
      parameters: Zernike.allCases.map { zernike in
        KernelParameter(
          zernike.key, "Noll \(zernike.rawValue), RMS", .number(-2...2, unit: "wavelengths"), standard: .number(0))
      } + [
        KernelParameter(
          "obscuration", "radius of the hidden middle", .number(0...0.95, unit: "pupil radii"), standard: .number(0)),
        KernelParameter("struts", "number of struts", .whole(0...16), standard: .number(0)),
        KernelParameter(
          "strut-width", "width of a strut", .number(0.001...0.5, unit: "pupil radii"), standard: .number(0.02)),
        angle("strut-angle", "direction of the first strut", 90),
        KernelParameter(
          "sampling", "wavelength times f-number; the first dark ring has radius 1.22 of it",
          .number(2...64, unit: "px"), standard: .number(2.4)),
        // The pupil's samples grow with the size: its transform costs their product with the squared size.
        KernelParameter("size", "sides of the kernel", .oddSize(1...513), standard: .number(49)),
      ], example: "psf:coma=0.5,size=49",
      make: { spec throws(TargetError) in
        var aberrations: [Zernike: Double] = [:]
        for zernike in Zernike.allCases { aberrations[zernike] = try spec.number(zernike.key) }
        return try .psf(
          Pupil(
            aberrations: aberrations, obscuration: spec.number("obscuration"), struts: spec.whole("struts"),
            strutWidth: spec.number("strut-width"), strutAngle: spec.number("strut-angle"),
            sampling: spec.number("sampling")),
          size: spec.whole("size"))
      }),
  ]

  private static let signed = [
    Entry(
      name: "log", summary: "Laplacian of a Gaussian: edges, sum 0",
      parameters: [sigma("sigma", "standard deviation", 2, to: 127), size], example: "log:sigma=3",
      make: { spec throws(TargetError) in
        try .laplacianOfGaussian(sigma: spec.number("sigma"), size: spec.size)
      }),
    Entry(
      name: "sharpen", summary: "unsharp mask: the image and what a Gaussian takes from it, sum 1",
      parameters: [
        sigma("sigma", "standard deviation", 3),
        KernelParameter("amount", "how much is added", .number(0.001...100, unit: ""), standard: .number(1)), size,
      ], example: "sharpen:sigma=3,amount=0.8",
      make: { spec throws(TargetError) in
        try .sharpen(sigma: spec.number("sigma"), amount: spec.number("amount"), size: spec.size)
      }),
    Entry(
      name: "delta", summary: "the image itself",
      parameters: [
        KernelParameter("size", "sides of the kernel", .oddSize(1...Kernel.maximumSide), standard: .number(1))
      ], example: "delta", make: { spec throws(TargetError) in try .delta(size: spec.whole("size")) }),
  ]
}

// Parameters that several kernels share.
extension KernelCatalog {
  private static let largestRadius = Double(Kernel.maximumSide / 2)
  private static let largestSide = Double(Kernel.maximumSide)
  /// Below a hundredth of a pixel a shape is a point.
  static let smallestLength = 0.01

  private static let size = KernelParameter(
    "size", "sides of the kernel (default: the least that hold it)", .oddSize(1...Kernel.maximumSide))
  private static let drawnSize = KernelParameter(
    "size", "sides of the kernel", .oddSize(3...Kernel.maximumSide), standard: .number(49))
  private static let rotation = angle("rotation", "turn")
  private static let thickness = length("thickness", "width of the light across its way", 1, to: largestRadius)

  private static func length(
    _ key: String, _ summary: String, _ standard: Double?, to largest: Double
  ) -> KernelParameter {
    KernelParameter(key, summary, .number(smallestLength...largest, unit: "px"), standard: .number(standard))
  }

  private static func radius(_ standard: Double) -> KernelParameter {
    length("radius", "from the center to the rim or tips", standard, to: largestRadius)
  }

  private static func innerRadius(_ standard: Double) -> KernelParameter {
    length("inner", "from the center to the hole's rim or the notches", standard, to: largestRadius)
  }

  private static func angle(_ key: String, _ summary: String, _ standard: Double = 0) -> KernelParameter {
    KernelParameter(
      key, summary + ", counterclockwise", .number(-360...360, unit: "degrees"), standard: .number(standard))
  }

  /// Up to 170 by default: three of those just fit into the largest kernel.
  private static func sigma(
    _ key: String, _ summary: String, _ standard: Double?, to largest: Double = 170
  ) -> KernelParameter {
    KernelParameter(key, summary, .number(0.1...largest, unit: "px"), standard: .number(standard))
  }
}

/// The candidate that is fewest edits away from `name`, if at most a third of its letters (but two at least) are.
private func nearestName(to name: String, among candidates: [String]) -> String? {
  // Nothing longer is near a name of the catalog; the distance costs the product of both lengths.
  guard name.count <= 32 else { return nil }
  let distances = candidates.map { ($0, editDistance(Array(name), Array($0))) }
  guard let nearest = distances.min(by: { $0.1 < $1.1 }), nearest.1 <= max(2, nearest.0.count / 3) else { return nil }
  return nearest.0
}

/// Least number of letters to insert, delete or replace (Levenshtein), by dynamic programming over prefixes.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var row = Array(0...b.count)
  for (i, letter) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let replaced = diagonal + (letter == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[b.count]
}
