import Fewtap
import FewtapImageIO

/// Makes the parameter map that a command line asks for.
struct MapReader {
  let arguments: MapArguments
  /// The parameters of the basis.
  let axes: [ParameterAxis]
  /// Whether radii of `--depth` are negative in front of the focus, also where the basis has none.
  var keepsSides = false

  /// The map for an image, and a sentence for each parameter whose values lie outside of what the basis was made for.
  ///
  /// Throws: ``Failure``, a usage one where the command line is wrong in itself; ``ImageFileError``.
  func map(width: Int, height: Int, threads: Int) throws -> (map: ParameterMap, warnings: [String]) {
    try map(width: width, height: height, threads: threads, depth: depth())
  }

  /// The same with the depths that ``depth()`` has read.
  func map(
    width: Int, height: Int, threads: Int, depth: DepthPicture?
  ) throws -> (map: ParameterMap, warnings: [String]) {
    let map: ParameterMap
    do {
      map = try ParameterMap(width: width, height: height, sources(depth))
    } catch let error as MapError {
      throw Failure("\(error)")
    }
    do {
      let (admitted, surveys) = try map.admitted(
        to: admittedAxes(), nan: arguments.mapNan, isStrict: arguments.strict, threads: threads)
      return (admitted, zip(surveys, try admittedAxes()).compactMap { warning($0, $1, pixels: width * height) })
    } catch {
      throw Failure("the map", error)
    }
  }

  /// The parameter that `--depth` gives; nil if there is no such option.
  func depthAxis() throws -> Int? {
    guard let text = arguments.depth.depth.first else { return nil }
    let (index, _) = try axis(of: text, "--depth", between: "=")
    guard axes[index].unit != "degrees" else {
      throw Failure("--depth: it gives radii; \(axes[index].name) is in degrees", .usage)
    }
    return index
  }

  /// The parameters with the values that the map may have.
  private func admittedAxes() throws -> [ParameterAxis] {
    var axes = axes
    if keepsSides, let index = try depthAxis() {
      let largest = largestRadius(axes[index])
      axes[index].range = -largest...largest
    }
    return axes
  }

  private func largestRadius(_ axis: ParameterAxis) -> Double {
    max(abs(axis.range.lowerBound), abs(axis.range.upperBound))
  }

  private func warning(_ survey: MapSurvey, _ axis: ParameterAxis, pixels: Int) -> String? {
    var parts: [String] = []
    if survey.outsideCount > 0, let seen = survey.seen {
      parts.append(
        "\(survey.outsideCount) of \(pixels) pixels are outside of \(text(axis.range)) and were clamped (the map has "
          + "\(significant(Double(seen.lowerBound)))...\(significant(Double(seen.upperBound))))")
    }
    if survey.nanCount > 0 {
      parts.append("\(survey.nanCount) pixels are NaN and got the \(arguments.mapNan.rawValue) end")
    }
    return parts.isEmpty ? nil : "\(axis.name): " + parts.joined(separator: "; ")
  }

  /// A source for each parameter.
  private func sources(_ depth: DepthPicture?) throws -> [MapSource] {
    var found: [Int: (flag: String, source: MapSource)] = [:]
    func add(_ index: Int, _ flag: String, _ source: MapSource) throws {
      if let other = found[index]?.flag {
        if other == flag { throw Failure("\(flag): it is given twice for \(axes[index].name)", .usage) }
        throw Failure("\(flag) and \(other) both give \(axes[index].name): leave one of them out", .usage)
      }
      found[index] = (flag, source)
    }
    for text in arguments.at {
      for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        let (index, rest) = try axis(of: String(part), "--at", between: "=")
        guard let value = Double(rest), value.isFinite else {
          throw Failure("--at \(part): it must be \(axes[index].name)=VALUE, a finite number", .usage)
        }
        try add(index, "--at", .constant(value))
      }
    }
    for text in arguments.ramp {
      let (index, rest) = try axis(of: text, "--ramp", between: ":")
      try add(index, "--ramp", MapWords(rest, flag: "--ramp", axis: axes[index]).ramp())
    }
    for text in arguments.radial {
      let (index, rest) = try axis(of: text, "--radial", between: ":")
      try add(index, "--radial", MapWords(rest, flag: "--radial", axis: axes[index]).radial())
    }
    for text in arguments.field {
      let (index, rest) = try axis(of: text, "--field", between: "=")
      try add(index, "--field", MapWords.field(rest))
    }
    for text in arguments.map {
      for (index, source) in try pictures(text) { try add(index, "--map", source) }
    }
    if let depth { try add(depth.axis, "--depth", depth.source) }
    return try axes.indices.map { index in
      guard let source = found[index]?.source else {
        throw Failure(
          "\(axes[index].name) has no values: give --at \(axes[index].name)=VALUE, --map \(axes[index].name)=FILE, --ramp, "
            + "--radial, --field or --depth (the basis has \(axes.map(description).joined(separator: ", ")))", .usage)
      }
      return source
    }
  }

  private func description(_ axis: ParameterAxis) -> String {
    "\(legible(axis.name)) \(text(axis.range))\(axis.unit.isEmpty ? "" : " " + legible(axis.unit))"
  }

  private func text(_ range: ClosedRange<Double>) -> String {
    "\(significant(range.lowerBound, 6))...\(significant(range.upperBound, 6))"
  }

  /// The parameter that `text` begins with, and the rest; the only one, if it names none.
  private func axis(of text: String, _ flag: String, between separator: Character) throws -> (Int, String) {
    if let index = namedAxis(of: text, between: separator) {
      return (index, String(text.dropFirst(axes[index].name.count + 1)))
    }
    guard axes.count == 1 else {
      throw Failure(
        "\(flag) \(text): say for which parameter: \(flag) AXIS\(separator)..., AXIS one of "
          + axes.map { legible($0.name) }.joined(separator: ", "), .usage)
    }
    return (0, text)
  }

  private func namedAxis(of text: String, between separator: Character) -> Int? {
    axes.firstIndex { text.hasPrefix($0.name + String(separator)) }
  }

  // MARK: Pictures

  /// The sources that a `--map` gives.
  private func pictures(_ text: String) throws -> [(Int, MapSource)] {
    if let index = namedAxis(of: text, between: "=") {
      let path = String(text.dropFirst(axes[index].name.count + 1))
      let file = try read(path)
      return [(index, try picture(file, path, index, channel: channel(index) ?? 0))]
    }
    let file = try read(text)
    let colors = file.image.planes.indices.filter { $0 != file.image.alphaIndex }
    guard axes.count == 1 || colors.count >= axes.count else {
      throw Failure(
        "\(text): it has \(colors.count) channels for \(axes.count) parameters; give --map AXIS=FILE for each of "
          + axes.map { legible($0.name) }.joined(separator: ", "))
    }
    return try axes.indices.map { ($0, try picture(file, text, $0, channel: channel($0) ?? colors[$0])) }
  }

  private func picture(_ file: ImageFile, _ path: String, _ index: Int, channel: Int) throws -> MapSource {
    let axis = axes[index]
    let period = axis.isPeriodic ? axis.range.upperBound - axis.range.lowerBound : nil
    let plane = try plane(file, path, channel)
    let given = try option(arguments.mapRange, "--map-range", index) { ClosedRange<Double>($0) }
    guard let range = given ?? (file.isInteger ? axis.range : nil) else {
      return .plane(plane, sampling: sampling(period))
    }
    let (low, width) = (range.lowerBound, range.upperBound - range.lowerBound)
    // Codes are interpolated as codes: their period is that of the values, in codes.
    return .plane(plane, sampling: sampling(width > 0 ? period.map { $0 / width } : nil)).mapping { low + width * $0 }
  }

  /// The depths of `--depth`; nil if there is no such option.
  ///
  /// Throws: ``Failure``; ``ImageFileError``.
  func depth() throws -> DepthPicture? {
    guard let given = arguments.depth.depth.first, let index = try depthAxis() else { return nil }
    let (path, options, axis) = (try self.axis(of: given, "--depth", between: "=").1, arguments.depth, axes[index])
    let file = try read(path)
    var plane = try plane(file, path, channel(index) ?? 0)
    if options.focalLength != nil, file.isInteger, options.depthRange == nil {
      throw Failure(
        "\(path): a lens needs distances, and this map has integer codes; give --depth-range NEAR...FAR, the meters that "
          + "0 and 1 stand for", .usage)
    }
    if options.focalLength != nil, let range = options.depthRange, range.lowerBound < 0 {
      throw Failure("--depth-range \(text(range)): with a lens depths are meters: they must not be negative", .usage)
    }
    if file.isInteger, let range = options.depthRange {
      let (low, width) = (range.lowerBound, range.upperBound - range.lowerBound)
      for place in plane.values.indices { plane.values[place] = Float(low + width * Double(plane.values[place])) }
    }
    return DepthPicture(
      axis: index, plane: plane, blur: options.blur(largest: largestRadius(axis)),
      fNumber: options.focalLength == nil ? options.fStop : nil,
      depths: options.depthRange ?? (file.isInteger ? 0...1 : nil), isSigned: keepsSides || axis.range.lowerBound < 0,
      sampling: sampling(nil))
  }

  private func sampling(_ period: Double?) -> MapSampling {
    MapSampling(
      interpolation: arguments.nearest ? .nearest : .bilinear, stretches: arguments.stretch, period: period)
  }

  private func channel(_ index: Int) throws -> Int? {
    try option(arguments.mapChannel, "--map-channel", index) { Int($0).flatMap { $0 >= 0 ? $0 : nil } }
  }

  /// The value of a repeated option for a parameter.
  private func option<Value>(
    _ texts: [String], _ flag: String, _ index: Int, _ parse: (String) -> Value?
  ) throws -> Value? {
    var result: Value?
    for text in texts {
      let (found, rest) = try axis(of: text, flag, between: "=")
      guard found == index else { continue }
      guard let value = parse(rest) else {
        let expected = flag == "--map-range" ? "two numbers LOW...HIGH" : "a channel's number from 0"
        throw Failure("\(flag) \(text): it must be \(expected)", .usage)
      }
      guard result == nil else { throw Failure("\(flag): it is given twice for \(axes[index].name)", .usage) }
      result = value
    }
    return result
  }

  /// A map is data: its codes are no light to be decoded.
  private func read(_ path: String) throws -> ImageFile {
    guard !path.isEmpty else { throw Failure("the map's name is empty: give an image file", .usage) }
    return try ImageFile.read(path: path, transfer: .linear)
  }

  private func plane(_ file: ImageFile, _ path: String, _ channel: Int) throws -> Plane<Float> {
    guard file.image.planes.indices.contains(channel) else {
      throw Failure(
        "\(path): it has no channel \(channel): --map-channel must be 0 to \(file.image.planes.count - 1)", .usage)
    }
    return file.image.planes[channel]
  }
}

extension ImageFile {
  /// Whether the file stores codes, which stand for 0 to 1.
  fileprivate var isInteger: Bool { metadata.pixelType == .uint8 || metadata.pixelType == .uint16 }
}
