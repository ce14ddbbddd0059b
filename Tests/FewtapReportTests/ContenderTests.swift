import FewtapBaselines
import FewtapFit
import FewtapReport
import Testing

/// The names by which contenders are asked for.
@Suite struct ContenderTests {
  @Test func namesAndValues() throws {
    #expect(try Contender("fewtap") == .planned(decibels: 60))
    #expect(try Contender("fewtap:66.5dB") == .planned(decibels: 66.5))
    #expect(try Contender("fewtap:48") == .fitted(taps: 48))
    #expect(try Contender("fewtap:76,8,6") == .fittedLayout(Layout([76, 8, 6])))
    #expect(try Contender("paper:12x4") == .rival(.paper(layout: Layout(parsing: "12x4"))))
    #expect(try Contender("low-rank") == .rival(.lowRank(4)))
    #expect(try Contender("complex-disk:6") == .rival(.complexDisk(components: 6)))
    #expect(try Contender("box:5") == .rival(.iteratedBox(passes: 5)))
    #expect(try Contender("fft") == .rival(.fourier))
    #expect(try Contender("paper:12x4").description == "DISK recipe 12x4")
    #expect(try Contender("fewtap:66.5dB").description == "fewtap 66.5 dB")
    #expect(try Contender("dense").side == .exact && Contender("kawase").side == .rival)
  }

  /// Every name stands for somebody without a value, and nobody stands twice in what is compared if nothing is asked for.
  @Test func everyNameIsCompared() throws {
    let all = try ContenderName.allCases.map { try Contender($0.rawValue) }
    #expect(Set(all.map(\.description)).count == all.count)
    let standard = Contender.standard
    #expect(standard.count == 21 && Set(standard.map(\.description)).count == 21)
    for contender in all { #expect(standard.contains(contender), "\(contender)") }
  }

  /// Those that are left out for large kernels unless they are asked for.
  @Test func longSearchesAreKnown() throws {
    let long = Contender.standard.filter(\.isLongSearch).map(\.description)
    #expect(long == ["fewtap 96 integer", "fewtap 24x4 bilinear", "DISK recipe 24x4", "parallel tempering 24x4"])
  }

  @Test(arguments: [
    ("gauss", "\"gauss\" is no contender"), ("", "\"\" is no contender"), ("fewtap:0", "fewtap:0: expected"),
    ("fewtap:", "fewtap"), ("fewtap:-3dB", "fewtap:-3dB"), ("fewtap:nandB", "fewtap:nandB"),
    ("fewtap:17r4,2r4", "fewtap:17r4"),
    ("paper:", "paper"), ("paper:24x99", "24x99"), ("low-rank:7", "1 to 6"), ("low-rank:x", "low-rank:x"),
    ("kawase:3", "takes no value"), ("box:0", "1 to 16"), ("complex-disk:-1", "1 to 6"),
  ])
  func whatIsWrongIsSaid(text: String, words: String) throws {
    var said = ""
    do { _ = try Contender(text) } catch { said = "\(error)" }
    #expect(said.contains(words), "\(said)")
  }
}
