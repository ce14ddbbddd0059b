import FewtapCore

/// LDR-FLIP: the difference that a person sees who flips between two pictures, from 0 (none) to 1, pixel by pixel.
///
/// Both are seen on the display of the paper, 0.7 m wide with 3840 pixels, from 0.7 m away. A gray picture is one of three
/// equal channels.
/// Equation: `c^(1 - f)`, where c is the difference of colors blurred as the eye blurs them, f that of edges and points.
/// Border:   the outermost pixels are repeated.
/// Accuracy: computed in Double; within 1e-5 of NVIDIA's `flip-evaluator` 1.7 in the mean and 1e-4 a pixel, which is its own
///           rounding in Float; held by FlipTests, and by `Benchmarks/check_metrics.py` on photographs.
/// Source:   Andersson, Nilsson, Akenine-Möller, Oskarsson, Åström, Fairchild, "FLIP: A difference evaluator for alternating
///           images", PACMCGIT 3(2) (HPG 2020), doi:10.1145/3406183.
public struct Flip: Equatable, Sendable {
  /// The difference at every pixel, 0...1.
  public let map: Plane<Float>
  /// Its mean.
  public let mean: Double

  /// Pixels that a degree of the visual field covers.
  public static let pixelsPerDegree = 0.7 * (3840 / 0.7) * (Double.pi / 180)

  /// Rows that are worked on together: enough that the rows around them, which are filtered again, cost little.
  private static let bandRows = 64

  /// Compares a picture with a reference.
  ///
  /// No result depends on `threads`, to the bit.
  /// Throws: ``MetricError``, if sizes or channels differ.
  public init(_ picture: DisplayPicture, reference: DisplayPicture, threads: Int = 1) throws(MetricError) {
    try picture.checkComparable(to: reference)
    let (width, height) = (reference.width, reference.height)
    let (colors, filters) = (FlipColors(), FlipFilters(pixelsPerDegree: Self.pixelsPerDegree))
    let bands = parallelMap(count: (height + Self.bandRows - 1) / Self.bandRows, threads: threads) { band in
      let rows = band * Self.bandRows..<min((band + 1) * Self.bandRows, height)
      let seen = FlipSight(picture, rows: rows, colors, filters)
      let expected = FlipSight(reference, rows: rows, colors, filters)
      return (0..<rows.count * width).map { seen.difference(from: expected, at: $0, colors) }
    }
    // A sum a band, then a sum of those, keeps rounding small.
    mean = bands.reduce(0) { $0 + $1.reduce(0, +) } / (Double(width) * Double(height))
    map = Plane(width: width, height: height, exactly: bands.flatMap { $0.map(Float.init) })
  }
}
