import FewtapCore

extension Kernel {
  /// A kernel from a picture, an aperture mask or a glyph say.
  ///
  /// With a `size`, the mask is scaled so that its longer side has `size` pixels and stands in the middle of an odd number of
  /// rows and columns; without, its pixels are taken as they are. Scaling keeps the sum: a pixel gets of every mask pixel the
  /// part that falls into it. A mask without negative values is divided by its sum.
  ///
  /// `center` is the pixel of the *kernel* that is offset 0, the middle by default; an even size without scaling needs one.
  /// Throws: ``TargetError`` if the size is even or out of range, or ``KernelError`` in it: NaN, all zero, too large.
  public static func mask(
    _ mask: Plane<Double>, name: String = "mask", size: Int? = nil, center: PixelOffset? = nil
  ) throws(TargetError) -> Kernel {
    let sizes = KernelParameter.Domain.oddSize(1...Kernel.maximumSide)
    if let size, let bad = sizes.firstOutside(.number(Double(size))) {
      throw .outOfRange(kernel: "mask", parameter: "size", value: bad, expected: sizes.description)
    }
    do throws(KernelError) {
      guard mask.width > 0, mask.height > 0 else { throw .empty }
      if let bad = mask.firstNonFinite() { throw .nonFinite(x: bad.x, y: bad.y, value: bad.value) }
      return try Kernel(
        name: name, weights: size.map { scaled(mask, longerSide: Double($0)) } ?? mask, center: center,
        normalized: mask.values.allSatisfy { $0 >= 0 })
    } catch {
      throw .kernel(error)
    }
  }

  /// A picture scaled so that its longer side has `longerSide` pixels, in the middle of an odd number of rows and columns.
  static func scaled(_ mask: Plane<Double>, longerSide: Double) -> Plane<Double> {
    let scale = longerSide / Double(max(mask.width, mask.height))
    let columns = AreaResampling(count: mask.width, scale: scale)
    let rows = AreaResampling(count: mask.height, scale: scale)
    var wide = Plane<Double>(width: columns.resultCount, height: mask.height)
    columns.forEachShare { source, target, part in
      for y in 0..<mask.height { wide[target, y] += part * mask[source, y] }
    }
    var result = Plane<Double>(width: columns.resultCount, height: rows.resultCount)
    rows.forEachShare { source, target, part in
      for x in 0..<result.width { result[x, target] += part * wide[x, source] }
    }
    return result
  }
}

/// Cells of one axis scaled into the middle of an odd number of cells.
private struct AreaResampling {
  let count: Int
  let scale: Double
  /// The least odd number that holds all; a billionth of a cell over is rounding.
  let resultCount: Int

  init(count: Int, scale: Double) {
    (self.count, self.scale) = (count, scale)
    resultCount = 2 * CoverageRaster.half(holding: Double(count) * scale / 2) + 1
  }

  /// Calls `body` with every pair of cells that overlap and the part of the source cell that falls into the target cell.
  func forEachShare(_ body: (_ source: Int, _ target: Int, _ part: Double) -> Void) {
    let first = (Double(resultCount) - Double(count) * scale) / 2
    for source in 0..<count {
      let start = min(max(first + Double(source) * scale, 0), Double(resultCount))
      let end = min(max(first + Double(source + 1) * scale, 0), Double(resultCount))
      guard start < end else { continue }
      for target in Int(start)..<Int(end.rounded(.up)) {
        body(source, target, (min(end, Double(target + 1)) - max(start, Double(target))) / (end - start))
      }
    }
  }
}
