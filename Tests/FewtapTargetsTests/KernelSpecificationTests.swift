import FewtapCore
import FewtapTargets
import Testing

/// Specifications that make kernels.
@Suite struct KernelSpecificationTests {
  @Test(arguments: KernelCatalog.entries.flatMap { [$0.name, $0.example] })
  func `a kernel's name makes the kernel again`(text: String) throws {
    let kernel = try KernelSpecification(text).makeKernel()
    let again = try KernelSpecification(kernel.name)
    #expect(again.description == kernel.name)
    #expect(try again.makeKernel() == kernel)
  }

  @Test func `factories name what they make`() throws {
    #expect(try Kernel.disk(radius: 20).name == "disk:radius=20")
    #expect(try Kernel.heart(size: 49).name == "heart:size=49")
    #expect(try Kernel.gaussian(sigma: 2.5, size: 21).name == "gaussian:sigma=2.5,size=21")
    #expect(
      try Kernel.polygon(blades: 6, radius: 22, rotation: 15).name == "polygon:blades=6,radius=22,rotation=15")
    #expect(
      try Kernel.path(through: [SIMD2(0, 0), SIMD2(10, 5.5), SIMD2(20, 0)]).name
        == "path:points=0 0/10 5.5/20 0,thickness=1")
    #expect(
      try Kernel.psf(Pupil(aberrations: [.coma: 0.5])).name
        == "psf:coma=0.5,strut-width=0.02,strut-angle=90,sampling=2.4,size=49")
    #expect(try Kernel.delta().name == "delta:size=1")
  }

  @Test func `order and spaces do not matter`() throws {
    let one = try KernelSpecification(" ring : inner = 12 , radius = 2e1 ")
    #expect(try one == KernelSpecification("ring:radius=20,inner=12"))
    #expect(one.description == "ring:radius=20,inner=12")
  }

  @Test func `a size is kept and holds the shape in its middle`() throws {
    let (small, large) = (try Kernel.disk(radius: 20), try Kernel.disk(radius: 20, size: 49))
    #expect(small.width == 41 && small.height == 41 && large.width == 49 && large.height == 49)
    var difference = 0.0
    large.forEachOffset { x, y, weight in difference = max(difference, abs(weight - weightAt(x, y, of: small))) }
    // The rounding of coordinates moved by other halves of the width, of a few hundred edges a row.
    #expect(difference <= 1e-12 * largest(small))
    #expect(try Kernel.box(width: 4.5, height: 1).width == 5)
    #expect(try Kernel.box(width: 5, height: 1).width == 5)
    #expect(try Kernel.box(width: 5.1, height: 1).width == 7)
    #expect(try Kernel.box(width: 5.1, height: 1).height == 1)
    #expect(try Kernel.disk(radius: 512).width == 1025)
  }

  @Test func `every default lies in its range and every key is asked for once`() {
    for entry in KernelCatalog.entries {
      #expect(Set(entry.parameters.map(\.key)).count == entry.parameters.count)
      #expect(entry.example == entry.name || entry.example.hasPrefix(entry.name + ":"))
      #expect(!entry.summary.isEmpty)
      for parameter in entry.parameters {
        #expect(!parameter.summary.isEmpty)
        guard let standard = parameter.standard else { continue }
        let text = "\(entry.name):\(parameter.key)=\(standard)"
        #expect(throws: Never.self) { try KernelSpecification(text) }
      }
    }
    #expect(Set(KernelCatalog.entries.map(\.name)).count == KernelCatalog.entries.count)
  }
}

/// What specifications and factories refuse, and how they say it.
@Suite struct TargetErrorTests {
  @Test(arguments: [
    ("hart", TargetError.unknownKernel("hart", nearest: "heart")),
    ("", .unknownKernel("", nearest: nil)),
    ("bokehdisk", .unknownKernel("bokehdisk", nearest: nil)),
    ("disk:r=20", .unknownParameter(kernel: "disk", "r", known: ["radius", "size"])),
    ("disk:radius=20,radius=20", .duplicateParameter(kernel: "disk", "radius")),
    ("disk:", .notAnAssignment(kernel: "disk", "")), ("disk:radius", .notAnAssignment(kernel: "disk", "radius")),
    ("disk:radius=20,", .notAnAssignment(kernel: "disk", "")), ("disk:=20", .notAnAssignment(kernel: "disk", "=20")),
    (
      "ring:inner=30",
      .contradiction(kernel: "ring", "the inner radius must be less than the radius by 0.01 px or more")
    ),
    ("star:inner=22", .contradiction(kernel: "star", "the inner radius must be less than the radius")),
    (
      "psf:struts=16,strut-width=0.5",
      .contradiction(kernel: "psf", "the struts and the hidden middle close the whole pupil")
    ),
    ("path:points=1 1/1 1", .contradiction(kernel: "path", "the path through its points is shorter than 0.01 px")),
    ("log:size=1", .contradiction(kernel: "log", "one pixel holds no second derivative: give a size of at least 3")),
    ("disk:radius=20,size=31", .cutOff(kernel: "disk", size: 31, needed: 41)),
    ("path:points=-512 0/512 0/512 512", .tooLarge(kernel: "path", needed: 1367)),
  ])
  func `a specification that makes no kernel says why`(text: String, error: TargetError) {
    #expect(throws: error) { try KernelSpecification(text).makeKernel() }
  }

  @Test(arguments: [
    "disk:radius=abc", "disk:radius=", "disk:radius=nan", "disk:radius=inf", "disk:radius=0x10", "disk:radius=1 2",
    "disk:size=49.5", "disk:size=99999999999999999999", "polygon:blades=6.5", "path:points=1 2", "path:points=0 0/1",
    "path:points=0 0/1 2 3", "path:points=", "path:points=/", "path:points=a b/c d",
  ])
  func `a value that is written wrongly is refused with what it must be`(text: String) throws {
    let error = #expect(throws: TargetError.self) { try KernelSpecification(text) }
    switch error {
    case .malformed, .outOfRange: break
    default: Issue.record("\(text) was refused as \(String(describing: error))")
    }
    #expect(error?.description.contains("it must be") == true)
  }

  @Test(arguments: [
    "disk:radius=0", "disk:radius=-3", "disk:radius=513", "disk:radius=1e999", "disk:size=0", "disk:size=48",
    "disk:size=1027", "disk:size=-1", "polygon:blades=2", "polygon:curvature=-0.5", "star:points=9223372036854775807",
    "psf:coma=3", "psf:sampling=1", "heart:size=1", "path:points=0 0/513 0", "path:points=0 0/1e999 0",
  ])
  func `a value out of range is refused with the range`(text: String) throws {
    let error = #expect(throws: TargetError.self) { try KernelSpecification(text) }
    guard case .outOfRange = error else {
      Issue.record("\(text) was refused as \(String(describing: error))")
      return
    }
    #expect(error?.description.contains("it must be") == true)
  }

  @Test func `factories refuse what a specification would`() {
    for radius in [Double.nan, .infinity, -.infinity, 0, -1, 1e300] {
      #expect(throws: TargetError.self) { try Kernel.disk(radius: radius) }
    }
    for size in [Int.min, -1, 0, 2, 1027, Int.max] {
      #expect(throws: TargetError.self) { try Kernel.disk(radius: 1, size: size) }
      #expect(throws: TargetError.self) { try Kernel.heart(size: size) }
      #expect(throws: TargetError.self) { try Kernel.delta(size: size) }
      #expect(throws: TargetError.self) { try Kernel.psf(Pupil(), size: size) }
    }
    #expect(throws: TargetError.self) { try Kernel.path(through: []) }
    #expect(throws: TargetError.self) { try Kernel.path(through: [SIMD2(.nan, 0), SIMD2(1, 1)]) }
    #expect(throws: TargetError.self) { try Kernel.psf(Pupil(aberrations: [.coma: .nan])) }
    #expect(throws: TargetError.self) { try Kernel.psf(Pupil(struts: Int.max)) }
  }

  @Test func `sentences name the value and what would be right`() {
    func sentence(_ text: String) -> String {
      do {
        return try KernelSpecification(text).makeKernel().name
      } catch { return "\(error)" }
    }
    #expect(sentence("disk:radius=513") == "disk's radius is 513: it must be a number in 0.01...512 px")
    #expect(sentence("disk:radius=5,size=7") == "disk does not fit into size 7: it needs at least size 11")
    #expect(sentence("delta:radius=2") == "delta has no parameter \"radius\": it takes size")
    #expect(
      sentence("hart").hasPrefix("there is no kernel \"hart\": did you mean \"heart\"? The kernels are disk, ring,"))
    #expect(sentence("box:width=\(String(repeating: "9x", count: 4000))").count < 120)
  }

  @Test(arguments: 0..<8)
  func `no text traps`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    // Pieces of right specifications, put together at random: nearly right ones are the dangerous ones. Numbers stay small,
    // so that most kernels that come out are quick to make.
    let names = KernelCatalog.entries.map(\.name) + ["", "dísk", "\u{0}", "disk "]
    let keys = KernelCatalog.entries.flatMap { $0.parameters.map(\.key) } + ["", "=", "radius "]
    let values = [
      "0", "1", "2", "3", "7", "11", "21", "-1", "0.5", "1e-9", "1e-320", "1e9", "1e400", "-0", "nan", "inf",
      "9223372036854775808",
      "+5", ".", "e", "1e", "--1", "0x1p4", "0 0/1 1", "0 0/0 0", "0 0/3 -4/1e9 0", " / ", "1 2/3", "💥", "",
    ]
    for _ in 0..<200 {
      var text = names[random.index(names.count)]
      for assignment in 0..<random.index(5) {
        text += assignment == 0 ? ":" : ","
        text += keys[random.index(keys.count)] + (random.index(20) == 0 ? "" : "=") + values[random.index(values.count)]
      }
      if random.index(10) == 0 { text = String(text.shuffled(using: &random)) }
      do throws(TargetError) {
        let kernel = try KernelSpecification(text).makeKernel()
        #expect((try? KernelSpecification(kernel.name).description) == kernel.name)
      } catch {
        #expect(!error.description.isEmpty)
      }
    }
  }
}
