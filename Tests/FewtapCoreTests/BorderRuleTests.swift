import FewtapCore
import Testing

@Suite("Border rules")
struct BorderRuleTests {
  /// The pixel that stands for `index`, found by walking there one step at a time.
  static func bySteps(_ border: BorderRule, _ index: Int, _ count: Int) -> Int? {
    var (position, direction) = (0, 1)
    for _ in 0..<abs(index) {
      switch border {
      case .clamp: position = index < 0 ? 0 : min(position + 1, count - 1)
      case .wrap:
        position = index < 0 ? (position == 0 ? count - 1 : position - 1) : (position == count - 1 ? 0 : position + 1)
      case .mirror:
        // A mirror about the first pixel looks the same to both sides.
        if count == 1 { break }
        if position + direction < 0 || position + direction >= count { direction = -direction }
        position += direction
      case .constant, .normalized: return (0..<count).contains(index) ? index : nil
      }
    }
    return position
  }

  @Test(
    "source against walking",
    arguments: [BorderRule.clamp, .mirror, .wrap, .constant(3), .normalized], [1, 2, 3, 7])
  func source(border: BorderRule, count: Int) {
    for index in -40...40 {
      #expect(border.source(of: index, count: count) == Self.bySteps(border, index, count), "index \(index)")
    }
  }

  @Test("far outside takes no time and no overflow", arguments: [1, 2, 5, 1000])
  func farOutside(count: Int) throws {
    for border in [BorderRule.clamp, .mirror, .wrap] {
      for index in [Int.min, Int.min + 1, -1 << 40, 1 << 40, Int.max] {
        let source = try #require(border.source(of: index, count: count))
        #expect((0..<count).contains(source))
      }
    }
    #expect(BorderRule.wrap.source(of: -1 - 1000 * count, count: count) == count - 1)
    #expect(BorderRule.constant(1).source(of: Int.min, count: count) == nil)
  }

  @Test("only a constant has a value outside other than 0")
  func outside() {
    #expect(BorderRule.constant(2.5).outside == 2.5)
    for border in [BorderRule.clamp, .mirror, .wrap, .normalized] { #expect(border.outside == 0) }
  }
}
