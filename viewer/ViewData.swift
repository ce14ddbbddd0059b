import FewtapCore
import FewtapShaders
import FewtapSynthesis
import Foundation

/// All that a page knows of a filter or a basis: its figures, its shaders, its layers and kernels. ``ViewPage`` embeds it as JSON:
///
///     { "kind": "filter" | "basis", "name": "heart.json", "title": "heart:size=49",
///       "figures": { "taps", "layers", "passes", "rate", "decibels", "worstDecibels", "relativeError", "noiseGain", "denseTaps" },
///       "programs": { "essl": passes.json, "wgsl": passes.json },
///       "files": { "01_layer1.frag": "text", "01_layer1.wgsl": "text", "knots.f32": { "base64": "..." } },
///       "members": [ { "point": [7.5], "layers": [ { "scale": 4, "taps": [[x, y, w], ...] } ], "steps": [KERNEL, ...],
///                      "target": KERNEL | null } ],
///       "axes": [ { "name", "unit", "low", "high", "period": n | null } ],
///       "map": { "width", "height", "planes": ["base64 of UInt16" | n | null, ...], "depth": DEPTH | null } | null,
///       "truth": { "type", "base64" } | null }
///     KERNEL: { "width", "height", "x", "y", "scale", "low", "high", "values": "base64 of UInt16" }
///     DEPTH: { "axis", "bits": 8 | 16, "codes": "base64", "low", "high", "law": "linear" | "reciprocal" | "lens", "isInverted",
///              "near", "far", "focus", "stop", "largest", "bounds": [n, n], "lens": { "focalLength", "pixelsPerMillimeter" } | null }
///
/// Shaders are of fragments, in OpenGL ES 3 and WebGPU's language. A filter has one member with a step for 0, 1, ... all of its layers.
/// A basis has one for each knot, the first axis slowest, with the last step alone; of a basis of many knots those of a coarser grid,
/// the ends of all axes among them. UInt16 are little-endian, row by row: `value = low + (high - low) code / 65535`, of a map with the
/// ends of its axis; a plane of a map that is one number has it at every pixel, and one that is null is made of the depths
/// (``ViewDepth``), whose `low`, `high`, `near`, `far`, `focus` and `bounds` are what radii are proportional to. Offsets of taps count in `scale` pixels of the image, and so do pixels of a kernel, which is averaged down where
/// it is large.
public struct ViewData: Sendable {
  /// What the filter's file is called.
  public let name: String
  /// What it is: the kernel's specification, the family, or its file's name.
  public let title: String
  /// The page's picture filtered by the dense kernel at every pixel, of the same size.
  public var truth: ViewImage?
  /// Whether pixels have parameters of their own.
  public var hasMap: Bool { map != nil }
  /// Whether one of them comes from depths, whose focus the page's reader chooses.
  public var hasDepth: Bool { map?.depth != nil }
  private(set) var map: ViewMap?
  let isBasis: Bool
  private(set) var figures: ViewFigures
  private let shaders: [ShaderFiles]
  let members: [ViewMember]
  let axes: [ParameterAxis]

  /// Most multiply-adds of all effective kernels: some seconds.
  public static let effortLimit = 1e10
  /// Most knots of a basis that are shown.
  static let memberLimit = 96
  /// Most columns and rows of a kernel, and most codes of all of them on a page: 2.7 bytes of text each.
  static let (kernelSide, codeLimit) = (129, 450_000)
  /// Most characters of a name.
  private static let nameLength = 200

  /// A filter; `target` is the kernel that it stands for, `accuracy` nil: as its own record says. `count` filters share the page.
  ///
  /// Throws: ``ViewError``.
  public init(
    _ filter: SparseFilter, name: String, target: Kernel? = nil, accuracy: ViewAccuracy? = nil,
    options: ShaderOptions = ShaderOptions(), oneOf count: Int = 1
  ) throws(ViewError) {
    let effort = ViewMember.effort(filter)
    guard effort <= Self.effortLimit else { throw .effort(multiplyAdds: effort, limit: Self.effortLimit) }
    do {
      shaders = try Self.shaders(ShaderProgram(filter, options: options))
    } catch {
      throw .shader(error)
    }
    let bounds = Array(repeating: filter.bounds, count: filter.chain.layers.count + 1)
    let side = Self.side(bounds + (target.map { [$0.supportBounds] } ?? []), oneOf: count)
    do {
      members = [try ViewMember(filter, at: [], showsSteps: true, target: target, side: side)]
    } catch {
      throw .kernel(filter: nil, reason: "\(error)")
    }
    (isBasis, axes) = (false, [])
    (self.name, title) = (Self.cut(name), Self.cut(filter.kernel?.name ?? name))
    figures = ViewFigures(
      taps: filter.chain.tapCount, layers: filter.chain.layers.count, passes: shaders[0].program.passes.count,
      rate: filter.rate?.factor, accuracy: accuracy ?? filter.fit.map(ViewAccuracy.init),
      noiseGain: filter.chain.noiseGain,
      denseTaps: target?.supportCount)
  }

  /// A basis; `targets` has the kernel of its family at each of `ViewData.knots(of:)`. `count` filters share the page.
  ///
  /// Throws: ``ViewError``.
  public init(
    _ basis: FilterBasis, name: String, targets: [Kernel]? = nil, options: ShaderOptions = ShaderOptions(),
    oneOf count: Int = 1
  ) throws(ViewError) {
    do {
      shaders = try Self.shaders(ShaderProgram(basis, options: options))
    } catch {
      throw .shader(error)
    }
    let knots = Self.knots(of: basis)
    if let targets, targets.count != knots.count { throw .targets(found: targets.count, expected: knots.count) }
    let effort = knots.reduce(0) { $0 + ViewMember.effort(basis.filters[$1]) }
    guard effort <= Self.effortLimit else { throw .effort(multiplyAdds: effort, limit: Self.effortLimit) }
    let side = Self.side(
      knots.map { basis.filters[$0].bounds } + (targets ?? []).map(\.supportBounds), oneOf: count)
    var members: [ViewMember] = []
    for (place, knot) in knots.enumerated() {
      do {
        members.append(
          try ViewMember(
            basis.filters[knot], at: basis.parameters(ofFilter: knot), showsSteps: false, target: targets?[place],
            side: side))
      } catch {
        throw .kernel(filter: knot, reason: "\(error)")
      }
    }
    (isBasis, self.members, axes) = (true, members, basis.axes.map(\.axis))
    (self.name, title) = (Self.cut(name), Self.cut(basis.family ?? name))
    figures = ViewFigures(
      taps: basis.filters.map(\.chain.tapCount).max() ?? 0, layers: basis.filters.map(\.chain.layers.count).max() ?? 0,
      passes: shaders[0].program.passes.count, rate: nil, accuracy: basis.fit.map(ViewAccuracy.init),
      noiseGain: basis.filters.map(\.chain.noiseGain).max() ?? 1,
      denseTaps: targets?.map(\.supportCount).max())
  }

  /// The filters of a basis that a page shows, and wants targets of: all, or where there are many those of a coarser grid.
  public static func knots(of basis: FilterBasis) -> [Int] {
    var counts = basis.shape
    while counts.reduce(1, *) > memberLimit, let widest = counts.indices.max(by: { counts[$0] < counts[$1] }) {
      counts[widest] = (counts[widest] + 1) / 2
    }
    let places = zip(basis.shape, counts).map { count, kept in
      (0..<kept).map { ($0 * (count - 1) + (kept - 1) / 2) / (kept - 1) }
    }
    return places.reduce([[]]) { grid, places in grid.flatMap { start in places.map { start + [$0] } } }
      .map { basis.index(of: $0) }
  }

  var withoutPictures: ViewData {
    var bare = self
    (bare.map, bare.truth) = (nil, nil)
    return bare
  }

  /// Sets the parameters of the image's pixels, of the basis' range at every pixel. With the `depth` that one of them comes from, the
  /// page makes that one itself, and its reader can focus elsewhere.
  ///
  /// Throws: ``ViewError/mapAxes(found:expected:)``, for a filter too; ``ViewError/mapValue(axis:x:y:value:expected:)``;
  /// ``ViewError/depthSize(found:expected:)``.
  public mutating func setMap(_ map: ParameterMap, depth: ViewDepth? = nil) throws(ViewError) {
    self.map = try ViewMap(map, axes, depth)
  }

  private static func shaders(_ program: ShaderProgram) throws(ShaderError) -> [ShaderFiles] {
    try languages.map { language throws(ShaderError) in
      try ShaderFiles(program, language: language, stage: .fragment)
    }
  }

  /// WebGL 2's and WebGPU's.
  private static let languages: [ShaderLanguage] = [.essl, .wgsl]

  /// The largest kernels that kernels within `bounds` may be, so that the page stays small.
  private static func side(_ bounds: [OffsetBounds], oneOf count: Int) -> Int {
    let limit = codeLimit / max(count, 1)
    return [kernelSide, 97, 65, 49, 33, 25, 17].first { side in
      bounds.reduce(0) { $0 + ViewKernel.codeCount($1, side: side) } <= limit
    } ?? 9
  }

  private static func cut(_ text: String) -> String {
    text.unicodeScalars.count > nameLength ? String(text.unicodeScalars.prefix(nameLength)) + "..." : text
  }

  // MARK: JSON

  /// The data as text; the same each time.
  public var json: String {
    object([
      ("kind", quoted(isBasis ? "basis" : "filter")), ("name", quoted(name)), ("title", quoted(title)),
      ("figures", figures.json),
      ("programs", object(shaders.map { ($0.language.rawValue, $0.json) })), ("files", files),
      ("members", array(members.map(\.json))), ("axes", array(axes.map(\.json))), ("map", map?.json ?? "null"),
      ("truth", truth?.json ?? "null"),
    ])
  }

  /// Text and tables of all languages; tables are the same in all.
  private var files: String {
    var fields: [(String, String)] = []
    for file in shaders.flatMap(\.parts) where !fields.contains(where: { $0.0 == file.name }) {
      let isText = !file.name.hasSuffix(".f32")
      let text =
        isText
        ? quoted(String(decoding: file.bytes, as: UTF8.self))
        : object([("base64", quoted(Data(file.bytes).base64EncodedString()))])
      fields.append((file.name, text))
    }
    return object(fields)
  }
}

extension ViewAccuracy {
  init(_ fit: FitRecord) {
    self.init(decibels: fit.photoPSNR, worstDecibels: fit.worstPhotoPSNR, relativeError: fit.relativeError)
  }

  init(_ fit: BasisRecord) {
    self.init(decibels: fit.photoPSNR, worstDecibels: fit.worstPhotoPSNR, relativeError: fit.relativeError)
  }
}

extension ParameterAxis {
  fileprivate var json: String {
    let (low, high) = (range.lowerBound, range.upperBound)
    return object([
      ("name", quoted(name)), ("unit", quoted(unit)), ("low", number(low)), ("high", number(high)),
      ("period", number(isPeriodic ? high - low : nil)),
    ])
  }
}
