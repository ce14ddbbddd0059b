import Testing

/// A seed gives the same file, to the bit.
@Suite struct DeterminismTests {
  @Test(arguments: [["--taps", "20"], ["--layout", "6x2", "--tap-model", "bilinear"], ["--layout", "5r4,3"]])
  func theFileDependsOnTheSeedOnly(options: [String]) throws {
    let place = try Workplace()
    func file(_ name: String, threads: Int, seed: Int) throws -> [UInt8]? {
      let arguments = ["fit", "heart:size=11", "-o", name, "--threads", "\(threads)", "--seed", "\(seed)"] + options
      #expect(try place.run(arguments).code == 0)
      return place.bytes(name).map { Array($0) }
    }
    let first = try file("1.json", threads: 1, seed: 7)
    #expect(first != nil)
    #expect(try file("2.json", threads: 2, seed: 7) == first)
    #expect(try file("3.json", threads: 1, seed: 7) == first)
    #expect(try file("4.json", threads: 1, seed: 8) != first)
  }

  @Test func imagesDoNotDependOnThreads() throws {
    let place = try Workplace()
    try place.run(["fit", "heart:size=11", "-o", "k.json", "--taps", "20", "--effort", "fast"])
    try place.writeNoise("a.ppm", width: 61, height: 47)
    for threads in ["1", "2", "7"] {
      try place.run(["apply", "k.json", "a.ppm", "\(threads).npy", "--threads", threads])
    }
    #expect(place.bytes("1.npy") != nil)
    #expect(place.bytes("1.npy") == place.bytes("2.npy"))
    #expect(place.bytes("1.npy") == place.bytes("7.npy"))
  }
}
