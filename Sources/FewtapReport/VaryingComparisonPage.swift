import FewtapCore

/// A comparison of varying filters as a page to read: one HTML file, XML at the same time, that fetches nothing and needs no scripts, and its
/// figures as files.
package struct VaryingComparisonPage: Sendable {
  /// The page.
  package let html: String
  /// Every figure, with a name for its file that has no extension.
  package let figures: [(name: String, svg: String)]

  /// Draws the page of `comparison`; `encodePNG` as for ``ComparisonPage``. Throws: what `encodePNG` throws.
  package init(
    _ comparison: VaryingComparison, context: ComparisonPage.Context,
    encodePNG: @escaping (Image) throws -> [UInt8]
  ) throws {
    var writer = VaryingPageWriter(comparison, context)
    let pictures = VaryingPictures(comparison, encodePNG)
    try writer.writeMap(pictures)
    writer.writeCosts()
    try writer.writeKernels(pictures)
    try writer.writeScenes(pictures)
    writer.page.table(VaryingTable.table, comparison.rows)
    writer.writeMethod()
    (html, figures) = (writer.page.html, writer.page.figures)
  }
}

/// Puts a page together, part by part.
private struct VaryingPageWriter {
  private let comparison: VaryingComparison
  private let context: ComparisonPage.Context
  var page: PageParts

  init(_ comparison: VaryingComparison, _ context: ComparisonPage.Context) {
    (self.comparison, self.context) = (comparison, context)
    page = PageParts(
      title: "fewtap and its rivals on \(comparison.family), map \(comparison.mapName)", context,
      finding: VaryingTable.finding(comparison))
  }

  mutating func writeMap(_ pictures: VaryingPictures) throws {
    let maps = try pictures.maps()
    page.figure(
      maps.html, "The map: which kernel of the family every pixel of \(markup(comparison.images[0].name)) gets.")
    page.file("map", maps.svg)
  }

  mutating func writeCosts() {
    guard !comparison.measured.isEmpty else { return }
    page.heading("Error against time")
    let plot = VaryingTable.errorAgainstTime(comparison)
    page.figure(
      "<div class=\"scroll\">\(plot.svg)</div>",
      """
      Time on one thread, look-up of the map included, against PSNR over the images. Left and up is better. The lines are fronts: what \
      the best can do for a time, ours solid, rivals dashed. The dense kernel at every pixel stands on the upper edge.
      """)
    page.file("error-time", plot.svg)
  }

  mutating func writeKernels(_ pictures: VaryingPictures) throws {
    guard comparison.measured.contains(where: { $0.row.side != .exact }) else { return }
    page.heading("Kernels at some pixels")
    for index in comparison.places.indices {
      let (gallery, limit) = try pictures.kernels(at: index)
      let place = comparison.places[index]
      page.figure(
        gallery.html,
        """
        At column \(place.x), row \(place.y) (\(markup(place.description(comparison.axes)))): the true kernel and what each has there, \
        were its parameters the same everywhere. Beneath each its signed error, orange too bright and blue too dark, cut off at \
        ±\(KernelPictures.percent(limit)) % of the largest weight. Filters at lower rates have a kernel a phase: shown is the mean.
        """)
      page.file("kernels-\(index + 1)", gallery.svg)
    }
  }

  mutating func writeScenes(_ pictures: VaryingPictures) throws {
    guard comparison.measured.contains(where: { $0.row.side != .exact }) else { return }
    page.heading("What it looks like")
    for (index, view) in comparison.trueViews.enumerated() {
      let (parts, errors, limit) = try pictures.scene(index)
      let end = decimal(limit, limit < 1 ? 1 : 0)
      page.figure(
        parts.html,
        """
        A part of \(markup(view.name)), pixel by pixel. Beneath each the difference on a display, orange too bright and blue too dark, \
        cut off at ±\(end) of 255 codes.
        """)
      page.figure(
        errors.html,
        """
        All of \(markup(view.name)), smaller: of each block of pixels the one that errs most, on the same scale.
        """)
      page.file("scene-\(index + 1)", parts.svg)
      page.file("errors-\(index + 1)", errors.svg)
    }
  }

  mutating func writeMethod() {
    let images = comparison.images.map { image in
      "\(image.name) (\(image.isCropped ? "the middle, " : "")\(image.width) × \(image.height))"
    }.joined(separator: ", ")
    page.method(
      """
      <p>Every contender was made for the whole family, with seed \(context.seed). The map's values were rounded to \
      \(comparison.levels.map(String.init).joined(separator: " × ")) of the family's, so that a dense kernel at every pixel, in single \
      precision, is the truth. Measured on \(markup(images, limit: 2000)), in linear light, with the border rule \
      “\(markup(context.border))”.</p>
      <p>All were timed one after the other in up to \(context.rounds) rounds on one plane of \(comparison.timedSize.width) × \
      \(comparison.timedSize.height) in single precision, by the time that the process itself worked, on one thread; plans were made \
      before, the map was looked up each time. Slow ones have fewer rounds. Rivals are implementations of ours, made with care, on the same \
      planes and by the same rules: product-convolution transforms the image once for all its terms, and low-rank bases run in our own \
      engine.</p>
      """)
  }
}
