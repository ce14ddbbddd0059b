import Fewtap
import FewtapImageIO
import Foundation

/// A photograph that filters are measured on: luminance in linear light, peak 1.
struct Photograph: Sendable {
  let name: String
  let luminance: Plane<Float>

  /// The photographs that ``PhotoSpectrum`` was measured on.
  static let references = ["astronaut", "coffee", "chelsea"]

  /// Reads an image file; colors become luminance as in `photo_spectra.py`.
  init(path: String) throws {
    let image = try ImageFile.read(path: path).image
    name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    let colors = image.planes.indices.filter { $0 != image.alphaIndex }.map { image.planes[$0] }
    guard colors.count == 3 else {
      luminance = colors.first ?? image.planes[0]
      return
    }
    var plane = colors[0]
    // ITU-R BT.709, the primaries of sRGB.
    for index in plane.values.indices {
      plane.values[index] =
        0.2126 * colors[0].values[index] + 0.7152 * colors[1].values[index] + 0.0722 * colors[2].values[index]
    }
    luminance = plane
  }
}

/// Photographs through the true kernel: what filters of that kernel are compared with.
struct FilteredPhotographs: Sendable {
  private let photographs: [Photograph]
  private let truths: [Plane<Float>]
  /// One thread, so that the processor time beside it is that of the fit alone; mirrored, as the project's figures are.
  private static let options = ApplyOptions(border: .mirror, threads: 1)

  init(_ photographs: [Photograph], through kernel: Kernel) throws {
    self.photographs = photographs
    let dense = DenseApply(kernel)
    truths = try photographs.map { try dense.apply(toPlane: $0.luminance, options: Self.options) }
  }

  /// PSNR in dB of `filter` against the true kernel, a photograph each.
  func psnr(of filter: SparseFilter) throws -> [Double] {
    try zip(photographs, truths).map { photograph, truth in
      let plan = try ApplyPlan(filter, width: photograph.luminance.width)
      let result = try plan.apply(toPlane: photograph.luminance, options: Self.options)
      return try ImageComparison(result, reference: truth).psnr
    }
  }
}
