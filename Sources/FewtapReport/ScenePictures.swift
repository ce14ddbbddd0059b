import FewtapCore

/// A part of a scene as the true kernel and the contenders blur it, pixel by pixel, each with what it does wrong.
struct ScenePictures {
  let name: String
  let gallery: Gallery
  /// Where the scale of differences ends, in codes of a display, 255 of them in all.
  let limit: Double

  /// The picture of every scene. Throws: what `encodePNG` throws.
  static func all(_ comparison: Comparison, _ encodePNG: (Image) throws -> [UInt8]) throws -> [ScenePictures] {
    try comparison.trueCrops.indices.map { try ScenePictures(comparison, scene: $0, encodePNG) }
  }

  private init(_ comparison: Comparison, scene: Int, _ encodePNG: (Image) throws -> [UInt8]) throws {
    let truth = comparison.trueCrops[scene]
    let contenders = comparison.rows.compactMap { row -> (name: String, note: String, image: Image)? in
      // Those that are exact look like the truth.
      guard row.side != .exact, let figures = row.measured, figures.crops.indices.contains(scene) else { return nil }
      let psnr = figures.images.indices.contains(scene) ? figures.images[scene].psnr : figures.highlights.psnr
      return (row.name, decibelsWithUnit(psnr), figures.crops[scene].image)
    }
    let differences = contenders.map { $0.image.codesBeyond(truth.image) }
    let limit = max(1, ColorScale.limit(for: differences))
    let first = Gallery.Cell(
      name: "truth", note: "the kernel itself",
      pictures: [try Gallery.Picture(truth.image.shown, "\(truth.name), blurred by the kernel itself", encodePNG)])
    let others = try zip(contenders, differences).map { contender, difference in
      Gallery.Cell(
        name: contender.name, note: contender.note,
        pictures: [
          try Gallery.Picture(contender.image.shown, "\(truth.name), blurred by \(contender.name)", encodePNG),
          try Gallery.Picture(
            ColorScale.image(difference, limit: limit), "what \(contender.name) does wrong", encodePNG),
        ])
    }
    name = truth.name
    self.limit = limit
    let end = decimal(limit, 0)
    gallery = Gallery(
      title: "\(truth.name), filtered", cells: [first] + others, size: (truth.image.width, truth.image.height),
      bar: ColorScale.bar(
        id: "scene-scale-\(scene)", low: "−\(end)", high: "+\(end)", meaning: "difference, codes of 255 on a display"))
  }
}

extension Image {
  /// What a page shows of it: its color if it has three channels, else its first.
  var shown: Image { Image(sameSizePlanes: Array(planes.prefix(planes.count == 3 ? 3 : 1))).clipped() }

  /// How much brighter it is than `truth` on a display, in codes, the mean of its channels.
  func codesBeyond(_ truth: Image) -> Plane<Double> {
    var result = Plane<Double>(width: width, height: height)
    let channels = zip(planes, truth.planes)
    let share = 255 / Double(planes.count)
    for (ours, theirs) in channels {
      for i in result.values.indices {
        result.values[i] += share * (Self.display(ours.values[i]) - Self.display(theirs.values[i]))
      }
    }
    return result
  }

  private static func display(_ light: Float) -> Double {
    TransferFunction.srgb.encode(Double(light.isFinite ? min(max(light, 0), 1) : 0))
  }
}
