import FewtapCore

/// Puts a program together, pass by pass.
struct ProgramBuilder {
  let options: ShaderOptions
  private(set) var textures: [ShaderTexture] = []
  private(set) var passes: [ShaderPass] = []

  init(_ options: ShaderOptions) throws(ShaderError) {
    try options.check()
    self.options = options
    textures.append(ShaderTexture(name: Self.image, role: .image, x: .image, y: .image, layers: nil))
  }

  static let image = "image"
  static let output = "output"
  static let mask = "mask"
  static let parameters = "parameters"

  func program(title: String) -> ShaderProgram {
    ShaderProgram(options: options, textures: textures, passes: passes, title: title)
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
    dependsOn: ShaderPass.Dependence? = nil
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
          name: texture, role: texture == Self.output ? .output : .intermediate, x: area.x, y: area.y, layers: nil))
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

  /// Throws if a pass has too many reads, or numbers that Float does not hold.
  func check(_ reads: [TapSum.Read], pass: String) throws(ShaderError) {
    guard reads.count <= ShaderLimits.taps else {
      throw .taps(pass: pass, count: reads.count, limit: ShaderLimits.taps)
    }
    for (index, read) in reads.enumerated() {
      guard Float(read.weight).isFinite else {
        throw .number(place: "weight \(index) of pass \(pass), with the gain,", value: read.weight)
      }
    }
  }
}
