import FewtapReport
import Testing

/// The finding tells a loss like a win, and says nothing that the figures do not hold.
@Suite struct ComparisonFindingTests {
  private func text(_ entries: [ComparisonFinding.Entry], isMeasured: Bool = true) -> String {
    ComparisonFinding(entries, size: (640, 480), isMeasured: isMeasured).text
  }

  private let ours = ComparisonFinding.Entry(
    name: "fewtap 60 dB", side: .ours, decibels: 63, points: 30, milliseconds: 2)

  private func rival(
    _ decibels: Double, _ milliseconds: Double, side: Contender.Side = .rival, points: Double = 35
  ) -> ComparisonFinding.Entry {
    .init(name: "low rank 4", side: side, decibels: decibels, points: points, milliseconds: milliseconds)
  }

  @Test func aWin() {
    let text = text([ours, rival(61, 9)])
    #expect(
      text.contains(
        "For 60 dB or better on photographs, the fastest filter of fewtap, fewtap 60 dB, takes 2.00 ms a plane of 640 × 480"
      ))
    #expect(text.contains("the fastest rival that is as good, low rank 4, takes 9.00 ms, 4.5 times as long."))
    #expect(text.contains("No rival here is as fast."))
  }

  @Test func aDraw() {
    #expect(text([ours, rival(61, 2.02)]).contains("low rank 4, takes 2.02 ms, about as long."))
  }

  @Test func aLoss() {
    let text = text([ours, rival(70, 0.5)])
    #expect(text.contains("low rank 4, takes 0.50 ms, and is 4.0 times as fast as fewtap."))
    #expect(
      text.contains("Of the rivals that are no slower than that, the best is low rank 4: 70.0 dB against 63.0 dB."))
    #expect(
      text.contains("fewtap 60 dB reaches 30.0 dB; the best approximation of a rival, low rank 4, reaches 35.0 dB and"))
  }

  @Test func exactOnPointsOfLight() {
    #expect(text([ours, rival(70, 9, points: .infinity)]).contains("low rank 4, is exact and takes 9.00 ms."))
  }

  @Test func nobodyIsAsGood() {
    #expect(text([ours, rival(40, 1)]).contains("; no rival here is as good."))
    #expect(text([ours], isMeasured: false).contains("(predicted)"))
  }

  @Test func exactOnesAreNamedSo() {
    #expect(text([ours, rival(.infinity, 20, side: .exact)]).contains("low rank 4 (which is exact), takes 20.0 ms"))
  }

  @Test func ofOursBelowSixtyTheirOwnLevelCounts() {
    var weak = ours
    weak = .init(name: "fewtap 8", side: .ours, decibels: 47, points: 20, milliseconds: 1)
    #expect(text([weak, rival(46, 3)]).contains("For 45 dB or better"))
  }

  @Test func withoutOurs() {
    #expect(text([rival(61, 9)]).contains("low rank 4 comes nearest: 61.0 dB"))
    #expect(text([]) == "Nobody here approximates this kernel.")
  }
}
