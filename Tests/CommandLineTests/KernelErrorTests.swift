import Foundation
import Testing

/// Kernels that are none.
@Suite struct KernelErrorTests {
  @Test func words() throws {
    let place = try Workplace()
    let cases: [(code: Int32, words: [String], kernel: String)] = [
      (64, ["hart", "no file", "did you mean \"heart\"?"], "hart"),
      (64, ["KERNEL is empty"], ""),
      (64, ["sise", "it takes size"], "heart:sise=9"),
      (64, ["10", "odd number"], "heart:size=10"),
      (64, ["1027", "3...1025"], "heart:size=1027"),
      (64, ["99999999999999999999"], "heart:size=99999999999999999999"),
      (64, ["radius", "nan"], "disk:radius=nan"),
      (64, ["radius", "-3"], "disk:radius=-3"),
      (64, ["given twice"], "disk:radius=3,radius=4"),
      (64, ["not an assignment"], "disk:radius"),
      (64, ["does not fit into size 5"], "disk:radius=9,size=5"),
      (64, ["ring"], "ring:radius=5,inner=9"),
      (64, ["text is missing"], "glyph:size=9"),
      (64, ["8", "odd number"], "glyph:text=a,size=8"),
      (1, ["0 code points"], "glyph:text="),
      (1, ["no.npy", "no such file"], "no.npy"),
      (1, ["./heart", "no such file"], "./heart"),
    ]
    for (code, words, kernel) in cases {
      try place.expectRefusal(code, naming: words, ["kernel", kernel])
    }
    try place.expectRefusal(64, naming: ["hart", "fit --help"], ["fit", "hart", "-o", "k.json"])
  }

  @Test func files() throws {
    let place = try Workplace()
    try FileManager.default.createDirectory(atPath: place.path("folder"), withIntermediateDirectories: true)
    try place.write([], to: "empty.npy")
    try place.write(Array("hello, world".utf8), to: "text.png")
    try place.writeArray("whole.npy", [[1, 2, 3]])
    try place.write(#require(place.bytes("whole.npy")).dropLast(5), to: "cut.npy")
    try place.write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0], to: "cut.png")
    try place.writeArray("zero.npy", [[0, 0, 0]])
    try place.writeArray("nan.npy", [[1, 2, 3], [4, .nan, 5], [6, 7, 8]])
    try place.writeArray("even.npy", [[1, 2]])
    try place.writeArray("wide.npy", [[Double](repeating: 1, count: 1027)])
    try place.writeGray("wide.pgm", width: 1026, [UInt8](repeating: 1, count: 1026))
    try place.writeArray("signed.npy", [[-1, 5, -1]])
    let cases: [(words: [String], arguments: [String])] = [
      (["empty.npy", "none of the formats"], ["empty.npy"]), (["text.png", "none of the formats"], ["text.png"]),
      (["cut.npy", "19 bytes", "24"], ["cut.npy"]), (["cut.png", "damaged"], ["cut.png"]),
      (["zero.npy", "zero everywhere"], ["zero.npy"]), (["nan.npy", "column 1, row 1", "nan"], ["nan.npy"]),
      (["even.npy", "2x1", "--center"], ["even.npy"]), (["wide.npy", "1027x1", "1025"], ["wide.npy"]),
      (["wide.pgm", "1026x1", "1025"], ["wide.pgm"]), (["folder", "it is a folder"], ["folder"]),
      (["even.npy", "5,0", "columns are 0...1"], ["even.npy", "--center", "5,0"]),
      (["even.npy", "outside"], ["even.npy", "--center", "-9223372036854775808,9223372036854775807"]),
    ]
    for (words, arguments) in cases {
      try place.expectRefusal(1, naming: words, ["fit", "-o", "k.json"] + arguments)
    }
    try place.expectRefusal(
      1, naming: ["signed.npy", "-1", "--nonnegative"], ["fit", "signed.npy", "-o", "k.json", "--nonnegative"])
  }

  @Test func options() throws {
    let place = try Workplace()
    try place.writeArray("k.npy", [[1, 2, 3]])
    let cases: [(words: [String], arguments: [String])] = [
      (["--center", "1;2", "X,Y"], ["k.npy", "--center", "1;2"]), (["--size 4", "odd"], ["k.npy", "--size", "4"]),
      (["--size", "0"], ["k.npy", "--size", "0"]),
      (["--size", "1 to 1025"], ["k.npy", "--size", "9999999999999999999999"]),
      (["--size", "heart:size=N"], ["heart", "--size", "9"]), (["--keep-sum"], ["heart", "--keep-sum"]),
      (["--center 99,0", "outside"], ["heart", "--center", "99,0"]),
    ]
    for (words, arguments) in cases {
      try place.expectRefusal(64, naming: words, ["kernel"] + arguments)
    }
    try place.expectRefusal(64, naming: ["KERNEL is missing"], ["kernel"])
    try place.expectRefusal(64, naming: ["--list"], ["kernel", "heart", "--list"])
    try place.expectRefusal(64, naming: ["o.jpg", ".npy"], ["kernel", "heart", "-o", "o.jpg"])
    try place.expectRefusal(64, naming: ["noname"], ["kernel", "heart", "-o", "noname"])
  }
}
