import CFewtap
import FewtapCore
import FewtapEngine
import FewtapFit
import FewtapTargets
import Synchronization
import TestSupport
import Testing

/// What C gets is what Swift gets, to the bit. Bad input and leaks are the business of Tests/CInterface/driver.c.
@Suite struct InterfaceTests {
  /// What a call made, or its error.
  private func made(
    _ call: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<fewtap_error>) -> fewtap_status
  ) throws -> OpaquePointer {
    var (handle, error) = (OpaquePointer?.none, fewtap_error())
    let status = call(&handle, &error)
    try #require(status == FEWTAP_OK, "\(message(error))")
    return try #require(handle)
  }

  private func message(_ error: fewtap_error) -> String {
    withUnsafeBytes(of: error.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  private func json(ofFilter filter: OpaquePointer) throws -> String {
    var (text, error) = (UnsafeMutablePointer<CChar>?.none, fewtap_error())
    try #require(fewtap_filter_to_json(filter, &text, nil, &error) == FEWTAP_OK)
    defer { fewtap_free(text) }
    return String(cString: try #require(text))
  }

  @Test func kernelsAreThoseOfSwift() throws {
    for text in ["disk:radius=3.5", "heart:size=21", "log:sigma=2"] {
      let kernel = try KernelSpecification(text).makeKernel()
      let handle = try made { fewtap_kernel_parse(text, $0, $1) }
      defer { fewtap_kernel_free(handle) }
      var values = [Double](repeating: .nan, count: kernel.width * kernel.height)
      #expect(fewtap_kernel_get_values(handle, &values, Int64(values.count), nil) == FEWTAP_OK)
      #expect(values == kernel.values.values)
      var info = fewtap_kernel_info()
      info.size = UInt32(MemoryLayout<fewtap_kernel_info>.size)
      #expect(fewtap_kernel_get_info(handle, &info, nil) == FEWTAP_OK)
      let hash = withUnsafeBytes(of: info.sha256) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      #expect(hash == kernel.sha256)
    }
  }

  @Test func fitsAreThoseOfSwift() throws {
    let kernel = try KernelSpecification("heart:size=13").makeKernel()
    let handle = try made { fewtap_kernel_parse("heart:size=13", $0, $1) }
    defer { fewtap_kernel_free(handle) }

    var (given, options) = (fewtap_fit_options(), FitOptions())
    given.size = UInt32(MemoryLayout<fewtap_fit_options>.size)
    (given.taps, given.seed, given.tap_model, given.threads) = (12, 7, FEWTAP_TAPS_BILINEAR, 2)
    (options.budget, options.seed, options.tapModel, options.effort) = (.taps(12), 7, .bilinear, .fast)
    let filter = try "fast".withCString { effort in
      given.effort = effort
      return try made { fewtap_fit(handle, &given, nil, nil, $0, $1) }
    }
    defer { fewtap_filter_free(filter) }
    let expected = try Fit(kernel, options).run().filter
    #expect(try json(ofFilter: filter) == String(decoding: expected.json(), as: UTF8.self))

    var wanted = fewtap_planner_options()
    (wanted.size, wanted.error) = (UInt32(MemoryLayout<fewtap_planner_options>.size), 45)
    let planned = try made { fewtap_fit_planned(handle, &wanted, nil, nil, $0, $1) }
    defer { fewtap_filter_free(planned) }
    let plan = try Planner(kernel, PlanOptions(.error(decibels: 45))).run().result.filter
    #expect(try json(ofFilter: planned) == String(decoding: plan.json(), as: UTF8.self))
  }

  @Test func resultsAreThoseOfSwift() throws {
    let filter = try Fit(KernelSpecification("disk:radius=5").makeKernel(), fast).run().filter
    let text = try filter.json()
    let handle = try made { result, error in
      text.withUnsafeBytes {
        fewtap_filter_from_json($0.baseAddress?.assumingMemoryBound(to: CChar.self), Int64($0.count), result, error)
      }
    }
    defer { fewtap_filter_free(handle) }
    let (width, height, channels) = (37, 21, 3)
    let plan = try made { fewtap_plan_create(handle, Int64(width), $0, $1) }
    defer { fewtap_plan_free(plan) }

    var random = SeededGenerator(seed: 5)
    var pixels = (0..<width * height * channels).map { _ in Float.random(in: 0...1, using: &random) }
    var result = [Float](repeating: .nan, count: pixels.count)
    let planes = (0..<channels).map { channel in
      Plane(
        width: width, height: height, exactly: (0..<width * height).map { pixels[$0 * channels + channel] })
    }
    let expected = try ApplyPlan(filter, width: width).apply(
      to: Image(planes: planes), options: ApplyOptions(border: .mirror))
    var options = fewtap_apply_options()
    (options.size, options.border) = (UInt32(MemoryLayout<fewtap_apply_options>.size), FEWTAP_BORDER_MIRROR)
    var (status, error) = (FEWTAP_INTERNAL, fewtap_error())
    pixels.withUnsafeMutableBytes { pixels in
      result.withUnsafeMutableBytes { result in
        var input = image(pixels, width, height, channels)
        var output = image(result, width, height, channels)
        status = fewtap_apply(plan, nil, &input, &output, &options, &error)
      }
    }
    try #require(status == FEWTAP_OK, "\(message(error))")
    for channel in 0..<channels {
      #expect((0..<width * height).map { result[$0 * channels + channel] } == expected.planes[channel].values)
    }
  }

  private var fast: FitOptions {
    var options = FitOptions()
    (options.budget, options.effort) = (.taps(20), .fast)
    return options
  }

  private func image(
    _ memory: UnsafeMutableRawBufferPointer, _ width: Int, _ height: Int, _ channels: Int
  ) -> fewtap_image {
    var image = fewtap_image()
    image.data = memory.baseAddress
    (image.width, image.height, image.channels) = (Int64(width), Int64(height), Int64(channels))
    (image.pixel_stride, image.row_stride) = (Int64(4 * channels), Int64(4 * channels * width))
    (image.channel_stride, image.type) = (4, FEWTAP_FLOAT32)
    return image
  }

  @Test func errorsSayWhatSwiftSays() throws {
    var (kernel, error) = (OpaquePointer?.none, fewtap_error())
    #expect(fewtap_kernel_parse("disk:radius=-1", &kernel, &error) == FEWTAP_BAD_ARGUMENT)
    let thrown = #expect(throws: TargetError.self) { _ = try KernelSpecification("disk:radius=-1") }
    #expect(message(error) == thrown?.description)
    #expect(kernel == nil)

    // Longer than there is room for: cut off between characters.
    let long = "/" + String(repeating: "\u{1F5A4}", count: 900)
    #expect(fewtap_filter_load(long, &kernel, &error) == FEWTAP_FILE_ERROR)
    let text = message(error)
    #expect(text == "/" + String(repeating: "\u{1F5A4}", count: 254))
  }

  @Test func handlesAreSharedAmongThreads() throws {
    let before = fewtap_handle_count()
    let failures = Atomic(0)
    let shared = try made { fewtap_kernel_parse("disk:radius=2", $0, $1) }
    let key = UInt(bitPattern: shared)
    parallelForEach(count: 400, threads: 4) { _ in
      var own: OpaquePointer?
      var info = fewtap_kernel_info()
      info.size = UInt32(MemoryLayout<fewtap_kernel_info>.size)
      var isGood = fewtap_kernel_parse("box", &own, nil) == FEWTAP_OK
      isGood = isGood && fewtap_kernel_get_info(OpaquePointer(bitPattern: key), &info, nil) == FEWTAP_OK
      fewtap_kernel_free(own)
      isGood = isGood && fewtap_kernel_get_info(own, &info, nil) == FEWTAP_BAD_HANDLE
      if !isGood { failures.wrappingAdd(1, ordering: .relaxed) }
    }
    fewtap_kernel_free(shared)
    #expect(failures.load(ordering: .relaxed) == 0)
    // Other tests of this suite may hold handles meanwhile, but none of the 401 is left.
    #expect(fewtap_handle_count() < before + 100)
  }
}
