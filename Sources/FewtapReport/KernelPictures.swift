import FewtapCore
import Foundation

/// Pictures of the kernel and of all effective kernels: one part, one scale of gray, one scale of errors.
struct KernelPictures {
  /// The kernel itself.
  let target: Gallery.Picture
  /// Of every contender that was measured, with its error beneath.
  let gallery: Gallery
  /// Where the scale of errors ends, as a share of the kernel's largest weight.
  let limit: Double
  /// Offsets that are shown.
  let bounds: OffsetBounds
  /// Weights along each axis that one pixel of the pictures is the mean of.
  let block: Int
  /// Whether some kernel goes on outside of what is shown.
  let isCut: Bool

  /// Longest side that is drawn weight by weight.
  private static let longestSide = 289

  /// Throws: what `encodePNG` throws.
  init(_ comparison: Comparison, _ encodePNG: (Image) throws -> [UInt8]) throws {
    let measured = comparison.rows.compactMap { row in row.measured.map { (row: row, figures: $0) } }
    let kernel = comparison.kernel
    let peak = kernel.values.values.reduce(0) { max($0, abs($1)) }
    // What is darker than half a code of a display is not seen.
    let seen = TransferFunction.srgb.decode(0.5 / 255) * peak
    let support = kernel.supportBounds
    let all = measured.compactMap { $0.figures.result.effectiveKernel.bounds(above: seen) }.reduce(support) {
      $0.union($1)
    }
    let bounds = all.clamped(to: support.grown(byShare: 0.5))
    let block = max(1, (max(bounds.width, bounds.height) + Self.longestSide - 1) / Self.longestSide)
    let truth = kernel.part(bounds, block: block)
    let scale = truth.values.reduce(0) { max($0, abs($1)) }
    let parts = measured.map { $0.figures.result.effectiveKernel.part(bounds, block: block) }
    let errors = parts.map { part in
      Plane(
        width: part.width, height: part.height,
        exactly: zip(part.values, truth.values).map { scale > 0 ? ($0 - $1) / scale : 0 })
    }
    let limit = ColorScale.limit(for: zip(measured, errors).filter { $0.0.row.side != .exact }.map(\.1))
    func gray(_ plane: Plane<Double>) -> Image {
      let light = plane.values.map { weight in
        let share = weight / (scale > 0 ? scale : 1)
        // Where the kernel has negative weights, zero is half way between black and white for the eye.
        return Float(
          kernel.isNonnegative
            ? min(max(share, 0), 1) : TransferFunction.srgb.decode(min(max(0.5 + 0.5 * share, 0), 1)))
      }
      return Image(sameSizePlanes: [Plane(width: plane.width, height: plane.height, exactly: light)])
    }
    target = try Gallery.Picture(gray(truth), "the kernel \(kernel.name)", encodePNG)
    let cells = try measured.indices.map { index in
      let (row, figures) = measured[index]
      return Gallery.Cell(
        name: row.name,
        note: "\(decibelsWithUnit(figures.photoMean)), error \(decimal(figures.result.accuracy.relativeError, 3))",
        pictures: [
          try Gallery.Picture(gray(parts[index]), "effective kernel of \(row.name)", encodePNG),
          try Gallery.Picture(
            ColorScale.image(errors[index], limit: limit), "error of the kernel of \(row.name)", encodePNG),
        ])
    }
    let percent = Self.percent(limit)
    let zoom = Gallery.zoom(truth.width)
    gallery = Gallery(
      title: "Effective kernels and their errors", cells: cells, size: (truth.width * zoom, truth.height * zoom),
      bar: ColorScale.bar(
        id: "kernel-scale", low: "−\(percent) %", high: "+\(percent) %", meaning: "error, % of the largest weight"))
    (self.limit, self.bounds, self.block, isCut) = (limit, bounds, block, bounds != all)
  }
}

extension KernelPictures {
  /// A share of 1, 2 or 5 times a power of ten in percent.
  static func percent(_ share: Double) -> String {
    decimal(100 * share, share < 0.0095 ? max(0, Int((-log10(100 * share)).rounded(.up))) : 0)
  }
}

extension Kernel {
  /// The smallest box of offsets whose weights are larger than `size`, without their signs; nil if none is.
  fileprivate func bounds(above size: Double) -> OffsetBounds? {
    var bounds: OffsetBounds?
    forEachOffset { x, y, weight in
      guard abs(weight) > size else { return }
      let offset = OffsetBounds(PixelOffset(x: x, y: y))
      bounds = bounds?.union(offset) ?? offset
    }
    return bounds
  }

  /// The weights at the offsets of `bounds`, zero where there are none; means of `block` by `block` of them.
  func part(_ bounds: OffsetBounds, block: Int) -> Plane<Double> {
    var part = Plane<Double>(
      width: (bounds.width + block - 1) / block, height: (bounds.height + block - 1) / block)
    let share = 1 / Double(block * block)
    forEachOffset { x, y, weight in
      guard (bounds.minX...bounds.maxX).contains(x), (bounds.minY...bounds.maxY).contains(y) else { return }
      part[(x - bounds.minX) / block, (y - bounds.minY) / block] += weight * share
    }
    return part
  }
}

extension OffsetBounds {
  /// A box with so much of its own size more on each side, and at least two pixels.
  fileprivate func grown(byShare share: Double) -> OffsetBounds {
    let (x, y) = (max(2, Int(Double(width) * share)), max(2, Int(Double(height) * share)))
    return OffsetBounds(minX: minX - x, maxX: maxX + x, minY: minY - y, maxY: maxY + y)
  }

  /// What lies in `other` as well.
  fileprivate func clamped(to other: OffsetBounds) -> OffsetBounds {
    OffsetBounds(
      minX: max(minX, other.minX), maxX: min(maxX, other.maxX), minY: max(minY, other.minY),
      maxY: min(maxY, other.maxY))
  }
}
