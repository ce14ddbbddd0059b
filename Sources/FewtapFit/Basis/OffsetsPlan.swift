import FewtapCore

/// The grids that a fit goes through until it has the knots that it should have.
struct OffsetsPlan: Equatable, Sendable {
  /// The grids, one after the other; the last one has the knots of the basis.
  let stages: [OffsetsGrid]

  /// The grid of the basis.
  var last: OffsetsGrid { stages[stages.count - 1] }

  /// The grids from whose last one a series may start: all but the grid of angles that follows a turning frame, in which a series
  /// is.
  var stagesBeforeSeries: Int {
    let turns = stages.contains(where: \.isTurning)
    return turns ? stages.count - 1 : stages.count
  }

  /// Degrees between the knots of a turning axis, at most, where nobody says how many there should be.
  private static let widest = 22.5

  /// The grids from two knots an axis on.
  init(_ family: OffsetsFamily, _ options: BasisFitOptions) {
    let axes = family.family.axes
    self.init(
      family,
      options.knots
        ?? axes.indices.map { index in
          // A series starts from the straight ways between two.
          if options.tracks == .series, family.turns[index] == 0 { return 2 }
          guard family.turns[index] != 0 else { return axes.count == 1 ? 4 : 3 }
          let range = axes[index].range
          return max(3, Int(((range.upperBound - range.lowerBound) / Self.widest).rounded(.up)) + 1)
        })
  }

  private init(_ family: OffsetsFamily, _ counts: [Int]) {
    var halvings = [counts]
    while let last = halvings.last, family.shaping.contains(where: { last[$0] > 2 }) {
      halvings.append(last.indices.map { family.turns[$0] == 0 ? max(2, (last[$0] + 1) / 2) : last[$0] })
    }
    let isTurning = family.turns.contains { $0 != 0 }
    var stages = halvings.reversed().map { Self.grid(family, $0, isTurning: isTurning) }
    if isTurning {
      if family.shaping.isEmpty { stages = [] }
      stages.append(Self.grid(family, counts, isTurning: false))
    }
    self.stages = stages
  }

  private init(stages: [OffsetsGrid]) { self.stages = stages }

  /// A single grid, of knots in a row.
  init(row knots: [Double]) { self.init(stages: [OffsetsGrid(knots: [knots], isTurning: false)]) }

  /// The plan of a basis with the knots `knots`: a fit's first one, or one with knots added or moved later. Nil if they cannot be
  /// any plan's.
  init?(_ family: OffsetsFamily, knots: [[Double]], isFirst: Bool) {
    guard knots.count == family.family.axes.count, knots.allSatisfy({ $0.count >= 2 }) else { return nil }
    let plan = OffsetsPlan(family, knots.map(\.count))
    if !isFirst, plan.isRow {
      guard zip(knots[0], knots[0].dropFirst()).allSatisfy({ $0 < $1 }) else { return nil }
      self.init(row: knots[0])
    } else {
      guard plan.last.knots == knots else { return nil }
      self = isFirst ? plan : OffsetsPlan(stages: [plan.last])
    }
  }

  /// Whether the knots lie in a row: only there they are moved.
  var isRow: Bool { last.knots.count == 1 }

  /// More knots along one axis: a grid to go on with from this plan's last.
  func refined(along axis: Int, of family: OffsetsFamily) -> OffsetsPlan {
    var counts = last.shape
    counts[axis] = counts[axis] < 5 ? 2 * counts[axis] - 1 : (counts[axis] * 3 + 1) / 2
    if isRow {
      let knots = last.knots[0]
      return OffsetsPlan(row: KnotSpacing.resampled(knots, count: counts[0], onset: knots[0]))
    }
    return OffsetsPlan(stages: [Self.grid(family, counts, isTurning: false)])
  }

  private static func grid(_ family: OffsetsFamily, _ counts: [Int], isTurning: Bool) -> OffsetsGrid {
    OffsetsGrid(
      knots: family.family.axes.enumerated().map { index, axis in
        isTurning && family.turns[index] != 0
          ? [axis.range.lowerBound]
          : OffsetsGrid.knots(axis.range, count: counts[index], growing: family.turns[index] == 0)
      }, isTurning: isTurning)
  }
}
