import Fewtap
import FewtapImageIO

/// A kernel that fits are measured on.
struct BenchmarkKernel: Sendable {
  /// Short name, as in `--kernels`.
  let name: String
  /// Specification for ``KernelSpecification``; nil for the glyph, which is drawn.
  let specification: String?

  /// The kernels of METHOD.md, section 5. `FewtapTargetsTests/BenchmarkKernelTests` holds these specifications to the
  /// prototype's kernels.
  static let all = [
    Self(name: "disk", specification: "disk:radius=20,size=49"),
    Self(name: "ring", specification: "ring:radius=20,inner=12,size=49"),
    Self(name: "star", specification: "star:points=4,radius=22,inner=7,size=49"),
    Self(name: "heart", specification: "heart:size=49"),
    Self(name: "ampersand", specification: nil),
    Self(name: "hexagon", specification: "polygon:blades=6,radius=22,size=49"),
    Self(name: "cat", specification: "cat:size=49"),
    Self(name: "coma", specification: "psf:coma=0.55,sampling=2.3272727272727272,size=49"),
    Self(name: "spherical", specification: "psf:spherical=0.6,defocus=0.6,sampling=2.56,size=49"),
    Self(name: "gaussian5", specification: "gaussian:sigma=5"),
    Self(name: "gaussian7", specification: "gaussian:sigma=7"),
    Self(name: "gaussian9", specification: "gaussian:sigma=9"),
    Self(name: "gaussian11", specification: "gaussian:sigma=11"),
  ]

  /// The seven shapes: what is neither a point spread function nor a Gaussian.
  static let shapes = ["disk", "ring", "star", "heart", "ampersand", "hexagon", "cat"]

  func makeKernel() throws -> Kernel {
    if let specification { return try KernelSpecification(specification).makeKernel() }
    return try Self.ampersand()
  }

  /// The prototype's ampersand: 44 pixels on its longer side, in the middle of 49 x 49.
  private static func ampersand() throws -> Kernel {
    // 16 samples a pixel, as the prototype draws it.
    let glyph = try GlyphMask.render(text: "&", font: "DejaVuSans-Bold", pixelHeight: 16 * 49)
    let side = Int((Double(max(glyph.width, glyph.height)) * 49 / 44).rounded())
    var mask = Plane<Double>(width: side, height: side)
    for y in 0..<glyph.height {
      for x in 0..<glyph.width { mask[x + (side - glyph.width) / 2, y + (side - glyph.height) / 2] = glyph[x, y] }
    }
    return try Kernel.mask(mask, name: "ampersand", size: 49)
  }
}
