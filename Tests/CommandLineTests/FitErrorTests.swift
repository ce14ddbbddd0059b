import Testing

/// Fits that cannot be done as asked.
@Suite struct FitErrorTests {
  @Test func optionsThatAreWrongInThemselves() throws {
    let place = try Workplace()
    let cases: [(words: [String], arguments: [String])] = [
      (["--taps", "'0'", "1 to 2048"], ["--taps", "0"]), (["--taps", "'-5'"], ["--taps", "-5"]),
      (["--taps", "'2049'"], ["--taps", "2049"]), (["--taps", "many"], ["--taps", "many"]),
      (["--taps"], ["--taps", "99999999999999999999"]), (["--taps", "--layout"], ["--taps", "9", "--layout", "3x3"]),
      (["--layout", "3xq", "24x4", "76,8,6,6"], ["--layout", "3xq"]), (["--layout"], ["--layout", ""]),
      (["--layout"], ["--layout", "5,0"]), (["--layout"], ["--layout", "1x17"]), (["--layout"], ["--layout", "0x4"]),
      (["--layout"], ["--layout", "2,,2"]), (["--layout"], ["--layout", "9999999999999999999x2"]),
      (["--layout"], ["--layout", "3x-1"]), (["--layout", "17r4,4r4"], ["--layout", "4r9"]),
      (["--layout", "4r4", "integer"], ["--layout", "4r4", "--tap-model", "bilinear"]),
      (["--layout", "4r4", "integer"], ["--layout", "4r4", "--recipe", "paper"]),
      (["--seed", "-1"], ["--seed", "-1"]),
      (["--seed"], ["--seed", "18446744073709551616"]), (["--threads", "'0'"], ["--threads", "0"]),
      (["--threads", "1 to 1024"], ["--threads", "999999"]), (["--seconds"], ["--seconds", "0"]),
      (["--seconds"], ["--seconds", "nan"]), (["--seconds"], ["--seconds", "inf"]),
      (["--effort", "--seconds"], ["--effort", "fast", "--seconds", "1"]),
      (["--effort", "hard"], ["--effort", "hard"]),
      (["--max-noise-gain", "1 or more"], ["--max-noise-gain", "0.5"]),
      (["--max-noise-gain"], ["--max-noise-gain", "nan"]),
      (["--objective", "photo"], ["--objective", "beauty"]), (["--tap-model", "bilinear"], ["--tap-model", "cubic"]),
      (["--recipe", "paper"], ["--recipe", "soup"]),
      (["--tap-model"], ["--recipe", "paper", "--tap-model", "integer"]),
      (["--nonnegative"], ["--recipe", "paper", "--nonnegative"]), (["--verbose", "--quiet"], ["-v", "-q"]),
      (["--bogus"], ["--bogus"]), (["--rate", "2 to 64"], ["--rate", "1"]), (["--rate"], ["--rate", "four"]),
      (["--dense", "--rate 4"], ["--dense"]), (["--taps", "--dense"], ["--rate", "4", "--dense", "--taps", "9"]),
      (["--effort", "--dense"], ["--rate", "4", "--dense", "--effort", "fast"]),
      (["--rate", "paper"], ["--recipe", "paper", "--rate", "4"]),
    ]
    for (words, arguments) in cases {
      try place.expectRefusal(
        64, naming: words + ["See 'fewtap fit --help'"], ["fit", "heart:size=9", "-o", "k.json"] + arguments)
    }
    try place.expectRefusal(64, naming: ["--output"], ["fit", "heart"])
    try place.expectRefusal(64, naming: ["-o -", "--json"], ["fit", "heart", "-o", "-", "--json"])
    try place.expectRefusal(64, naming: ["output"], ["fit", "heart", "-o", ""])
    try place.expectRefusal(64, naming: ["bogus"], ["bogus"])
  }

  @Test func optionsThatTheKernelDoesNotAllow() throws {
    let place = try Workplace()
    try place.expectRefusal(
      1, naming: ["disk:radius=9", "1,1,1,1", "radius of 9"],
      ["fit", "disk:radius=9", "-o", "k.json", "--layout", "1x4"])
    try place.expectRefusal(
      1, naming: ["layout 1 ", "two taps"], ["fit", "disk:radius=9", "-o", "k.json", "--taps", "1"])
    try place.expectRefusal(
      1, naming: ["1/7", "2, 3, 4, 5, 6, 8"], ["fit", "disk:radius=9", "-o", "k.json", "--rate", "7"])
    try place.expectRefusal(
      1, naming: ["charbonnier"], ["fit", "disk:radius=9", "-o", "k.json", "--rate", "2", "--objective", "charbonnier"])
    try place.expectRefusal(
      1, naming: ["negative", "--nonnegative"], ["fit", "log:sigma=1", "-o", "k.json", "--nonnegative"])
  }
}
