import FewtapCore
import TestSupport
import Testing

@Suite("Maps and what a basis can use of them")
struct MapPolicyTests {
  private let radius = ParameterAxis(name: "radius", unit: "px", range: 0...10)
  private let angle = ParameterAxis(name: "angle", unit: "degrees", range: -90...90, isPeriodic: true)

  private func map(_ values: [Float], width: Int? = nil) throws -> ParameterMap {
    let width = width ?? values.count
    return try ParameterMap([Plane(width: width, height: values.count / width, values: values)])
  }

  @Test("values outside get the nearest end, counted and with the range seen")
  func clamped() throws {
    let (map, surveys) = try map([-1, 0, 5, 10, 10.5, .infinity]).admitted(to: [radius])
    #expect(map.plane(axis: 0).values == [0, 0, 5, 10, 10, 10])
    #expect(surveys.count == 1 && surveys[0].axis == "radius" && surveys[0].outsideCount == 3)
    #expect(surveys[0].seen == -1...(.infinity) && surveys[0].nanCount == 0)
  }

  @Test("strict refuses them with count and range; a value that is an end but for Float's rounding is none")
  func strict() throws {
    let error = MapError.outside(axis: "radius", count: 2, seen: -1...11, allowed: 0...10)
    #expect(throws: error) { try map([-1, 3, 11]).admitted(to: [radius], isStrict: true) }
    for words in ["radius", "2 pixels", "-1.0...11.0", "0.0...10.0"] { #expect(error.description.contains(words)) }
    let third = ParameterAxis(name: "radius", range: 0...1 / 3.0)
    let (clamped, surveys) = try map([Float(1 / 3.0)]).admitted(to: [third], isStrict: true)
    #expect(surveys[0].outsideCount == 0 && clamped.plane(axis: 0).values == [Float(1 / 3.0)])
  }

  @Test("angles come around")
  func wrapped() throws {
    let (map, surveys) = try map([-90, 90, 91, 270, -100, 0]).admitted(to: [angle], isStrict: true)
    #expect(map.plane(axis: 0).values == [-90, 90, -89, -90, 80, 0])
    #expect(surveys[0].outsideCount == 0 && surveys[0].seen == -100...270)
  }

  @Test("NaN is refused with its first place, or stands for an end")
  func notANumber() throws {
    let values: [Float] = [1, 2, 3, 4, .nan, 5, .nan, 6]
    let error = #expect(throws: MapError.self) { try map(values, width: 4).admitted(to: [radius]) }
    #expect(error?.description.hasPrefix("radius is nan at column 0, row 1") == true)
    for (policy, end) in [(MapNaN.low, Float(0)), (.high, 10)] {
      let (map, surveys) = try map(values, width: 4).admitted(to: [radius], nan: policy)
      #expect(map.plane(axis: 0).values == [1, 2, 3, 4, end, 5, end, 6])
      #expect(surveys[0].nanCount == 2 && surveys[0].seen == 1...6)
    }
    #expect(throws: MapError.self) { try map([.infinity, 0]).admitted(to: [angle]) }
    let (all, surveys) = try map([.nan, .nan]).admitted(to: [angle], nan: .high)
    #expect(all.plane(axis: 0).values == [90, 90] && surveys[0].seen == nil)
  }

  @Test("the survey does not depend on threads or on how rows are shared out")
  func threads() throws {
    var random = SeededGenerator(seed: 7)
    let values = (0..<331 * 977).map { _ in
      let value = Float(random.uniform(-2, 12))
      return value > 11.99 ? .nan : value
    }
    let map = try map(values, width: 331)
    let (one, first) = try map.admitted(to: [radius], nan: .low, threads: 1)
    for threads in [2, 5] {
      let (other, surveys) = try map.admitted(to: [radius], nan: .low, threads: threads)
      #expect(surveys == first && other.plane(axis: 0) == one.plane(axis: 0))
    }
    #expect(first[0].nanCount == values.count { $0.isNaN } && first[0].nanCount > 0)
    #expect(first[0].outsideCount == values.count { $0 < 0 || $0 > 10 })
    let bad = try #require(values.firstIndex { $0.isNaN })
    let error = #expect(throws: MapError.self) { try map.admitted(to: [radius], threads: 3) }
    #expect(error?.description.contains("column \(bad % 331), row \(bad / 331)") == true)
  }

  @Test("planes that are no map are refused, and so are axes that are not the map's") func planes() throws {
    let plane = Plane<Float>(width: 4, height: 3)
    #expect(throws: MapError.noPlanes) { try ParameterMap([]) }
    #expect(
      throws: MapError.planesDiffer(axis: 1, found: PixelOffset(x: 3, y: 4), expected: PixelOffset(x: 4, y: 3))
    ) { try ParameterMap([plane, Plane(width: 3, height: 4)]) }
    var short = plane
    short.values.removeLast()
    #expect(throws: MapError.planeCount(axis: 0, expected: 12, found: 11)) { try ParameterMap([short]) }
    let error = MapError.axisCount(found: 1, names: ["radius", "angle"])
    #expect(throws: error) { try ParameterMap([plane]).admitted(to: [radius, angle]) }
    #expect(error.description.contains("2 (radius, angle)"))
    // No parameter at all is no map that a basis could use, and none to refuse here.
    let (none, surveys) = try ParameterMap(width: 4, height: 3, constant: []).admitted(to: [])
    #expect(none.axisCount == 0 && surveys.isEmpty)
  }
}
