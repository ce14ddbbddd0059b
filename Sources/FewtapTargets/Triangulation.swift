import FewtapCore

/// Triangles between scattered points such that no point lies in the circle around another's triangle: weights for linear
/// interpolation.
///
/// Source: A. Bowyer, Computing Dirichlet tessellations, The Computer Journal 24(2), 1981; D. F. Watson, the same issue. Points are
///         moved by 1e-9 of their range for this alone, so that points on one line or circle are no special case.
struct Triangulation: Sendable {
  private let points: [SIMD2<Double>]
  private let triangles: [[Int]]
  private let scale: SIMD2<Double>

  /// The triangles between `points`, three at least that are not on one line.
  ///
  /// Cost: O(points squared).
  init?(_ points: [SIMD2<Double>]) {
    guard points.count >= 3 else { return nil }
    let low = points.reduce(points[0]) { pointwiseMin($0, $1) }
    let high = points.reduce(points[0]) { pointwiseMax($0, $1) }
    guard high.x > low.x, high.y > low.y else { return nil }
    let scale = 1 / (high - low)
    var random = SeededGenerator(seed: 1)
    var moved = points.map { point in
      (point - low) * scale + SIMD2(random.uniform(-1e-9, 1e-9), random.uniform(-1e-9, 1e-9))
    }
    let count = points.count
    // A triangle around all, so large that it takes no part of the hull away that counts.
    moved += [SIMD2(-1e4, -1e4), SIMD2(3e4, -1e4), SIMD2(-1e4, 3e4)]
    var triangles = [Corners(count, count + 1, count + 2, moved)]
    for index in 0..<count {
      let (bad, kept) = triangles.partitioned { $0.circleHolds(moved[index]) }
      var edges: [Edge: Int] = [:]
      for triangle in bad { for edge in triangle.edges { edges[edge, default: 0] += 1 } }
      triangles = kept
      // Edges in the order of their points: the same triangles each time.
      for edge in edges.filter({ $0.value == 1 }).keys.sorted(by: { ($0.a, $0.b) < ($1.a, $1.b) }) {
        triangles.append(Corners(edge.a, edge.b, index, moved))
      }
    }
    let scaled = points.map { ($0 - low) * scale }
    let inner = triangles.map(\.indices).filter { corners in
      // What has no area has no weights.
      corners.allSatisfy { $0 < count } && abs(Self.area(corners.map { scaled[$0] })) > 1e-7
    }
    guard !inner.isEmpty else { return nil }
    (self.points, self.triangles, self.scale) = (points, inner, scale)
  }

  /// The points that a place lies between, and their weights, which sum to 1; outside of all triangles, those of the nearest place
  /// on one of their sides, distances being shares of the points' extent.
  func weights(at place: SIMD2<Double>) -> [(index: Int, weight: Double)] {
    var nearest: (distance: Double, weights: [(index: Int, weight: Double)]) = (.infinity, [])
    for corners in triangles {
      let vertices = corners.map { (points[$0] - place) * scale }
      let whole = Self.area(vertices)
      let shares = [
        Self.area([.zero, vertices[1], vertices[2]]) / whole, Self.area([vertices[0], .zero, vertices[2]]) / whole,
        Self.area([vertices[0], vertices[1], .zero]) / whole,
      ]
      if shares.allSatisfy({ $0 >= 0 }) { return zip(corners, shares).map { ($0, $1) } }
      for (i, j) in [(0, 1), (1, 2), (2, 0)] {
        let (start, side) = (vertices[i], vertices[j] - vertices[i])
        let share = min(max(-(start * side).sum() / (side * side).sum(), 0), 1)
        let foot = start + side * share
        let distance = (foot * foot).sum()
        if distance < nearest.distance { nearest = (distance, [(corners[i], 1 - share), (corners[j], share)]) }
      }
    }
    return nearest.weights
  }

  /// Twice the signed area of a triangle.
  private static func area(_ corners: [SIMD2<Double>]) -> Double {
    let (u, v) = (corners[1] - corners[0], corners[2] - corners[0])
    return u.x * v.y - u.y * v.x
  }
}

private struct Edge: Hashable {
  let a: Int
  let b: Int

  init(_ a: Int, _ b: Int) { (self.a, self.b) = (min(a, b), max(a, b)) }
}

/// A triangle and the circle around it.
private struct Corners {
  let indices: [Int]
  private let center: SIMD2<Double>
  private let squaredRadius: Double

  init(_ a: Int, _ b: Int, _ c: Int, _ points: [SIMD2<Double>]) {
    indices = [a, b, c]
    let (u, v) = (points[b] - points[a], points[c] - points[a])
    let (uu, vv) = ((u * u).sum(), (v * v).sum())
    let twice = 2 * (u.x * v.y - u.y * v.x)
    let offset = SIMD2(v.y * uu - u.y * vv, u.x * vv - v.x * uu) / twice
    center = points[a] + offset
    squaredRadius = (offset * offset).sum()
  }

  var edges: [Edge] { [Edge(indices[0], indices[1]), Edge(indices[1], indices[2]), Edge(indices[2], indices[0])] }

  func circleHolds(_ point: SIMD2<Double>) -> Bool {
    let offset = point - center
    return (offset * offset).sum() < squaredRadius
  }
}

extension Array {
  /// Those that `condition` holds for, and the others, in their order.
  fileprivate func partitioned(_ condition: (Element) -> Bool) -> (true: [Element], false: [Element]) {
    reduce(into: ([], [])) { condition($1) ? $0.0.append($1) : $0.1.append($1) }
  }
}
