import FewtapCore

/// Where a knot's taps may be: positions at its rate, in rows.
struct KnotSupport: Equatable, Sendable {
  /// Neighboring positions of one row.
  struct Row: Equatable, Sendable {
    let x: Int
    let y: Int
    /// Index of the first one, and how many there are.
    let start: Int
    var count: Int
  }

  /// Index of its rate.
  let rate: Int
  /// From the top down, from the left to the right.
  let positions: [PixelOffset]
  let rows: [Row]
  /// Whether it is a single pixel whose weight is known: the identity.
  let isFixed: Bool

  init(rate: Int, _ positions: [PixelOffset], isFixed: Bool = false) {
    let sorted = positions.sorted { ($0.y, $0.x) < ($1.y, $1.x) }
    var rows: [Row] = []
    for (index, position) in sorted.enumerated() {
      if let last = rows.last, last.y == position.y, last.x + last.count == position.x {
        rows[rows.count - 1].count += 1
      } else {
        rows.append(Row(x: position.x, y: position.y, start: index, count: 1))
      }
    }
    (self.rate, self.positions, self.rows, self.isFixed) = (rate, sorted, rows, isFixed)
  }

  /// The pixel itself.
  static let identity = KnotSupport(rate: 0, [PixelOffset(x: 0, y: 0)], isFixed: true)

  /// Largest offset along either axis.
  var reach: Int { positions.reduce(0) { max($0, abs($1.x), abs($1.y)) } }

  /// The positions at the ends of unbroken columns.
  var columnEnds: [Int] {
    let all = Set(positions)
    return positions.indices.filter { index in
      let (x, y) = (positions[index].x, positions[index].y)
      return !all.contains(PixelOffset(x: x, y: y - 1)) || !all.contains(PixelOffset(x: x, y: y + 1))
    }
  }

  /// The positions within `-reach...reach` at which a plane (`side x side`, offset 0 first, wrapped around) is above `threshold`
  /// times its largest magnitude, and their neighbors.
  init(rate: Int, of plane: [Double], side: Int, reach: Int, threshold: Double) {
    let floor = threshold * plane.reduce(0) { max($0, abs($1)) }
    func isLarge(_ x: Int, _ y: Int) -> Bool {
      abs(plane[((y + side) % side) * side + (x + side) % side]) > floor
    }
    var positions: [PixelOffset] = []
    for y in -reach...reach {
      for x in -reach...reach {
        let near = isLarge(x, y) || isLarge(x - 1, y) || isLarge(x + 1, y) || isLarge(x, y - 1) || isLarge(x, y + 1)
        if near { positions.append(PixelOffset(x: x, y: y)) }
      }
    }
    self.init(rate: rate, positions)
  }
}
