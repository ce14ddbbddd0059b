import FewtapCore

/// Puts a program together, pass by pass.
struct ProgramBuilder {
  let options: ShaderOptions
  private(set) var textures: [ShaderTexture] = []
  private(set) var passes: [ShaderPass] = []

  init(_ options: ShaderOptions) throws(ShaderError) {
    try options.check()
    self.options = options
    textures.append(
      ShaderTexture(name: Self.image, role: .image, x: .image, y: .image, layers: nil, format: options.format))
  }

  static let image = "image"
  static let output = "output"
  static let mask = "mask"
  static let parameters = "parameters"

  func program(title: String, figures: [String]) -> ShaderProgram {
    ShaderProgram(options: options, textures: textures, passes: passes, title: title, figures: figures)
  }

  mutating func add(_ texture: ShaderTexture) { textures.append(texture) }

  /// A plane that passes read: the image, or what an earlier pass wrote.
  struct Source {
    var texture: String
    var area: TexelArea
    /// What to make of its texels where it is the image.
    var reading: ImageReading?
    var dependsOn: ShaderPass.Dependence
  }

  /// The image as passes are to read it.
  var imageSource: Source {
    Source(
      texture: Self.image, area: .image,
      reading: ImageReading(content: options.alpha == .straight ? .premultiplied : .pixels, border: options.border),
      dependsOn: .image)
  }

  /// The image's mask: what a normalized border divides by is made of it as the result is of the image.
  var maskSource: Source {
    Source(
      texture: Self.image, area: .image, reading: ImageReading(content: .mask, border: .normalized), dependsOn: .size)
  }

  /// How the texture unit can read a source between its texels; nil if it cannot.
  func hardware(_ source: Source) -> ShaderPass.Input.Addressing? {
    guard options.sampling == .hardware else { return nil }
    guard let reading = source.reading else { return .clamp }
    guard reading.content == .pixels else { return nil }
    switch reading.border {
    case .clamp: return .clamp
    case .wrap: return .wrap
    // Texture units repeat the outermost pixel where they mirror; a border of their own is missing in some languages.
    case .mirror, .constant, .normalized: return nil
    }
  }

  /// Adds a pass that reads `inputs` besides its source; the plane that it makes.
  mutating func pass(
    _ name: String, _ operation: PassOperation, from source: Source, linear: ShaderPass.Input.Addressing? = nil,
    inputs: [String] = [], to texture: String, layer: Int? = nil, area: TexelArea, finish: Finish? = nil,
    dependsOn: ShaderPass.Dependence? = nil, format: TexelFormat? = nil
  ) -> Source {
    var names = [source.texture]
    for name in inputs where !names.contains(name) { names.append(name) }
    let dependence = max(source.dependsOn, dependsOn ?? source.dependsOn)
    passes.append(
      ShaderPass(
        name: name,
        inputs: names.enumerated().map { index, name in
          ShaderPass.Input(binding: index + 1, texture: name, linear: index == 0 ? linear : nil)
        }, output: texture, layer: layer, dependsOn: dependence, operation: operation, reading: source.reading,
        finish: finish))
    if !textures.contains(where: { $0.name == texture }) {
      textures.append(
        ShaderTexture(
          name: texture, role: texture == Self.output ? .output : .intermediate, x: area.x, y: area.y, layers: nil,
          format: format ?? options.format))
    }
    return Source(texture: texture, area: area, reading: nil, dependsOn: dependence)
  }

  /// Where a layer's taps read, from texel t of `output`.
  static func reads(_ layer: TapLayer, scale: Double, of source: TexelArea, for output: TexelArea) -> [TapSum.Read] {
    let (x, y) = (output.x.origin - source.x.origin, output.y.origin - source.y.origin)
    return layer.taps.map {
      TapSum.Read(x: Double(x) - $0.x, y: Double(y) - $0.y, weight: $0.weight * scale)
    }
  }

  /// Throws unless Float holds the numbers.
  func check(_ reads: [TapSum.Read], pass: String) throws(ShaderError) {
    for (index, read) in reads.enumerated() {
      guard Float(read.weight).isFinite else {
        throw .number(place: "weight \(index) of pass \(pass), with the gain,", value: read.weight)
      }
    }
  }

  /// Where the numbers of a pass are to stand; adds the texture if it is one.
  mutating func storage(_ reads: [TapSum.Read], pass: String) throws(ShaderError) -> TapSum.Storage {
    let count = reads.count
    switch options.constants {
    case .automatic where count <= ShaderLimits.unrolledTaps: return .statements
    case .automatic where count <= ShaderLimits.constantTaps: return .constants
    case .unrolled, .table:
      guard count <= ShaderLimits.constantTaps else {
        throw .taps(pass: pass, count: count, limit: ShaderLimits.constantTaps)
      }
      return options.constants == .table ? .constants : .statements
    case .automatic, .texture:
      let width = min(count, ShaderLimits.tableWidth)
      return .texture(try table("\(pass)_taps", of: reads, width: width), width: width)
    }
  }

  /// Adds a texture of reads, row after row.
  mutating func table(_ name: String, of reads: [TapSum.Read], width: Int) throws(ShaderError) -> String {
    try table(
      name, reads.flatMap { read -> [Double] in [read.x, read.y, read.weight, 0] }, width: width,
      height: (reads.count + width - 1) / width)
  }

  /// Adds a texture of numbers, unless there is one of that name; the last row may be filled up.
  mutating func table(_ name: String, _ values: [Double], width: Int, height: Int) throws(ShaderError) -> String {
    guard width <= ShaderLimits.tableWidth else {
      throw .table(what: "columns of \(name)", count: width, limit: ShaderLimits.tableWidth)
    }
    guard height <= ShaderLimits.tableHeight else {
      throw .table(what: "rows of \(name)", count: height, limit: ShaderLimits.tableHeight)
    }
    guard !textures.contains(where: { $0.name == name }) else { return name }
    var floats = values.map { Float($0) }
    if let index = floats.firstIndex(where: { !$0.isFinite }) {
      throw .number(place: "number \(index) of \(name)", value: values[index])
    }
    floats += [Float](repeating: 0, count: 4 * width * height - floats.count)
    add(
      ShaderTexture(
        name: name, role: .table(floats), x: .fixed(width), y: .fixed(height), layers: nil, format: .float))
    return name
  }
}
