import FewtapBaselines
import FewtapCore

/// A comparison as a page to read: one HTML file, XML at the same time, that fetches nothing and needs no scripts, and its figures as files.
public struct ComparisonPage: Sendable {
  /// Where a comparison comes from.
  public struct Context: Sendable {
    /// Processor, instruction set and cores.
    public var machine: String
    /// Commit of the sources.
    public var commit: String
    /// Version of the program.
    public var version: String
    /// Seed of all random choices.
    public var seed: UInt64
    /// Work of our searches.
    public var effort: String
    /// What stood outside of images.
    public var border: String
    /// How often each filter was timed at most.
    public var rounds: Int
    /// Lines for a shell that give the page again.
    public var commands: [String]
    /// What a reader should know besides: who was left out, and why.
    public var notes: [String]

    /// A context of given parts.
    public init(
      machine: String, commit: String, version: String, seed: UInt64, effort: String, border: String, rounds: Int,
      commands: [String], notes: [String] = []
    ) {
      (self.machine, self.commit, self.version, self.seed) = (machine, commit, version, seed)
      (self.effort, self.border, self.rounds, self.commands) = (effort, border, rounds, commands)
      self.notes = notes
    }
  }

  /// The page.
  public let html: String
  /// Every figure, with a name for its file that has no extension.
  public let figures: [(name: String, svg: String)]

  /// Draws the page of `comparison`.
  ///
  /// `encodePNG` gives the bytes of a PNG, 8-bit sRGB, of an image in linear light with one or three channels.
  /// Throws: what `encodePNG` throws.
  public init(
    _ comparison: Comparison, context: Context, encodePNG: (Image) throws -> [UInt8]
  ) throws {
    var writer = ComparisonPageWriter(comparison, context)
    try writer.writeKernels(encodePNG)
    writer.writeCosts()
    writer.writeConvergence()
    writer.writeTaps()
    try writer.writeScenes(encodePNG)
    writer.page.table(ComparisonTable.table, comparison.rows)
    writer.writeMethod()
    (html, figures) = (writer.page.html, writer.page.figures)
  }
}

/// Puts a page together, part by part.
private struct ComparisonPageWriter {
  private let comparison: Comparison
  private let context: ComparisonPage.Context
  var page: PageParts

  init(_ comparison: Comparison, _ context: ComparisonPage.Context) {
    (self.comparison, self.context) = (comparison, context)
    page = PageParts(
      title: "fewtap and its rivals on \(comparison.kernel.name)", context, finding: ComparisonFinding(comparison).text)
  }

  mutating func writeKernels(_ encodePNG: (Image) throws -> [UInt8]) throws {
    let (kernel, pictures) = (comparison.kernel, try KernelPictures(comparison, encodePNG))
    let (support, moments) = (kernel.supportBounds, kernel.moments)
    let facts: [(String, String)] = [
      ("kernel", kernel.name), ("size", "\(kernel.width) × \(kernel.height)"),
      ("weights", "\(kernel.supportCount) that are not zero, \(support.width) × \(support.height)"),
      ("sum", decimal(kernel.sum, 4)),
      (
        "standard deviation",
        "\(decimal(moments.varianceX.squareRoot(), 2)) px across, \(decimal(moments.varianceY.squareRoot(), 2)) px down"
      ),
    ]
    let list = facts.map { "<dt>\($0.0)</dt><dd>\(markup($0.1))</dd>" }.joined(separator: "\n")
    let (width, height) = pictures.gallery.size
    page.figure(
      """
      <div class="target"><img src="\(pictures.target.address)" alt="\(markup(pictures.target.alternative))" \
      width="\(width)" height="\(height)"/>
      <dl>
      \(list)
      </dl></div>
      """, "The kernel that all stand for, as a point of light shows it.")
    guard !pictures.gallery.cells.isEmpty else { return }
    page.heading("What each filter really is")
    page.figure(
      pictures.gallery.html,
      """
      Effective kernels: what becomes of a point of light. All are drawn on the scale of the kernel itself, \
      \(kernel.isNonnegative
        ? "black 0 and white its largest weight, as a display shows light" : "gray 0, white and black its largest weight"). \
      Beneath each its signed error, orange too bright and blue too dark, on one scale for all that is cut off at \
      ±\(KernelPictures.percent(pictures.limit)) % of the largest weight.\
      \(pictures.block > 1 ? " A pixel is the mean of \(pictures.block) × \(pictures.block) weights." : "")\
      \(pictures.isCut ? " Some go on, faintly, outside of what is shown." : "") Filters at a lower rate have a kernel a phase: \
      shown is the mean.
      """)
    page.file("kernels", pictures.gallery.svg)
  }

  mutating func writeCosts() {
    guard comparison.rows.contains(where: { $0.measured != nil }) else { return }
    page.heading("Error against cost")
    let photographs =
      comparison.images.isEmpty
      ? "predicted on reference photographs"
      : "the mean of \(comparison.images.count == 1 ? "one photograph" : "\(comparison.images.count) photographs")"
    for (cost, name, text) in [
      (ComparisonFigures.Cost.milliseconds, "error-time", "Time on one thread"),
      (.multiplyAdds, "error-multiply-adds", "Multiply-adds, which no machine decides"),
    ] {
      let plot = ComparisonFigures.errorAgainstCost(comparison, cost)
      page.figure(
        "<div class=\"scroll\">\(plot.svg)</div>",
        "\(text), against PSNR (\(photographs)). Left and up is better. The lines are fronts: what the best can do for a cost, "
          + "ours solid, rivals dashed. Exact ones stand on the upper edge.")
      page.file(name, plot.svg)
    }
  }

  mutating func writeConvergence() {
    guard let plot = ComparisonFigures.convergence(comparison) else { return }
    page.heading("How searches get there")
    page.figure(
      "<div class=\"scroll\">\(plot.svg)</div>",
      "PSNR on photographs, predicted, of what each search holds after so many seconds by the clock on the wall; ours solid, rivals "
        + "dashed. What a search itself goes by may be another figure: then the curve can fall.")
    page.file("convergence", plot.svg)
  }

  mutating func writeTaps() {
    let filters = comparison.rows.compactMap { row -> (name: String, filter: SparseFilter)? in
      guard row.side != .exact, let filter = row.measured?.filter else { return nil }
      return (row.name, filter)
    }
    guard !filters.isEmpty else { return }
    page.heading("Where the taps are")
    let rows = filters.map { name, filter in
      let plots = ComparisonFigures.taps(of: filter, named: name)
      let rate =
        (filter.rate.map { ", at 1/\($0.factor) of the image's rate" } ?? "")
        + (plots.count < filter.chain.layers.count
          ? ", the first \(plots.count) of \(filter.chain.layers.count) layers" : "")
      return (
        title: "\(name)\(rate)", plots: plots,
        html:
          "<div class=\"taps\"><h3>\(markup(name + rate))</h3>\n<div>\(plots.map(\.svg).joined(separator: "\n"))</div></div>"
      )
    }
    page.figure(
      "<div class=\"sets\">\n\(rows.map(\.html).joined(separator: "\n"))\n</div>",
      """
      Taps of filters that are chains of sparse layers, first layer first: offsets in pixels, +y down, areas as weights, orange discs \
      positive and blue rings negative. Each layer has its own axes and its own scale of areas. Offsets of layers at a lower rate are in \
      pixels of that rate.
      """)
    for (index, row) in rows.enumerated() {
      page.file("taps-\(index + 1)-\(slug(row.title))", Plot.grid(row.plots, columns: 5, title: row.title))
    }
  }

  mutating func writeScenes(_ encodePNG: (Image) throws -> [UInt8]) throws {
    let scenes = try ScenePictures.all(comparison, encodePNG).filter { $0.gallery.cells.count > 1 }
    guard !scenes.isEmpty else { return }
    page.heading("What it looks like")
    for (index, scene) in scenes.enumerated() {
      page.figure(
        scene.gallery.html,
        """
        A part of \(markup(scene.name)), pixel by pixel: filtered by the kernel itself and by each contender. Beneath each the \
        difference on a display, orange too bright and blue too dark, cut off at ±\(decimal(scene.limit, 0)) of 255 codes: \
        \(decimal(127.5 / scene.limit, scene.limit > 12 ? 1 : 0)) times as strong as it is. Exact ones are left out.
        """)
      page.file("scene-\(index + 1)", scene.gallery.svg)
    }
  }

  mutating func writeMethod() {
    let images = comparison.images.map { image in
      "\(image.name) (\(image.isCropped ? "the middle, " : "")\(image.width) × \(image.height), "
        + "\(image.channels == 1 ? "1 channel" : "\(image.channels) channels"))"
    }.joined(separator: ", ")
    page.method(
      """
      <p>Every contender made its filter for this kernel, with seed \(context.seed); our searches with effort \(markup(context.effort)). \
      \(images.isEmpty
        ? "No image was given: PSNR on photographs is predicted from the power spectra of reference photographs."
        : "Measured on \(markup(images, limit: 2000)): each filter's result against that of the kernel itself by Fourier transforms in "
          + "double precision, in linear light, with the border rule “\(markup(context.border))”.") \
      Points of light are far brighter than a display; what is compared is what it can show of them.</p>
      <p>Filters were timed one after the other in \(context.rounds == 1 ? "one round" : "up to \(context.rounds) rounds") on one plane of noise of \
      \(comparison.timedSize.width) × \(comparison.timedSize.height) in single precision, by the time that the process itself worked, on one \
      thread; what can be prepared was prepared before. Slow ones have fewer rounds. Rivals are implementations of ours, made with \
      care, on the same planes and by the same rules.</p>
      """)
  }

  /// A name as a file's name.
  private func slug(_ name: String) -> String {
    let words = name.lowercased().unicodeScalars.split {
      !$0.properties.isAlphabetic && !("0"..."9").contains($0) || !$0.isASCII
    }
    return words.prefix(8).map { String(String.UnicodeScalarView($0)) }.joined(separator: "-")
  }
}
