import FewtapCore

/// A test picture in which a filter's kernel can be seen: point lights, a thin line and a word, so bright that their blur stands
/// out, on dim texture.
///
/// Units:  linear light, high dynamic range: lights are as bright as the kernel is large.
/// Layout: a grid of cells, each as large as a blurred light and 16 pixels more, so that blurs do not touch, if the picture has
///         room; one light a cell, and the line and the word in the last two of four or more.
/// Phases: where a light stands modulo 16 goes through all that there is: the first 4 lights show every phase of a filter that
///         runs at half the rate, the first 16 of a quarter, the first 64 of an eighth.
/// A seed gives the same bits everywhere: whole numbers and single operations of IEEE 754 only.
public struct HighlightScene: Equatable, Sendable {
  /// The picture.
  public let image: Image
  /// The point lights, from the top left on.
  public let lights: [Light]

  /// A light of one pixel.
  public struct Light: Equatable, Sendable {
    /// Where it is.
    public let position: PixelOffset
    /// How bright it is over the background, in its brightest channel, once blurred by a flat kernel of the given area.
    public let blurred: Double
  }

  /// Longest side, in pixels.
  public static let maximumSide = 1 << 14

  /// The background is between these.
  package static let (dimmest, brightest) = (0.02, 0.1)
  /// How bright lights are once blurred: those below a display's white show the kernel's ripples, those above its rim and what
  /// spills past it.
  package static let levels = [0.35, 0.5, 0.7, 1, 2, 4]
  /// Of the line and the word.
  private static let shapeLevel = 1.0
  private static let tints: [SIMD3<Double>] = [SIMD3(1, 1, 1), SIMD3(1, 0.75, 0.5), SIMD3(0.5, 0.75, 1)]
  private static let word = ["###.###.#.#", "#...#...#.#", "##..##..#.#", "#...#...###", "#...###.#.#"]

  /// A scene for kernels that reach `radius` pixels and whose weights, of sum 1, are those of a flat kernel of `area` pixels.
  ///
  /// Shapes: `channels` 1 or 3; a picture too small for the kernel holds one light, in its middle.
  /// Throws: ``HighlightSceneError``.
  public init(
    width: Int = 512, height: Int = 384, channels: Int = 3, radius: Int, area: Double, seed: UInt64 = 1
  ) throws(HighlightSceneError) {
    let sides = 1...Self.maximumSide
    guard sides.contains(width), sides.contains(height) else { throw .size(width: width, height: height) }
    guard channels == 1 || channels == 3 else { throw .channelCount(channels) }
    guard (0...Kernel.maximumSide).contains(radius) else { throw .radius(radius) }
    // Beyond this a light would not be a Float.
    guard area > 0, area <= 1e30 else { throw .area(area) }

    var generator = SeededGenerator(seed: seed)
    var planes = Self.background(width: width, height: height, channels: channels, &generator)
    func add(_ amount: Double, tint: SIMD3<Double>, x: Int, y: Int) {
      guard (0..<width).contains(x), (0..<height).contains(y) else { return }
      for channel in planes.indices {
        planes[channel][x, y] += Float(amount * (channels == 1 ? 1 : tint[channel]))
      }
    }

    let grid = LightGrid(width: width, height: height, radius: radius)
    let hasShapes = grid.count >= 4
    var lights: [Light] = []
    for index in 0..<grid.count - (hasShapes ? 2 : 0) {
      let position = grid.position(index, &generator)
      let level = Self.levels[index % Self.levels.count]
      // Every level meets every tint.
      let tint = Self.tints[(index + index / Self.levels.count) % Self.tints.count]
      add(level * area, tint: tint, x: position.x, y: position.y)
      lights.append(Light(position: position, blurred: level))
    }
    if hasShapes {
      let (line, word) = (grid.middle(grid.count - 2), grid.middle(grid.count - 1))
      let length = grid.clearance
      let lit = min(length, 2 * radius + 1)
      for step in 0..<length {
        add(
          Self.shapeLevel * max(area / Double(lit), 1), tint: Self.tints[0], x: line.x + step - length / 2,
          y: line.y + step / 3 - length / 6)
      }
      let pixels = Self.word.reduce(0) { $0 + $1.utf8.count { $0 == UInt8(ascii: "#") } }
      for (y, row) in Self.word.enumerated() {
        for (x, mark) in row.utf8.enumerated() where mark == UInt8(ascii: "#") {
          add(
            Self.shapeLevel * max(area / Double(pixels), 1), tint: Self.tints[1], x: word.x + x - row.utf8.count / 2,
            y: word.y + y - Self.word.count / 2)
        }
      }
    }
    image = Image(sameSizePlanes: planes)
    self.lights = lights
  }

  /// A scene for a kernel: its radius, and the area of a flat kernel with its sum and its sum of squares.
  ///
  /// Shapes: 512 x 384 pixels unless told otherwise, or as large as 3 x 2 cells, which hold four lights and both shapes.
  /// Throws: ``HighlightSceneError``.
  public init(
    width: Int? = nil, height: Int? = nil, channels: Int = 3, for kernel: Kernel, seed: UInt64 = 1
  ) throws(HighlightSceneError) {
    let pitch = LightGrid.pitch(radius: kernel.radius)
    let largest = kernel.values.values.reduce(0) { max($0, abs($1)) }
    // Weights are taken relative to the largest, for squares of tiny ones vanish.
    let (sum, squares) = kernel.values.values.reduce((0.0, 0.0)) { sums, weight in
      let relative = abs(weight) / largest
      return (sums.0 + relative, sums.1 + relative * relative)
    }
    // A kernel whose weights do not sum to 1 dims or brightens; lights make up for it.
    try self.init(
      width: width ?? max(512, 3 * pitch), height: height ?? max(384, 2 * pitch), channels: channels,
      radius: kernel.radius, area: sum * sum / squares / (sum * largest), seed: seed)
  }

  /// Texture of three sizes, in colors that differ a little.
  private static func background(
    width: Int, height: Int, channels: Int, _ generator: inout SeededGenerator
  ) -> [Plane<Float>] {
    let shared = [48, 12, 1].map { ValueNoise(width: width, height: height, spacing: $0, &generator) }
    let own = (0..<channels).map { _ in ValueNoise(width: width, height: height, spacing: 64, &generator) }
    return own.map { color in
      var plane = Plane<Float>(width: width, height: height)
      for y in 0..<height {
        for x in 0..<width {
          let texture = 0.4 * shared[0][x, y] + 0.25 * shared[1][x, y] + 0.15 * shared[2][x, y] + 0.2 * color[x, y]
          plane[x, y] = Float(dimmest + (brightest - dimmest) * texture)
        }
      }
      return plane
    }
  }
}

/// Where lights stand.
private struct LightGrid {
  /// Positions repeat their phases at the latest after so many pixels.
  private static let period = 16
  private let width: Int
  private let height: Int
  /// Side of a cell: a multiple of the period.
  private let pitch: Int
  private let columns: Int
  private let rows: Int
  /// How long a shape in a cell may be for its blur to stay inside.
  let clearance: Int

  /// The kernel's diameter and room for every phase, rounded up to whole periods.
  static func pitch(radius: Int) -> Int { (2 * radius + 2 * period) / period * period }

  init(width: Int, height: Int, radius: Int) {
    (self.width, self.height) = (width, height)
    pitch = Self.pitch(radius: radius)
    clearance = pitch - (2 * radius + 1)
    (columns, rows) = (max(1, width / pitch), max(1, height / pitch))
  }

  var count: Int { columns * rows }

  /// The top left of a cell's inner square of 16 x 16 pixels, each of which is a phase.
  private func innerCorner(_ index: Int) -> PixelOffset {
    PixelOffset(
      x: (width - columns * pitch) / 2 + index % columns * pitch + (pitch - Self.period) / 2,
      y: (height - rows * pitch) / 2 + index / columns * pitch + (pitch - Self.period) / 2)
  }

  /// The middle of a cell.
  func middle(_ index: Int) -> PixelOffset {
    let corner = innerCorner(index)
    return PixelOffset(x: corner.x + Self.period / 2, y: corner.y + Self.period / 2)
  }

  /// Where the light of a cell stands, inside the picture.
  func position(_ index: Int, _ generator: inout SeededGenerator) -> PixelOffset {
    // Bits of the index go to x and y in turn, the lowest first; the highest are drawn, for few scenes have 256 lights.
    var phase = PixelOffset(x: generator.index(2) * 8, y: generator.index(2) * 8)
    for bit in 0..<3 {
      phase.x |= (index >> (2 * bit) & 1) << bit
      phase.y |= (index >> (2 * bit + 1) & 1) << bit
    }
    let corner = innerCorner(index)
    return PixelOffset(
      x: min(max(corner.x + phase.x, 0), width - 1), y: min(max(corner.y + phase.y, 0), height - 1))
  }
}

/// Random numbers, 0...1, on a grid, and straight lines between.
private struct ValueNoise {
  private let spacing: Int
  private let lattice: Plane<Double>

  init(width: Int, height: Int, spacing: Int, _ generator: inout SeededGenerator) {
    self.spacing = spacing
    var lattice = Plane<Double>(width: width / spacing + 2, height: height / spacing + 2)
    for index in lattice.values.indices { lattice.values[index] = generator.unit() }
    self.lattice = lattice
  }

  subscript(x: Int, y: Int) -> Double {
    let (column, row) = (x / spacing, y / spacing)
    let (u, v) = (Double(x % spacing) / Double(spacing), Double(y % spacing) / Double(spacing))
    let above = (1 - u) * lattice[column, row] + u * lattice[column + 1, row]
    let below = (1 - u) * lattice[column, row + 1] + u * lattice[column + 1, row + 1]
    return (1 - v) * above + v * below
  }
}

/// Why a scene cannot be made.
public enum HighlightSceneError: Error, Equatable, CustomStringConvertible {
  /// A side is not positive, or beyond ``HighlightScene/maximumSide``.
  case size(width: Int, height: Int)
  /// Neither 1 nor 3.
  case channelCount(Int)
  /// Negative, or beyond what kernels reach.
  case radius(Int)
  /// Not positive, or so large that lights would not be numbers.
  case area(Double)

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .size(let width, let height):
      "a scene of \(width)x\(height) cannot be made: sides are 1 to \(HighlightScene.maximumSide)"
    case .channelCount(let count): "a scene has 1 channel or 3, not \(count)"
    case .radius(let radius): "radius \(radius) is no kernel's: it must be 0 to \(Kernel.maximumSide)"
    case .area(let area): "area \(area) is no kernel's: it must be above 0 and at most 1e30"
    }
  }
}
