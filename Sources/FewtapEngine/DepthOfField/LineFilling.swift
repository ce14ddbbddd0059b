#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif
import FewtapCore

/// Lines and edges of a sharp layer carried on behind what hides it: across a hole from where it begins to where it goes on.
///
/// Equation: a hidden pixel is `sum_d s_d^4 v_d / sum_d s_d^4` over directions d; v_d interpolates the layer between the first pixels
///           known on both sides along d; `s_d = (C_d + e) / (M_d + e) / length^1.5`, M_d how far the layer's colors differ between both
///           ends, across d too, and C_d how much they change across d there: what looks alike on both sides and is not uniform goes on.
///           C and M are means over the hidden pixels of 9 x 9, so that neighbors agree.
/// Source:   edge-directed interpolation, as in J. Salonen, V. Lappalainen (EEDI), and T. Chen et al., Efficient deinterlacing
///           algorithm using edge-based line average interpolation, Optical Engineering 39(8), 2000, doi:10.1117/1.1305262.
///           Departures: any hole and direction, contrast across as evidence.
struct LineFilling {
  private let picture: DepthPicture
  private let blocks: LayerBlocks
  private let place: Float
  private let planes: Int
  /// Groups of four planes.
  private let groups: Int
  /// The window and all that lines may come from.
  private let around: Region
  /// The layer's light and share, as square roots, pixel by pixel in groups of four; 0 where it is not known.
  private var looks: [SIMD4<Float>]
  private var isKnown: [Bool]

  /// Layers that are blurred by more have no lines left, px.
  static let largestRadius = 0.75
  /// As far as lines are carried on to one side, px.
  private static let length = 48
  /// Directions in half a turn: neighbors are 1 px apart within 5 px, and blend beyond.
  private static let directions = 16
  /// Pixels across a direction that are compared, to each side, and those whose evidence is shared.
  private static let (across, shared) = (2, 4)
  /// Differences of square roots of light squared that count as noise.
  private static let noise: Float = 0x1p-8

  init(_ picture: DepthPicture, layer: Int, _ blocks: LayerBlocks, window: Region) {
    (self.picture, self.blocks, place, planes) = (picture, blocks, Float(layer), picture.planes + 1)
    groups = (planes + 3) / 4
    let reach = Self.length + Self.across + Self.shared + 2
    around = Region(
      x: window.x.lowerBound - reach..<window.x.upperBound + reach,
      y: window.y.lowerBound - reach..<window.y.upperBound + reach)
    looks = [SIMD4<Float>](repeating: .zero, count: groups * around.x.count * around.y.count)
    isKnown = [Bool](repeating: false, count: around.x.count * around.y.count)
    let (full, planes, groups, left, place) = (
      picture.width * picture.height, planes, groups, around.x.lowerBound, place
    )
    let (columns, rows) = (around.x.clamped(to: 0..<picture.width), around.y.clamped(to: 0..<picture.height))
    looks.withUnsafeMutableBufferPointer { looks in
      isKnown.withUnsafeMutableBufferPointer { isKnown in
        picture.light.withUnsafeBufferPointer { light in
          picture.cover.withUnsafeBufferPointer { cover in
            picture.depth.withUnsafeBufferPointer { depth in
              for y in rows {
                let to = (y - around.y.lowerBound) * around.x.count
                for x in columns {
                  let from = y &* picture.width &+ x
                  let away = depth[from] - place
                  guard away < 1 else { continue }
                  let index = to &+ x &- left
                  isKnown[index] = true
                  let weight = 1 - abs(away)
                  guard weight > 0 else { continue }
                  for plane in 0..<planes - 1 {
                    looks[index &* groups &+ plane / 4][plane % 4] = max(weight * light[plane &* full &+ from], 0)
                  }
                  looks[index &* groups &+ (planes &- 1) / 4][(planes &- 1) % 4] = weight * cover[from]
                  for group in 0..<groups { looks[index &* groups &+ group].formSquareRoot() }
                }
              }
            }
          }
        }
      }
    }
  }

  /// Carries lines on through what is hidden in `part` of the picture, filled so far in `target`, planes of which the picture's first
  /// pixel would be `origin` before their own, `stride` floats from one row to the next.
  func fill(_ part: Region, _ target: [UnsafeMutablePointer<Float>], origin: Int, stride: Int) {
    let shared = Self.shared
    let grown = Region(
      x: part.x.lowerBound - shared..<part.x.upperBound + shared,
      y: part.y.lowerBound - shared..<part.y.upperBound + shared)
    let (width, height) = (grown.x.count, grown.y.count)
    let side = LayerBlocks.side
    var holes: [(index: Int, place: Int)] = []
    var isHole = [Float](repeating: 0, count: width * height)
    for y in grown.y.clamped(to: 0..<picture.height) {
      for x in grown.x.clamped(to: 0..<picture.width) where picture.depth[y * picture.width + x] - place >= 1 {
        guard blocks.hidesMuch(column: x / side, row: y / side) else { continue }
        let index = (y - grown.y.lowerBound) * width + x - grown.x.lowerBound
        holes.append((index, (y - around.y.lowerBound) * around.x.count + x - around.x.lowerBound))
        isHole[index] = 1
      }
    }
    var sums = [SIMD4<Float>](repeating: .zero, count: groups * holes.count)
    var lines = sums
    var (lengths, totals) = ([Float](repeating: 0, count: holes.count), [Float](repeating: 0, count: holes.count))
    var (differences, contrasts) = (isHole, isHole)
    let counts = summed(isHole, width, height)
    for direction in 0..<Self.directions {
      let steps = Steps(direction, stride: around.x.count)
      trace(steps, holes, &differences, &contrasts, &lines, &lengths)
      let (difference, contrast) = (summed(differences, width, height), summed(contrasts, width, height))
      for (hole, length) in lengths.enumerated() where length > 0 {
        let index = holes[hole].index
        let (m, c) = (difference[index] / counts[index], contrast[index] / counts[index])
        let score = (c + Self.noise) / (m + Self.noise) / (length * length.squareRoot())
        let weight = score * score * (score * score)
        for group in hole * groups..<(hole + 1) * groups { sums[group] += weight * lines[group] }
        totals[hole] += weight
      }
    }
    for (hole, total) in totals.enumerated() where total > 0 {
      let index = holes[hole].index
      let (x, y) = (index % width + grown.x.lowerBound, index / width + grown.y.lowerBound)
      guard part.x.contains(x), part.y.contains(y) else { continue }
      for plane in 0..<planes {
        target[plane][y * stride + x - origin] = sums[hole * groups + plane / 4][plane % 4] / total
      }
    }
  }

  /// Places along a direction and across it, from a pixel's own.
  private struct Steps {
    /// Along it.
    let ahead: [Int]
    /// At each step along it those across, from one side to the other.
    let across: [[Int]]

    init(_ direction: Int, stride: Int) {
      let angle = Double.pi * Double(direction) / Double(LineFilling.directions)
      let (dx, dy) = (cos(angle), sin(angle))
      across = (0...LineFilling.length + 1).map { along in
        (-LineFilling.across...LineFilling.across).map { side in
          let (x, y) = (Double(along) * dx - Double(side) * dy, Double(along) * dy + Double(side) * dx)
          return Int(y.rounded()) * stride + Int(x.rounded())
        }
      }
      ahead = across.map { $0[LineFilling.across] }
    }
  }

  /// What lies between both ends of lines through holes, how they differ, what they show across; how far they are apart, 0 if one
  /// is missing.
  private func trace(
    _ steps: Steps, _ holes: [(index: Int, place: Int)], _ differences: inout [Float], _ contrasts: inout [Float],
    _ lines: inout [SIMD4<Float>], _ lengths: inout [Float]
  ) {
    let (groups, width) = (groups, 2 * Self.across + 1)
    looks.withUnsafeBufferPointer { looks in
      isKnown.withUnsafeBufferPointer { isKnown in
        steps.ahead.withUnsafeBufferPointer { ahead in
          for (hole, (index, place)) in holes.enumerated() {
            (differences[index], contrasts[index], lengths[hole]) = (1, 0, 0)
            var (first, last) = (1, 1)
            while first <= Self.length, !isKnown[place &+ ahead[first]] { first &+= 1 }
            guard first <= Self.length else { continue }
            while last <= Self.length, !isKnown[place &- ahead[last]] { last &+= 1 }
            guard last <= Self.length else { continue }
            var (difference, square, count): (Float, Float, Float) = (0, 0, 0)
            // The first pixel may still show something of what hides the next one.
            for group in 0..<groups {
              var (sum, squares, differing) = (SIMD4<Float>.zero, SIMD4<Float>.zero, SIMD4<Float>.zero)
              count = 0
              steps.across[first &+ 1].withUnsafeBufferPointer { front in
                steps.across[last &+ 1].withUnsafeBufferPointer { back in
                  for side in 0..<width {
                    // The other way is the same turned round.
                    let (a, b) = (place &+ front[side], place &- back[width &- 1 &- side])
                    guard isKnown[a], isKnown[b] else { continue }
                    count += 1
                    let (p, q) = (looks[a &* groups &+ group], looks[b &* groups &+ group])
                    let middle = 0.5 * (p + q)
                    differing += (p - q) * (p - q)
                    squares += middle * middle
                    sum += middle
                  }
                }
              }
              guard count > 0 else { break }
              difference += differing.sum()
              square += (squares - sum * sum / count).sum()
            }
            guard count > 0 else { continue }
            (differences[index], contrasts[index]) = (difference / count, max(square, 0) / count)
            lengths[hole] = Float(first &+ last)
            var (a, b) = (place &+ ahead[first &+ 1], place &- ahead[last &+ 1])
            if !isKnown[a] { a = place &+ ahead[first] }
            if !isKnown[b] { b = place &- ahead[last] }
            let share = Float(last) / Float(first &+ last)
            for group in 0..<groups {
              let (p, q) = (looks[a &* groups &+ group], looks[b &* groups &+ group])
              lines[hole &* groups &+ group] = share * p * p + (1 - share) * q * q
            }
          }
        }
      }
    }
  }

  /// Sums over the pixels around each, in an order that does not depend on where the part ends.
  private func summed(_ values: [Float], _ width: Int, _ height: Int) -> [Float] {
    let reach = Self.shared
    var (along, result) = (values, values)
    values.withUnsafeBufferPointer { values in
      along.withUnsafeMutableBufferPointer { along in
        result.withUnsafeMutableBufferPointer { result in
          guard let values = values.baseAddress, let along = along.baseAddress, let result = result.baseAddress else {
            return
          }
          for y in 0..<height {
            let (from, to) = (values + y * width, along + y * width)
            for x in 0..<width { to[x] = 0 }
            for step in 0...2 * reach {
              let shifted = from + step
              let middle = to + reach
              for x in 0..<width - 2 * reach { middle[x] += shifted[x] }
            }
          }
          for y in 0..<height {
            let to = result + y * width
            for x in 0..<width { to[x] = 0 }
            for row in max(y - reach, 0)...min(y + reach, height - 1) {
              let from = along + row * width
              for x in 0..<width { to[x] += from[x] }
            }
          }
        }
      }
    }
    return result
  }
}
