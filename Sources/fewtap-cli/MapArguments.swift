import ArgumentParser
import Fewtap

/// Where the parameters of every pixel come from, where a basis is applied. Options that may be given for several parameters begin
/// with `AXIS=`, which is left out where there is one parameter.
struct MapArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      An image that is the map; integer samples go from the parameter's least value to its largest, floats are the values. \
      Without an axis its channels are the parameters in their order.
      """, valueName: "[axis=]file"))
  var map: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("The channel of --map or --depth, from 0.", valueName: "[axis=]n"))
  var mapChannel: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("What 0 and 1 (black and white) of --map stand for.", valueName: "[axis=]low...high"))
  var mapRange: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("The same value at every pixel.", valueName: "axis=value,..."))
  var at: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      Tilt-shift: values rise on both sides of a line. Keys: x, y (a point of the line, 50% by default), angle (degrees \
      counterclockwise), sharp (half-width of the band that keeps the low value), falloff (from there to the high value), \
      low, high, power. Lengths are pixels, or % of the image's height.
      """, valueName: "[axis:]key=value,..."))
  var ramp: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      Values rise with the distance from a center. Keys: x, y, inner (the low value ends), outer (the high value begins), \
      low, high, power. Lengths are pixels, or % of half the diagonal.
      """, valueName: "[axis:]key=value,..."))
  var radial: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      The place in the field: x, y (-1 to 1), column, row (from 0), radius (corners are at 1) or direction (degrees); \
      direction:x=30%,y=60% has another center.
      """, valueName: "[axis=]place"))
  var field: [String] = []

  @OptionGroup var depth: DepthArguments

  @Option(
    help: ArgumentHelp(
      """
      Weights of the basis' filters at every pixel, instead of a map: a NumPy array (filters, rows, columns), or an image \
      with a channel a filter; of any sign and sum.
      """, valueName: "file"))
  var weights: String?

  @Option(
    help: """
      Whose filter counts: gather, that of the pixel which collects (blur by a map), or scatter, that of the pixel which \
      spreads (an optical point spread function). (default: gather)
      """)
  var physics: VaryingDirection?

  @Option(help: "What a NaN in the map stands for: nothing, or the parameter's least or largest value.")
  var mapNan: MapNaN = .refuse

  @Flag(help: "Refuse values that the basis was not made for; otherwise they are clamped, and counted.")
  var strict = false

  @Flag(help: "Take the nearest pixel of a map of another size; otherwise the four around are interpolated.")
  var nearest = false

  @Flag(help: "Stretch a map of another shape than the image.")
  var stretch = false

  func validate() throws {
    guard map.isEmpty else { return }
    if !mapRange.isEmpty { throw ValidationError("--map-range: it is for --map; give that too") }
    let options = [("--map-channel", !mapChannel.isEmpty), ("--nearest", nearest), ("--stretch", stretch)]
    if depth.depth.isEmpty, let flag = options.first(where: \.1)?.0 {
      throw ValidationError("\(flag): it is for --map and --depth; give one of them too")
    }
  }

  /// An option of a map that was given, if there is one.
  var given: String? {
    givenBesideWeights ?? [("--weights", weights != nil), ("--physics", physics != nil)].first(where: \.1)?.0
  }

  /// The same without those that go with weights.
  var givenBesideWeights: String? {
    let sources = [
      ("--map", !map.isEmpty), ("--at", !at.isEmpty), ("--ramp", !ramp.isEmpty), ("--radial", !radial.isEmpty),
      ("--field", !field.isEmpty),
    ]
    let more = [
      ("--map-channel", !mapChannel.isEmpty), ("--map-range", !mapRange.isEmpty), ("--map-nan", mapNan != .refuse),
      ("--strict", strict), ("--nearest", nearest), ("--stretch", stretch),
    ]
    return sources.first(where: \.1)?.0 ?? depth.given ?? more.first(where: \.1)?.0
  }
}

extension MapNaN: ExpressibleByArgument {}
extension VaryingDirection: ExpressibleByArgument {}

/// How depths become radii of blur.
struct DepthArguments: ParsableArguments {
  /// How blur follows depth where there is no lens.
  enum Law: String, CaseIterable, ExpressibleByArgument {
    case linear, reciprocal
  }

  @Option(
    help: ArgumentHelp(
      "An image of depths, larger where it is farther, for a parameter that is a radius.", valueName: "[axis=]file"))
  var depth: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The depth in focus: the map's value there (0 to 1 in integer files), with --focal-length meters.", valueName: "d"
    ),
    transform: OptionValue.finite)
  var focus: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Depths that stay sharp, in the unit of --focus.", valueName: "near...far"),
    transform: OptionValue.range)
  var focusRange: ClosedRange<Double>?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      The lens' f-number: blur is in inverse proportion. Without --focal-length, what is farthest out of focus gets \
      --max-radius at 1. (default: 1; with --focal-length: 2.8)
      """, valueName: "N"), transform: OptionValue.number(atLeast: 0.01))
  var fStop: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The lens' focal length, mm: depths are then meters and the circle of confusion is a thin lens'.", valueName: "mm"
    ),
    transform: OptionValue.number(atLeast: 0.001))
  var focalLength: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Width of the sensor that the image shows, mm. (default: 36)", valueName: "mm"),
    transform: OptionValue.number(atLeast: 0.001))
  var sensorWidth: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Depths that 0 and 1 of an integer map stand for; of a float map, the depths to reckon with. (default: 0...1; a float map's own)",
      valueName: "low...high"), transform: OptionValue.range)
  var depthRange: ClosedRange<Double>?

  @Flag(
    help: "The map is larger where it is nearer (disparity, as most estimators give); with --focal-length it is 1/m.")
  var invertDepth = false

  @Option(help: "How blur follows depths without a lens: linear, or reciprocal for distances. (default: linear)")
  var depthLaw: Law?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Largest radius of blur. (default: the largest that the basis has)", valueName: "px"),
    transform: OptionValue.number(atLeast: 0.01))
  var maxRadius: Double?

  @Flag(
    help: """
      Let every pixel choose by its own blur alone: faster, but what is sharp bleeds into what is blurred behind it, and what \
      is blurred in front ends at its edge. Otherwise what is near hides what is far, as a lens has it.
      """)
  var noOcclusion = false

  /// An option that was given, if there is one.
  var given: String? { depth.isEmpty ? detail : "--depth" }

  /// An option that says more of `--depth`.
  private var detail: String? {
    let options = [
      ("--focus", focus != nil), ("--focus-range", focusRange != nil), ("--f-stop", fStop != nil),
      ("--focal-length", focalLength != nil), ("--sensor-width", sensorWidth != nil),
      ("--depth-range", depthRange != nil), ("--invert-depth", invertDepth), ("--depth-law", depthLaw != nil),
      ("--max-radius", maxRadius != nil), ("--no-occlusion", noOcclusion),
    ]
    return options.first(where: \.1)?.0
  }

  func validate() throws {
    if depth.isEmpty, let detail { throw ValidationError("\(detail): it is for --depth; give that too") }
    guard !depth.isEmpty else { return }
    if depth.count > 1 { throw ValidationError("--depth: it is given \(depth.count) times; give it for one parameter") }
    if focus == nil, focusRange == nil {
      throw ValidationError("--depth: say what is in focus, --focus D or --focus-range NEAR...FAR")
    }
    if let focus, let focusRange, !focusRange.contains(focus) {
      throw ValidationError("--focus \(focus): it must be in --focus-range")
    }
    if focalLength == nil, sensorWidth != nil {
      throw ValidationError("--sensor-width: it is for a lens; give --focal-length too")
    }
    if focalLength != nil, depthLaw != nil {
      throw ValidationError("--depth-law and --focal-length contradict each other: a lens has a law of its own")
    }
  }

  /// The blur, at most `largest` px.
  func blur(largest: Double) -> DepthBlur {
    let law: DepthBlur.Law =
      if let focalLength {
        .lens(ThinLens(focalLength: focalLength, fNumber: fStop ?? 2.8, sensorWidth: sensorWidth ?? 36))
      } else {
        depthLaw == .reciprocal ? .reciprocal : .linear
      }
    let focus = focus.map { $0...$0 }
    return DepthBlur(
      law: law, focus: focusRange ?? focus ?? 0...0, focusedAt: self.focus, isInverted: invertDepth,
      largestRadius: maxRadius ?? largest)
  }
}

extension OptionValue {
  /// A finite number.
  @Sendable static func finite(_ text: String) throws -> Double {
    guard let value = Double(text), value.isFinite else { throw ValidationError("it must be a finite number") }
    return value
  }

  /// Two ascending numbers, `LOW...HIGH`.
  @Sendable static func range(_ text: String) throws -> ClosedRange<Double> {
    guard let range = ClosedRange(text), range.lowerBound < range.upperBound else {
      throw ValidationError("it must be two ascending numbers, LOW...HIGH")
    }
    return range
  }
}

extension ClosedRange<Double> {
  /// `LOW...HIGH`; nil if it is written otherwise, descends or is wider than a number can tell.
  init?(_ text: String) {
    guard let dots = text.firstRange(of: "...") else { return nil }
    let ends = [text[..<dots.lowerBound], text[dots.upperBound...]].map { Double($0) }
    guard let low = ends[0], let high = ends[1], low <= high, (high - low).isFinite else { return nil }
    self = low...high
  }
}
