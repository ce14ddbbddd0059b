import FewtapCore

/// A filter or basis as passes over textures: what shader text is written from, and what a host needs to run it.
///
/// Textures are addressed in whole texels; their rows run down the image, row 0 first. All of a program's sizes follow from the
/// image's, so there are no uniforms. Numbers of bindings are the same in all languages.
///
/// Border: the image is extended once, by the first pass that reads it; every later texture covers all that the passes after it
///         read, so it is larger than the image where those reach beyond it.
public struct ShaderProgram: Equatable, Sendable {
  /// What the text is to be like.
  public let options: ShaderOptions
  /// What passes read and write, by name.
  public let textures: [ShaderTexture]
  /// The passes in the order in which they run.
  public let passes: [ShaderPass]
  /// What the filter is, for comments; holds no character that could end a comment.
  public let title: String
  /// How near the filter comes to its kernel, as its fit measured it: sentences, as plain as ``title``.
  public let figures: [String]

  init(
    options: ShaderOptions, textures: [ShaderTexture], passes: [ShaderPass], title: String, figures: [String]
  ) {
    (self.options, self.textures, self.passes) = (options, textures, passes)
    self.title = Self.plain(title)
    self.figures = figures.map(Self.plain)
  }

  /// The texture of a name that a pass gives.
  public func texture(_ name: String) -> ShaderTexture? { textures.first { $0.name == name } }

  /// Text of a file as a comment may have it.
  static func plain(_ text: String) -> String {
    let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .:=,%-")
    return text.filter(allowed.contains).split(separator: " ").joined(separator: " ").prefix(120).description
  }
}

/// A texture of a program. Four channels each.
public struct ShaderTexture: Equatable, Sendable {
  /// What it is for.
  public enum Role: Equatable, Sendable {
    /// The image, from the host.
    case image
    /// Of a basis: the parameters of each pixel, one a channel in the order of the axes, from the host; of the image's size.
    case parameters
    /// Between two passes.
    case intermediate
    /// The result, of the image's size.
    case output
    /// Numbers that the program brings along, four a texel, row after row; floats of 32 bits whatever the options' format.
    case table([Float])
  }

  /// Its name, made of letters, digits and underscores; names in the text have prefix and pass before it.
  public let name: String
  /// What it is for.
  public let role: Role
  /// Columns.
  public let x: TexelGrid
  /// Rows.
  public let y: TexelGrid
  /// Layers; nil: no array. An array may have one layer.
  public let layers: Int?
  /// What a texel holds. The host's own textures may be any that can be fetched.
  public let format: TexelFormat

  /// Columns and rows for an image of given size.
  public func size(imageWidth: Int, imageHeight: Int) -> (width: Int, height: Int) {
    (x.count(for: imageWidth), y.count(for: imageHeight))
  }
}

/// The texels of a texture along one axis.
///
/// Texel i lies at pixel `factor * (origin + i)` of the image.
public struct TexelGrid: Equatable, Sendable {
  /// Pixels of the image from a texel to the next one; 0 for a table, whose size does not follow the image's.
  public let factor: Int
  /// What is added to the image's size before it is divided.
  public let added: Int
  /// What is added to the quotient.
  public let extra: Int
  /// Number of texel 0, counted from the one at the image's pixel 0; where negative, the texture begins before the image.
  public let origin: Int

  /// Texels for an image of so many pixels along this axis: `floor((size + added) / factor) + extra`; `extra` of a table.
  public func count(for size: Int) -> Int { factor == 0 ? extra : (size + added) / factor + extra }

  /// The image's own pixels.
  static let image = TexelGrid(factor: 1, added: 0, extra: 0, origin: 0)

  /// A size that follows nothing.
  static func fixed(_ count: Int) -> TexelGrid { TexelGrid(factor: 0, added: 0, extra: count, origin: 0) }
}

/// One draw or dispatch.
public struct ShaderPass: Equatable, Sendable {
  /// What a pass' result follows, so that a host can keep it as long as that stays.
  public enum Dependence: String, Comparable, Sendable {
    /// The image's size.
    case size
    /// The parameters of a basis.
    case parameters
    /// The image.
    case image

    /// What changes more often is larger.
    public static func < (a: Dependence, b: Dependence) -> Bool { a.order < b.order }

    private var order: Int {
      switch self {
      case .size: 0
      case .parameters: 1
      case .image: 2
      }
    }
  }

  /// A texture that it reads.
  public struct Input: Equatable, Sendable {
    /// What lies beyond its edge for the texture unit.
    public enum Addressing: String, Sendable {
      /// The nearest texel.
      case clamp
      /// Periodic.
      case wrap
    }

    /// Number of its binding, register or texture index, 1 for the first one.
    public let binding: Int
    /// Its name among the program's textures.
    public let texture: String
    /// How the pass' sampler reads between its texels; nil: texels are fetched.
    public let linear: Addressing?
  }

  /// Its name: letters, digits and underscores. Entry points have the prefix before it.
  public let name: String
  /// What it reads.
  public let inputs: [Input]
  /// The texture that it writes, all of it; a compute shader binds it at 0.
  public let output: String
  /// The array layer that it writes; nil where the output is no array. A compute shader binds the whole array and writes that layer; for a
  /// fragment shader the host makes it the render target.
  public let layer: Int?
  /// What its result follows.
  public let dependsOn: Dependence
  /// What it does.
  let operation: PassOperation
  /// What it makes of the image's texels, where it reads that.
  let reading: ImageReading?
  /// What makes the result of a sum; nil for passes before the last.
  let finish: Finish?

  /// Binding of the one sampler for the inputs that have one: after the last input; nil if none has.
  public var samplerBinding: Int? { inputs.contains { $0.linear != nil } ? inputs.count + 1 : nil }
  /// Threads of a compute shader's group along each axis.
  public var groupSide: Int { ShaderLimits.groupSide }
}
