import FewtapCore

/// Pictures of a comparison of varying filters: its maps, its kernels at some pixels, parts of its images and where it errs.
struct VaryingPictures {
  private let comparison: VaryingComparison
  private let encodePNG: (Image) throws -> [UInt8]

  init(_ comparison: VaryingComparison, _ encodePNG: @escaping (Image) throws -> [UInt8]) {
    (self.comparison, self.encodePNG) = (comparison, encodePNG)
  }

  /// Side of the pictures of maps and of all errors, and the longest of kernels drawn weight by weight.
  private static let (mapSide, longestSide) = (256, 193)

  /// The maps of the first image, one an axis, black its least and white its largest value. Throws: what `encodePNG` throws.
  func maps() throws -> Gallery {
    let planes = comparison.maps[0].map { $0.thinned(to: Self.mapSide) }
    let cells = try zip(comparison.axes, planes).map { axis, plane in
      let unit = axis.unit.isEmpty ? "" : " \(axis.unit)"
      let light = plane.values.map { Float(TransferFunction.srgb.decode(min(max($0, 0), 1))) }
      return Gallery.Cell(
        name: axis.name,
        note: "black \(decimal(axis.range.lowerBound, 1)), white \(decimal(axis.range.upperBound, 1))\(unit)",
        pictures: [
          try Gallery.Picture(
            Image(sameSizePlanes: [Plane(width: plane.width, height: plane.height, exactly: light)]),
            "\(axis.name) of every pixel", encodePNG)
        ])
    }
    return Gallery(
      title: "The map", cells: cells, size: (planes[0].width, planes[0].height), bar: "")
  }

  /// The kernels at a pixel, each with its error, and where the scale of errors ends. Throws: what `encodePNG` throws.
  func kernels(at index: Int) throws -> (gallery: Gallery, limit: Double) {
    let place = comparison.places[index]
    let bounds = place.kernel.supportBounds
    let (x, y) = (max(3, bounds.width / 4), max(3, bounds.height / 4))
    let shown = OffsetBounds(
      minX: bounds.minX - x, maxX: bounds.maxX + x, minY: bounds.minY - y, maxY: bounds.maxY + y)
    let block = max(1, (max(shown.width, shown.height) + Self.longestSide - 1) / Self.longestSide)
    let truth = place.kernel.part(shown, block: block)
    let scale = truth.values.reduce(0) { max($0, abs($1)) }
    func gray(_ plane: Plane<Double>) -> Image {
      Image(sameSizePlanes: [
        Plane(
          width: plane.width, height: plane.height, exactly: plane.values.map { Float(min(max($0 / scale, 0), 1)) })
      ])
    }
    let rivals = comparison.measured.filter { $0.row.side != .exact }
    let errors = rivals.map { _, figures in
      let part = figures.kernels[index].part(shown, block: block)
      return Plane(
        width: part.width, height: part.height, exactly: zip(part.values, truth.values).map { ($0 - $1) / scale })
    }
    let limit = ColorScale.limit(for: errors)
    let first = Gallery.Cell(
      name: "truth", note: place.description(comparison.axes),
      pictures: [try Gallery.Picture(gray(truth), "the kernel at this pixel", encodePNG)])
    let others = try zip(rivals, errors).map { rival, error in
      Gallery.Cell(
        name: rival.row.name,
        note: "error \(decimal(place.kernel.distance(to: rival.figures.kernels[index]), 4))",
        pictures: [
          try Gallery.Picture(
            gray(rival.figures.kernels[index].part(shown, block: block)), "effective kernel of \(rival.row.name)",
            encodePNG),
          try Gallery.Picture(
            ColorScale.image(error, limit: limit), "error of the kernel of \(rival.row.name)", encodePNG),
        ])
    }
    let (zoom, percent) = (Gallery.zoom(truth.width), KernelPictures.percent(limit))
    let gallery = Gallery(
      title: "Kernels at column \(place.x), row \(place.y)", cells: [first] + others,
      size: (truth.width * zoom, truth.height * zoom),
      bar: ColorScale.bar(
        id: "place-scale-\(index)", low: "−\(percent) %", high: "+\(percent) %",
        meaning: "error, % of the largest weight"))
    return (gallery, limit)
  }

  /// A part of an image as each filters it, with what it does wrong, and all of the image's errors; and where the scale ends, in codes of a
  /// display. Throws: what `encodePNG` throws.
  func scene(_ index: Int) throws -> (parts: Gallery, errors: Gallery, limit: Double) {
    let truth = comparison.trueViews[index]
    let rivals = comparison.measured.filter { $0.row.side != .exact }
    let differences = rivals.map { $0.figures.views[index].part.codesBeyond(truth.part) }
    let limit = max(0.1, ColorScale.limit(for: rivals.map { $0.figures.views[index].errors }))
    func note(_ figures: VaryingComparison.Measured) -> String { decibelsWithUnit(figures.images[index].psnr) }
    let first = Gallery.Cell(
      name: "truth", note: "a dense kernel at every pixel",
      pictures: [try Gallery.Picture(truth.part.shown, "\(truth.name), the true kernels", encodePNG)])
    let parts = try zip(rivals, differences).map { rival, difference in
      Gallery.Cell(
        name: rival.row.name, note: note(rival.figures),
        pictures: [
          try Gallery.Picture(
            rival.figures.views[index].part.shown, "\(truth.name), filtered by \(rival.row.name)", encodePNG),
          try Gallery.Picture(
            ColorScale.image(difference, limit: limit), "what \(rival.row.name) does wrong", encodePNG),
        ])
    }
    let errors = try rivals.map { rival in
      Gallery.Cell(
        name: rival.row.name, note: note(rival.figures),
        pictures: [
          try Gallery.Picture(
            ColorScale.image(rival.figures.views[index].errors, limit: limit), "errors of \(rival.row.name)", encodePNG)
        ])
    }
    func bar(_ id: String) -> String {
      let end = decimal(limit, limit < 1 ? 1 : 0)
      return ColorScale.bar(
        id: "\(id)-\(index)", low: "−\(end)", high: "+\(end)", meaning: "difference, codes of 255 on a display")
    }
    let all = truth.errors
    return (
      Gallery(
        title: "\(truth.name), filtered", cells: [first] + parts, size: (truth.part.width, truth.part.height),
        bar: bar("part-scale")),
      Gallery(
        title: "\(truth.name), errors", cells: errors, size: (all.width, all.height), bar: bar("error-scale")), limit
    )
  }
}

extension VaryingComparison.Place {
  /// The parameters in words.
  func description(_ axes: [ParameterAxis]) -> String {
    zip(axes, parameters).map { axis, value in
      "\(axis.name) \(decimal(value, 1))\(axis.unit.isEmpty ? "" : " \(axis.unit)")"
    }.joined(separator: ", ")
  }
}

extension Kernel {
  /// `|other - self|_2 / |self|_2`.
  fileprivate func distance(to other: Kernel) -> Double {
    let bounds = supportBounds.union(other.supportBounds)
    let (ours, theirs) = (part(bounds, block: 1), other.part(bounds, block: 1))
    let square = ours.values.reduce(0) { $0 + $1 * $1 }
    let rest = zip(ours.values, theirs.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (rest / square).squareRoot()
  }
}

extension Plane<Double> {
  /// Every so manieth pixel, so that no side is longer than `side`.
  fileprivate func thinned(to side: Int) -> Plane<Double> {
    let step = Swift.max(1, (Swift.max(width, height) + side - 1) / side)
    var result = Plane<Double>(width: (width + step - 1) / step, height: (height + step - 1) / step)
    for y in 0..<result.height { for x in 0..<result.width { result[x, y] = self[x * step, y * step] } }
    return result
  }
}
