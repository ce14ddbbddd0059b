import FewtapBaselines
import FewtapCore
import FewtapEngine
import FewtapMetrics

/// A scene filtered with the true kernel, which contenders' results are held against.
struct ComparisonView: Sendable {
  private let scene: Image
  private let truth: Image
  /// What a display shows of it; nil for other than one or three colors.
  private let shownTruth: DisplayPicture?
  private let isClipped: Bool
  private let window: CropWindow
  private let name: String

  /// The part that is shown of what the true kernel gives.
  let trueCrop: Comparison.Crop

  /// The views of all images, and after them that of points of light.
  ///
  /// Throws: ``FewtapEngine/ApplyError``, ``FewtapEngine/ComparisonError``, ``FewtapMetrics/HighlightSceneError``.
  static func views(
    of kernel: Kernel, _ images: [Image], names: [String], _ options: ApplyOptions
  ) throws -> [ComparisonView] {
    let filter = FourierFilter(kernel)
    return try zip(images, names).map { image, name in
      try ComparisonView(image, name: name, isClipped: false, filter, options)
    } + [
      ComparisonView(
        try HighlightScene(for: kernel).image, name: "points of light", isClipped: true, filter, options)
    ]
  }

  private init(
    _ scene: Image, name: String, isClipped: Bool, _ filter: FourierFilter, _ options: ApplyOptions
  ) throws {
    (self.scene, self.name, self.isClipped) = (scene, name, isClipped)
    truth = try scene.filtered { plane in try filter.apply(toPlane: plane, options: options) }
    shownTruth = try? DisplayPicture(truth, threads: options.threads)
    window = CropWindow(of: truth)
    trueCrop = Comparison.Crop(name: name, image: truth.cropped(to: window))
  }

  /// How near `filter` comes, and what it makes of the part that is shown.
  func measure(
    _ filter: any BaselineFilter, _ options: ApplyOptions
  ) throws -> (figures: Comparison.ImageFigures, crop: Comparison.Crop) {
    let run = try filter.prepared(width: scene.width)
    let result = try scene.filtered { plane in try run(plane, options) }
    return (
      try figures(result, threads: options.threads), Comparison.Crop(name: name, image: result.cropped(to: window))
    )
  }

  private func figures(_ result: Image, threads: Int) throws -> Comparison.ImageFigures {
    let psnr = try psnr(result)
    let likeness = shownTruth?.likeness(of: result, threads: threads)
    return Comparison.ImageFigures(psnr: psnr, ssim: likeness?.ssim, flip: likeness?.flip)
  }

  /// Points of light are far brighter than a display: what it cannot show does not count.
  private func psnr(_ result: Image) throws -> Double {
    guard isClipped else { return try ImageComparison(result, reference: truth).psnr }
    return try ImageComparison(result.clipped(), reference: truth.clipped()).psnr
  }
}

/// A part of an image: what is measured of a large one, or what a report shows, pixel by pixel.
struct CropWindow: Sendable {
  let x: Range<Int>
  let y: Range<Int>

  /// Columns and rows: a page of a phone is as wide as two.
  static let side = 160

  /// The middle, of the image's shape, of at most `area` pixels.
  init(middleOf image: Image, area: Int) {
    let shrink = (Double(area) / Double(image.width * image.height)).squareRoot()
    let width = max(1, Int(Double(image.width) * shrink))
    let height = max(1, min(image.height, area / width))
    let (left, top) = ((image.width - width) / 2, (image.height - height) / 2)
    (x, y) = (left..<left + width, top..<top + height)
  }

  /// The window of a grid of windows half a side apart where neighbors differ most: where a blur has something to show.
  init(of image: Image) {
    let (width, height) = (min(Self.side, image.width), min(Self.side, image.height))
    let plane = image.planes[image.planes.count / 2]
    var best = (energy: -1.0, x: 0, y: 0)
    for top in stride(from: 0, through: image.height - height, by: max(1, height / 2)) {
      for left in stride(from: 0, through: image.width - width, by: max(1, width / 2)) {
        var energy = 0.0
        for y in top..<top + height - 1 {
          for x in left..<left + width - 1 {
            let here = min(max(plane[x, y], 0), 1)
            let (right, below) = (min(max(plane[x + 1, y], 0), 1), min(max(plane[x, y + 1], 0), 1))
            energy += Double(abs(right - here) + abs(below - here))
          }
        }
        if energy > best.energy { best = (energy, left, top) }
      }
    }
    (x, y) = (best.x..<best.x + width, best.y..<best.y + height)
  }
}

extension DisplayPicture {
  /// Structural similarity and LDR-FLIP of what a display shows of `image`; nil where they cannot be had: images smaller than its window
  /// have no similarity.
  func likeness(of image: Image, threads: Int) -> (ssim: Double?, flip: Double?) {
    guard let shown = try? DisplayPicture(image, threads: threads) else { return (nil, nil) }
    return (
      try? StructuralSimilarity(shown, reference: self, threads: threads).mean,
      try? Flip(shown, reference: self, threads: threads).mean
    )
  }
}

extension Image {
  /// Every plane through `filter`.
  func filtered(_ filter: (Plane<Float>) throws -> Plane<Float>) rethrows -> Image {
    Image(sameSizePlanes: try planes.map(filter))
  }

  /// What a display can show: values in 0...1.
  func clipped() -> Image {
    filtered { plane in
      var plane = plane
      for index in plane.values.indices { plane.values[index] = min(max(plane.values[index], 0), 1) }
      return plane
    }
  }

  /// A part of it.
  func cropped(to window: CropWindow) -> Image {
    filtered { plane in
      var part = Plane<Float>(width: window.x.count, height: window.y.count)
      for (row, y) in window.y.enumerated() {
        for (column, x) in window.x.enumerated() { part[column, row] = plane[x, y] }
      }
      return part
    }
  }
}
